"""Count working time: Monday to Friday, nine hours a day, in the demo company's time zone.

The demo's moments are working minutes before now. So it is the same on every day of the week, nothing happens at
night, and the newest tasks are always fresh.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache

ZONE = timezone(timedelta(hours=3))
DAY = 540
"""Minutes in a working day."""

_OPENS = time(9, 0)


@cache
def workday(day: date, shift: int) -> date:
    """Return the working day `shift` working days after `day`, or before it when `shift` is negative.

    A Saturday or Sunday counts as the Friday before it.
    """
    friday = day - timedelta(days=max(0, day.weekday() - 4))
    weeks, rest = divmod(friday.weekday() + shift, 5)
    return friday + timedelta(days=weeks * 7 + rest - friday.weekday())


def ago(now: datetime, minutes: int) -> datetime:
    """Return the moment, in UTC, so many working minutes before `now`.

    Outside working hours `now` counts as the edge of the nearest working day before it.
    """
    local = now.astimezone(ZONE)
    opened = datetime.combine(workday(local.date(), 0), _OPENS, ZONE)
    passed = int((local - opened).total_seconds() // 60)
    days, minute = divmod(min(DAY - 1, max(0, passed)) - minutes, DAY)
    day = datetime.combine(workday(opened.date(), days), _OPENS, ZONE)
    return (day + timedelta(minutes=minute)).astimezone(UTC)


def local_day(moment: datetime) -> date:
    """Return the day that a moment falls on where the company is."""
    return moment.astimezone(ZONE).date()
