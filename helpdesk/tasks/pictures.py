"""Make smaller views of pictures from their pixels: nothing else that a file holds is shown to anybody.

The bytes of a file, not its name, say what it is. Each view is made once and cached, and so is the fact that a file is
no picture. Few are made at once, few wait, and requests for the same view wait for the same work, which goes on when
they are gone. The work is done by a process that can be ended, bounded in memory and CPU (`picture_worker`) and in time
(here), so no file blocks or kills a server.
"""

import asyncio
import logging
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile
from threading import Lock, Timer
from typing import BinaryIO, NamedTuple, ParamSpec, TypeVar, cast

from anyio import CancelScope, CapacityLimiter
from cachetools import LRUCache, TTLCache

from helpdesk.errors import HelpdeskError, Overloaded
from helpdesk.tasks.files import Chunks
from helpdesk.threads import Threads

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
OpenChunks = Callable[[], Awaitable[Chunks]]

MEDIA_TYPE = "image/webp"
WORKER = Path(__file__).with_name("picture_worker.py")
MOST_PICTURES = 200
"""The most that one process makes, so that memory that decoders do not free is bounded."""
ENDED_BY_OTHERS = (-signal.SIGTERM, -signal.SIGHUP, -signal.SIGINT)
BEGIN = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP", re.DOTALL)
LONGEST_BEGIN = 12
IN_MEMORY = 1024 * 1024
FETCHED_AT_ONCE = 4
MOST_WAITING = 64
KEPT_BYTES = 32 * 1024 * 1024
REFUSED_SECONDS = 3600.0
MOST_REFUSED = 10_000


def may_be_one(start: bytes) -> bool:
    """Return whether a file with this beginning can be a picture of the kinds we show."""
    return BEGIN.match(start) is not None


class Bounds(NamedTuple):
    """The bounds of one picture. The largest take 544 MB (WebP) and 1.8 s of CPU (PNG) on a busy machine."""

    memory: int = 768 * 1024 * 1024
    cpu_seconds: int = 3
    seconds: float = 20.0


BOUNDS = Bounds()


class NoPicture(Exception):
    """The bytes are no picture of the kinds we show, a broken one, or one that costs more than it may."""


class View(NamedTuple):
    """A picture with no side longer than `side` pixels. `file` identifies its bytes: other bytes have another name."""

    file: str
    side: int


