"""Write an Atom feed (RFC 4287). XML takes few of the characters that a text may have."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from xml.etree import ElementTree as ET

from helpdesk.web.core.faces import moment

MEDIA_TYPE = "application/atom+xml"
NAMESPACE = "http://www.w3.org/2005/Atom"
MOST_BYTES = 1_000_000
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Entry(NamedTuple):
    """An entry; `address` is also its id. `html` is its whole text, empty where there is only the summary."""

    address: str
    title: str
    author: str
    published: datetime
    updated: datetime
    summary: str
    html: str = ""


class Feed(NamedTuple):
    """A feed; `address` is its own without anything secret, `page` that of its subject."""

    title: str
    address: str
    page: str
    updated: datetime
    entries: Sequence[Entry]


def write(feed: Feed) -> bytes:
    """Return the feed as XML. Texts beyond MOST_BYTES in all are left out: the summaries stay."""
    root = ET.Element("feed", xmlns=NAMESPACE)
    for name, text in (("title", feed.title), ("id", feed.address), ("updated", moment(feed.updated) or "")):
        _add(root, name, text)
    _add(root, "link", rel="self", type=MEDIA_TYPE, href=feed.address)
    _add(root, "link", rel="alternate", type="text/html", href=feed.page)
    size = 0
    for entry in feed.entries:
        size += len(entry.html.encode("utf-8", "replace"))
        root.append(_entry(entry, has_text=bool(entry.html) and 2 * size <= MOST_BYTES))
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _entry(entry: Entry, has_text: bool) -> ET.Element:
    element = ET.Element("entry")
    _add(element, "title", entry.title)
    _add(element, "id", entry.address)
    _add(element, "link", rel="alternate", type="text/html", href=entry.address)
    _add(_add(element, "author"), "name", entry.author)
    _add(element, "published", moment(entry.published) or "")
    _add(element, "updated", moment(entry.updated) or "")
    _add(element, "summary", entry.summary)
    if has_text:
        _add(element, "content", entry.html, type="html")
    return element


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, name, attributes)
    element.text = NOT_XML.sub("\ufffd", text)
    return element
