"""Draw the last hour of a host as a small line: pure, for an SVG of WIDTH by HEIGHT.

A page has hundreds of them, so they are steps in whole numbers: what is alike in many lines compresses to nothing. All
have the same scale, on which each step up is twice the time, so that lines of two hosts can be compared.
"""

from collections.abc import Iterable, Sequence
from math import log2
from typing import NamedTuple

HEIGHT = 10
FASTEST_MS = 2.0
"""What is faster is drawn at the bottom; the top is FASTEST_MS × 2 ** (HEIGHT - 1), a second."""
FAILED = -1.0


class Drawing(NamedTuple):
    """The line, and the parts of the hour in which nothing was answered; data of SVG paths, empty without any."""

    line: str
    failures: str


def draw(parts: Sequence[float | None]) -> Drawing:
    """Draw the parts of an hour: None without a sample, FAILED without an answer, else the mean time in ms."""
    levels = [None if it is None or it == FAILED else _level(it) for it in parts]
    return Drawing(_steps(levels), _steps([HEIGHT if it == FAILED else None for it in parts]))


def _level(ms: float) -> int:
    """Return the height from the top."""
    up = round(log2(max(ms, FASTEST_MS) / FASTEST_MS))
    return HEIGHT - min(up, HEIGHT - 1)


def _steps(levels: Iterable[int | None]) -> str:
    """Return a path that goes right for as long as the level stays, then up or down."""
    pieces, current, run = list[str](), None, 0
    for at, level in enumerate([*levels, None]):
        if level == current:
            run += 1
            continue
        if current is not None:
            pieces.append(f"h{run}")
        if level is not None:
            pieces.append(f"M{at} {level}" if current is None else f"v{level - current}")
        current, run = level, 1
    return "".join(pieces)