class Pictures:
    """Makes the pictures of one server process, in one process of their own."""

    def __init__(self, bounds: Bounds = BOUNDS) -> None:
        self.process = PictureProcess(bounds)
        self._thread = Threads(1)
        self._process_alone = CapacityLimiter(1)
        self._fetching = CapacityLimiter(FETCHED_AT_ONCE)
        self._under_way: dict[View, asyncio.Task[bytes]] = {}
        self._made: LRUCache[View, bytes] = LRUCache(KEPT_BYTES, getsizeof=len)
        self._refused: TTLCache[str, bool] = TTLCache(MOST_REFUSED, REFUSED_SECONDS)
        self._sent = 0

    async def smaller(self, view: View, open_chunks: OpenChunks) -> bytes:
        """Return a view of the picture. `open_chunks` is called only when the view must be made.

        Raises NoPicture, Overloaded when too many wait, and any error of opening and reading the chunks.
        """
        work = self._under_way.get(view)
        if work is None and self._is_new(view):
            work = self._begin(view, open_chunks)
        return await asyncio.shield(work) if work else self._known(view)

    async def squares(self, file: BinaryIO, sides: Sequence[int]) -> list[bytes]:
        """Return the square in the middle of a picture in each of these sizes, the largest first. Nothing is kept.

        Raises NoPicture, and Overloaded when too many wait.
        """
        return await self._in_turn(self._cut, file, sides)

    async def reencode(self, file: BinaryIO, side: int) -> bytes:
        """Return a picture from its pixels alone, no side longer than `side` pixels. Nothing is kept.

        Raises NoPicture, and Overloaded when too many wait.
        """
        return await self._in_turn(self.process.smaller, file, side)

    async def _in_turn(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do work that needs the process. Raises Overloaded when too many wait."""
        if self._sent >= MOST_WAITING:
            raise Overloaded(detail=f"{self._sent} pictures that were sent wait to be made")
        self._sent += 1
        try:
            async with self._process_alone:
                return await self._thread.run_to_its_end(work, *args, **kwargs)
        finally:
            self._sent -= 1

    def _cut(self, file: BinaryIO, sides: Sequence[int]) -> list[bytes]:
        """Cut the first square out of the file, and each smaller one out of the one before."""
        made: list[bytes] = []
        for side in sides:
            made.append(self.process.smaller(BytesIO(made[-1]) if made else file, side, is_square=True))
        return made

    async def close(self) -> None:
        """End the process and the work under way."""
        under_way = list(self._under_way.values())
        for work in under_way:
            work.cancel()
        self.process.close()
        await asyncio.gather(*under_way, return_exceptions=True)

    def _is_new(self, view: View) -> bool:
        """Return whether the view must be made, and not too many are being made."""
        known = view in self._made or view.file in self._refused
        return not known and len(self._under_way) < MOST_WAITING

    def _known(self, view: View) -> bytes:
        if made := self._made.get(view):
            return made
        if view.file in self._refused:
            raise NoPicture
        raise Overloaded(detail=f"{len(self._under_way)} pictures are being made or wait for that")

    def _begin(self, view: View, open_chunks: OpenChunks) -> asyncio.Task[bytes]:
        work = self._under_way[view] = asyncio.create_task(self._make(view, open_chunks))
        work.add_done_callback(lambda done: self._ended(view, done))
        return work

    def _ended(self, view: View, work: asyncio.Task[bytes]) -> None:
        """Keep the result, also when the requests for it are gone."""
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

    async def _make(self, view: View, open_chunks: OpenChunks) -> bytes:
        try:
            async with self._fetching:
                with SpooledTemporaryFile(IN_MEMORY) as spooled:
                    file = cast(BinaryIO, spooled)
                    await _fetch(await open_chunks(), file)
                    return await self._make_in_process(file, view)
        except NoPicture as error:
            self._refused[view.file] = True
            log.info("a file is not shown as a picture", extra={"file": view.file, "error": str(error)})
            raise

    async def _make_in_process(self, file: BinaryIO, view: View) -> bytes:
        async with self._process_alone:
            if view.file in self._refused:  # meanwhile, at another size
                raise NoPicture
            return await self._thread.run_to_its_end(self.process.smaller, file, view.side)


async def _fetch(chunks: Chunks, file: BinaryIO) -> None:
    """Read all bytes, unless the first ones show that this is no picture, and close them. Raises NoPicture."""
    begin = b""
    try:
        async for piece in chunks:
            file.write(piece)
            if len(begin) < LONGEST_BEGIN:
                begin += piece[:LONGEST_BEGIN]
                if len(begin) >= LONGEST_BEGIN and not may_be_one(begin):
                    raise NoPicture
        if not may_be_one(begin):
            raise NoPicture
    finally:
        with CancelScope(shield=True):
            await chunks.aclose()


class PictureProcess:
    """Runs at most one process, from the first picture to a bad one. Its methods block: call them in a thread."""

    def __init__(self, bounds: Bounds = BOUNDS) -> None:
        self.bounds = bounds
        self.process: subprocess.Popen[bytes] | None = None
        self._left = 0
        self._lock = Lock()

    def smaller(self, file: BinaryIO, side: int, is_square: bool = False) -> bytes:
        """Return a file's picture as WebP, no side longer than `side` pixels, or its middle as a square. Raises
        NoPicture, and Overloaded when the process did not begin with it."""
        with self._lock:
            process = self._ready()
            watch = Timer(self.bounds.seconds, process.kill)
            watch.start()
            try:
                made = _request(process, file, side, is_square)
                if made is None:
                    process.wait()
            finally:
                watch.cancel()
            if made:
                return made
            self._end()
        raise _verdict(process.returncode) if made is None else NoPicture

    def close(self) -> None:
        """End the process, also in the middle of a picture."""
        if process := self.process:
            process.kill()
        with self._lock:
            self._end()

    def _ready(self) -> subprocess.Popen[bytes]:
        if self.process is None or not self._left or self.process.poll() is not None:
            self._end()
            self.process, self._left = _start(self.bounds), MOST_PICTURES
        self._left -= 1
        return self.process

    def _end(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            with suppress(BrokenPipeError):  # it may not have read everything
                process.communicate()


def _start(bounds: Bounds) -> subprocess.Popen[bytes]:
    """Start a process, without our environment, which holds secrets, and outside our folder."""
    command = [sys.executable, "-P", str(WORKER), str(bounds.memory), str(bounds.cpu_seconds)]
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    try:
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, cwd="/", env={})
    except OSError as error:
        raise Overloaded(detail=f"no process for pictures could be started: {error}") from error


def _request(process: subprocess.Popen[bytes], file: BinaryIO, side: int, is_square: bool) -> bytes | None:
    """Return its answer, empty for no picture; None when it ended instead."""
    assert process.stdin and process.stdout
    size = file.seek(0, 2)
    file.seek(0)
    with suppress(BrokenPipeError):
        process.stdin.write(b"%d %d %d\n" % (side, is_square, size))
        shutil.copyfileobj(file, process.stdin)
        process.stdin.flush()
    size_line = process.stdout.readline()
    made = process.stdout.read(int(size_line or 0))
    return made if size_line and len(made) == int(size_line) else None


def _verdict(code: int) -> NoPicture | Overloaded:
    """Return the error for a process that ended in the middle of a picture. A signal that others did not send means
    that the picture exceeded its bounds or crashed a decoder."""
    if code < 0 and code not in ENDED_BY_OTHERS:
        return NoPicture(f"its process ended with {code}")
    return Overloaded(detail=f"the process for pictures ended with {code}")
