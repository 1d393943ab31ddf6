"""Keep the means of a host's last hour in parts of two minutes, beside its state: a page of 200 hosts shows them all,
and would otherwise read 72,000 samples."""

import struct
from typing import NamedTuple

PART_SECONDS = 120
PARTS = 30
HEAD = struct.Struct("<Q")
PART = struct.Struct("<HHI")

Line = tuple[float | None, ...]


class _Part(NamedTuple):
    answered: int = 0
    lost: int = 0
    total: int = 0


EMPTY = _Part()


def add(recent: bytes, at: int, time: int | None) -> bytes:
    """Add a sample, whose time is in hundredths of a ms. What is older than an hour before the newest part goes."""
    begin, parts = _read(recent)
    place = at // PART_SECONDS - begin
    if not 0 <= place < 2 * PARTS:  # the first one, after a long pause, or from another time
        begin, parts, place = at // PART_SECONDS, [], 0
    parts += [EMPTY] * (place + 1 - len(parts))
    part = parts[place]
    parts[place] = (
        part._replace(lost=part.lost + 1)
        if time is None
        else part._replace(answered=part.answered + 1, total=min(part.total + time, 2**32 - 1))
    )
    surplus = max(0, len(parts) - PARTS)
    return HEAD.pack(begin + surplus) + b"".join(PART.pack(*it) for it in parts[surplus:])


def line(recent: bytes, now: int) -> Line:
    """Return the mean of each part of the hour up to `now` in ms, the last of which is not over: None without a
    sample, -1.0 when all failed."""
    begin, parts = _read(recent)
    first = now // PART_SECONDS - PARTS + 1 - begin
    return tuple(_mean(parts[it]) if 0 <= it < len(parts) else None for it in range(first, first + PARTS))


def _read(recent: bytes) -> tuple[int, list[_Part]]:
    if not recent:
        return 0, []
    return HEAD.unpack_from(recent)[0], [_Part(*it) for it in PART.iter_unpack(recent[HEAD.size :])]


def _mean(part: _Part) -> float | None:
    if part.answered:
        return part.total / part.answered / 100
    return -1.0 if part.lost else None
