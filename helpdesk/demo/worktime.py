"""Working time: Monday to Friday, nine hours a day, in the demo company's zone.

The story is told in working minutes before now. So it is the same story on every day of the week, it never
happens at night, and its newest lines are always fresh.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache

ZONE = timezone(timedelta(hours=3))
DAY = 540
"""Minutes in a working day."""

_OPENS = time(9, 0)


@cache
def workday(day: date, shift: int) -> date:
    """The working day `shift` working days after (before, when negative) `day`.

    A Saturday or Sunday counts as the Friday before it.
    """
    friday = day - timedelta(days=max(0, day.weekday() - 4))
    weeks, rest = divmod(friday.weekday() + shift, 5)
    return friday + timedelta(days=weeks * 7 + rest - friday.weekday())


def ago(now: datetime, minutes: int) -> datetime:
    """The moment (UTC) so many working minutes before `now`.

    Outside working hours `now` counts as the edge of the nearest working day before it.
    """
    local = now.astimezone(ZONE)
    opened = datetime.combine(workday(local.date(), 0), _OPENS, ZONE)
    passed = int((local - opened).total_seconds() // 60)
    days, minute = divmod(min(DAY - 1, max(0, passed)) - minutes, DAY)
    day = datetime.combine(workday(opened.date(), days), _OPENS, ZONE)
    return (day + timedelta(minutes=minute)).astimezone(UTC)
