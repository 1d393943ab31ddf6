"""Smaller views of pictures, made anew from their points: whatever else a file holds is not shown to anybody.

What a file is, its bytes say, not its name. Each view is made once, by a process that may be ended (`picture_process`),
and kept; also that a file is no picture is. Few are made at once, not too many wait, and those who want the same view
wait for the same work, which goes on when they have gone.
"""

import asyncio
import logging
import re
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, NamedTuple, cast

from anyio import CancelScope, CapacityLimiter
from cachetools import LRUCache, TTLCache

from helpdesk.errors import HelpdeskError, Overloaded
from helpdesk.tasks.files import Chunks
from helpdesk.tasks.picture_process import BOUNDS, Bounds, NoPicture, PictureProcess
from helpdesk.threads import Threads

log = logging.getLogger(__name__)

MEDIA_TYPE = "image/webp"
BEGIN = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP", re.DOTALL)
IN_MEMORY = 1024 * 1024
FETCHED_AT_ONCE = 4
MOST_WAITING = 64
KEPT_BYTES = 32 * 1024 * 1024
REFUSED_SECONDS = 3600.0
MOST_REFUSED = 10_000


def may_be_one(start: bytes) -> bool:
    """Whether a file that begins so can be a picture of the kinds we show."""
    return BEGIN.match(start) is not None


class View(NamedTuple):
    """A picture with no side longer than `side` points. `file` names its bytes: other bytes have another name."""

    file: str
    side: int


class Pictures:
    """The pictures of one server process, which has one more process for them."""

    def __init__(self, bounds: Bounds = BOUNDS) -> None:
        self.process = PictureProcess(bounds)
        self._thread = Threads(1)
        self._process_alone = CapacityLimiter(1)
        self._fetching = CapacityLimiter(FETCHED_AT_ONCE)
        self._under_way: dict[View, asyncio.Task[bytes]] = {}
        self._made: LRUCache[View, bytes] = LRUCache(KEPT_BYTES, getsizeof=len)
        self._refused: TTLCache[str, bool] = TTLCache(MOST_REFUSED, REFUSED_SECONDS)

    async def smaller(self, view: View, chunks: Chunks) -> bytes:
        """That view of the picture that `chunks` are; they are closed, whether they were read or not.

        Raises NoPicture, Overloaded when too many wait, and what reading the chunks raises.
        """
        work = self._under_way.get(view)
        if work is None and self._is_new(view):
            work = self._begin(view, chunks)
        else:
            await chunks.aclose()
        return await asyncio.shield(work) if work else self._known(view)

    async def close(self) -> None:
        """End the process and what is under way."""
        under_way = list(self._under_way.values())
        for work in under_way:
            work.cancel()
        self.process.close()
        await asyncio.gather(*under_way, return_exceptions=True)

    def _is_new(self, view: View) -> bool:
        """Whether it is to be made, and there is room for that."""
        known = view in self._made or view.file in self._refused
        return not known and len(self._under_way) < MOST_WAITING

    def _known(self, view: View) -> bytes:
        if made := self._made.get(view):
            return made
        if view.file in self._refused:
            raise NoPicture
        raise Overloaded(detail=f"{len(self._under_way)} pictures are being made or wait for that")

    def _begin(self, view: View, chunks: Chunks) -> asyncio.Task[bytes]:
        work = self._under_way[view] = asyncio.create_task(self._make(view, chunks))
        work.add_done_callback(lambda done: self._ended(view, done))
        return work

    def _ended(self, view: View, work: asyncio.Task[bytes]) -> None:
        """Keep what became of it, also when those who asked have gone."""
        del self._under_way[view]
        if work.cancelled():
            return
        match work.exception():
            case None:
                self._made[view] = work.result()
            case NoPicture() | HelpdeskError():
                pass
            case error:
                log.error("a picture could not be made", extra={"file": view.file}, exc_info=error)

    async def _make(self, view: View, chunks: Chunks) -> bytes:
        try:
            async with self._fetching:
                with SpooledTemporaryFile(IN_MEMORY) as spooled:
                    file = cast(BinaryIO, spooled)
                    await _fetch(chunks, file)
                    return await self._look_into(file, view)
        except NoPicture as error:
            self._refused[view.file] = True
            log.info("a file is not shown as a picture", extra={"file": view.file, "error": str(error)})
            raise
        finally:
            with CancelScope(shield=True):
                await chunks.aclose()

    async def _look_into(self, file: BinaryIO, view: View) -> bytes:
        async with self._process_alone:
            if view.file in self._refused:  # meanwhile, at another size
                raise NoPicture
            return await self._thread.run_to_its_end(self.process.smaller, file, view.side)


async def _fetch(chunks: Chunks, file: BinaryIO) -> None:
    """All bytes, unless the first ones tell that it is no picture. Raises NoPicture."""
    first = True
    async for piece in chunks:
        if first and not may_be_one(piece):
            raise NoPicture
        first = False
        file.write(piece)
