"""Bytes in a folder: whole or not there, and never where a name from outside says."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from helpdesk.store.blobs import Blob, Blobs


async def pieces(*given: bytes | Exception) -> AsyncIterator[bytes]:
    for piece in given:
        if isinstance(piece, Exception):
            raise piece
        yield piece


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def read(blobs: Blobs, name: str, first: int = 0) -> bytes:
    return b"".join([piece async for piece in blobs.read(name, first)])


async def test_what_is_kept_can_be_read_and_forgotten(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "made when needed")
    blob = await blobs.keep(pieces(b"ab", b"", b"cde"))
    assert blob.size == 5 and await blobs.has(blob)
    assert await read(blobs, blob.name) == b"abcde" and await read(blobs, blob.name, 3) == b"de"
    assert await read(blobs, blob.name, 99) == b""
    await blobs.forget([blob.name, blob.name])
    assert not await blobs.has(blob) and files(tmp_path) == []


async def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    with pytest.raises(ConnectionError):
        await blobs.keep(pieces(b"a" * 1_000_000, ConnectionError("the line is lost")))
    assert files(tmp_path) == []


async def test_a_file_that_lost_bytes_is_not_there(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    blob = await blobs.keep(pieces(b"abc"))
    assert not await blobs.has(Blob(blob.name, 4))


async def test_what_a_dead_process_was_writing_is_swept_away_in_time(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    blob = await blobs.keep(pieces(b"abc"))
    old, young = tmp_path / "incoming" / "old", tmp_path / "incoming" / "young"
    for path, at in ((old, 1_000), (young, 3_000)):
        path.write_bytes(b"half")
        os.utime(path, (at, at))
    await blobs.forget_broken(2_000)
    assert not old.exists() and young.exists() and await blobs.has(blob)
