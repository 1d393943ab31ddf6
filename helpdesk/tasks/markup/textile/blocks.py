"""Paragraphs and headings, and the order in which tables and lists are found between them."""

import re
from itertools import chain, groupby

from helpdesk.tasks.markup.textile import attributes
from helpdesk.tasks.markup.textile.inline import inline
from helpdesk.tasks.markup.textile.lists import is_item, listed
from helpdesk.tasks.markup.textile.placeholders import BLOCK, BREAK, Shelf
from helpdesk.tasks.markup.textile.tables import segments, table

DEEPEST = 3  # blocks indented below one another
PARAGRAPH, PREFORMATTED, BARE = ("<p>", "</p>"), ("<pre>", "</pre>"), ("", "")

_GAP = re.compile(r"\n(?: *\n)+")
_NEXT = re.compile(r"\n\n(?! )")
_INDENTED = re.compile(r"((?:\n(?:\n +[^\n]*)+)+)")
_RULER = re.compile(r" ?(?:(?:\* ?){3,}|(?:- ?){3,}|(?:_ ?){3,})")
_PREFIX = re.compile(rf"(p|bq|h[1-6]|fn(\d{{1,4}})){attributes.ANY}\.(?::(\S+))? (?=\s*\S)")


def blocks(text: str, shelf: Shelf, around: tuple[str, str] = PARAGRAPH, depth: int = 0) -> str:
    """Return the HTML of a text without quotes; `around` are the tags around a paragraph."""
    text = _GAP.sub("\n\n", text).strip("\n")
    return "".join(_block(each.rstrip(), shelf, around, depth) for each in _NEXT.split(text) if each.strip())


def flush_left(lines: list[str]) -> list[str]:
    """Return the lines without the spaces that all of them begin with."""
    indent = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)
    return [line[indent:] for line in lines]


def _block(text: str, shelf: Shelf, around: tuple[str, str], depth: int) -> str:
    """What stands indented after an empty line belongs to the item, or else the paragraph, above it."""
    below = PARAGRAPH if text.startswith(("*", "#", " ")) else PREFORMATTED
    lines: list[str] = []
    for number, part in enumerate(_INDENTED.split(text) if depth < DEEPEST else [text]):
        if number % 2:
            indented = "\n".join(flush_left(part.split("\n")))
            lines.append(shelf.put(blocks(indented, shelf, below, depth + 1), block=True))
        elif part.strip():
            lines += part.strip("\n").split("\n")
    lines[0] = lines[0].lstrip(" ")
    return "<hr>" if _is_ruler(lines) else _lines(lines, shelf, around)


def _is_ruler(lines: list[str]) -> bool:
    return len(lines) == 1 and not is_item(lines[0]) and _RULER.fullmatch(lines[0].rstrip()) is not None


def _lines(lines: list[str], shelf: Shelf, around: tuple[str, str]) -> str:
    parts = list(segments(lines))
    first = next((number for number, (row, own) in enumerate(parts) if not row and is_item(own[0])), len(parts))
    items = list(chain.from_iterable(own for _, own in parts[first:]))
    before = _flow(parts[:first], shelf, around, prefixed=True)
    return before + listed(items, lambda own: _item(own, shelf)) if items else before


def _item(lines: list[str], shelf: Shelf) -> str:
    """Return the HTML of an item, which may have a table below its first line."""
    return _flow([(False, lines[:1]), *segments(lines[1:])], shelf, BARE)


def _flow(parts: list[tuple[bool, list[str]]], shelf: Shelf, around: tuple[str, str], prefixed: bool = False) -> str:
    """Return the HTML of rows and of the text between them."""
    out = []
    for are_rows, group in groupby(parts, key=lambda part: part[0]):
        own = [lines for _, lines in group]
        if are_rows:
            out.append(table(own, lambda text: _text(text, shelf, BARE)))
        else:
            text = "\n".join(chain.from_iterable(own))
            out.append(_prefixed(text, shelf, around) if prefixed and not out else _text(text, shelf, around))
    return "".join(out)


def _prefixed(text: str, shelf: Shelf, around: tuple[str, str]) -> str:
    """Return the HTML of a paragraph, which may say at its beginning what it is."""
    found = _PREFIX.match(text)
    if not found:
        return _text(text, shelf, around)
    kind, footnote, source = found.groups()
    text = text[found.end() :] + (f"\n{source}" if source else "")
    if footnote:
        return _text(shelf.put(f"<sup>{footnote}</sup>") + " " + text, shelf, PARAGRAPH)
    if kind == "bq":
        return _text(text, shelf, ("<blockquote><p>", "</p></blockquote>"))
    return _text(text, shelf, (f"<{kind}>", f"</{kind}>"))


def _text(text: str, shelf: Shelf, around: tuple[str, str]) -> str:
    out = []
    for part in BLOCK.split(text):
        if BLOCK.fullmatch(part):
            out.append(shelf.html(part))
        elif part.strip():
            html = inline(part.strip("\n"), shelf)
            out.append(around[0] + (html.replace(BREAK, "\n") if around == PREFORMATTED else html) + around[1])
    return "".join(out)
