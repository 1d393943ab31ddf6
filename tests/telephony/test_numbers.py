"""Phone numbers as people write them: which are in a text, and which are the same."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from helpdesk.telephony.numbers import LONGEST_TEXT, MOST_NUMBERS, displayed, extensions_of, key_of, numbers_in

TRUNK = ("98", "9")
DIGITS = "0123456789"
outside = st.builds("".join, st.tuples(st.sampled_from("3489"), st.text(DIGITS, min_size=9, max_size=9)))
internal = st.text(DIGITS, min_size=2, max_size=6)
gap = st.sampled_from(["", " ", "-", "\u00a0", "\u2011", ".", ") ", " ("])


@given(outside)
@example("9001234567")
def test_all_ways_to_call_from_a_number_have_one_key(number: str) -> None:
    written = [number, "8" + number, "7" + number, "+7" + number, "98" + number, "989" + number, "98810" + number]
    assert {key_of(each, TRUNK) for each in written} == {number}


@given(st.text(DIGITS, min_size=7, max_size=7), st.sampled_from(TRUNK))
def test_a_number_of_the_town_loses_its_trunk_prefix(number: str, prefix: str) -> None:
    assume(not number.startswith("8"))  # 9 and 8… is the longer prefix
    assert key_of(prefix + number, TRUNK) == number


@given(internal)
def test_an_internal_number_keeps_all_its_digits(number: str) -> None:
    assert key_of(number, TRUNK) == number


@given(outside, st.lists(gap, min_size=10, max_size=10), st.sampled_from(["", "8", "+7 ", "8-", "7"]))
@example("4951230117", ["", "", " (", ") ", "", "", "", "-", "", "-"], "8")
def test_punctuation_in_a_number_makes_no_difference(number: str, gaps: list[str], before: str) -> None:
    # A bracket after six digits begins an extension.
    gaps = [each if at < 3 or each != " (" else " " for at, each in enumerate(gaps)]
    written = before + "".join(digit + between for digit, between in zip(number, gaps, strict=True))
    assert [it.key for it in numbers_in(written)] == [number]


@given(outside, internal, st.sampled_from([" доб. ", ", доб ", " ext.", "x", " #", " ДОБ.", " ("]))
def test_an_extension_is_a_number_of_its_own(number: str, extension: str, between: str) -> None:
    first, second = numbers_in("8" + number + between + extension)
    assert (first.key, first.has_extension, first.is_internal) == (number, True, False)
    assert (second.key, second.is_internal) == (extension, True)


@given(st.lists(outside, min_size=1, max_size=5), st.sampled_from([", ", "; ", "/", "\n", " и ", ",", " моб. "]))
def test_several_numbers_in_a_field_are_all_found(numbers: list[str], between: str) -> None:
    assert [it.key for it in numbers_in(between.join("8 " + it for it in numbers))] == numbers


@given(outside, st.data())
def test_a_number_inside_another_one_is_not_the_same(number: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, 4))
    length = data.draw(st.integers(2, 9))
    part = number[start : start + length]
    assume(part != number)
    assert key_of(part) not in {it.key for it in numbers_in("+7" + number)}


@pytest.mark.parametrize(
    ("text", "extensions"),
    [
        ("1204", ("1204",)),
        ("12-05", ("1205",)),
        ("1204 1205", ("1204", "1205")),
        ("1204, 1204", ("1204",)),
        ("8 (495) 123-01-17 доб. 1204, моб. +7 903 555-01-42", ("1204",)),
        ("+7 903 555-01-42; вн. 1205", ("1205",)),
        ("123-01-17", ()),
        ("нет", ()),
        ("", ()),
        ("١٢٣٤", ()),
        ("1234567890123456789", ()),
    ],
)
def test_internal_numbers_of_a_profile(text: str, extensions: tuple[str, ...]) -> None:
    assert extensions_of(text) == extensions


def test_only_a_number_that_leads_to_an_extension_is_of_a_switchboard() -> None:
    written = "8 (495) 123-01-17 доб. 1204, +7 903 555-01-42; вн. 1205"
    assert [it.has_extension for it in numbers_in(written)] == [True, False, False, False]


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+79035550142", "+7 903 555-01-42"),
        ("9889035550142", "+7 903 555-01-42"),
        ("84951230117", "+7 495 123-01-17"),
        ("1204", "1204"),
        ("+4930123456", "+4930123456"),
        ("*72", "*72"),
        ("sip:1204@pbx.example;user=phone", "1204"),
        ("anonymous", ""),
        ("", ""),
    ],
)
def test_a_number_is_shown_as_people_read_it(number: str, shown: str) -> None:
    assert displayed(number, TRUNK) == shown
    assert key_of(shown, TRUNK) == key_of(number, TRUNK)


@given(st.text(max_size=2000) | st.text("0123456789 +()-,#xдоб.\n", max_size=2000))
def test_any_text_is_read(text: str) -> None:
    assert len(numbers_in(text)) <= MOST_NUMBERS
    assert all(it.key.isascii() and it.key.isdigit() and len(it.key) <= 10 for it in numbers_in(text))
    assert len(key_of(text, TRUNK)) <= 10
    assert len(displayed(text, TRUNK)) <= LONGEST_TEXT + 1
