"""Put people's pictures into a backup and take them out again. The store names them; it does not tell their sizes."""

import os
import re
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from zipfile import ZipFile

FOLDER = "pictures"
NAME = re.compile(r"[\w-]{12}", re.ASCII)
SIDES = (256, 64)
LARGEST = 1024 * 1024
"""A picture of ours has some kilobytes: a larger one in an archive is left out."""
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


def add(archive: ZipFile, folder: Path, store: Path) -> None:
    """Add the pictures that the accounts of a store name; one that is missing or was just replaced is left out."""
    for file in _files(store):
        with suppress(FileNotFoundError):
            archive.writestr(f"{FOLDER}/{file}", (folder / file).read_bytes())


def take(archive: ZipFile, folder: Path, store: Path) -> None:
    """Write the pictures of an archive into a folder. One that is there already is never overwritten."""
    packed = {it.filename: it for it in archive.infolist() if it.file_size <= LARGEST}
    for file in _files(store):
        if member := packed.get(f"{FOLDER}/{file}"):
            with archive.open(member) as source:
                content = source.read(LARGEST + 1)
            folder.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with os.fdopen(os.open(folder / file, flags, PRIVATE_FILE), "wb") as target:
                target.write(content)


def _files(store: Path) -> list[str]:
    """Return the names of the files that a store names; none for one of an earlier version."""
    with closing(sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True)) as opened:
        if "avatar" not in {row[1] for row in opened.execute("PRAGMA table_info(person)")}:
            return []
        rows = opened.execute("SELECT avatar FROM person WHERE avatar IS NOT NULL").fetchall()
    names = [str(name) for (name,) in rows if NAME.fullmatch(str(name))]
    return [f"{name}-{side}.webp" for name in names for side in SIDES]
