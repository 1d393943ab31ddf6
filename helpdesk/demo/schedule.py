"""When things happen: beginnings, the moments of a conversation, and the dates promised."""

from datetime import date, datetime
from random import Random

from helpdesk.demo.worktime import DAY, ZONE, ago, workday

_DAYS = 82
"""Working days that the story covers: with weekends fewer than 120 days."""

_NEWEST = 40
_CROWDING = 1.7
"""Above 1 the newest weeks hold more tasks than the oldest: half of all are still open."""

_MOST_STRETCH = 4.0
_OPEN_WITH_DUE = 0.35
_CLOSED_WITH_DUE = 0.3
_OVERDUE = 0.16


def beginnings(rng: Random, tasks: int) -> list[int]:
    """How many working minutes ago each task was registered, the oldest first."""
    span = _DAYS * DAY - _NEWEST
    return sorted((_NEWEST + int(span * rng.random() ** _CROWDING) for _ in range(tasks)), reverse=True)


def moments(rng: Random, now: datetime, began: int, gaps: list[int], *, stretch: bool) -> list[datetime]:
    """The moment of registration and one after each gap, strictly rising, all before `now`.

    Gaps are squeezed when too little time has passed for them; with `stretch` (an open task) they are
    drawn out, except the first, so that some of the old tasks were touched of late.
    """
    room = began - len(gaps) - 1
    first, rest = sum(gaps[:1]), sum(gaps[1:])
    if stretch and rest and first + rest < room:
        factor = rng.uniform(1, min(_MOST_STRETCH, (room - first) / rest))
        gaps = [*gaps[:1], *(int(gap * factor) for gap in gaps[1:])]
    scale = min(1.0, room / max(1, sum(gaps)))
    left, told = began, [ago(now, began)]
    for gap in gaps:
        left -= max(1, int(gap * scale))
        told.append(ago(now, left))
    return told


def dates(
    rng: Random, now: datetime, moments: list[datetime], *, is_open: bool, is_new: bool
) -> tuple[date | None, date | None]:
    """The days of start and due; a few of the open tasks are overdue, and none is due before its start."""
    begun = moments[0 if is_new else 1].astimezone(ZONE).date()
    start = None if is_new and rng.random() < 0.6 else begun
    if not is_open:
        return start, workday(begun, rng.randint(2, 10)) if rng.random() < _CLOSED_WITH_DUE else None
    if rng.random() > _OPEN_WITH_DUE:
        return start, None
    shift = rng.randint(-6, -1) if rng.random() < _OVERDUE else rng.randint(0, 14)
    return start, max(begun, workday(now.astimezone(ZONE).date(), shift))
