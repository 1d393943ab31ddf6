"""What of a text is visible, and how far it reaches."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpdesk.texts import POP, POP_ISOLATE, is_blank, isolated, named, one_line, trimmed, turns

EMPTY = [
    "", " ", "\n\t", "\u00a0", "\u00ad", "\u034f", "\u061c", "\u115f", "\u1160", "\u17b4", "\u180e", "\u200b", "\u200d",
    "\u200f", "\u2028", "\u202e", "\u2060", "\u2064", "\u2069", "\u2800", "\u3000", "\u3164", "\ufe0f", "\ufeff",
    "\uffa0", "\ufffc", "\x07", "\x85", "\ud800", "\u0301", "\u20dd", "\U000e0041", "\U000e0100", "\U0001d159",
    "\u200b \u202e\u2800\n\u0301",
]  # fmt: skip
SEEN = [
    "a",
    "ё",
    "1",
    "!",
    "—",
    "…",
    "和",
    "ש",
    "\u200bх",
    "😀",
    "\U0001fae8",
    "👨\u200d👩\u200d👧",
    "1\ufe0f\u20e3",
    "e\u0301",
    "\ufffd",
]
OPENING = {"\u202a": POP, "\u202b": POP, "\u202d": POP, "\u202e": POP} | dict.fromkeys(
    "\u2066\u2067\u2068", POP_ISOLATE
)
TURNING = st.text("aב1 \n\u200f\u2029" + "".join(OPENING) + POP + POP_ISOLATE, max_size=30)


@pytest.mark.parametrize("text", EMPTY)
def test_a_text_without_a_visible_character_is_none(text: str) -> None:
    assert is_blank(text) and trimmed(text) == "" and named(text, 7) == "#7"


@pytest.mark.parametrize("text", SEEN)
def test_a_text_with_a_visible_character_is_one(text: str) -> None:
    assert not is_blank(text) and trimmed(f" {text}\n") == text == named(text, 7)


@given(st.text())
@example("\U00013441")
def test_letters_digits_and_signs_are_visible(text: str) -> None:
    """But for a few that are drawn by no font, which the tests above name."""
    drawn = [it for it in text if unicodedata.category(it)[0] in "LNPS" and is_blank(it)]
    assert set(drawn) <= set("\u115f\u1160\u2800\u3164\uffa0\ufffc\U00013441\U00013442\U0001d159")


@given(TURNING | st.text())
@example("\u202eabc\u2069\u2069")
@example("\u2068\u202e\u2069\u202c")
@example("a\u202e\u2029b")
def test_a_change_of_direction_ends_with_its_text(text: str) -> None:
    line = one_line(text)
    assert still_open(line) == [] and not set(line) & set("\n\r\x85\u2028\u2029\x00")
    shown = [it for it in text if unicodedata.category(it) not in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert [it for it in line if it != " " and it not in "\u202c\u2069" and it in shown] == [
        it for it in shown if it != " "
    ]


@given(TURNING)
def test_a_text_that_may_turn_others_is_isolated_and_any_other_stays_as_it_is(text: str) -> None:
    line = one_line(text)
    assert still_open(isolated(text)) == []
    assert isolated(text) == (f"\u2068{line}{POP_ISOLATE}" if turns(line) else line)


def test_long_hostile_texts_take_no_longer_than_their_length() -> None:
    """Quadratic work on these would take minutes."""
    for text in ("\u202a" * 60_000 + POP_ISOLATE * 60_000, "\u2066" * 60_000 + POP * 60_000, "\u2066\u202a" * 60_000):
        assert still_open(one_line(text)) == []
    assert is_blank("\u200b" * 500_000)


def still_open(text: str) -> list[str]:
    """What is open at the end, by the stack of UAX 9. Raises AssertionError for what closes nothing within the text."""
    stack: list[str] = []
    for each in text:
        if each in OPENING:
            stack.append(OPENING[each])
        elif each == POP:
            assert stack and stack.pop() == POP
        elif each == POP_ISOLATE:
            assert POP_ISOLATE in stack
            while stack.pop() != POP_ISOLATE:
                pass
    return stack
