"""`<pre>`, `<code>`, `<kbd>` and `<notextile>`: what stands between them is shown as it was typed."""

import re
from collections.abc import Iterator

from markupsafe import escape

from helpdesk.tasks.markup.textile.placeholders import BREAK, Shelf
from helpdesk.tasks.safe_html import as_typed

_OFFTAG = re.compile(r"<(/?)(pre|code|kbd|notextile)\b[^<>\n]{0,200}>")
_WITHIN_PRE = re.compile(r"\A\s*<code\b[^<>\n]{0,200}>|</code>\s*\Z", re.I)


def without_offtags(text: str, shelf: Shelf) -> str:
    """Return the text with each such element put on the shelf."""
    return "".join(_parts(text, shelf))


def _parts(text: str, shelf: Shelf) -> Iterator[str]:
    tags = list(_OFFTAG.finditer(text))
    nearest: dict[str, re.Match[str]] = {}  # closing tags of each name, read from the end
    closing: list[re.Match[str] | None] = []
    for tag in reversed(tags):
        name = tag[2]
        closing.append(nearest.get(name))
        if tag[1]:
            nearest[name] = tag
    shown = 0
    for tag, closed_by in zip(tags, reversed(closing), strict=True):
        name = tag[2]
        if tag.start() < shown or tag[1] or not (closed_by or name == "pre"):
            continue
        yield text[shown : tag.start()]
        end, shown = (closed_by.start(), closed_by.end()) if closed_by else (len(text), len(text))
        yield _element(name, text[tag.end() : end], shelf)
    yield text[shown:]


def _element(name: str, content: str, shelf: Shelf) -> str:
    if name == "notextile":
        return shelf.put(str(escape(content)).replace("\n", BREAK)) if content else ""
    if name == "pre" or "\n" in content:
        return shelf.put(as_typed(_WITHIN_PRE.sub("", content)), block=True)
    return shelf.put(f"<{name}>{escape(content)}</{name}>")
