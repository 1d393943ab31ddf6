"""What is typed into a search, as what is looked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.search_text import LONGEST_SEARCH, MOST_SEARCH_WORDS, clean_search, search_number, search_words

TYPED = st.text() | st.text(alphabet="#0123７٣ \t\r\n\0\u200b\u200d\u2800aё%_", max_size=300)


@pytest.mark.parametrize(
    ("search", "wanted", "texts"),
    [
        ("7", 7, ("7",)),
        ("#7", 7, ()),
        ("# 7", 7, ()),
        ("\uff03\uff17", 7, ()),
        ("\uff11\uff12", 12, ("12",)),
        ("0012345", 12345, ("0012345",)),
        ("1234567890123", None, ("1234567890123",)),
        ("#1234567890123", None, ("#1234567890123",)),
        ("2147483647", 2147483647, ("2147483647",)),
        ("2147483648", None, ("2147483648",)),
        ("0", 0, ("0",)),
        ("инв 7", None, ("инв", "7")),
        ("1.5", None, ("1.5",)),
        ("#", None, ("#",)),
        ("##7", None, ("##7",)),
        ("", None, ()),
    ],
)
def test_digits_are_a_number_and_words_and_a_sign_before_them_makes_them_a_number_alone(
    search: str, wanted: int | None, texts: tuple[str, ...]
) -> None:
    assert (search_number(search), search_words(search)) == (wanted, texts)


@pytest.mark.parametrize(
    ("typed", "kept", "is_less"),
    [
        ("  два   слова ", "два слова", False),
        ("\0", "", False),
        ("a\0b\nc", "a b c", False),
        ("\u200b\ufeff\u00ad\u2800\u200d", "", False),
        ("при\u00adнтер\u200b", "принтер", False),
        ("a" * LONGEST_SEARCH, "a" * LONGEST_SEARCH, False),
        ("a" * (LONGEST_SEARCH + 1), "a" * LONGEST_SEARCH, True),
        (" ".join(map(str, range(MOST_SEARCH_WORDS))), " ".join(map(str, range(MOST_SEARCH_WORDS))), False),
        (" ".join(map(str, range(MOST_SEARCH_WORDS + 1))), " ".join(map(str, range(MOST_SEARCH_WORDS))), True),
        ("a " * 50_000, "a", True),
        (" " * 50_000, "", False),
    ],
)
def test_a_search_is_cut_and_never_refused(typed: str, kept: str, is_less: bool) -> None:
    assert clean_search(typed) == (kept, is_less)


@given(TYPED)
def test_whatever_is_typed_what_is_looked_for_is_bounded_and_stays_as_it_is(typed: str) -> None:
    kept, _ = clean_search(typed)
    assert len(kept) <= LONGEST_SEARCH and len(kept.split()) <= MOST_SEARCH_WORDS and "\0" not in kept
    assert clean_search(kept) == (kept, False)
    assert len(search_words(kept)) <= MOST_SEARCH_WORDS and all(search_words(kept))
    query = TaskQuery(search=kept)
    assert query.words or query.wanted_id is not None or not kept
    assert query.wanted_id is None or 0 <= query.wanted_id < 2**31
