"""Bytes of files in a folder, under names of our own making: whoever names a file has no say in where it lies.

A file is whole or not there: it is written beside, made sure of (fsync) and moved to its name. However large it is,
no more than a piece of it is in memory.
"""

import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, NamedTuple

from anyio import CapacityLimiter, to_thread

PIECE = 256 * 1024
INCOMING = "incoming"
THREADS = 8


class Blob(NamedTuple):
    """What was kept: `size` in bytes."""

    name: str
    size: int


class Blobs:
    """The files under `folder`, which is made when the first one comes. The disk is only touched in threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.threads = CapacityLimiter(THREADS)

    async def keep(self, pieces: AsyncIterator[bytes]) -> Blob:
        """Write all of `pieces`. When they break off, or this is cancelled, nothing is left."""
        name, size = token_hex(16), 0
        incoming = self.folder / INCOMING / name
        try:
            file = await to_thread.run_sync(_begin, incoming, limiter=self.threads)
            try:
                async for piece in pieces:
                    size += len(piece)
                    await to_thread.run_sync(file.write, piece, limiter=self.threads)
                await to_thread.run_sync(_make_sure, file, limiter=self.threads)
            finally:
                file.close()
            await to_thread.run_sync(_move, incoming, self._path(name), limiter=self.threads)
        except BaseException:
            with suppress(FileNotFoundError):
                incoming.unlink()
            raise
        return Blob(name, size)

    async def has(self, blob: Blob) -> bool:
        """Whether it is there, whole."""

        def work() -> bool:
            path = self._path(blob.name)
            return path.is_file() and path.stat().st_size == blob.size

        return await to_thread.run_sync(work, limiter=self.threads)

    async def read(self, name: str, first: int = 0) -> AsyncGenerator[bytes, None]:
        """The bytes from number `first` on, in pieces. Closing it early lets go of the file."""
        file = await to_thread.run_sync(_opened, self._path(name), first, limiter=self.threads)
        try:
            while piece := await to_thread.run_sync(file.read, PIECE, limiter=self.threads):
                yield piece
        finally:
            file.close()

    async def forget(self, names: list[str]) -> None:
        """Take files away; those that are gone already are no error."""

        def work() -> None:
            for name in names:
                self._path(name).unlink(missing_ok=True)

        await to_thread.run_sync(work, limiter=self.threads)

    async def forget_broken(self, before: float) -> None:
        """Take away what a process that died was writing, last touched before that Unix time."""

        def work() -> None:
            for path in (self.folder / INCOMING).glob("*"):
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime < before:
                        path.unlink()

        await to_thread.run_sync(work, limiter=self.threads)

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / name[2:]


def _begin(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("xb")


def _make_sure(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _move(source: Path, target: Path) -> None:
    """Give a whole file its name, for good: the folder that holds the name is made sure of, too."""
    target.parent.mkdir(exist_ok=True)
    os.replace(source, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _opened(path: Path, first: int) -> BinaryIO:
    file = path.open("rb")
    file.seek(first)
    return file
