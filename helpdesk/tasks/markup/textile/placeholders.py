"""Finished HTML put aside, each piece behind one character that no text can hold.

A finished piece must not be read again by the next construct, yet must be seen as a tag by it, as in `*_a_*`.
"""

import re
from html.entities import html5

from markupsafe import escape

_INLINE, _BLOCK = 0xF0000, 0x100000  # where the private characters begin
TAG = "\U000f0000-\U0010fffd"  # all of them, for a class of characters in a pattern
BLOCK = re.compile("([\U00100000-\U0010fffd])")
BREAK = "<br>\n"
BROKEN = chr(_INLINE)  # stands for BREAK on every shelf

_PIECE = re.compile(f"([{TAG}])")
_FORGED = re.compile(f"[{TAG}\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_OPENING = re.compile(r"<([a-z]++)[^<>]*+>")
_SINGLE = {"br", "hr", "img"}
_FOOTNOTE = re.compile(r"^fn(\d{1,4})\. ", re.M)
_ENTITY = re.compile(r"&(?:#(?:\d{1,7}|x[\da-f]{1,6})|([a-z][a-z\d]{1,31}));", re.I)


def clean(text: str) -> str:
    """Return the text without characters that nobody can see or that could pose as ours."""
    return _FORGED.sub("\ufffd", text)


class Shelf:
    """The pieces of one text, and the numbers of its footnotes."""

    def __init__(self, text: str) -> None:
        self.footnotes = frozenset(_FOOTNOTE.findall(text))
        self._marks = {BREAK: BROKEN}
        self._pieces = {BROKEN: BREAK}

    def put(self, piece: str, block: bool = False) -> str:
        """Put a piece of HTML aside; return the character that stands for it."""
        if piece not in self._marks:
            mark = chr((_BLOCK if block else _INLINE) + len(self._marks))
            self._marks[piece], self._pieces[mark] = mark, piece
        return self._marks[piece]

    def html(self, text: str) -> str:
        """Return the text escaped, the pieces in their places, and every tag closed within the tag it was opened in."""
        out: list[str] = []
        opened: list[str] = []
        for part in _PIECE.split(text):
            piece = self._pieces.get(part)
            if piece is None:
                out.append(escaped(part))
            elif piece.startswith("</"):
                inner = opened[::-1].index(piece) + 1 if piece in opened else 0
                out += [opened.pop() for _ in range(inner)]
            else:
                out.append(piece)
                if (tag := _OPENING.fullmatch(piece)) and tag[1] not in _SINGLE:
                    opened.append(f"</{tag[1]}>")
        return "".join(out + opened[::-1])


def escaped(text: str) -> str:
    """Return the text as HTML, where `&laquo;` is the character it names."""
    return str(escape(_ENTITY.sub(_character, text)))


def _character(entity: re.Match[str]) -> str:
    if entity[1]:
        return html5.get(f"{entity[1]};", entity[0])
    digits = entity[0][2:-1]
    code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    showable = code == 10 or 32 <= code < 0xD800 or 0xE000 <= code < 0x110000
    return chr(code) if showable and not 127 <= code < 160 else entity[0]
