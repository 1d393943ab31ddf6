"""Addresses in the middle of a text: where they begin and end, and where they lead."""

import re
from collections.abc import Iterator
from typing import NamedTuple

UNSEEN = r"\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # also what turns the text around
_BODY = rf"[^\s<>\"{UNSEEN}]"
_NO_HOST = r"(?!\dx\.(?:bmp|gif|jpe?g?|png|svg|webp)\b|[\da-f]{8}\.[\da-f]{8}\b)"  # a picture, by its name or by a mail
_LATIN = r"(?:[a-z\d-]++\.)+(?:[a-z]{2,}+|xn--[a-z\d-]++)(?!-*+[a-z\d]|\.\d)"
_CYRILLIC = r"(?:[a-zа-яё\d-]++\.)+(?:рф|рус|бел|укр|москва|дети|сайт|онлайн|орг|ком)(?![\w-])"
_FOUND = re.compile(
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
_LEADS = re.compile(r"(?:https?|s?ftps?)://[^/\s]|mailto:.|/(?![/\\])|#", re.I)
_PICTURE = re.compile(
    r"cid:.|data:image/|[^:]*\.(?:apng|avif|bmp|gif|heic|ico|jpe?g?|png|svg|tiff?|webp)(?:[?#]|\Z)", re.I
)
_AFTER = frozenset(".,;:!?'\"`*|~^<>«»“”„…‘’")


class Found(NamedTuple):
    """A place in a text that is a link: to `href`, or to the task with this number."""

    start: int
    end: int
    href: str
    task: int = 0


def found_in(text: str) -> Iterator[Found]:
    """Find addresses, e-mail addresses and numbers of tasks."""
    for match in _FOUND.finditer(text):
        kind = match.lastgroup
        if kind == "task":
            yield Found(match.start(), match.end(), "", int(match["task"]))
        elif kind == "mail":
            yield Found(match.start("mail"), match.end(), f"mailto:{match['mail']}")
        elif kind and not (shown := trimmed(match[0])).endswith("://"):
            yield Found(match.start(), match.start() + len(shown), f"http://{shown}" if kind == "www" else shown)


def leads_somewhere(target: str) -> bool:
    """Whether a link may lead there: not from `"field":empty`."""
    return _LEADS.match(target) is not None


def names_picture(source: str) -> bool:
    """Whether this is what a picture is called, or a part of a mail that may be one."""
    return _PICTURE.match(source) is not None


def trimmed(address: str) -> str:
    """Return the address without what stands behind it: punctuation, and brackets that were opened before it."""
    surplus = {closing: address.count(closing) - address.count(opening) for closing, opening in _CLOSING.items()}
    end = len(address)
    while end and ((last := address[end - 1]) in _AFTER or surplus.get(last, 0) > 0):
        surplus[last] = surplus.get(last, 0) - 1
        end -= 1
    return address[:end]
