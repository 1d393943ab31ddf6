"""What stands within a line: code, pictures, phrases, links, in the order in which Redmine looks for them."""

import re

from markupsafe import escape

from helpdesk.tasks.markup.textile.images import with_images
from helpdesk.tasks.markup.textile.links import with_links
from helpdesk.tasks.markup.textile.pairs import replaced
from helpdesk.tasks.markup.textile.phrases import with_phrases
from helpdesk.tasks.markup.textile.placeholders import BROKEN, TAG, Shelf

_CODE_BEGINS = re.compile(r"(?<![\w@])()@(?=\S)")
_CODE_ENDS = re.compile(r"(?<=\S)@(?!\w)")
_ABBREVIATION = re.compile(rf"\b([A-Z][A-Z0-9]{{1,40}})(?=\(([^(){TAG}]{{1,200}})\))")
_FOOTNOTE = re.compile(r"(?<=\w)\[(\d{1,4})\]")


def inline(text: str, shelf: Shelf) -> str:
    """Return the HTML of a paragraph's text."""
    text = text.replace("\n", BROKEN)
    if "@" in text:
        text = replaced(text, _CODE_BEGINS, _CODE_ENDS, lambda code: shelf.put(f"<code>{shelf.html(code)}</code>"))
    text = with_links(with_phrases(with_images(text, shelf), shelf), shelf)
    text = _ABBREVIATION.sub(lambda found: _abbreviation(found, shelf), text)
    if shelf.footnotes:
        text = _FOOTNOTE.sub(lambda found: _reference(found, shelf), text)
    return shelf.html(text)


def _abbreviation(found: re.Match[str], shelf: Shelf) -> str:
    """The meaning stays to be read: not everything written like `ABC(meaning)` is one, think of COUNT(id)."""
    return shelf.put(f'<abbr title="{escape(found[2])}">') + found[1] + shelf.put("</abbr>")


def _reference(found: re.Match[str], shelf: Shelf) -> str:
    """Only where the text has such a footnote: `list[0]` is none."""
    return shelf.put(f"<sup>{found[1]}</sup>") if found[1] in shelf.footnotes else found[0]
