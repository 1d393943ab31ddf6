"""Tables: a row is a line between two bars, or several lines when a cell has several."""

import re
from collections.abc import Callable, Iterable, Iterator

from helpdesk.tasks.markup.textile import attributes

_ROW = re.compile(rf"\A(?:{attributes.ANY}\.)? ?(?=\|)")
_TABLE = re.compile(rf"table_?{attributes.SPANS}{attributes.ANY}\. ?")
# A reference to a wiki page has a bar in it. Behind a cell there is a bar, or else the end of the text and no cell.
_CELL = re.compile(r"\|((?:[^|\[]++|\[\[[^|\]\n]{1,200}\|[^|\]\n]{1,200}\]\]|\[)*+)(?=(\|?))")
_MODIFIERS = re.compile(rf"(?=[^.|]*[^.|\s])(_?){attributes.SPANS}{attributes.ANY}\. ?")


def segments(lines: list[str]) -> Iterator[tuple[bool, list[str]]]:
    """Take lines apart at the borders of rows: lines of a row with True, any other line with False."""
    last, lasts = -1, [-1] * len(lines)  # for each line the nearest that ends with a bar
    for number in reversed(range(len(lines))):
        last = number if lines[number].rstrip().endswith("|") else last
        lasts[number] = last
    number = 0
    while number < len(lines):
        heads = bool(_TABLE.fullmatch(lines[number])) and _begins(lines, number + 1, lasts)
        if heads or _begins(lines, number, lasts):
            end = lasts[number + heads] + 1
            yield True, lines[number + heads : end]
        else:
            end = number + 1
            yield False, [lines[number]]
        number = end


def _begins(lines: list[str], number: int, lasts: list[int]) -> bool:
    """Whether a row begins here and ends somewhere."""
    if number >= len(lines) or not _ROW.match(lines[number]):
        return False
    return lasts[number] > number or (lasts[number] == number and lines[number].count("|") > 1)


def table(rows: Iterable[list[str]], cell: Callable[[str], str]) -> str:
    """Return the HTML of rows; `cell` makes that of a cell's text."""
    return "<table>" + "".join(f"<tr>{_cells(row, cell)}</tr>" for row in rows) + "</table>"


def _cells(lines: list[str], cell: Callable[[str], str]) -> str:
    row = _ROW.sub("", "\n".join(lines), count=1).rstrip()
    return "".join(_cell(found[1], cell) for found in _CELL.finditer(row) if found[2])


def _cell(text: str, cell: Callable[[str], str]) -> str:
    modifiers = _MODIFIERS.match(text)
    tag = "th" if modifiers and modifiers[1] else "td"
    spans = attributes.spans(modifiers[0]) if modifiers else ""
    return f"<{tag}{spans}>{cell(text[modifiers.end() :] if modifiers else text)}</{tag}>"
