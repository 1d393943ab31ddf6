"""Bodies as values. Their bytes are bounded by `body_limit.py`; here items and depth are, before anything is parsed."""

import json
import math
from collections.abc import Mapping
from typing import Any, Never
from urllib.parse import parse_qsl

from python_multipart.multipart import parse_options_header

from helpdesk.errors import Malformed, UnsupportedType
from helpdesk.threads import Threads

MOST_FIELDS = 1_000
MOST_VALUES = 5_000
DEEPEST = 16
LONGEST_NUMBER = 40
LONGEST_TYPE = 1_000
IN_A_THREAD = 64 * 1024
"""Bytes from which on a form is parsed beside the event loop."""
AT_ONCE = Threads(2)
UTF_8 = {b"utf-8", b"utf8", b"us-ascii", b"ascii"}
BRACKETS = {"[": 1, "{": 1, "]": -1, "}": -1}
NO_BRACKETS = bytes(set(range(256)) - set(map(ord, BRACKETS)))
PERCENT_BYTES = 3
"""What a percent sign of a form takes with its two digits."""

Pairs = list[tuple[str, str]]


def kind(content_type: str) -> str:
    """The media type in lower case. Raises UnsupportedType when another charset than UTF-8 is named.

    Python knows charsets that take minutes, and some that fail.
    """
    if len(content_type) > LONGEST_TYPE:
        raise UnsupportedType
    found, options = parse_options_header(content_type)
    if options.get(b"charset", b"utf-8").strip().lower() not in UTF_8:
        raise UnsupportedType(detail="only UTF-8 is read")
    return found.decode("latin-1")


def json_object(body: bytes) -> Mapping[str, Any]:
    """The members of a JSON object; none for an empty body. Raises Malformed."""
    if not is_bounded(body):
        raise Malformed(detail="too many values, or too deep in one another")
    try:
        text = body.decode("utf-8-sig") or "{}"
        found = json.loads(text, parse_float=_float, parse_int=_int, parse_constant=_refuse)
    except ValueError as error:
        raise Malformed from error
    if not isinstance(found, dict):
        raise Malformed
    return found


def is_bounded(body: bytes) -> bool:
    """Tell whether JSON has at most MOST_VALUES values and is at most DEEPEST deep, told without parsing it.

    Without escaped characters every other piece between quotes is a text. Where that is wrong the body is no JSON, and
    the parser gets no further than to there.
    """
    pieces = body.replace(rb"\\", b"").replace(rb"\"", b"").split(b'"', 4 * MOST_VALUES)
    outside = b"".join(pieces[::2])
    brackets = outside.translate(None, NO_BRACKETS).decode()
    if len(pieces) > 4 * MOST_VALUES or outside.count(b",") + len(brackets) > 2 * MOST_VALUES:
        return False
    depth = deepest = 0
    for bracket in brackets:
        depth += BRACKETS[bracket]
        deepest = max(deepest, depth)
    return deepest <= DEEPEST


async def form(body: bytes) -> Pairs:
    """The fields of an urlencoded form, in their order. Raises Malformed."""
    if body.count(b"&") >= MOST_FIELDS or body.count(b"%") * PERCENT_BYTES > len(body):
        raise Malformed(detail="too many fields, or percent signs that stand for nothing")
    try:
        if len(body) < IN_A_THREAD:
            return _pairs(body)
        return await AT_ONCE.run(_pairs, body)
    except ValueError as error:
        raise Malformed from error


def _pairs(body: bytes) -> Pairs:
    return parse_qsl(body.decode(), keep_blank_values=True, errors="strict")


def _float(digits: str) -> float:
    """Raises ValueError for what no number of ours is: infinite, or written at great length."""
    found = float(digits) if len(digits) <= LONGEST_NUMBER else math.inf
    return found if math.isfinite(found) else _refuse(digits)


def _int(digits: str) -> int:
    return int(digits) if len(digits) <= LONGEST_NUMBER else _refuse(digits)


def _refuse(_: str) -> Never:
    raise ValueError("no number")
