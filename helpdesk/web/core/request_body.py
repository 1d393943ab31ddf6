"""Bodies of requests: limits of their size and time, and their parsing into values.

Bytes are bounded as they are read; the number of items and their depth before anything is parsed.
"""

import asyncio
import json
import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Never
from urllib.parse import parse_qsl

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from helpdesk.errors import HelpdeskError, Malformed, TooLarge, UnsupportedType, sentence
from helpdesk.threads import Threads

KILOBYTE = 1024
OF_ANYBODY = 64 * KILOBYTE
WITHOUT_FILES = KILOBYTE * KILOBYTE
OVERSHOOT = 8
PATIENCE_SECONDS = 20.0
SLOWEST = 500
"""Bytes a second. A slower body is refused, once PATIENCE_SECONDS were spent waiting for it."""
PAUSE_SECONDS = 30.0
"""Between two pieces, however fast the earlier ones came."""
LENGTH = re.compile("[0-9]{1,18}", re.ASCII)
MOST_FIELDS = 1_000
MOST_VALUES = 5_000
DEEPEST = 16
LONGEST_NUMBER = 40
LONGEST_TYPE = 1_000
IN_A_THREAD = 64 * KILOBYTE
"""Bytes from which on a form is parsed beside the event loop."""
THREADS = Threads(2)
UTF_8 = {b"utf-8", b"utf8", b"us-ascii", b"ascii"}
BRACKETS = {"[": 1, "{": 1, "]": -1, "}": -1}
NO_BRACKETS = bytes(set(range(256)) - set(map(ord, BRACKETS)))
PERCENT_BYTES = 3
"""The length of an escaped character of a form: a percent sign and two digits."""

Pairs = list[tuple[str, str]]


class TooSlow(HelpdeskError):
    """The body came more slowly than over any real line, or stopped."""

    code = "too_slow"
    default = sentence("The line was too slow: not all of what you sent has arrived. Nothing was saved.")


class Allowance(NamedTuple):
    """The bytes of a body that are read, without files and with them, and the bytes of files that are kept."""

    plain: int = OF_ANYBODY
    multipart: int = OF_ANYBODY
    files: int = 0

    def of(self, content_type: str) -> int:
        return self.multipart if content_type.lower().startswith("multipart/form-data") else self.plain


class BodyLimit:
    """Read no more of a body than the route's guard allows: a handler that would read on gets TooLarge.

    The files that a form put on the disk are deleted when the request is over.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["state"]["allowance"] = Allowance()
        try:
            await self.app(scope, _Body(scope, receive), send)
        finally:
            if spooled := scope["state"].get("spooled"):
                await spooled.close()


class _Body:
    """Receive the body of one request. Only time spent waiting counts: a handler may take as long as it needs."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.state, self.receive = scope["state"], receive
        headers = Headers(scope=scope)
        self.content_type = headers.get("content-type", "")
        announced = headers.get("content-length", "")
        self.announced = int(announced) if LENGTH.fullmatch(announced) else 0
        self.received, self.waited, self.ended = 0, 0.0, False

    async def __call__(self) -> Message:
        if self.ended:  # the next message is that the client has gone
            return await self.receive()
        self._check()
        message = await self._next()
        self.received += len(message.get("body", b""))
        self.ended = not message.get("more_body")
        self._check()
        return message

    def _check(self) -> None:
        if max(self.received, self.announced) > self.state["allowance"].of(self.content_type):
            raise TooLarge

    async def _next(self) -> Message:
        clock = asyncio.get_running_loop().time
        began, left = clock(), PATIENCE_SECONDS + self.received / SLOWEST - self.waited
        try:
            async with asyncio.timeout(min(PAUSE_SECONDS, left)):
                return await self.receive()
        except TimeoutError as error:
            waited = self.waited + clock() - began
            raise TooSlow(detail=f"{self.received} bytes of a body came in {waited:.0f} s") from error
        finally:
            self.waited += clock() - began


def allow(request: Request, limit: int, *, files: bool) -> None:
    """Allow this request the body of a form of ours.

    With files up to OVERSHOOT times `limit` is read, but no more than `limit` is kept, since a browser that is still
    sending reads no answer (`multipart.py`). Without a session a text may come, which must not be lost, but no files.
    """
    with_files = limit * OVERSHOOT if files else limit
    request.state.allowance = Allowance(min(WITHOUT_FILES, limit), with_files, limit if files else 0)


def allowed(request: Request) -> Allowance:
    allowance: Allowance = request.state.allowance
    return allowance


def media_type_of(content_type: str) -> str:
    """Return the media type in lower case. Raises UnsupportedType for another charset than UTF-8.

    Python has codecs that take minutes, and some that fail.
    """
    if len(content_type) > LONGEST_TYPE:
        raise UnsupportedType
    media_type, options = parse_options_header(content_type)
    if options.get(b"charset", b"utf-8").strip().lower() not in UTF_8:
        raise UnsupportedType(detail="only UTF-8 is read")
    return media_type.decode("latin-1")


def json_object(body: bytes) -> Mapping[str, Any]:
    """Return the members of a JSON object; none for an empty body. Raises Malformed."""
    if not is_bounded(body):
        raise Malformed(detail="too many values, or too deep in one another")
    try:
        text = body.decode("utf-8-sig") or "{}"
        value = json.loads(text, parse_float=_float, parse_int=_int, parse_constant=_refuse)
    except ValueError as error:
        raise Malformed from error
    if not isinstance(value, dict):
        raise Malformed
    return value


def is_bounded(body: bytes) -> bool:
    """Tell, without parsing it, whether JSON has at most MOST_VALUES values and is at most DEEPEST deep.

    Without escaped characters every other piece between quotes is a text. Where that is wrong the body is no JSON, and
    the parser stops there.
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
    """Return the fields of an urlencoded form, in their order. Raises Malformed."""
    if body.count(b"&") >= MOST_FIELDS or body.count(b"%") * PERCENT_BYTES > len(body):
        raise Malformed(detail="too many fields, or percent signs that stand for nothing")
    try:
        if len(body) < IN_A_THREAD:
            return _pairs(body)
        return await THREADS.run(_pairs, body)
    except ValueError as error:
        raise Malformed from error


def _pairs(body: bytes) -> Pairs:
    return parse_qsl(body.decode(), keep_blank_values=True, errors="strict")


def _float(digits: str) -> float:
    """Read a number. Raises ValueError for an infinite or a very long one."""
    number = float(digits) if len(digits) <= LONGEST_NUMBER else math.inf
    return number if math.isfinite(number) else _refuse(digits)


def _int(digits: str) -> int:
    return int(digits) if len(digits) <= LONGEST_NUMBER else _refuse(digits)


def _refuse(_: str) -> Never:
    raise ValueError("no number")
