"""Convert blocks: quotes, tables, lists, headings and paragraphs."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby

from helpdesk.tasks.markup.textile import attributes
from helpdesk.tasks.markup.textile.inline import inline
from helpdesk.tasks.markup.textile.placeholders import BLOCK, BREAK, Placeholders

DEEPEST_QUOTE = 8
DEEPEST = 3  # blocks indented below one another
PARAGRAPH, PREFORMATTED, BARE = ("<p>", "</p>"), ("<pre>", "</pre>"), ("", "")

_QUOTE = re.compile(r">[> ]*")
_GAP = re.compile(r"\n(?: *\n)+")
_NEXT = re.compile(r"\n\n(?! )")
_INDENTED = re.compile(r"((?:\n(?:\n +[^\n]*)+)+)")
_RULER = re.compile(r" ?(?:(?:\* ?){3,}|(?:- ?){3,}|(?:_ ?){3,})")
_PREFIX = re.compile(rf"(p|bq|h[1-6]|fn(\d{{1,4}})){attributes.ANY}\.(?::(\S+))? (?=\s*\S)")
_ITEM = re.compile(r"([#*]{1,20}) +")
_ROW = re.compile(rf"\A(?:{attributes.ANY}\.)? ?(?=\|)")
_TABLE = re.compile(rf"table_?{attributes.SPANS}{attributes.ANY}\. ?")
# A reference to a wiki page has a bar in it. Behind a cell there is a bar, or else the end of the text and no cell.
_CELL = re.compile(r"\|((?:[^|\[]++|\[\[[^|\]\n]{1,200}\|[^|\]\n]{1,200}\]\]|\[)*+)(?=(\|?))")
_MODIFIERS = re.compile(rf"(?=[^.|]*[^.|\s])(_?){attributes.SPANS}{attributes.ANY}\. ?")


def quoted(text: str, placeholders: Placeholders) -> str:
    """Return the HTML of a whole text: a blockquote for each `>`."""
    out, depth = [], 0
    for level, lines in groupby(map(_level, _flush_left(text.split("\n"))), key=lambda line: line[0]):
        out.append("<blockquote>" * (level - depth) + "</blockquote>" * (depth - level))
        out.append(_blocks("\n".join(line for _, line in lines), placeholders))
        depth = level
    return "".join(out) + "</blockquote>" * depth


def _level(line: str) -> tuple[int, str]:
    marks = _QUOTE.match(line)
    return (min(marks[0].count(">"), DEEPEST_QUOTE), line[marks.end() :]) if marks else (0, line)


def _blocks(text: str, placeholders: Placeholders, around: tuple[str, str] = PARAGRAPH, depth: int = 0) -> str:
    """Return the HTML of a text without quotes; `around` are the tags around a paragraph."""
    text = _GAP.sub("\n\n", text).strip("\n")
    return "".join(_block(each.rstrip(), placeholders, around, depth) for each in _NEXT.split(text) if each.strip())


def _flush_left(lines: list[str]) -> list[str]:
    """Remove the spaces with which all of the lines begin."""
    indent = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)
    return [line[indent:] for line in lines]


def _block(text: str, placeholders: Placeholders, around: tuple[str, str], depth: int) -> str:
    """Convert a block. Indented text after an empty line belongs to the item, or else the paragraph, above it."""
    below = PARAGRAPH if text.startswith(("*", "#", " ")) else PREFORMATTED
    lines: list[str] = []
    for number, part in enumerate(_INDENTED.split(text) if depth < DEEPEST else [text]):
        if number % 2:
            indented = "\n".join(_flush_left(part.split("\n")))
            lines.append(placeholders.put(_blocks(indented, placeholders, below, depth + 1), block=True))
        elif part.strip():
            lines += part.strip("\n").split("\n")
    lines[0] = lines[0].lstrip(" ")
    return "<hr>" if _is_ruler(lines) else _lines(lines, placeholders, around)


def _is_ruler(lines: list[str]) -> bool:
    return len(lines) == 1 and not _ITEM.match(lines[0]) and _RULER.fullmatch(lines[0].rstrip()) is not None


def _lines(lines: list[str], placeholders: Placeholders, around: tuple[str, str]) -> str:
    parts = list(_segments(lines))
    first = next(
        (number for number, (is_row, part) in enumerate(parts) if not is_row and _ITEM.match(part[0])), len(parts)
    )
    items = list(chain.from_iterable(part for _, part in parts[first:]))
    before = _flow(parts[:first], placeholders, around, prefixed=True)
    return before + _list(items, lambda item: _item(item, placeholders)) if items else before


def _item(lines: list[str], placeholders: Placeholders) -> str:
    """Return the HTML of an item, which may have a table below its first line."""
    return _flow([(False, lines[:1]), *_segments(lines[1:])], placeholders, BARE)


def _flow(
    parts: list[tuple[bool, list[str]]], placeholders: Placeholders, around: tuple[str, str], prefixed: bool = False
) -> str:
    """Return the HTML of rows and of the text between them."""
    out = []
    for are_rows, group in groupby(parts, key=lambda part: part[0]):
        segments = [lines for _, lines in group]
        if are_rows:
            out.append(_table(segments, lambda text: _text(text, placeholders, BARE)))
        else:
            convert = _prefixed if prefixed and not out else _text
            out.append(convert("\n".join(chain.from_iterable(segments)), placeholders, around))
    return "".join(out)


def _prefixed(text: str, placeholders: Placeholders, around: tuple[str, str]) -> str:
    """Return the HTML of a paragraph that may begin with its kind, such as `h2.`."""
    prefix = _PREFIX.match(text)
    if not prefix:
        return _text(text, placeholders, around)
    kind, footnote, source = prefix.groups()
    text = text[prefix.end() :] + (f"\n{source}" if source else "")
    if footnote:
        return _text(placeholders.put(f"<sup>{footnote}</sup>") + " " + text, placeholders, PARAGRAPH)
    if kind == "bq":
        return _text(text, placeholders, ("<blockquote><p>", "</p></blockquote>"))
    return _text(text, placeholders, (f"<{kind}>", f"</{kind}>"))


def _text(text: str, placeholders: Placeholders, around: tuple[str, str]) -> str:
    out = []
    for part in BLOCK.split(text):
        if BLOCK.fullmatch(part):
            out.append(placeholders.html(part))
        elif part.strip():
            html = inline(part.strip("\n"), placeholders)
            out.append(around[0] + (html.replace(BREAK, "\n") if around == PREFORMATTED else html) + around[1])
    return "".join(out)


def _list(lines: list[str], body: Callable[[list[str]], str]) -> str:
    """Return the HTML of a list: `*` and `#`, as often as the item is deep.

    The first line begins an item; `body` converts the lines of one item.
    """
    items: list[tuple[str, list[str]]] = []
    for line in lines:
        if match := _ITEM.match(line):
            items.append((match[1], [line[match.end() :]]))
        else:
            items[-1][1].append(line)
    out: list[str] = []
    opened: list[str] = []
    for marks, item in items:
        while opened and len(opened[-1]) > len(marks):
            out.append(_list_end(opened.pop()))
        if opened and len(opened[-1]) == len(marks):
            out.append("</li>" if opened[-1][-1] == marks[-1] else _list_end(opened.pop()))
        if not opened or len(opened[-1]) < len(marks):
            opened.append(marks)
            out.append(f"<{_list_tag(marks)}>")
        out.append("<li>" + body(item))
    return "".join(out + [_list_end(marks) for marks in reversed(opened)])


def _list_end(marks: str) -> str:
    return f"</li></{_list_tag(marks)}>"


def _list_tag(marks: str) -> str:
    return "ol" if marks.endswith("#") else "ul"


def _segments(lines: list[str]) -> Iterator[tuple[bool, list[str]]]:
    """Split lines into rows of tables, with True, and other lines, with False.

    A row is a line between two bars, or several lines when a cell has several.
    """
    last, row_ends = -1, [-1] * len(lines)  # for each line the nearest that ends with a bar
    for number in reversed(range(len(lines))):
        last = number if lines[number].rstrip().endswith("|") else last
        row_ends[number] = last
    number = 0
    while number < len(lines):
        has_head = bool(_TABLE.fullmatch(lines[number])) and _begins_row(lines, number + 1, row_ends)
        if has_head or _begins_row(lines, number, row_ends):
            end = row_ends[number + has_head] + 1
            yield True, lines[number + has_head : end]
        else:
            end = number + 1
            yield False, [lines[number]]
        number = end


def _begins_row(lines: list[str], number: int, row_ends: list[int]) -> bool:
    if number >= len(lines) or not _ROW.match(lines[number]):
        return False
    return row_ends[number] > number or (row_ends[number] == number and lines[number].count("|") > 1)


def _table(rows: Iterable[list[str]], cell: Callable[[str], str]) -> str:
    """Return the HTML of rows; `cell` converts the text of one cell."""
    return "<table>" + "".join(f"<tr>{_cells(row, cell)}</tr>" for row in rows) + "</table>"


def _cells(lines: list[str], cell: Callable[[str], str]) -> str:
    row = _ROW.sub("", "\n".join(lines), count=1).rstrip()
    return "".join(_cell(match[1], cell) for match in _CELL.finditer(row) if match[2])


def _cell(text: str, cell: Callable[[str], str]) -> str:
    modifiers = _MODIFIERS.match(text)
    tag = "th" if modifiers and modifiers[1] else "td"
    spans = attributes.spans(modifiers[0]) if modifiers else ""
    return f"<{tag}{spans}>{cell(text[modifiers.end() :] if modifiers else text)}</{tag}>"
