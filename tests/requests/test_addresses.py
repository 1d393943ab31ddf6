"""Addresses in fields: found as mail programs write them, compared whole, and never somebody else's."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpdesk.requests.addresses import (
    LONGEST_TEXT,
    MOST_ADDRESSES,
    aliases_of,
    listed,
    needles,
    normalized,
    variants,
    without,
)

ALIASES = aliases_of((("example.ru", "msk.example.ru", "пример.рф"),))
ANN = "ann@example.ru"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ann@x.ru", ["ann@x.ru"]),
        ("  ANN@X.RU.", ["ann@x.ru"]),
        ("Ann <ann@x.ru>, boris@y.ru;c@z", ["ann@x.ru", "boris@y.ru", "c@z"]),
        ("ann@x.ru boris@y.ru\ncc@z", ["ann@x.ru", "boris@y.ru", "cc@z"]),
        ('"Смирнова, Анна" <ann@x.ru>', ["ann@x.ru"]),
        ('"boris@x.ru" <ann@x.ru>', ["ann@x.ru"]),
        ("boris@x.ru <ann@x.ru>", ["ann@x.ru"]),
        ('"boris@x.ru \\" <ann@x.ru>', []),
        ("(boris@x.ru) ann@x.ru (of (x))", ["ann@x.ru"]),
        ("Team: ann@x.ru, boris@x.ru; c@z", ["ann@x.ru", "boris@x.ru", "c@z"]),
        ("mailto:ann@x.ru", ["ann@x.ru"]),
        ("ann@пример.рф, Ann <ann@xn--e1afmkfd.xn--p1ai>", ["ann@xn--e1afmkfd.xn--p1ai"]),
        ("Иван@x.ru", ["иван@x.ru"]),
        *(
            (text, [])
            for text in (
                "",
                "ann",
                "@x.ru",
                "ann@",
                "ann@@x.ru",
                "ann@x@y",
                "ann@x..ru",
                ".ann@x.ru",
                "ann@-x.ru",
                "<ann@x.ru",
                'jo"ann"@x.ru',
                '"ann"@x.ru',
                "jo(is)ann@x.ru",
                "ann@x.r(o)u",
                "ann@[127.0.0.1]",
                "(ann@x.ru",
                '"ann@x.ru',
                '"ann@x.ru b\\',
                "ann@x\u3002ru",
            )
        ),
    ],
)
def test_addresses_are_read_as_mail_programs_write_them(text: str, expected: list[str]) -> None:
    assert list(listed(text)) == expected


LOOK_ALIKES = [
    "joann@example.ru",
    "anne@example.ru",
    "an@example.ru",
    "ann+joe@example.ru",
    "a.nn@example.ru",
    "ann@example.ru.net",
    "ann@mail.example.ru",
    "ann@xexample.ru",
    "ann@example.r",
    "ann@example.rus",
    "\u0430nn@example.ru",  # Cyrillic а
    "ann@ex\u0430mple.ru",
    "\uff41nn@example.ru",  # full width
    "a\u200bnn@example.ru",
    "ann\u0301@example.ru",
    "ann@exa\u200dmple.ru",
    "ann@example.ru\u200b",
    "ann@example\uff0eru",
    "ann\uff20example.ru",
    "ann\u0000@example.ru",
]


@pytest.mark.parametrize("other", LOOK_ALIKES)
def test_an_address_that_only_looks_alike_is_somebody_elses(other: str) -> None:
    for text in (other, f"Ann <{other}>", f"{ANN} <{other}>", f'"{ANN}" <{other}>', f"({ANN}) {other}", f"x, {other}"):
        assert ANN not in listed(text, ALIASES), text


def test_no_letter_beyond_ascii_becomes_one_of_it() -> None:
    """The sign of Kelvin is a small k to many a folding."""
    assert normalized("\u212aate@x.ru") == "" and normalized("kate@ban\u212a.ru") == ""
    assert normalized("\u017fam@x.ru") != "sam@x.ru"


LOCAL = st.text(string.ascii_letters + string.digits + "._-+'", min_size=1, max_size=12)
DOMAIN = st.sampled_from(["example.ru", "EXAMPLE.ru", "msk.example.ru", "пример.рф", "other.ru", "example.ru.net", "x"])
ADDRESS = st.builds("{}@{}".format, LOCAL | st.sampled_from(["ann", "Ann", "joann", "ann-"]), DOMAIN)
SHAPES = st.sampled_from(["{}", "<{}>", "Name <{}>", '"{}" <x@y>', "({})", "Group: {};", "{}.", "x{}", "{}x", '"{}"'])
FIELD = st.lists(st.builds(str.format, SHAPES, ADDRESS), max_size=6).flatmap(
    lambda parts: st.sampled_from([", ", "; ", " ", "\n", ","]).map(lambda mark: mark.join(parts))
)
ANYTHING = st.text(st.sampled_from('ann@exmple.ru,;:<>()"\\ \n\u0430\u212a'), max_size=60)


@given(FIELD | ANYTHING)
@example(f"x{ANN}, <{ANN}x>")
def test_whatever_is_found_stands_whole_in_the_field(text: str) -> None:
    """Neither more nor less than an address that the text spells out, so that nobody owns what another one asked."""
    for address in listed(text, ALIASES):
        spelled = {each.lower() for each in variants(address, ALIASES)}
        assert any(f" {it} " in f" {_parted(text.lower())} " for it in spelled), address


def _parted(text: str) -> str:
    """The text with blanks for all that may part addresses, and without the dots that may end them."""
    parted = "".join(" " if each in ',;:<>()"\n' else each for each in text)
    return " ".join(each.removesuffix(".") for each in parted.split())


@given(FIELD | ANYTHING)
def test_a_search_by_the_needles_misses_no_address(text: str) -> None:
    for address in listed(text, ALIASES):
        assert any(needle in text.lower() for needle in needles(address, ALIASES))


@given(ADDRESS)
def test_an_address_is_found_by_its_variants_and_has_one_form(address: str) -> None:
    known = normalized(address, ALIASES)
    if known:
        assert normalized(known, ALIASES) == known
        assert {normalized(each, ALIASES) for each in variants(known, ALIASES)} == {known}
        assert listed(f"Somebody <{address}>", ALIASES) == (known,)


def test_domains_of_one_company_are_one() -> None:
    every = {normalized(f"Ann@{domain}", ALIASES) for domain in ("example.ru", "MSK.example.ru", "пример.рф")}
    assert every == {ANN} and normalized("ann@sub.msk.example.ru", ALIASES) == "ann@sub.msk.example.ru"


def test_a_field_is_read_up_to_a_limit_and_no_address_is_cut() -> None:
    many = ",".join(f"u{number}@x" for number in range(12_000))
    found = listed(many)
    assert 5_000 < len(found) <= MOST_ADDRESSES and set(found) <= set(many.split(","))
    assert listed("a" * LONGEST_TEXT + "@x.ru") == ()


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("a@x.ru", ""),
        ("A@X.ru, b@x.ru", "b@x.ru"),
        ("b@x.ru, a@x.ru", "b@x.ru"),
        ("b@x.ru, a@x.ru, c@x.ru,a@x.ru", "b@x.ru, c@x.ru"),
        ("Anna <a@x.ru>, b@x.ru", "Anna <a@x.ru>, b@x.ru"),
        ('"a@x.ru, b" <c@x.ru>', '"a@x.ru, b" <c@x.ru>'),
        (" aa@x.ru ,a@x.ru.org; a@x.ru", " aa@x.ru ,a@x.ru.org; a@x.ru"),
        ("", ""),
        ("a@x.ru," * (LONGEST_TEXT // 7 + 1), "a@x.ru," * (LONGEST_TEXT // 7 + 1)),
    ],
)
def test_an_address_goes_only_where_it_stands_alone(text: str, rest: str) -> None:
    assert without(text, {"a@x.ru"}) == rest


@given(st.lists(st.sampled_from(["a@x.ru", "b@y.ru", "Ж <c@x.ru>", "d@x.ru (a@x.ru)"])))
def test_no_other_address_goes_with_one(parts: list[str]) -> None:
    text = ", ".join(parts)
    assert set(listed(text)) - {"a@x.ru"} == set(listed(without(text, {"a@x.ru"})))
