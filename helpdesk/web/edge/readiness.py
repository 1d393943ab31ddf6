"""Tell whether this process should be sent requests. Anybody may ask, so what costs much is looked at now and then."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from anyio import Lock
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
"""Between two looks at the store's file lies so many times what one takes."""
NOT_CURRENT = sentence("The schema is not current. Run: helpdesk migrate")
DAMAGED = sentence("The store is damaged. Restore a backup: helpdesk restore FILE")
NO_ROOM = sentence("The disk is full, or can't be written to.")
FAILING = sentence("Something that runs in the background keeps failing. The log says more.")


class Readiness:
    """`failing` names what should run beside the requests and does not; `ticks` are of a clock never put back."""

    def __init__(
        self, ports: Services, failing: Callable[[], Sequence[str]], ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self.database, self.failing, self.ticks = ports.database, failing, ticks
        self.file = disk.file_of(ports.database)
        embedded = [ports.settings.files_folder] if ports.settings.redmine_url is None else []
        self.folders: list[Path] = [*([self.file.parent] if self.file else []), *embedded]
        self._found: Sentence | None = None
        self._next_look = ticks()
        self._alone, self._thread = Lock(), Threads(1)
        self._was_ready = True

    async def require(self) -> None:
        """Raises Unavailable, which says why not."""
        try:
            await self._require()
        except HelpdeskError as error:
            if self._was_ready:
                log.warning("this process is not ready", extra={"error": error.detail or error.says.text})
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
        if found := await self._files():
            raise Unavailable(found)

    async def _files(self) -> Sentence | None:
        """What is wrong with the files, as it was found by the last look."""
        async with self._alone:
            began = self.ticks()
            if began >= self._next_look:
                self._found = await self._thread.run(self._look)
                ended = self.ticks()
                self._next_look = ended + max(LEAST_PAUSE_SECONDS, COST * (ended - began))
        return self._found

    def _look(self) -> Sentence | None:
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
