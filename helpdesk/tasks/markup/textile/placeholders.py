"""Replace finished HTML by placeholders, characters that no text can hold.

The next construct must not read a finished piece again, yet must see it as a tag, as in `*_a_*`. The first pieces are
`<pre>`, `<code>`, `<kbd>` and `<notextile>`, whose content is shown as it was typed.
"""

import re
from collections.abc import Iterator
from html.entities import html5

from markupsafe import escape

from helpdesk.tasks.safe_html import preformatted

_INLINE, _BLOCK = 0xF0000, 0x100000  # where the private characters begin
TAG = "\U000f0000-\U0010fffd"  # all of them, for a class of characters in a pattern
BLOCK = re.compile("([\U00100000-\U0010fffd])")
BREAK = "<br>\n"
BROKEN = chr(_INLINE)  # always stands for BREAK

_PIECE = re.compile(f"([{TAG}])")
_FORGED = re.compile(f"[{TAG}\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_OPENING = re.compile(r"<([a-z]++)[^<>]*+>")
_SINGLE = {"br", "hr", "img"}
_FOOTNOTE = re.compile(r"^fn(\d{1,4})\. ", re.M)
_ENTITY = re.compile(r"&(?:#(?:\d{1,7}|x[\da-f]{1,6})|([a-z][a-z\d]{1,31}));", re.I)
_VERBATIM_TAG = re.compile(r"<(/?)(pre|code|kbd|notextile)\b[^<>\n]{0,200}>")
_WITHIN_PRE = re.compile(r"\A\s*<code\b[^<>\n]{0,200}>|</code>\s*\Z", re.I)


def clean(text: str) -> str:
    """Replace characters that are invisible or could pose as placeholders."""
    return _FORGED.sub("\ufffd", text)


class Placeholders:
    """The finished pieces of one text, and the numbers of its footnotes."""

    def __init__(self, text: str) -> None:
        self.footnotes = frozenset(_FOOTNOTE.findall(text))
        self._marks = {BREAK: BROKEN}
        self._pieces = {BROKEN: BREAK}

    def put(self, piece: str, block: bool = False) -> str:
        """Keep a piece of HTML and return its placeholder."""
        if piece not in self._marks:
            mark = chr((_BLOCK if block else _INLINE) + len(self._marks))
            self._marks[piece], self._pieces[mark] = mark, piece
        return self._marks[piece]

    def html(self, text: str) -> str:
        """Escape the text and put the pieces into it, closing every tag within the tag in which it was opened."""
        out: list[str] = []
        opened: list[str] = []
        for part in _PIECE.split(text):
            piece = self._pieces.get(part)
            if piece is None:
                out.append(_escaped(part))
            elif piece.startswith("</"):
                inner = opened[::-1].index(piece) + 1 if piece in opened else 0
                out += [opened.pop() for _ in range(inner)]
            else:
                out.append(piece)
                if (tag := _OPENING.fullmatch(piece)) and tag[1] not in _SINGLE:
                    opened.append(f"</{tag[1]}>")
        return "".join(out + opened[::-1])


def _escaped(text: str) -> str:
    """Return the text as HTML, where `&laquo;` is the character it names."""
    return str(escape(_ENTITY.sub(_character, text)))


def _character(entity: re.Match[str]) -> str:
    if entity[1]:
        return html5.get(f"{entity[1]};", entity[0])
    digits = entity[0][2:-1]
    code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    showable = code == 10 or 32 <= code < 0xD800 or 0xE000 <= code < 0x110000
    return chr(code) if showable and not 127 <= code < 160 else entity[0]


def without_verbatim(text: str, placeholders: Placeholders) -> str:
    """Replace each verbatim element by its placeholder."""
    return "".join(_parts(text, placeholders))


def _parts(text: str, placeholders: Placeholders) -> Iterator[str]:
    tags = list(_VERBATIM_TAG.finditer(text))
    nearest: dict[str, re.Match[str]] = {}  # closing tags of each name, read from the end
    closing: list[re.Match[str] | None] = []
    for tag in reversed(tags):
        name = tag[2]
        closing.append(nearest.get(name))
        if tag[1]:
            nearest[name] = tag
    done = 0
    for tag, closed_by in zip(tags, reversed(closing), strict=True):
        name = tag[2]
        if tag.start() < done or tag[1] or not (closed_by or name == "pre"):
            continue
        yield text[done : tag.start()]
        end, done = (closed_by.start(), closed_by.end()) if closed_by else (len(text), len(text))
        yield _verbatim(name, text[tag.end() : end], placeholders)
    yield text[done:]


def _verbatim(name: str, content: str, placeholders: Placeholders) -> str:
    if name == "notextile":
        return placeholders.put(str(escape(content)).replace("\n", BREAK)) if content else ""
    if name == "pre" or "\n" in content:
        return placeholders.put(preformatted(_WITHIN_PRE.sub("", content)), block=True)
    return placeholders.put(f"<{name}>{escape(content)}</{name}>")
