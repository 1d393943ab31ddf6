"""Who is called by `@login` in a text."""

import re
from collections.abc import Collection

from helpdesk.notifications.plain import LONGEST_READ, without_quotes, without_tags
from helpdesk.store.folding import fold

LONGEST_LOGIN = 120
LONGEST_WORD = 400  # before folding

_CODE = re.compile(
    r"""
    <(pre|code|tt|kbd|samp)\b[^<>]*>.*?(?:</\1>|\Z)                           # HTML and Textile
    | ^[ ]{0,3}(?:(`{3,})[^`\n]*|(~{3,})[^\n]*)\n.*?(?:^[ ]{0,3}(?:\2|\3)|\Z)   # Markdown's blocks …
    | (?<!`)(`++)[^`]++\4(?!`)                                                # … and words
    | (?<![\w@])@(?=[^\s@])[^@\n]++(?<=\S)@(?![\w@])                          # Textile's @words@
    """,
    re.I | re.M | re.S | re.X,
)
_ADDRESS = re.compile(r"(?<!\w)\w++://\S++")
# Not after what an e-mail address or a path may have before the @. Letters may come in pieces: the accents are theirs.
_CALL = re.compile(r"(?<![\w\u0300-\u036f.@+/])(?<!\w-)@([\w\u0300-\u036f.@+-]++)")
_AFTER = "._@+-"  # may end a login, and may stand behind it


def mentioned(text: str, logins: Collection[str]) -> frozenset[str]:
    """Those of `logins`, which are folded, that the text calls by name.

    Not in code, in citations, in addresses and in longer words; `a@login` is an e-mail address. Of two logins that fit,
    as in `@anna.` those of "anna" and "anna.", the longer is meant.
    """
    text = _CODE.sub(" ", text[:LONGEST_READ])
    calls = _CALL.finditer(_ADDRESS.sub(" ", without_tags(without_quotes(text))))
    # Words are folded, not the text: a long run of accents would take minutes.
    found = (_meant(fold(call[1][:LONGEST_WORD]), logins) for call in calls)
    return frozenset(login for login in found if login)


def _meant(word: str, logins: Collection[str]) -> str | None:
    shortest = len(word.rstrip(_AFTER))
    ends = range(min(len(word), LONGEST_LOGIN), max(shortest, 1) - 1, -1)
    return next((word[:end] for end in ends if word[:end] in logins), None)
