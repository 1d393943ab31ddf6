"""Find the logins mentioned by `@login` in a text."""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from helpdesk.notifications.plain_text import LONGEST_READ, without_quotes, without_tags
from helpdesk.store.casefold import fold

LONGEST_LOGIN = 120
LONGEST_WORD = 400  # before folding
MOST_WORDS = 200  # different words of one text, as each is looked up among the logins

_CODE = re.compile(
    r"""
    <(pre|code|tt|kbd|samp)\b[^<>]*>.*?(?:</\1>|\Z)                           # HTML and Textile
    | ^[ ]{0,3}(?:(`{3,}+)[^`\n]*+|(~{3,}+)[^\n]*+)\n.*?(?:^[ ]{0,3}(?:\2|\3)|\Z)   # Markdown's blocks …
    | (?<!`)(`++)[^`]++\4(?!`)                                                # … and words
    | (?<![\w@])@(?=[^\s@])[^@\n]++(?<=\S)@(?![\w@])                          # Textile's @words@
    """,
    re.I | re.M | re.S | re.X,
)
_ADDRESS = re.compile(r"(?<!\w)\w++://\S++")
# Not after characters that e-mail addresses and paths have before an @. Accents may be separate code points.
_MENTION = re.compile(r"(?<![\w\u0300-\u036f.@+/])(?<!\w-)@([\w\u0300-\u036f.@+-]++)")
_AFTER = "._@+-"  # may end a login, and may follow one


def mentioned_words(text: str) -> tuple[str, ...]:
    """Return the first MOST_WORDS words after an `@`, folded: logins, perhaps with punctuation at their end.

    Words in code, quotes, addresses and longer words do not count; `a@login` is an e-mail address.
    """
    if "@" not in text:
        return ()
    text = _CODE.sub(" ", text[:LONGEST_READ])
    mentions = _MENTION.finditer(_ADDRESS.sub(" ", without_tags(without_quotes(text))))
    # Fold the words, not the text: a long run of accents would take minutes.
    words = dict.fromkeys(mention[1][:LONGEST_WORD] for mention in mentions)
    return tuple(fold(word) for word in islice(words, MOST_WORDS))


def possible_logins(words: Iterable[str]) -> frozenset[str]:
    """Return every login that one of these words may mean."""
    return frozenset(login for word in words for login in _readings(word))


def mentioned_logins(words: Iterable[str], logins: Collection[str]) -> frozenset[str]:
    """Return those of the folded `logins` that these words mention.

    Of two that fit, such as "anna" and "anna." in `@anna.`, the longer is meant.
    """
    matches = (next((login for login in _readings(word) if login in logins), None) for word in words)
    return frozenset(filter(None, matches))


def _readings(word: str) -> Iterator[str]:
    """Return the logins that a word may mean, the longest first."""
    shortest = len(word.rstrip(_AFTER))
    return (word[:end] for end in range(min(len(word), LONGEST_LOGIN), max(shortest, 1) - 1, -1))
