"""Quoted mail: lines behind one `>` or several."""

import re
from itertools import groupby

from helpdesk.tasks.markup.textile.blocks import blocks, flush_left
from helpdesk.tasks.markup.textile.placeholders import Shelf

DEEPEST = 8
_QUOTE = re.compile(r">[> ]*")


def quoted(text: str, shelf: Shelf) -> str:
    """Return the HTML of a whole text: a blockquote for each `>`."""
    out, depth = [], 0
    for level, lines in groupby(map(_level, flush_left(text.split("\n"))), key=lambda line: line[0]):
        out.append("<blockquote>" * (level - depth) + "</blockquote>" * (depth - level))
        out.append(blocks("\n".join(own for _, own in lines), shelf))
        depth = level
    return "".join(out) + "</blockquote>" * depth


def _level(line: str) -> tuple[int, str]:
    marks = _QUOTE.match(line)
    return (min(marks[0].count(">"), DEEPEST), line[marks.end() :]) if marks else (0, line)
