"""Pack the samples or the minutes of an hour into a few bytes: as rows they would take ten times the room.

Times are whole numbers of hundredths of a ms. Numbers of one kind stand together, their low bytes before their high
ones, since zlib finds the most there.
"""

import struct
import sys
import zlib
from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

VERSION = 1
HEAD = struct.Struct("<BH")
WORD = 4
HOUR = 3600


class Sample(NamedTuple):
    """One probe at a second since 1970; `time` is None when it failed."""

    at: int
    time: int | None


class Minute(NamedTuple):
    """The probes of a minute, which begins at `at`. Times are None when all failed."""

    at: int
    probes: int
    lost: int
    low: int | None
    mean: int | None
    high: int | None


def pack_samples(hour: int, samples: Sequence[Sample]) -> bytes:
    """Pack the samples of an hour, in their order."""
    gaps = [sample.at - before for sample, before in zip(samples, [hour, *(it.at for it in samples)], strict=False)]
    return _pack(len(samples), [gaps, [0 if it.time is None else it.time + 1 for it in samples]])


def unpack_samples(hour: int, packed: bytes) -> list[Sample]:
    """Return the samples of an hour."""
    gaps, times = _unpack(packed, 2)
    samples, at = list[Sample](), hour
    for gap, time in zip(gaps, times, strict=True):
        at += gap
        samples.append(Sample(at, time - 1 if time else None))
    return samples


def pack_minutes(hour: int, minutes: Sequence[Minute]) -> bytes:
    """Pack the minutes of an hour."""
    columns = [
        [(it.at - hour) // 60 for it in minutes],
        [it.probes for it in minutes],
        [it.lost for it in minutes],
        [it.low or 0 for it in minutes],
        [(it.mean or 0) - (it.low or 0) for it in minutes],
        [(it.high or 0) - (it.mean or 0) for it in minutes],
    ]
    return _pack(len(minutes), columns)


def unpack_minutes(hour: int, packed: bytes) -> list[Minute]:
    """Return the minutes of an hour."""
    minutes = list[Minute]()
    for number, probes, lost, low, above, spread in zip(*_unpack(packed, 6), strict=True):
        times = (None, None, None) if lost == probes else (low, low + above, low + above + spread)
        minutes.append(Minute(hour + number * 60, probes, lost, *times))
    return minutes


def _pack(length: int, columns: Iterable[Sequence[int]]) -> bytes:
    planes = list[bytes]()
    for column in columns:
        data = array("I", column)
        if sys.byteorder == "big":
            data.byteswap()
        flat = data.tobytes()
        planes += [flat[place::WORD] for place in range(WORD)]
    return HEAD.pack(VERSION, length) + zlib.compress(b"".join(planes), 9)


def _unpack(packed: bytes, columns: int) -> list[Sequence[int]]:
    _, length = HEAD.unpack_from(packed)
    flat = zlib.decompress(packed[HEAD.size :])
    found = list[Sequence[int]]()
    for number in range(columns):
        mixed, begin = bytearray(length * WORD), number * length * WORD
        for place in range(WORD):
            mixed[place::WORD] = flat[begin + place * length : begin + (place + 1) * length]
        data = array("I", bytes(mixed))
        if sys.byteorder == "big":
            data.byteswap()
        found.append(data)
    return found
