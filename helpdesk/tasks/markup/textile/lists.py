"""Lists: `*` and `#`, as often as the item is deep."""

import re
from collections.abc import Callable

_ITEM = re.compile(r"([#*]{1,20}) +")


def is_item(line: str) -> bool:
    """Whether a line begins an item of a list."""
    return _ITEM.match(line) is not None


def listed(lines: list[str], body: Callable[[list[str]], str]) -> str:
    """Return the HTML of lines, the first of which begins an item; `body` makes that of an item's own lines."""
    items: list[tuple[str, list[str]]] = []
    for line in lines:
        if found := _ITEM.match(line):
            items.append((found[1], [line[found.end() :]]))
        else:
            items[-1][1].append(line)
    out: list[str] = []
    opened: list[str] = []
    for marks, own in items:
        while opened and len(opened[-1]) > len(marks):
            out.append(_end(opened.pop()))
        if opened and len(opened[-1]) == len(marks):
            out.append("</li>" if opened[-1][-1] == marks[-1] else _end(opened.pop()))
        if not opened or len(opened[-1]) < len(marks):
            opened.append(marks)
            out.append(f"<{_tag(marks)}>")
        out.append("<li>" + body(own))
    return "".join(out + [_end(marks) for marks in reversed(opened)])


def _end(marks: str) -> str:
    return f"</li></{_tag(marks)}>"


def _tag(marks: str) -> str:
    return "ol" if marks.endswith("#") else "ul"
