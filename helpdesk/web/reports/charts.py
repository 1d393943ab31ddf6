"""Draw the numbers of a report's parts: pure, as paths for an SVG of WIDTH by HEIGHT.

Created and closed tasks are pairs of bars, the open ones a line. A bar's form says which of the two it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple

from helpdesk.reports.report import Part

WIDTH, HEIGHT = 600.0, 160.0
SHARE = 0.4
"""How much of a part's width one of its two bars takes."""
STEPS = (1, 2, 5)
SMALLEST_TOP = 4
FEWEST_TIMES = 2
HOUR, MINUTE = 3_600, 60


class Chart(NamedTuple):
    """The bars of created and of closed tasks, the line of open ones with the area below it, and the numbers at the
    upper edges of the two drawings."""

    created: str
    closed: str
    open: str
    area: str
    top: int
    open_top: int


def chart(parts: Sequence[Part]) -> Chart:
    """Draw the parts of a period, at least one of them."""
    slot = WIDTH / len(parts)
    top = upper_edge(max(max(it.numbers.created, it.numbers.closed) for it in parts))
    open_top = upper_edge(max(it.numbers.open for it in parts))
    points = [((place + 0.5) * slot, _y(it.numbers.open, open_top)) for place, it in enumerate(parts)]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + ("h1" if len(points) == 1 else "")
    return Chart(
        "".join(_bars([it.numbers.created for it in parts], top, slot, 0.5 - SHARE)),
        "".join(_bars([it.numbers.closed for it in parts], top, slot, 0.5)),
        line,
        f"{line}V{HEIGHT:g}H{points[0][0]:.1f}z",
        top,
        open_top,
    )


class TimesChart(NamedTuple):
    """A line through times, the area below it, and the seconds at the upper edge of the drawing."""

    line: str
    area: str
    top: int


def of_times(seconds: Mapping[int, int], parts: int) -> TimesChart | None:
    """Draw times by their places among the parts of a period. A part without one leaves a gap; one time is no line."""
    if len(seconds) < FEWEST_TIMES:
        return None
    unit = HOUR if max(seconds.values()) > HOUR else MINUTE
    slot, top = WIDTH / parts, upper_edge(-(-max(seconds.values()) // unit)) * unit
    line = area = ""
    for run in _runs(sorted(seconds)):
        points = [((place + 0.5) * slot, _y(seconds[place], top)) for place in run]
        drawn = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + ("h1" if len(points) == 1 else "")
        line, area = line + drawn, f"{area}{drawn}V{HEIGHT:g}H{points[0][0]:.1f}z"
    return TimesChart(line, area, top)


def _runs(places: Sequence[int]) -> Iterator[list[int]]:
    """Yield the places that follow each other."""
    run: list[int] = []
    for place in places:
        if run and place != run[-1] + 1:
            yield run
            run = []
        run.append(place)
    yield run


def upper_edge(most: int) -> int:
    """Return a round number that is not below the largest one. Its half is round, too."""
    edges = (2 * step * int(10**power) for power in count() for step in STEPS)
    return next(it for it in edges if it >= max(most, SMALLEST_TOP))


def _bars(numbers: Sequence[int], top: int, slot: float, shift: float) -> Iterator[str]:
    for place, number in enumerate(numbers):
        if number:
            y = _y(number, top)
            yield f"M{(place + shift) * slot:.1f} {y:.1f}h{slot * SHARE:.1f}V{HEIGHT:g}h{-slot * SHARE:.1f}z"


def _y(number: int, top: int) -> float:
    return HEIGHT - number / top * HEIGHT
