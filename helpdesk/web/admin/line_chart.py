"""Draw the latency of a system in the last hour as a small line: pure, for an SVG of WIDTH by HEIGHT."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import NamedTuple

from helpdesk.store.system_health import Sample

WIDTH, HEIGHT, MARGIN = 240, 40, 3
SPAN = timedelta(hours=1)
GAP = timedelta(minutes=7)
"""Checks that are further apart are not joined by a line: the helpdesk did not run, or the system was down."""


class Chart(NamedTuple):
    """The lines as points of SVG, single checks as circles, and the places of failed checks; all texts of numbers."""

    lines: list[str]
    dots: list[tuple[str, str]]
    failures: list[str]
    median: float | None
    worst: float | None


def chart(samples: Sequence[Sample], now: datetime) -> Chart:
    """Draw the checks of the last hour. The highest point is the slowest answer, the lowest is none at all."""
    recent = [it for it in samples if now - SPAN <= it.checked_at <= now]
    seconds = [it.seconds for it in recent if it.seconds is not None]
    worst = max(seconds, default=None)
    parts = [[_point(it, now, worst or 1.0) for it in part] for part in _unbroken(recent)]
    return Chart(
        [" ".join(f"{x},{y}" for x, y in part) for part in parts if len(part) > 1],
        [part[0] for part in parts if len(part) == 1],
        [_x(it.checked_at, now) for it in recent if it.seconds is None],
        median(seconds) if seconds else None,
        worst,
    )


def _unbroken(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Split the checks where one failed, or where none was made for a while."""
    parts: list[list[Sample]] = [[]]
    last: datetime | None = None
    for sample in samples:
        if sample.seconds is None or (last and sample.checked_at - last > GAP):
            parts.append([])
        if sample.seconds is not None:
            parts[-1].append(sample)
        last = sample.checked_at
    return [part for part in parts if part]


def _point(sample: Sample, now: datetime, worst: float) -> tuple[str, str]:
    height = (sample.seconds or 0.0) / worst * (HEIGHT - 2 * MARGIN) if worst else 0.0
    return _x(sample.checked_at, now), f"{HEIGHT - MARGIN - height:.1f}"


def _x(at: datetime, now: datetime) -> str:
    return f"{MARGIN + (1 - (now - at) / SPAN) * (WIDTH - 2 * MARGIN):.1f}"
