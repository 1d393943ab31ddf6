"""Reckon working time: the hours of a week, days with hours of their own, and a time zone. Nothing is read here.

A second is working time when its local time is within the hours of its local day. So an hour that a clock's change
skips is no working time, and one that it repeats counts twice.
"""

import re
from bisect import bisect_left, bisect_right
from calendar import timegm
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, tzinfo
from time import gmtime
from typing import NamedTuple

from helpdesk.errors import Invalid, Sentence, sentence

Spans = tuple[tuple[int, int], ...]
"""The hours of a day: minutes since midnight, each with its end, which is not included. They rise and do not touch."""
Week = tuple[Spans, Spans, Spans, Spans, Spans, Spans, Spans]
"""The hours of the days from Monday."""

DAY = 86_400
DAY_MINUTES = 1_440
MOST_SPANS = 4
MOST_CHARACTERS = 400
FIRST_YEAR, LAST_YEAR = 1970, 2199
EARLIEST, LATEST = (timegm((year, 1, 1, 0, 0, 0)) for year in (FIRST_YEAR, LAST_YEAR + 1))
"""No time is working time outside of these."""
FIRST_WEEKDAY = 3
"""The first of January 1970 was a Thursday."""

ALL_DAY: Spans = ((0, DAY_MINUTES),)
EVERY_DAY: Week = (ALL_DAY,) * 7
SPAN = re.compile(r"(\d\d?):(\d\d)[-–](\d\d?):(\d\d)", re.ASCII)
NO_HOURS = sentence(
    "Give hours such as 09:00-13:00,14:00-18:00, between 00:00 and 24:00, in order, at most four times a day."
)
SEVEN_DAYS = sentence("Give the hours of seven days.")


def parse_day(text: str, field: str = "hours") -> Spans:
    """Return the hours of a day, such as `09:00-13:00,14:00-18:00`; none of an empty text. Raises Invalid."""
    parts = text.replace(" ", "").split(",", MOST_SPANS) if len(text) <= MOST_CHARACTERS else [text]
    if parts == [""]:
        return ()
    spans: list[tuple[int, int]] = []
    for found in map(SPAN.fullmatch, parts):
        if found is None or len(parts) > MOST_SPANS:
            raise _refused(field, NO_HOURS)
        hours, minutes, end_hours, end_minutes = map(int, found.groups())
        start, end = hours * 60 + minutes, end_hours * 60 + end_minutes
        last = spans[-1][1] if spans else 0
        if max(minutes, end_minutes) > 59 or not last <= start < end <= DAY_MINUTES:
            raise _refused(field, NO_HOURS)
        if spans and start == last:
            start, _ = spans.pop()
        spans.append((start, end))
    return tuple(spans)


def parse_week(text: str, field: str = "hours") -> Week:
    """Return the hours of the days from Monday, which semicolons part. Raises Invalid."""
    days = text.split(";", 7)
    if len(text) > MOST_CHARACTERS or len(days) != 7:
        raise _refused(field, SEVEN_DAYS)
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = (parse_day(it, field) for it in days)
    return monday, tuesday, wednesday, thursday, friday, saturday, sunday


def day_text(spans: Spans) -> str:
    """Return hours as `parse_day` reads them."""
    return ",".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in spans)


def _refused(field: str, message: Sentence) -> Invalid:
    return Invalid({field: [message]})


class _Stretches(NamedTuple):
    """The working time from `first` to `until`: starts, ends, and the seconds of working time before each start."""

    first: int
    until: int
    starts: list[int]
    ends: list[int]
    before: list[int]

    def worked(self, moment: int) -> int:
        """Return the seconds of working time until a moment."""
        place = bisect_right(self.starts, moment) - 1
        return self.before[place] + min(moment, self.ends[place]) - self.starts[place] if place >= 0 else 0

    @property
    def total(self) -> int:
        return self.worked(self.until)


