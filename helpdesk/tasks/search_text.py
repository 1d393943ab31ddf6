"""Clean the text of a search, and read the task's number or the words in it."""

from collections.abc import Iterator
from unicodedata import category, decimal

LONGEST_SEARCH = 200
MOST_SEARCH_WORDS = 10
MOST_SEARCH_CHARACTERS = 2_000
"""As many are read; the rest is cut without looking."""
LARGEST_NUMBER = 2**31 - 1
JOINERS = "\u200c\u200d"
"""They are invisible by themselves; within a word they belong to it, in emoji and in some scripts."""
BLANKS = "\u034f\u115f\u1160\u2800\u3164\uffa0"
"""Letters and marks that are invisible."""


def clean_search(typed: str) -> tuple[str, bool]:
    """Return the part of `typed` that is searched, and whether it is less than its visible text.

    Invisible characters are dropped; line ends and NUL bytes are spaces.
    """
    words = list(dict.fromkeys(_visible_words(typed[:MOST_SEARCH_CHARACTERS])))
    search = " ".join(words[:MOST_SEARCH_WORDS])[:LONGEST_SEARCH].rstrip()
    return search, search != " ".join(words) or bool(typed[MOST_SEARCH_CHARACTERS:].strip())


def search_number(search: str) -> int | None:
    """Return the task named by its number, `123` or `#123`; None for a text that can't be one."""
    digits = _plain_digits(search).removeprefix("#").strip()
    significant = digits.lstrip("0") or "0"
    if not (digits.isascii() and digits.isdigit()) or len(significant) > len(str(LARGEST_NUMBER)):
        return None
    return int(significant) if int(significant) <= LARGEST_NUMBER else None


def search_words(search: str) -> tuple[str, ...]:
    """Return the words that texts must have, all of them; none for an empty search or `#123`."""
    if search_number(search) is None:
        return tuple(search.split())
    plain = _plain_digits(search)
    return () if plain.startswith("#") else (plain,)


def _visible_words(typed: str) -> Iterator[str]:
    visible = "".join(map(_visible, typed))
    return (word for each in visible.split() if (word := each.strip(JOINERS)))


def _visible(character: str) -> str:
    if character in JOINERS:
        return character
    if character in BLANKS:
        return ""
    return {"Cc": " ", "Cs": " ", "Cf": ""}.get(category(character), character)


def _plain_digits(search: str) -> str:
    """Return the search with digits of any script, and the number sign, in ASCII."""
    text = search.strip().replace("\N{FULLWIDTH NUMBER SIGN}", "#")
    return "".join(str(decimal(each)) if each.isdecimal() else each for each in text)
