"""Back up a SQLite store and its files into one archive while the helpdesk runs, and restore it into an empty place.

The archive is a ZIP with `about.json`, `helpdesk.db`, `files/…` and `pictures/…`. The store is copied as of one
moment, then each file that its rows name. If a file was deleted in between, the store is copied again and no longer
names it. So the archive holds the file of each row, except for files that had been lost before.

An archive is not trusted when it is restored: names and sizes of files come from the store's rows, nothing else is
extracted, and everything must fit on the disk.
"""

import json
import os
import re
import shutil
import sqlite3
import struct
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from helpdesk.store import backup_files, backup_pictures
from helpdesk.store.schema import revisions

FORMAT = 1
ABOUT, STORE, FILES = "about.json", "helpdesk.db", "files"
BLOB = re.compile(r"[0-9a-f]{32}")
ROUNDS = 20
"""The most copies of the store, one more each time that files were deleted since the last."""
PIECE = 1024 * 1024
LARGEST_ABOUT = 1024 * 1024
PACKED = (ZIP_STORED, ZIP_DEFLATED)
"""Our own methods and those of people who repack an archive; every other method has its own errors."""
BAD_ARCHIVE = (BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OverflowError, struct.error)
"""Errors of `zipfile` for a broken archive: invalid names or offsets, encryption, unknown features."""
SPARE = 64 * 1024 * 1024
"""Bytes to leave free on a disk."""
BUSY_SECONDS = 60
RESTORING = ".restoring"
BESIDE = ("-wal", "-shm", "-journal")
"""Suffixes of files beside a store, which SQLite would take for a part of the restored one."""


class Impossible(Exception):
    """The backup or restore cannot be done, and nothing was changed; the message says why and what helps."""


class Place(NamedTuple):
    """The file of a store, and the folders of its files and of people's pictures."""

    store: Path
    files: Path
    pictures: Path


class Result(NamedTuple):
    """The number of files in an archive, and the names of those that had been lost before."""

    files: int
    lost: frozenset[str]


def make(place: Place, target: Path) -> Result:
    """Write the archive; it appears whole or not at all. Raises Impossible."""
    _require_new(target)
    with _as_impossible(), tempfile.TemporaryDirectory(dir=target.parent, prefix=".helpdesk-backup-") as folder:
        unfinished = Path(folder) / "archive"
        with os.fdopen(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as archive:
                result = _fill(archive, place, Path(folder) / STORE)
            os.fsync(file.fileno())
        _require_new(target)
        unfinished.rename(target)
    return result


def put_back(archive: Path, place: Place) -> Result:
    """Restore a store and its files from an archive into an empty place. Raises Impossible."""
    with _as_impossible(), _opened(archive) as opened:
        lost = _lost(opened)
        with _alone(place) as unfinished:
            _take_store(opened, unfinished)
            result = _take_files(opened, _named(unfinished), lost, place.files)
            backup_pictures.take(opened, place.pictures, unfinished)
            os.sync()
            unfinished.rename(place.store)
    return result


@contextmanager
def _opened(archive: Path) -> Iterator[ZipFile]:
    try:
        with ZipFile(archive) as opened:
            yield opened
    except BAD_ARCHIVE as error:
        raise Impossible("The archive is damaged, or not one that `helpdesk backup` made.") from error


@contextmanager
def _alone(place: Place) -> Iterator[Path]:
    """Reserve the place for one restore by creating an unfinished store in it, and remove everything if that fails.

    Only the restore that created this file checks whether the place is empty and removes files, so it never removes
    another's.
    """
    place.store.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.store.with_name(f"{place.store.name}{RESTORING}")
    try:
        _new(unfinished).close()
    except FileExistsError as error:
        raise _there_already(unfinished) from error
    was_empty = False
    try:
        _require_empty(place)
        was_empty = True
        yield unfinished
    except BaseException:
        for each in place.files.glob("*") if was_empty else ():
            shutil.rmtree(each)
        unfinished.unlink(missing_ok=True)  # last, since this ends the reservation
        raise


def _fill(archive: ZipFile, place: Place, copy: Path) -> Result:
    packed, lost = set[str](), frozenset[str]()
    for _ in range(ROUNDS):
        copy.unlink(missing_ok=True)
        _copy_store(place.store, copy)
        named = _named(copy)
        new = {name: size for name, size in named.items() if name not in packed}
        missing = {name for name, size in new.items() if not _add(archive, place.files, name, size)}
        packed |= new.keys() - missing
        if missing <= lost:
            break
        lost |= missing
    else:
        raise Impossible("Files are deleted faster than they are copied. Try again at a quieter time.")
    _write_about(archive, missing)
    backup_pictures.add(archive, place.pictures, copy)
    archive.write(copy, STORE)
    return Result(len(named.keys() & packed), frozenset(missing))


def _copy_store(source: Path, target: Path) -> None:
    """Copy the store as of one moment into one file, without making writers wait."""
    address = f"{source.absolute().as_uri()}?mode=rw"
    with (
        closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as running,
        closing(sqlite3.connect(target)) as copy,
    ):
        running.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    _require_sound(target)


def _require_sound(store: Path) -> None:
    """Raise Impossible for a file that is not a helpdesk's store, is damaged, or is of a later version."""
    with closing(sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True)) as opened:
        opened.execute("PRAGMA trusted_schema=OFF")
        kinds = opened.execute("SELECT type, name FROM sqlite_master").fetchall()
        if ("table", "helpdesk_meta") not in kinds or {kind for kind, _ in kinds} - {"table", "index"}:
            raise Impossible("The store is not a helpdesk's.")
        applied = {row[0] for row in opened.execute("SELECT version_num FROM alembic_version")}
        if not applied:
            raise Impossible("The store has no schema's version: it is damaged.")
        if not applied <= revisions():
            raise Impossible("The store is of a later version of the helpdesk: install that one first.")
        sound = opened.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
        if not sound or opened.execute("PRAGMA foreign_key_check").fetchone():
            raise Impossible("The store is damaged.")


