"""Reckon when reports are sent by e-mail, and which days they are about: those of the week or the month before."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from helpdesk.errors import Sentence, sentence
from helpdesk.reports.address import Address

HOUR = time(8)
DAY = timedelta(days=1)


class Rhythm(NamedTuple):
    """`title` is for people; `preset` names the period that a report is about, whatever it was saved with."""

    title: Sentence
    preset: str


RHYTHMS: Mapping[str, Rhythm] = {
    "weekly": Rhythm(sentence("On Mondays, about the week before"), "last-week"),
    "monthly": Rhythm(sentence("On the 1st, about the month before"), "last-month"),
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
    moving = saved._replace(period=RHYTHMS[rhythm].preset, since=None, until=None, by="")
    return moving.fixed(moving.within(today))


def _days(rhythm: str, today: date) -> tuple[date, date]:
    """Return the last day of the rhythm, which may be today, and the following one."""
    if rhythm == "weekly":
        monday = today - today.weekday() * DAY
        return monday, monday + 7 * DAY
    first = today.replace(day=1)
    return first, (first + 31 * DAY).replace(day=1)
