"""Limits of a body: its size, and the time that it may take."""

import asyncio
import re
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from helpdesk.errors import HelpdeskError, TooLarge, sentence

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
