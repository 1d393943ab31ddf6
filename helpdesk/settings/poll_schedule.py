"""Poll intervals by days and hours: `sat-sun 30; mon-fri 20:00-07:00 15`. Pure functions."""

import re
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from helpdesk.settings.parsing import InvalidSetting

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
LONGEST_SECONDS = 3600
HINT = "Give slots such as: sat-sun 30; mon-fri 20:00-07:00 15"
SLOT = re.compile(
    r"(?:(?P<days>[a-z]{3}(?:-[a-z]{3})?(?:,[a-z]{3}(?:-[a-z]{3})?)*)\s+)?"
    r"(?:(?P<from>\d\d:\d\d)-(?P<to>\d\d:\d\d)\s+)?"
    r"(?P<seconds>[1-9]\d{0,3})",
    re.ASCII,
)


class Slot(NamedTuple):
    """An interval for `days` (0 is Monday), from minute `start` of the day up to `end`.

    An `end` that is not after `start` lies in the next day, which need not be among `days`.
    """

    days: frozenset[int]
    start: int
    end: int
    seconds: int

    def holds(self, weekday: int, minute: int) -> bool:
        if self.start < self.end:
            return weekday in self.days and self.start <= minute < self.end
        return (weekday in self.days and minute >= self.start) or ((weekday - 1) % 7 in self.days and minute < self.end)

    def __str__(self) -> str:
        days = ",".join(DAYS[day] for day in sorted(self.days))
        return f"{days} {_clock(self.start)}-{_clock(self.end)} {self.seconds}"


class Schedule(NamedTuple):
    """Slots in order: the first one that holds at a moment counts."""

    slots: tuple[Slot, ...]

    def __str__(self) -> str:
        return "; ".join(map(str, self.slots))


def interval_at(moment: datetime, timezone: ZoneInfo, usual: int, schedule: Schedule | None) -> int:
    """Return the seconds between two polls at `moment` (aware), by the local time of `timezone`.

    Outside of all slots it is `usual`.
    """
    local = moment.astimezone(timezone)
    minute = local.hour * 60 + local.minute
    slots = schedule.slots if schedule else ()
    return next((slot.seconds for slot in slots if slot.holds(local.weekday(), minute)), usual)


def parse_seconds(text: str) -> int:
    """Parse the interval between two polls. Raises InvalidSetting."""
    if not re.fullmatch(r"[1-9]\d{0,3}", text, re.ASCII) or int(text) > LONGEST_SECONDS:
        raise InvalidSetting("is no number of seconds", f"Give one from 1 to {LONGEST_SECONDS}")
    return int(text)


def parse_schedule(text: str) -> Schedule:
    """Parse slots separated by `;`, each `[days] [hh:mm-hh:mm] seconds`. Raises InvalidSetting."""
    return Schedule(tuple(_parse_slot(part.strip().lower()) for part in text.strip("; ").split(";")))


def _parse_slot(text: str) -> Slot:
    parts = SLOT.fullmatch(text)
    if not parts:
        raise InvalidSetting("is no schedule", HINT)
    start, end = _parse_minute(parts["from"] or "00:00"), _parse_minute(parts["to"] or "24:00")
    if start in (end, DAY_MINUTES):
        raise InvalidSetting("has a slot that begins where it ends", HINT)
    return Slot(_parse_days(parts["days"]), start, end, parse_seconds(parts["seconds"]))


def _parse_days(text: str | None) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    try:
        spans = [[DAYS.index(name) for name in span.split("-")] for span in text.split(",")]
    except ValueError as error:
        raise InvalidSetting("names an unknown day", f"Days are {' '.join(DAYS)}") from error
    return frozenset((span[0] + step) % 7 for span in spans for step in range((span[-1] - span[0]) % 7 + 1))


def _parse_minute(text: str) -> int:
    hour, minute = map(int, text.split(":"))
    if minute > 59 or hour * 60 + minute > DAY_MINUTES:
        raise InvalidSetting("names an hour that no clock shows", HINT)
    return hour * 60 + minute


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
