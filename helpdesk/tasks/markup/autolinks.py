"""Find addresses and numbers of tasks in the middle of a text."""

import re
from collections.abc import Iterator
from typing import NamedTuple

UNSEEN = r"\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # these turn the text around, too
_BODY = rf"[^\s<>\"{UNSEEN}]"
_NO_HOST = (
    r"(?!\dx\.(?:bmp|gif|jpe?g?|png|svg|webp)\b|[\da-f]{8}\.[\da-f]{8}\b)"  # a picture: its name or its id in a mail
)
_LATIN = r"(?:[a-z\d-]++\.)+(?:[a-z]{2,}+|xn--[a-z\d-]++)(?!-*+[a-z\d]|\.\d)"
_CYRILLIC = r"(?:[a-zа-яё\d-]++\.)+(?:рф|рус|бел|укр|москва|дети|сайт|онлайн|орг|ком)(?![\w-])"
_PATTERN = re.compile(
    rf"""
    (?P<quoted> (?<=')(?:https?|s?ftps?)://[^\s<>"'{UNSEEN}]+ )
    | (?P<url> \b(?:https?|s?ftps?)://{_BODY}+ )
    | (?P<www> (?<![\w.@/-])www\.\w{_BODY}+ )
    | \b[a-z][a-z\d+.-]{{1,20}}://{_BODY}*+                            # of another kind: nothing in it is a link
    | (?<!cid:)(?<![a-z\d_.+%@-])[.+%-]*+
        (?P<mail> [a-z\d_][a-z\d_.+%-]*+@{_NO_HOST}(?:{_LATIN}|{_CYRILLIC}) )
    | (?<![\w&/\#])\#(?P<task>[1-9]\d{{0,8}})(?!\w)
    """,
    re.I | re.X,
)
_CLOSING = {")": "(", "]": "[", "}": "{"}
_TARGET = re.compile(r"(?:https?|s?ftps?)://[^/\s]|mailto:.|/(?![/\\])|#", re.I)
_PICTURE = re.compile(
    r"cid:.|data:image/|[^:]*\.(?:apng|avif|bmp|gif|heic|ico|jpe?g?|png|svg|tiff?|webp)(?:[?#]|\Z)", re.I
)
_AFTER = frozenset(".,;:!?'\"`*|~^<>«»“”„…‘’")


class AutoLink(NamedTuple):
    """A part of a text that becomes a link: to `href`, or to the task with this number."""

    start: int
    end: int
    href: str
    task: int = 0


def find_links(text: str) -> Iterator[AutoLink]:
    """Find addresses, e-mail addresses and numbers of tasks."""
    for match in _PATTERN.finditer(text):
        kind = match.lastgroup
        if kind == "task":
            yield AutoLink(match.start(), match.end(), "", int(match["task"]))
        elif kind == "mail":
            yield AutoLink(match.start("mail"), match.end(), f"mailto:{match['mail']}")
        elif kind and not (address := trim_address(match[0])).endswith("://"):
            yield AutoLink(
                match.start(), match.start() + len(address), f"http://{address}" if kind == "www" else address
            )


def is_link_target(target: str) -> bool:
    """Return whether a link may lead there: not from `"field":empty`."""
    return _TARGET.match(target) is not None


def is_picture_source(source: str) -> bool:
    """Return whether this is the name of a picture, or of a part of a mail that may be one."""
    return _PICTURE.match(source) is not None


def trim_address(address: str) -> str:
    """Remove punctuation after the address, and closing brackets that were opened before it."""
    surplus = {closing: address.count(closing) - address.count(opening) for closing, opening in _CLOSING.items()}
    end = len(address)
    while end and ((last := address[end - 1]) in _AFTER or surplus.get(last, 0) > 0):
        surplus[last] = surplus.get(last, 0) - 1
        end -= 1
    return address[:end]
