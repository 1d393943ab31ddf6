"""Phrases: `*strong*`, `_emphasis_` and the like."""

import re
from functools import partial

from helpdesk.tasks.markup.textile.attributes import STYLE, STYLE_OR_CLASS
from helpdesk.tasks.markup.textile.pairs import replaced
from helpdesk.tasks.markup.textile.placeholders import TAG, Shelf

_TAGS = {"**": "b", "*": "strong", "??": "cite", "-": "del", "__": "i", "_": "em", "+": "ins", "^": "sup", "~": "sub"}
_MARKS = "|".join(map(re.escape, [*_TAGS, "%"]))
_SPAN = "%"  # only says how its text looks


def with_phrases(text: str, shelf: Shelf) -> str:
    """Return the text with tags, on the shelf, for the marks of phrases."""
    for mark, (begins, ends) in _PATTERNS.items():
        if text.count(mark) > 1:
            text = replaced(text, begins, ends, partial(_phrase, mark, shelf))
    return text


def _patterns(mark: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A phrase begins after a space, an opening bracket or a tag; a character alone must be a letter or a digit."""
    quoted = re.escape(mark)
    lone = rf"(?=[^\s\W]|[{TAG}]|\S(?!{quoted}))"
    begins = rf"(?:(?<=[\s>({TAG}])|\A)(?!--)((?:{_MARKS})??){quoted}(?=\S){lone}"
    return re.compile(begins), re.compile(rf"(?<=\S)(?!--){quoted}(?=[\W_]|\Z)")


_PATTERNS = {mark: _patterns(mark) for mark in [*list(_TAGS)[:6], _SPAN, *list(_TAGS)[6:]]}


def _phrase(mark: str, shelf: Shelf, content: str) -> str | None:
    if mark == _SPAN:
        look = STYLE_OR_CLASS.match(content)
        return content[look.end() :] if look and look.end() < len(content) else None
    look = STYLE.match(content)
    tag = _TAGS[mark]
    content = content[look.end() :] if look and look.end() < len(content) else content
    return shelf.put(f"<{tag}>") + content + shelf.put(f"</{tag}>")
