"""Texts are compared in one form, and no text takes long to be brought into it."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpdesk.store import casefold
from helpdesk.store.casefold import fold

ACUTE, BELOW, OVERLAY, HALF_VOICED = "\u0301", "\u0316", "\u0334", "\uff9e"
PLAIN = st.text()
ACCENTED = st.text(
    st.sampled_from("аеЕёйЙe ﬁ각각" + "ﾊ\u0344\u0345\u0307\u1e9b" + ACUTE + BELOW + OVERLAY + HALF_VOICED)
)
RUNS = st.text(st.characters(categories=("Mn", "Mc", "Me", "Lm")))


def by_unicode_alone(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("ё", "е").strip()


@given(st.one_of(PLAIN, ACCENTED, RUNS))
@example("Ёлка и ёж, й как и\u0306, ﬁ как fi")
@example("a" + (ACUTE + BELOW) * 40)
def test_folding_is_what_unicode_says(text: str) -> None:
    assert fold(text) == by_unicode_alone(text)


def test_whatever_comes_apart_folds_as_unicode_says_between_accents() -> None:
    every = map(chr, range(0x110000))
    for char in (char for char in every if unicodedata.decomposition(char) or unicodedata.combining(char)):
        text = f"е{ACUTE}{char}{BELOW}"
        assert fold(text) == by_unicode_alone(text), hex(ord(char))


@pytest.mark.parametrize("accents", [ACUTE + BELOW, HALF_VOICED + ACUTE, "\u0344" + BELOW, ACUTE + OVERLAY + BELOW])
def test_normalising_is_left_nothing_to_put_in_order(accents: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An accent that must pass those before it costs as many steps as there are of them."""
    asked: list[str] = []

    def normalize(form: str, text: str) -> str:
        asked.append(text)
        return unicodedata.normalize(form, text)

    monkeypatch.setattr(casefold, "normalize", normalize)
    text = "е" + accents * 500
    assert fold(text)
    assert max(map(len, asked)) >= len(text)
    for each in asked:
        apart = "".join(unicodedata.normalize("NFKD", char) for char in each)
        places = [unicodedata.combining(char) for char in apart]
        assert len(each) == 1 or not any(before > after > 0 for before, after in pairwise(places))
