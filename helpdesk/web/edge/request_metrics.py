"""Measure how long requests take, by route, and add that to the numbers of all processes in the store."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from secrets import token_hex
from typing import Any

from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from helpdesk.errors import OutcomeUnknown, StoreUnavailable
from helpdesk.route_times import RouteTimes, merged
from helpdesk.store import route_metrics
from helpdesk.store.database import Database
from helpdesk.store.route_metrics import Metrics
from helpdesk.web.core.session import STREAMS

log = logging.getLogger(__name__)

ENDPOINT = "endpoint"
OTHER = "other"
"""Requests of no route, or by a method that it has not."""
LONGEST_NAME = 80
PAUSE_SECONDS = 5.0
ALIVE_SECONDS = 15.0
"""A process that answers nothing tells so often that it runs."""


class NoteEndpoint:
    """The innermost layer: note where a request was routed to. Layers above may pass on a copy of the scope, but all
    share its state."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        finally:
            if scope["type"] == "http":
                scope["state"][ENDPOINT] = scope.get("endpoint")


class RequestMetrics:
    """The numbers of this process until they are stored, by method and path of a route.

    Streams are not counted: their answers begin at once and last for hours, so they would only pass for short requests.
    """

    def __init__(self, routes: Iterable[BaseRoute], database: Database, clock: Callable[[], datetime]) -> None:
        self.database, self.clock, self.process = database, clock, token_hex(8)
        self.times = RouteTimes()
        routes = list(routes)
        self._streams = {route.endpoint for route in routes if isinstance(route, Route) and route.name in STREAMS}
        self._names = {
            (route.endpoint, method): f"{method} {route.path_format}"[:LONGEST_NAME]
            for route in routes
            if isinstance(route, Route)
            for method in route.methods or ()
        }
        self._known_reset: int | None = None
        self._next_sign = 0.0
        self._is_silent = False

    def add(self, scope: Scope, seconds: float) -> None:
        """Count one request that was answered; `seconds` went by until its answer began."""
        key: tuple[Any, str] = (scope["state"].get(ENDPOINT), scope["method"])
        if key[0] in self._streams:
            return
        self.times.add(self._names.get(key, OTHER), seconds)

    async def watch(self) -> None:
        """Store the numbers every PAUSE_SECONDS, until cancelled."""
        try:
            while True:
                await self.flush()
                await asyncio.sleep(PAUSE_SECONDS * random.uniform(0.8, 1.2))
        finally:
            with suppress(StoreUnavailable, OutcomeUnknown):
                await self.flush()
                await self.database.run(lambda db: route_metrics.leave(db, self.process), writes=True)

    async def flush(self) -> None:
        """Store the numbers. Without the store they are kept; raises nothing."""
        if not (times := self.times.taken()) and time.monotonic() < self._next_sign:
            return
        known, now = self._known_reset, self.clock()
        try:
            self._known_reset = await self.database.run(
                lambda db: route_metrics.add(db, self.process, known, times, now), writes=True
            )
        except OutcomeUnknown:  # stored or not: to count them twice would be worse than to lose them
            return
        except StoreUnavailable as error:
            self.times.put_back(times)
            if not self._is_silent:
                log.warning("the numbers of requests are not stored", extra={"error": error.detail})
            self._is_silent = True
            return
        self._next_sign, self._is_silent = time.monotonic() + ALIVE_SECONDS, False

    async def reset(self) -> None:
        """Forget the numbers of all processes. Raises StoreUnavailable, OutcomeUnknown."""
        now = self.clock()
        self._known_reset = await self.database.run(lambda db: route_metrics.reset(db, now), writes=True)
        self.times.clear()

    async def read(self) -> Metrics:
        """Return the numbers of all processes. What this one has counted is stored before, so that the next one to be
        asked tells no less; it is added here only while the store takes no writes. Raises StoreUnavailable."""
        await self.flush()
        now = self.clock()
        stored, workers = await self.database.run(lambda db: route_metrics.read(db, now))
        for route, times in self.times.current().items():
            stored[route] = merged([times, *([stored[route]] if route in stored else [])])
        return Metrics(dict(sorted(stored.items(), key=lambda it: -it[1].total)), max(workers, 1))
