"""Reckon when reports are sent by e-mail, and which days they are about: those of the week or the month before."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from helpdesk.errors import Sentence, sentence
from helpdesk.reports import periods
from helpdesk.reports.address import Address
from helpdesk.reports.periods import DAY

HOUR = time(8)


class Rhythm(NamedTuple):
    """`title` is for people. A report is sent when a `unit` begins, about the one before."""

    title: Sentence
    unit: str


RHYTHMS: Mapping[str, Rhythm] = {
    "weekly": Rhythm(sentence("On Mondays, about the week before"), "week"),
    "monthly": Rhythm(sentence("On the 1st, about the month before"), "month"),
}


def next_time(rhythm: str, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first time after a moment: HOUR on a Monday or on the first day of a month, by the clocks there."""
    today = after.astimezone(zone).date()
    return next(at for day in _days(rhythm, today) if (at := datetime.combine(day, HOUR, zone).astimezone(UTC)) > after)


def last_day(rhythm: str, now: datetime, zone: ZoneInfo) -> date:
    """Return the day of the last of these times, which may be this moment."""
    day, _ = _days(rhythm, now.astimezone(zone).date())
    return day if datetime.combine(day, HOUR, zone) <= now else _days(rhythm, day - DAY)[0]


def address_of(rhythm: str, saved: Address, today: date) -> Address:
    """Return what a saved report is about when it is sent on a day: the very days, so that they stay the same."""
    moving = saved._replace(period=f"last-{RHYTHMS[rhythm].unit}", since=None, until=None, by="")
    return moving.fixed(moving.within(today))


def _days(rhythm: str, today: date) -> tuple[date, date]:
    """Return the last day of the rhythm, which may be today, and the following one."""
    unit = RHYTHMS[rhythm].unit
    first = periods.begin(unit, today)
    return first, periods.after(unit, first)
