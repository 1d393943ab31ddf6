"""Draw how a host answered over a day, a week or a month: pure, for an SVG of WIDTH by HEIGHT."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from helpdesk.store.host_history import Point

WIDTH, HEIGHT, BASE = 600, 160, 150
"""Below BASE are the marks of lost probes."""
TOPS = (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
GAP = 2.5
"""Points that are further apart than so many usual distances are not joined: nothing was measured between them."""
HEADROOM = 0.98
"""The share of the points whose mean is surely below the top: a single slow answer must not flatten the rest."""


class Chart(NamedTuple):
    """The mean as a path, the time between the fastest and the slowest answer as another, marks of lost probes as a
    third; `top` is the time in ms at the upper edge."""

    mean: str
    span: str
    lost: str
    top: int


def chart(points: Sequence[Point], since: datetime, until: datetime) -> Chart:
    """Draw the points between two moments."""
    means = sorted(it.avg_ms for it in points if it.avg_ms is not None)
    highest = means[min(len(means) - 1, int(len(means) * HEADROOM))] * 1.25 if means else 0.0
    top = next((it for it in TOPS if it >= highest), TOPS[-1])
    scale = _Scale(since, until - since, top)
    parts = [[it for it in part if it.avg_ms is not None] for part in _unbroken(points)]
    drawn = [part for part in parts if part]
    return Chart(
        "".join(_line([scale.of(it.at, it.avg_ms) for it in part]) for part in drawn),
        "".join(_area(scale, part) for part in drawn if len(part) > 1),
        "".join(f"M{scale.x(it.at)} {BASE}v{HEIGHT - BASE}" for it in points if it.lost),
        top,
    )


class _Scale(NamedTuple):
    since: datetime
    length: timedelta
    top: int

    def x(self, at: datetime) -> int:
        return round(min(max((at - self.since) / self.length, 0.0), 1.0) * WIDTH)

    def of(self, at: datetime, ms: float | None) -> tuple[int, int]:
        return self.x(at), round(BASE - min((ms or 0.0) / self.top, 1.0) * BASE)


def _unbroken(points: Sequence[Point]) -> Iterator[Sequence[Point]]:
    """Split the points where nothing was answered, or nothing was measured for a while."""
    distances = [(later.at - earlier.at).total_seconds() for earlier, later in pairwise(points)]
    usual = median(distances) if distances else 0.0
    begin = 0
    for place, distance in enumerate(distances, 1):
        if distance > usual * GAP or points[place].avg_ms is None:
            yield points[begin:place]
            begin = place
    yield points[begin:]


def _line(places: Sequence[tuple[int, int]]) -> str:
    if len(places) == 1:
        return f"M{places[0][0]} {places[0][1]}h1"
    return "M" + "L".join(f"{x} {y}" for x, y in places)


def _area(scale: _Scale, part: Sequence[Point]) -> str:
    upper = [scale.of(it.at, it.max_ms) for it in part]
    lower = [scale.of(it.at, it.min_ms) for it in reversed(part)]
    return _line([*upper, *lower]) + "z"
