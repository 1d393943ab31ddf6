"""Store the content of files in a folder: those of the embedded backend and those of posts.

Content has names of our own, so users cannot choose a path. It is complete or absent: it is written under another name,
synced (fsync) and renamed. Only a piece of it is in memory at a time, however large it is.
"""

import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, NamedTuple

from helpdesk.store import disk
from helpdesk.threads import Threads

PIECE = 256 * 1024
INCOMING = "incoming"
THREADS = 8
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


class Blob(NamedTuple):
    """A stored file: its name, and its `size` in bytes."""

    name: str
    size: int


class Blobs:
    """The files under `folder`, which is created with the first one.

    The disk is accessed in threads. Only to close a written file and to remove one that was not finished is short
    enough for the event loop, and a cancellation cannot interrupt it there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.threads = Threads(THREADS)

    async def save(self, pieces: AsyncIterator[bytes], name: str = "") -> Blob:
        """Write all of `pieces`, under a new name or one of `new_name`. On an error or a cancellation nothing is left.

        Raises StorageFull.
        """
        with disk.writing():
            return await self._save(pieces, name or new_name())

    async def _save(self, pieces: AsyncIterator[bytes], name: str) -> Blob:
        size = 0
        incoming, target, work = self.folder / INCOMING / name, self._path(name), self.threads.run_to_its_end
        try:
            file = await work(_begin, incoming)
            try:
                async for piece in pieces:
                    size += len(piece)
                    await work(file.write, piece)
                await work(_make_sure, file)
            finally:
                file.close()
            await work(_move, incoming, target)
        except BaseException:
            for path in (incoming, target):
                path.unlink(missing_ok=True)
            raise
        return Blob(name, size)

    async def open(self, blob: Blob, first: int = 0) -> AsyncGenerator[bytes, None] | None:
        """Return the bytes from offset `first` on in pieces, or None when the file is absent.

        A file that is deleted meanwhile is read to its end. Closing the iterator early closes the file.
        """
        pieces = self._pieces(blob, first)
        try:
            await anext(pieces)
        except FileNotFoundError:
            return None
        return pieces

    async def _pieces(self, blob: Blob, first: int) -> AsyncGenerator[bytes, None]:
        """Yield an empty piece once the file is open, then its pieces. Raises FileNotFoundError."""
        file = await self.threads.run(_opened, self._path(blob.name), blob.size, first)
        try:
            yield b""
            while piece := await self.threads.run(file.read, PIECE):
                yield piece
        finally:
            self.threads.later(file.close)  # an abandoned read may still use it

    async def delete(self, names: list[str]) -> None:
        """Delete files; missing ones are no error."""

        def work() -> None:
            for name in names:
                self._path(name).unlink(missing_ok=True)

        await self.threads.run(work)

    async def delete_unfinished(self, before: float) -> None:
        """Delete unfinished files of a process that died, last modified before that Unix time."""

        def work() -> None:
            for path in (self.folder / INCOMING).glob("*"):
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime < before:
                        path.unlink()

        await self.threads.run(work)

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / name[2:]


def new_name() -> str:
    """Return a name for a content that is to be saved: a row may name it before, so that nothing is left behind."""
    return token_hex(16)


def _begin(path: Path) -> BinaryIO:
    """Create a file that is readable only by its owner, whatever the umask."""
    path.parent.parent.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
    path.parent.mkdir(PRIVATE_FOLDER, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb")


def _make_sure(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _move(source: Path, target: Path) -> None:
    """Rename a complete file durably: the folder that holds the name is synced, too."""
    target.parent.mkdir(PRIVATE_FOLDER, exist_ok=True)
    os.replace(source, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _opened(path: Path, size: int, first: int) -> BinaryIO:
    file = path.open("rb")
    if os.fstat(file.fileno()).st_size != size:
        file.close()
        raise FileNotFoundError(path)
    file.seek(first)
    return file
