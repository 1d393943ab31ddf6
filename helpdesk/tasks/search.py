"""What is typed into a search, as what is looked for: a task's number, words, or both. Pure."""

from collections.abc import Iterator
from unicodedata import category, decimal

LONGEST = 200
MOST_WORDS = 10
READ = 2_000
"""Characters that are looked at; what is typed beyond is cut without looking."""
LARGEST_NUMBER = 2**31 - 1
JOINERS = "\u200c\u200d"
"""They show nothing by themselves; within a word they belong to it, in emoji and in some scripts."""
BLANKS = "\u034f\u115f\u1160\u2800\u3164\uffa0"
"""Letters and marks that show nothing."""


def cleaned(typed: str) -> tuple[str, bool]:
    """Return the searched part of `typed`, and whether it is less than what is seen of it.

    Characters that can't be seen are no part of it, line ends and NUL bytes are spaces.
    """
    words = list(dict.fromkeys(_words(typed[:READ])))
    found = " ".join(words[:MOST_WORDS])
    cut = found[:LONGEST].rstrip()
    return cut, cut != " ".join(words) or bool(typed[READ:].strip())


def number(search: str) -> int | None:
    """The task that is named by its number, `123` or `#123`; None for what can't be one."""
    digits = _plain(search).removeprefix("#").strip()
    significant = digits.lstrip("0") or "0"
    if not (digits.isascii() and digits.isdigit()) or len(significant) > len(str(LARGEST_NUMBER)):
        return None
    return int(significant) if int(significant) <= LARGEST_NUMBER else None


def words(search: str) -> tuple[str, ...]:
    """The words that texts must have, all of them; none when `#123` names a task or nothing is looked for."""
    if number(search) is None:
        return tuple(search.split())
    plain = _plain(search)
    return () if plain.startswith("#") else (plain,)


def _words(typed: str) -> Iterator[str]:
    seen = "".join(_seen(each) for each in typed)
    return (word for each in seen.split() if (word := each.strip(JOINERS)))


def _seen(character: str) -> str:
    if character in JOINERS:
        return character
    if character in BLANKS:
        return ""
    return {"Cc": " ", "Cs": " ", "Cf": ""}.get(category(character), character)


def _plain(search: str) -> str:
    """The same with digits of any script, and the number sign, as ASCII has them."""
    text = search.strip().replace("\N{FULLWIDTH NUMBER SIGN}", "#")
    return "".join(str(decimal(each)) if each.isdecimal() else each for each in text)
