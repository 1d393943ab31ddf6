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
"""Bytes a second below which a body is given up, once PATIENCE_SECONDS were spent waiting for it."""
PAUSE_SECONDS = 30.0
"""Between two pieces, however many came fast before."""
LENGTH = re.compile("[0-9]{1,18}", re.ASCII)
MOST_FIELDS = 1_000
MOST_VALUES = 5_000
DEEPEST = 16
LONGEST_NUMBER = 40
LONGEST_TYPE = 1_000
IN_A_THREAD = 64 * KILOBYTE
"""Bytes from which on a form is parsed beside the event loop."""
AT_ONCE = Threads(2)
UTF_8 = {b"utf-8", b"utf8", b"us-ascii", b"ascii"}
BRACKETS = {"[": 1, "{": 1, "]": -1, "}": -1}
NO_BRACKETS = bytes(set(range(256)) - set(map(ord, BRACKETS)))
PERCENT_BYTES = 3
"""What a percent sign of a form takes with its two digits."""

Pairs = list[tuple[str, str]]


class TooSlow(HelpdeskError):
    """The body came more slowly than any line is, or stopped coming."""

    code = "too_slow"
    default = sentence("The line was too slow: not all of what you sent has arrived. Nothing was saved.")


class Allowance(NamedTuple):
    """Bytes of a body that are read, without files and with them, and how much of files is kept."""

    plain: int = OF_ANYBODY
    multipart: int = OF_ANYBODY
    files: int = 0

    def of(self, content_type: str) -> int:
        return self.multipart if content_type.lower().startswith("multipart/form-data") else self.plain


class BodyLimit:
    """No more of a body is read than the route's guard allows: TooLarge is raised where a handler would read on.

    What a form put on the disk is thrown away here when the request is over.
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
    """The receiving side of one request. Only time spent waiting counts: a handler may take as long as it likes."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.state, self.receive = scope["state"], receive
        headers = Headers(scope=scope)
        self.content_type = headers.get("content-type", "")
        announced = headers.get("content-length", "")
        self.announced = int(announced) if LENGTH.fullmatch(announced) else 0
        self.came, self.waited, self.ended = 0, 0.0, False

    async def __call__(self) -> Message:
        if self.ended:  # what comes now is that the other side has gone
            return await self.receive()
        self._check()
        message = await self._next()
        self.came += len(message.get("body", b""))
        self.ended = not message.get("more_body")
        self._check()
        return message

    def _check(self) -> None:
        if max(self.came, self.announced) > self.state["allowance"].of(self.content_type):
            raise TooLarge

    async def _next(self) -> Message:
        clock = asyncio.get_running_loop().time
        began, left = clock(), PATIENCE_SECONDS + self.came / SLOWEST - self.waited
        try:
            async with asyncio.timeout(min(PAUSE_SECONDS, left)):
                return await self.receive()
        except TimeoutError as error:
            waited = self.waited + clock() - began
            raise TooSlow(detail=f"{self.came} bytes of a body came in {waited:.0f} s") from error
        finally:
            self.waited += clock() - began


def allow(request: Request, limit: int, *, files: bool) -> None:
    """Let this request bring what a form of ours may: with files up to OVERSHOOT times `limit` is read, but no more
    than `limit` kept, for a browser that is still sending listens to no answer (`multipart.py`).

    Whoever is not signed in may bring a text that must not be lost, and no files.
    """
    with_files = limit * OVERSHOOT if files else limit
    request.state.allowance = Allowance(min(WITHOUT_FILES, limit), with_files, limit if files else 0)


def allowed(request: Request) -> Allowance:
    found: Allowance = request.state.allowance
    return found


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