def _named(store: Path) -> dict[str, int]:
    """Return the files that the rows name, with their sizes in bytes. Raises Impossible for an invalid name."""
    with closing(sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True)) as opened:
        named = backup_files.named(opened)
    if not all(BLOB.fullmatch(str(name)) and isinstance(size, int) and size >= 0 for name, size in named.items()):
        raise Impossible("The store names a file that can't be one of ours.")
    return named


def _add(archive: ZipFile, folder: Path, name: str, size: int) -> bool:
    """Add a file to the archive; return False when it is missing or incomplete."""
    try:
        with (folder / _path(name)).open("rb") as file:
            if os.fstat(file.fileno()).st_size != size:
                return False
            with archive.open(ZipInfo(f"{FILES}/{_path(name)}"), "w", force_zip64=True) as member:
                shutil.copyfileobj(file, member, PIECE)
    except FileNotFoundError:
        return False
    return True


def _write_about(archive: ZipFile, lost: set[str]) -> None:
    about = {"format": FORMAT, "made_at": datetime.now(UTC).isoformat(), "lost": sorted(lost)}
    archive.writestr(ABOUT, json.dumps(about))


def _lost(archive: ZipFile) -> frozenset[str]:
    """Return the files that the archive is known to lack. Raises Impossible for a foreign archive."""
    try:
        with archive.open(_member(archive, ABOUT)) as file:
            about = json.loads(file.read(LARGEST_ABOUT))
        if about["format"] != FORMAT:
            raise Impossible("The archive is of a later version of the helpdesk: install that one first.")
        return frozenset(map(str, about["lost"]))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise Impossible("The archive is not one that `helpdesk backup` made.") from error


def _take_store(archive: ZipFile, target: Path) -> None:
    size = _member(archive, STORE).file_size
    _require_room(target.parent, size)
    with target.open("wb") as file:  # _alone created it
        _copy(archive, STORE, size, file)
    _require_sound(target)


def _take_files(archive: ZipFile, named: Mapping[str, int], lost: frozenset[str], folder: Path) -> Result:
    there = named.keys() - lost
    if there:
        folder.mkdir(parents=True, exist_ok=True)
        _require_room(folder, sum(named[name] for name in there))
    for name in there:
        path = folder / _path(name)
        path.parent.mkdir(exist_ok=True)
        with _new(path) as file:
            _copy(archive, f"{FILES}/{_path(name)}", named[name], file)
    return Result(len(there), frozenset(named.keys() & lost))


def _copy(archive: ZipFile, name: str, size: int, target: BinaryIO) -> None:
    """Write one member to a file. Raises Impossible when it has another size."""
    member = _member(archive, name)
    if member.file_size != size:
        raise Impossible(f"The archive is damaged: {name} has another size than its store says.")
    with archive.open(member) as source:
        shutil.copyfileobj(source, target, PIECE)
    if target.tell() != size:
        raise Impossible(f"The archive is damaged: {name} ends too early.")


def _member(archive: ZipFile, name: str) -> ZipInfo:
    try:
        member = archive.getinfo(name)
    except KeyError as error:
        raise Impossible(f"The archive is damaged: it lacks {name}.") from error
    if member.compress_type not in PACKED:
        raise Impossible(f"The archive is not as `helpdesk backup` made it: {name} is packed in another way.")
    return member


def _new(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb")


def _path(blob: str) -> str:
    return f"{blob[:2]}/{blob[2:]}"


def _require_new(target: Path) -> None:
    if target.exists():
        raise Impossible(f"{target} is there already, and is left as it is. Name another file.")
    if not target.absolute().parent.is_dir():
        raise Impossible(f"There is no folder {target.absolute().parent}.")


def _require_empty(place: Place) -> None:
    beside = [place.store.with_name(place.store.name + end) for end in BESIDE]
    store = [place.store] if place.store.exists() and place.store.stat().st_size else []
    is_empty = not place.files.exists() or (place.files.is_dir() and not any(place.files.iterdir()))
    files = [] if is_empty else [place.files]
    for each in (*store, *(path for path in beside if path.exists()), *files):
        raise _there_already(each)


def _there_already(path: Path) -> Impossible:
    return Impossible(f"{path} is there already. A backup is put back into an empty place alone: move it away.")


def _require_room(folder: Path, size: int) -> None:
    if size + SPARE > shutil.disk_usage(folder).free:
        raise Impossible(f"The disk of {folder} has no room for {size // 1_000_000} MB.")


@contextmanager
def _as_impossible() -> Iterator[None]:
    """Turn errors of files into Impossible with a sentence."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise Impossible(f"The store can't be read: {error}.") from error
    except OSError as error:
        raise Impossible(f"{error.strerror or error}: {error.filename or 'the disk'}") from error