class WorkingHours:
    """Working hours in a time zone. Moments are seconds since 1970. Several threads may use one at once."""

    def __init__(self, zone: tzinfo, week: Week, days: Mapping[date, Spans] | None = None) -> None:
        self.zone, self.week = zone, week
        self.days = {(day - date(1970, 1, 1)).days: spans for day, spans in (days or {}).items()}
        self._special_years = {day.year for day, spans in (days or {}).items() if spans}
        self._years: dict[int, list[tuple[int, int]]] = {}
        self._stretches = _Stretches(EARLIEST, EARLIEST, [], [], [])

    def between(self, start: int, end: int) -> int:
        """Return the seconds of working time from `start` to `end`, 0 when the end is before the start."""
        start, end = max(start, EARLIEST), min(end, LATEST)
        if start >= end:
            return 0
        stretches = self._covering(start, end)
        return stretches.worked(end) - stretches.worked(start)

    def after(self, start: int, seconds: int) -> int | None:
        """Return the earliest moment by which so much working time has passed; None if there is none until 2200."""
        if seconds <= 0:
            return start
        start = max(start, EARLIEST)
        ahead = DAY * 366
        while seconds <= LATEST - start:
            stretches = self._covering(start, min(start + ahead, LATEST))
            target = stretches.worked(start) + seconds
            if target <= stretches.total:
                place = bisect_left(stretches.before, target) - 1
                return stretches.starts[place] + target - stretches.before[place]
            if stretches.until >= LATEST:
                return None
            ahead *= 2
        return None

    def _covering(self, start: int, end: int) -> _Stretches:
        """Return stretches that reach from `start` to `end`: those that are known, or more of them."""
        known = self._stretches
        if known.first <= start and end <= known.until:
            return known
        years = [gmtime(start).tm_year, gmtime(end - 1).tm_year]
        if known.until > known.first:
            years += [gmtime(known.first).tm_year, gmtime(known.until - 1).tm_year]
        self._stretches = known = self._joined(min(years), max(years))
        return known

    def _joined(self, first: int, last: int) -> _Stretches:
        starts, ends, before = list[int](), list[int](), list[int]()
        total = 0
        for year in range(first, last + 1):
            if year not in self._years:
                self._years[year] = list(self._of_year(year))
            for start, end in self._years[year]:
                if ends and start == ends[-1]:
                    ends[-1] = end
                else:
                    starts.append(start)
                    ends.append(end)
                    before.append(total)
                total += end - start
        return _Stretches(_year(first), _year(last + 1), starts, ends, before)

    def _of_year(self, year: int) -> Iterator[tuple[int, int]]:
        """Yield the working time of a year of UTC, in order."""
        if not any(self.week) and not self._special_years.intersection((year - 1, year, year + 1)):
            return
        for start, end, offset in self._offsets(_year(year), _year(year + 1)):
            for day in range((start + offset) // DAY, (end + offset - 1) // DAY + 1):
                midnight = day * DAY - offset
                for first, last in self.days.get(day, self.week[(day + FIRST_WEEKDAY) % 7]):
                    begins, ends = max(midnight + first * 60, start), min(midnight + last * 60, end)
                    if begins < ends:
                        yield begins, ends

    def _offsets(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Yield the stretches in which local time keeps its distance from UTC, which is found once a day."""
        begin, offset = start, self._offset(start)
        for day in range(start, end, DAY):
            if self._offset(day + DAY) != offset:
                change = bisect_left(range(day, day + DAY), True, key=lambda at: self._offset(at) != offset)
                yield begin, day + change, offset
                begin, offset = day + change, self._offset(day + DAY)
        yield begin, end, offset

    def _offset(self, moment: int) -> int:
        distance = datetime.fromtimestamp(moment, UTC).astimezone(self.zone).utcoffset()
        return int(distance.total_seconds()) if distance else 0


def _year(number: int) -> int:
    return timegm((number, 1, 1, 0, 0, 0))


ALWAYS = WorkingHours(UTC, EVERY_DAY)
"""All time is working time, where no calendar is set."""
