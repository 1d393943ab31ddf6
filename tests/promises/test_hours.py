"""Working hours, against a reckoning that looks at every minute's local time."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from helpdesk.errors import Invalid
from helpdesk.promises.hours import (
    ALWAYS,
    LATEST,
    Spans,
    Week,
    WorkingHours,
    day_text,
    parse_day,
    parse_week,
)

WEEKDAYS = ";".join(["09:00-18:00"] * 5 + ["", ""])
ZONES = ("Europe/Berlin", "Europe/Moscow", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo")
NONE = parse_week(";" * 6)


def at(zone: str, *moment: int) -> int:
    return int(datetime(*moment, tzinfo=ZoneInfo(zone)).timestamp())  # type: ignore[arg-type, misc]  # the first five


def is_working(hours: WorkingHours, days: dict[date, Spans], moment: int) -> bool:
    """What the calendar says of a minute, from its local time alone."""
    local = datetime.fromtimestamp(moment, UTC).astimezone(hours.zone)
    spans = days.get(local.date(), hours.week[local.weekday()])
    return any(start <= local.hour * 60 + local.minute < end for start, end in spans)


def some_spans(chance: random.Random) -> Spans:
    times = sorted(chance.sample(range(0, 1441, 15), 2 * chance.randrange(4)))
    return tuple(zip(times[::2], times[1::2], strict=True))


def some_hours(chance: random.Random, zone: str) -> tuple[WorkingHours, dict[date, Spans]]:
    week: Week = tuple(some_spans(chance) for _ in range(7))  # type: ignore[assignment]  # there are seven
    days = {date(2024, 1, 1) + timedelta(chance.randrange(800)): some_spans(chance) for _ in range(60)}
    return WorkingHours(ZoneInfo(zone), week, days), days


def around_changes(zone: str) -> Iterator[int]:
    """The mornings of the days on which clocks are changed in two years."""
    start = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
    moments = [start + day * 86_400 for day in range(731)]
    offsets = [datetime.fromtimestamp(it, ZoneInfo(zone)).utcoffset() for it in moments]
    for place in range(730):
        if offsets[place] != offsets[place + 1]:
            yield moments[place]


@pytest.mark.parametrize("zone", ZONES)
def test_working_time_is_that_of_all_its_minutes(zone: str) -> None:
    chance = random.Random(zone)
    begin = int(datetime(2024, 6, 1, tzinfo=UTC).timestamp())
    for _ in range(2):
        hours, days = some_hours(chance, zone)
        for start in (*around_changes(zone), begin, begin + chance.randrange(365 * 86_400) // 60 * 60):
            start -= 86_400
            length = chance.randrange(3 * 1440)
            minutes = sum(is_working(hours, days, start + minute * 60) for minute in range(length))
            assert hours.between(start, start + length * 60) == minutes * 60


@pytest.mark.parametrize("zone", ZONES)
def test_parts_add_up_and_after_is_the_inverse(zone: str) -> None:
    chance = random.Random(zone)
    for _ in range(8):
        hours, _ = some_hours(chance, zone)
        for _ in range(40):
            first, middle, last = sorted(chance.randrange(1_600_000_000, 1_900_000_000) for _ in range(3))
            worked = hours.between(first, last)
            assert hours.between(first, middle) + hours.between(middle, last) == worked
            assert 0 <= worked <= last - first
            end = hours.after(first, worked)
            assert end is not None
            assert end <= last
            assert hours.between(first, end) == worked
            assert worked == 0 or hours.between(first, end - 1) == worked - 1
            seconds = chance.randrange(1, 10_000_000)
            if (later := hours.after(first, seconds)) is not None:
                assert hours.between(first, later) == seconds
                assert hours.between(first, later - 1) == seconds - 1


def test_a_night_shift_has_an_hour_more_or_less_when_the_clocks_change() -> None:
    nights = WorkingHours(ZoneInfo("Europe/Berlin"), parse_week(";".join(["00:00-06:00,22:00-24:00"] * 7)))
    for month, day, length in ((3, 30, 7), (10, 26, 9), (6, 1, 8)):
        evening = at("Europe/Berlin", 2025, month, day, 12) - 86_400
        assert nights.between(evening, at("Europe/Berlin", 2025, month, day, 12)) == length * 3600


def test_an_hour_that_is_skipped_is_no_working_time_and_a_repeated_one_counts_twice() -> None:
    berlin = WorkingHours(ZoneInfo("Europe/Berlin"), parse_week(";".join(["02:30-03:30"] * 7)))
    spring, autumn = at("Europe/Berlin", 2025, 3, 30, 0), at("Europe/Berlin", 2025, 10, 26, 0)
    assert berlin.between(spring, spring + 86_400) == 1800
    assert berlin.between(autumn, autumn + 86_400) == 5400


def test_a_day_of_its_own_takes_the_place_of_the_week() -> None:
    moscow = ZoneInfo("Europe/Moscow")
    holidays = {date(2026, 1, 1): (), date(2026, 1, 3): parse_day("10:00-14:00")}
    hours = WorkingHours(moscow, parse_week(WEEKDAYS), holidays)
    start, end = at("Europe/Moscow", 2026, 1, 1, 0), at("Europe/Moscow", 2026, 1, 5, 0)
    assert hours.between(start, end) == (9 + 4) * 3600  # Friday the 2nd, and some hours of Saturday
    only = WorkingHours(moscow, NONE, holidays)
    assert only.between(0, LATEST) == 4 * 3600
    assert only.after(0, 4 * 3600) == at("Europe/Moscow", 2026, 1, 3, 14)
    assert only.after(0, 4 * 3600 + 1) is None


def test_without_hours_nothing_is_ever_due() -> None:
    assert WorkingHours(UTC, NONE).after(1_700_000_000, 1) is None
    assert WorkingHours(UTC, NONE).between(0, LATEST) == 0
    assert WorkingHours(UTC, NONE).after(1_700_000_000, 0) == 1_700_000_000


def test_moments_beyond_the_years_are_no_working_time() -> None:
    far = 10**15
    assert ALWAYS.between(-far, far) == LATEST
    assert ALWAYS.between(far, -far) == 0
    assert ALWAYS.between(5, 5) == 0
    assert ALWAYS.after(-far, 60) == 60
    assert ALWAYS.after(far, 60) is None
    assert ALWAYS.after(0, far) is None
    assert ALWAYS.after(0, LATEST) == LATEST


def test_hours_are_read_and_written() -> None:
    assert parse_day("") == parse_day("  ") == ()
    assert parse_day("9:00-13:00, 14:00–18:00") == ((540, 780), (840, 1080))
    assert parse_day("00:00-12:00,12:00-24:00") == ((0, 1440),)
    assert day_text(parse_day("9:00-13:00,14:05-24:00")) == "09:00-13:00,14:05-24:00"
    assert parse_week(WEEKDAYS) == (((540, 1080),),) * 5 + ((), ())


@pytest.mark.parametrize(
    "text",
    [
        "9-18",
        "18:00-09:00",
        "09:00-09:00",
        "09:00-13:00,12:00-18:00",
        "14:00-18:00,09:00-13:00",
        "00:00-24:01",
        "09:60-10:00",
        "23:00-25:00",
        "09:00-18:00,",
        "٠٩:٠٠-١٨:٠٠",
        "01:00-02:00,03:00-04:00,05:00-06:00,07:00-08:00,09:00-10:00",
        "09:00-18:00\x00",
        "09:00-18:00\n",
        " " * 500,
        "0" * 100_000,
    ],
)
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_day(text, "monday")
    assert list(refused.value.fields) == ["monday"]


@pytest.mark.parametrize("text", ["", ";" * 5, ";" * 7, ";" * 100_000, "09:00-18:00"])
def test_a_week_has_seven_days(text: str) -> None:
    with pytest.raises(Invalid):
        parse_week(text)
