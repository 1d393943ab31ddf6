"""Links: `"text":https://host/path`."""

import re

from markupsafe import escape

from helpdesk.tasks.markup.autolinks import UNSEEN, trimmed
from helpdesk.tasks.markup.textile.placeholders import BROKEN, TAG, Shelf
from helpdesk.tasks.safe_html import may_lead_to

_NO_PART = "&(?:[lg]t|quot|nbsp|[lr]aquo);"  # of an address
# Nothing is a link within what looks like a tag.
_LINK = re.compile(
    rf"""
    </?[!\w][^<>{BROKEN}]*+
    | "(?P<text>[^"{BROKEN}]{{1,2000}}+)":
      (?P<target>(?:/|[a-z]{{2,20}}://|www\.|mailto:|\#(?=[a-z]))[\w/](?:(?!{_NO_PART})[^\s<>"{TAG}{UNSEEN}])+)
    """,
    re.I | re.X,
)


def with_links(text: str, shelf: Shelf) -> str:
    """Return the text with a tag, on the shelf, for each link."""
    return _LINK.sub(lambda found: _link(found, shelf), text) if '":' in text else text


def _link(found: re.Match[str], shelf: Shelf) -> str:
    text, target = found["text"], found["target"]
    address = trimmed(target or "")
    href = address_of(address)
    if href is None or not text.strip():
        return found[0]
    return shelf.put(f'<a href="{escape(href)}">') + text + shelf.put("</a>") + target[len(address) :]


def address_of(target: str) -> str | None:
    """Return where a link leads, or None if it may not lead there."""
    target = f"http://{target}" if target[:4].lower() == "www." else target
    return target if may_lead_to(target) else None
