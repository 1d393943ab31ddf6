"""Bytes in a folder: whole or not there, and never where a name from outside says."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from helpdesk.errors import StorageFull
from helpdesk.store import blobs as blobs_module
from helpdesk.store import disk
from helpdesk.store.blobs import Blob, Blobs
from tests.full_disk import largest_file


async def pieces(*given: bytes | Exception) -> AsyncIterator[bytes]:
    for piece in given:
        if isinstance(piece, Exception):
            raise piece
        yield piece


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def read(blobs: Blobs, blob: Blob, first: int = 0) -> bytes | None:
    """None when it is not there."""
    pieces = await blobs.open(blob, first)
    return None if pieces is None else b"".join([piece async for piece in pieces])


async def test_a_kept_file_can_be_read_and_deleted(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "made" / "when needed")
    blob = await blobs.save(pieces(b"ab", b"", b"cde"))
    assert blob.size == 5
    assert await read(blobs, blob) == b"abcde" and await read(blobs, blob, 3) == b"de"
    assert await read(blobs, blob, 99) == b""
    await blobs.delete([blob.name, blob.name])
    assert await read(blobs, blob) is None and files(tmp_path) == []


async def test_nobody_else_on_the_machine_reads_what_is_kept(tmp_path: Path, no_umask: None) -> None:
    blobs = Blobs(tmp_path / "files")
    await blobs.save(pieces(b"secret"))
    assert {path.stat().st_mode & 0o777 for path in files(blobs.folder)} == {0o600}
    folders = [blobs.folder, *(path for path in blobs.folder.rglob("*") if path.is_dir())]
    assert len(folders) == 3 and {path.stat().st_mode & 0o777 for path in folders} == {0o700}


async def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    with pytest.raises(ConnectionError):
        await blobs.save(pieces(b"a" * 1_000_000, ConnectionError("the line is lost")))
    assert files(tmp_path) == []


async def test_a_file_that_lost_bytes_is_not_there(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    blob = await blobs.save(pieces(b"abc"))
    assert await read(blobs, Blob(blob.name, 4)) is None


async def test_a_file_half_written_by_a_dead_process_is_deleted_in_time(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    blob = await blobs.save(pieces(b"abc"))
    old, young = tmp_path / "incoming" / "old", tmp_path / "incoming" / "young"
    for path, at in ((old, 1_000), (young, 3_000)):
        path.write_bytes(b"half")
        os.utime(path, (at, at))
    await blobs.delete_unfinished(2_000)
    assert not old.exists() and young.exists() and await read(blobs, blob) == b"abc"


async def test_a_file_deleted_while_it_is_read_is_read_to_its_end(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    blob = await blobs.save(pieces(b"abc"))
    opened = await blobs.open(blob)
    await blobs.delete([blob.name])
    assert opened and b"".join([piece async for piece in opened]) == b"abc"


async def test_a_write_that_is_given_up_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in its last step, which a thread brings to its end whoever waits for it."""
    blobs, move = Blobs(tmp_path), blobs_module._move
    moving, goes_on, moved = threading.Event(), threading.Event(), threading.Event()

    def slowly(source: Path, target: Path) -> None:
        moving.set()
        goes_on.wait(60)
        move(source, target)
        moved.set()

    monkeypatch.setattr(blobs_module, "_move", slowly)
    keeping = asyncio.create_task(blobs.save(pieces(b"abc")))
    while not moving.is_set():
        await asyncio.sleep(0.001)
    keeping.cancel()
    await asyncio.sleep(0)
    goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert moved.wait(60) and files(tmp_path) == []


async def test_a_full_disk_is_reported_and_keeps_nothing(tmp_path: Path) -> None:
    with largest_file(1_000_000), pytest.raises(StorageFull):
        await Blobs(tmp_path).save(pieces(b"a" * 2_000_000))
    assert files(tmp_path) == []


def test_only_a_disk_without_room_is_full() -> None:
    with pytest.raises(StorageFull), disk.writing(), open("/dev/full", "wb", buffering=0) as full:
        full.write(b"x")
    with pytest.raises(FileNotFoundError), disk.writing():
        Path("/no/such/file").read_bytes()
