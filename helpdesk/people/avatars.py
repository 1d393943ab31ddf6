"""Keep people's pictures in a folder: squares that were made anew, under names of our own.

A picture never changes: another one has another name. Both sizes are on the disk before an account names them. A
picture that no account names any more is still shown by pages of other processes for a while, so that it is deleted an
hour later, by the next change of a picture. So is what a process that died has left.
"""

import os
import re
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from secrets import token_urlsafe

from helpdesk.store import disk
from helpdesk.threads import Threads

SIDES = (256, 64)
NAME_BYTES = 9
FILE = re.compile(r"([\w-]{12})-(256|64)\.webp", re.ASCII)
THREADS = 4
LEFT_SECONDS = 3600
"""A file that no account names is deleted when it is older: an upload may be under way, and pages show it a while."""
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


class Avatars:
    """The pictures under `folder`, which is created with the first one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.threads = Threads(THREADS)

    async def save(self, pictures: Mapping[int, bytes]) -> str:
        """Write the picture of each side, and return their name. Nothing is left on an error. Raises StorageFull."""
        with disk.writing():
            return await self.threads.run_to_its_end(self._save, pictures)

    async def read(self, file: str) -> bytes | None:
        """Return the bytes of a file by its name; None for one that is not there, or can't be."""
        return await self.threads.run(self._read, file) if FILE.fullmatch(file) else None

    async def remove(self, name: str) -> None:
        await self.threads.run_to_its_end(self._remove, name)

    async def let_go(self, name: str) -> None:
        """Have a picture that no account names any more deleted in LEFT_SECONDS."""
        await self.threads.run_to_its_end(self._let_go, name)

    async def sweep(self, named: Collection[str]) -> None:
        """Delete files that no account names, but for young ones."""
        await self.threads.run(self._sweep, frozenset(named), time.time() - LEFT_SECONDS)

    def _save(self, pictures: Mapping[int, bytes]) -> str:
        name = token_urlsafe(NAME_BYTES)
        self.folder.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
        try:
            for side, content in pictures.items():
                _write(self.folder / file_of(name, side), content)
        except BaseException:
            self._remove(name)
            raise
        _sync(self.folder)
        return name

    def _read(self, file: str) -> bytes | None:
        with suppress(FileNotFoundError):
            return (self.folder / file).read_bytes()
        return None

    def _remove(self, name: str) -> None:
        for side in SIDES:
            (self.folder / file_of(name, side)).unlink(missing_ok=True)

    def _let_go(self, name: str) -> None:
        for side in SIDES:
            with suppress(FileNotFoundError):
                os.utime(self.folder / file_of(name, side))

    def _sweep(self, named: Collection[str], before: float) -> None:
        for file in self.folder.glob("*.webp"):
            found = FILE.fullmatch(file.name)
            with suppress(FileNotFoundError):
                if found and found[1] not in named and file.stat().st_mtime < before:
                    file.unlink()


def file_of(name: str, side: int) -> str:
    """Return the name of the file of a picture."""
    return f"{name}-{side}.webp"


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
