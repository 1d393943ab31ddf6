"""Tell whether this process should get requests. Anybody may ask, so costly checks are made only now and then."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from helpdesk.errors import HelpdeskError, Sentence, Unavailable, sentence
from helpdesk.services import Services
from helpdesk.store import disk, schema
from helpdesk.threads import Threads
from helpdesk.web.core.services import services

log = logging.getLogger(__name__)

LEAST_PAUSE_SECONDS = 5.0
COST = 50
"""The pause between two checks of the store's file is so many times the duration of one."""
WAIT_SECONDS = 0.4
"""So long a request waits for a check under way; then the verdict before it counts."""
NOT_CURRENT = sentence("The schema is not current. Run: helpdesk migrate")
DAMAGED = sentence("The store is damaged. Restore a backup: helpdesk restore FILE")
NO_ROOM = sentence("The disk is full, or can't be written to.")
FAILING = sentence("Something that runs in the background keeps failing. The log says more.")


class Readiness:
    """`failing` names the background tasks that do not run; `ticks` gives the seconds of a monotonic clock."""

    def __init__(
        self, ports: Services, failing: Callable[[], Sequence[str]], ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self.database, self.failing, self.ticks = ports.database, failing, ticks
        self.file = disk.file_of(ports.database)
        embedded = [ports.settings.files_folder] if ports.settings.redmine_url is None else []
        self.folders: list[Path] = [*([self.file.parent] if self.file else []), *embedded]
        self._fault: Sentence | None = None
        self._next_check = ticks()
        self._check: asyncio.Task[None] | None = None
        self._is_checked, self._thread = False, Threads(1)
        self._was_ready = True

    async def require(self) -> None:
        """Check that the process is ready. Raises Unavailable with the reason."""
        try:
            await self._require()
        except HelpdeskError as error:
            if self._was_ready:
                log.warning("this process is not ready", extra={"error": error.detail or error.message.text})
            self._was_ready = False
            raise
        if not self._was_ready:
            log.info("this process is ready again")
        self._was_ready = True

    async def _require(self) -> None:
        if names := self.failing():
            raise Unavailable(FAILING, detail=", ".join(names))
        if not await self.database.run(schema.is_current):
            raise Unavailable(NOT_CURRENT)
        if fault := await self._files():
            raise Unavailable(fault)

    async def _files(self) -> Sentence | None:
        """Return the fault of the files by the last check, if any.

        A check of a large store takes seconds. It is a task of its own, which no request that gives up ends.
        """
        if (self._check is None or self._check.done()) and self.ticks() >= self._next_check:
            self._check = asyncio.create_task(self._check_once())
            self._check.add_done_callback(self._note_end)
        if self._check is not None:
            await asyncio.wait([self._check], timeout=WAIT_SECONDS if self._is_checked else None)
        return self._fault

    async def _check_once(self) -> None:
        began = self.ticks()
        try:
            self._fault, self._is_checked = await self._thread.run(self._check_files), True
        finally:
            ended = self.ticks()
            self._next_check = ended + max(LEAST_PAUSE_SECONDS, COST * (ended - began))

    def _note_end(self, check: asyncio.Task[None]) -> None:
        """Let the next check begin in time. A check that broke off leaves the verdict before it."""
        self._check = None
        if not check.cancelled() and (error := check.exception()):
            log.error("the files of the store can't be checked", exc_info=error)

    def _check_files(self) -> Sentence | None:
        if self.file and (damage := disk.damage(self.file)):
            log.error("the store is damaged", extra={"error": damage})
            return DAMAGED
        return None if all(map(disk.can_write, self.folders)) else NO_ROOM


async def healthz(request: Request) -> Response:
    """Tell that the process is up."""
    return JSONResponse({"success": True, "status": "up"})


async def readyz(request: Request) -> Response:
    """Answer 503 unless the store is reachable, sound and current, its disk has room, and background tasks run."""
    await services(request).readiness.require()
    return JSONResponse({"success": True, "status": "ready"})
