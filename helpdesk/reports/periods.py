"""Reckon with the periods of reports: whole days in the company's time zone, divided into days, weeks, months or years.

Weeks begin on Monday. A day may have 23 or 25 hours.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from helpdesk.errors import Sentence, sentence

DAY = timedelta(days=1)
STEPS = {"day": sentence("days"), "week": sentence("weeks"), "month": sentence("months"), "year": sentence("years")}
"""What a period is divided into, with the words for people."""
DAILY, WEEKLY, MONTHLY = 31, 190, 3_653
"""Up to how many days a period is divided into days, weeks and months, unless somebody chooses."""
FIRST_DAY = date(1970, 1, 2)
"""Earlier days are in no report."""


class Period(NamedTuple):
    """Days from the first to the last one, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def borders(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return the moments at which it begins and ends."""
        return midnight(self.first, zone), midnight(self.last + DAY, zone)


class Preset(NamedTuple):
    """A period by its name: it moves on with the days."""

    title: Sentence
    unit: str
    back: int = 0


PRESETS = {
    "week": Preset(sentence("This week"), "week"),
    "month": Preset(sentence("This month"), "month"),
    "quarter": Preset(sentence("This quarter"), "quarter"),
    "year": Preset(sentence("This year"), "year"),
    "last-week": Preset(sentence("Last week"), "week", 1),
    "last-month": Preset(sentence("Last month"), "month", 1),
    "last-quarter": Preset(sentence("Last quarter"), "quarter", 1),
    "last-year": Preset(sentence("Last year"), "year", 1),
    "12-months": Preset(sentence("Twelve months"), "12-months"),
}
DEFAULT = "12-months"
MONTHS = {"month": 1, "quarter": 3, "year": 12, "12-months": 12}
"""How many months a unit has."""


def of_preset(name: str, today: date) -> Period:
    """Return the days of a preset, none after today."""
    preset = PRESETS[name]
    if name == DEFAULT:
        return Period(_months_on(today.replace(day=1), -11), today)
    first = begin(preset.unit, today)
    for _ in range(preset.back):
        first = begin(preset.unit, first - DAY)
    return Period(first, min(after(preset.unit, first) - DAY, today))


def before(period: Period, name: str = "") -> Period:
    """Return the period to compare with: that of the unit before, as far as this one has come, or else as many days
    that end where this one begins."""
    unit = PRESETS[name].unit if name else ""
    if unit == "":
        return Period(period.first - period.days * DAY, period.first - DAY)
    first = _months_on(period.first, -12) if name == DEFAULT else begin(unit, period.first - DAY)
    if period.last == after(unit, period.first) - DAY:  # the whole unit
        return Period(first, period.first - DAY)
    return Period(first, min(first + (period.days - 1) * DAY, period.first - DAY))


def borders(parts: Sequence[Period], zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return the moments at which parts that follow each other begin, and at which the last one ends."""
    return (midnight(parts[0].first, zone), *(midnight(it.last + DAY, zone) for it in parts))


def usual_step(period: Period) -> str:
    """Return what a period is divided into unless somebody chooses."""
    longest = {"day": DAILY, "week": WEEKLY, "month": MONTHLY}
    return next((step for step, days in longest.items() if period.days <= days), "year")


def parts(period: Period, step: str) -> tuple[Period, ...]:
    """Divide a period. The first and the last part may be shorter than the rest."""
    return tuple(_parts(period, step))


def count(period: Period, step: str) -> int:
    """Return the number of a period's parts without making them."""
    if step == "month":
        first, last = period
        return (last.year - first.year) * 12 + last.month - first.month + 1
    if step == "year":
        return period.last.year - period.first.year + 1
    if step == "week":
        return (begin("week", period.last) - begin("week", period.first)).days // 7 + 1
    return period.days


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment at which a day begins. Where clocks skip midnight, that is when they do."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def begin(unit: str, day: date) -> date:
    """Return the first day of the unit that a day is in."""
    if unit == "day":
        return day
    if unit == "week":
        return day - day.weekday() * DAY
    months = MONTHS[unit]
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)


def after(unit: str, first: date) -> date:
    """Return the first day after a unit that begins on `first`."""
    if unit in ("day", "week"):
        return first + (DAY if unit == "day" else 7 * DAY)
    return _months_on(first, MONTHS[unit])


def _parts(period: Period, step: str) -> Iterator[Period]:
    first = period.first
    while first <= period.last:
        following = after(step, begin(step, first))
        yield Period(first, min(following - DAY, period.last))
        first = following


def _months_on(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)
