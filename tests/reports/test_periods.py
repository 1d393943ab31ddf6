"""Periods: whole days, divided without gap or overlap, whatever the clocks do."""

import random
from datetime import UTC, date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from helpdesk.reports import periods
from helpdesk.reports.periods import DAY, PRESETS, STEPS, Period

TODAY = date(2026, 11, 18)  # a Wednesday


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("week", date(2026, 11, 16), TODAY),
        ("month", date(2026, 11, 1), TODAY),
        ("quarter", date(2026, 10, 1), TODAY),
        ("year", date(2026, 1, 1), TODAY),
        ("last-week", date(2026, 11, 9), date(2026, 11, 15)),
        ("last-month", date(2026, 10, 1), date(2026, 10, 31)),
        ("last-quarter", date(2026, 7, 1), date(2026, 9, 30)),
        ("last-year", date(2025, 1, 1), date(2025, 12, 31)),
        ("12-months", date(2025, 12, 1), TODAY),
    ],
)
def test_a_preset_moves_with_the_days(name: str, first: date, last: date) -> None:
    assert periods.of_preset(name, TODAY) == (first, last)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("week", date(2026, 11, 9), date(2026, 11, 11)),
        ("month", date(2026, 10, 1), date(2026, 10, 18)),
        ("quarter", date(2026, 7, 1), date(2026, 8, 18)),
        ("last-month", date(2026, 9, 1), date(2026, 9, 30)),
        ("last-quarter", date(2026, 4, 1), date(2026, 6, 30)),
        ("12-months", date(2024, 12, 1), date(2025, 11, 18)),
    ],
)
def test_a_period_is_compared_with_as_much_of_the_unit_before(name: str, first: date, last: date) -> None:
    assert periods.before(periods.of_preset(name, TODAY), name) == (first, last)


def test_a_month_that_is_not_over_is_not_compared_with_days_of_its_own() -> None:
    march = periods.of_preset("month", date(2026, 3, 30))
    assert periods.before(march, "month") == (date(2026, 2, 1), date(2026, 2, 28))


def test_chosen_days_are_compared_with_as_many_before_them() -> None:
    assert periods.before(Period(date(2026, 3, 11), date(2026, 3, 20))) == (date(2026, 3, 1), date(2026, 3, 10))


@pytest.mark.parametrize("step", STEPS)
def test_parts_have_no_gap_and_no_overlap(step: str) -> None:
    chance = random.Random(7)
    for _ in range(200):
        first = date(2020, 1, 1) + timedelta(days=chance.randrange(2000))
        period = Period(first, first + timedelta(days=chance.randrange(900)))
        parts = periods.parts(period, step)
        assert (parts[0].first, parts[-1].last) == period and len(parts) == periods.count(period, step)
        assert all(later.first - earlier.last == DAY for earlier, later in pairwise(parts))
        assert all(it.first.weekday() == 0 for it in parts[1:] if step == "week")
        assert all(it.first.day == 1 for it in parts[1:] if step in ("month", "year"))
        assert all(it.first.month == 1 for it in parts[1:] if step == "year")


@pytest.mark.parametrize(
    "zone", ["Europe/Moscow", "Europe/Berlin", "America/Santiago", "Atlantic/Azores", "Asia/Beirut"]
)
def test_every_moment_is_in_one_day(zone: str) -> None:
    """Clocks of Santiago and Beirut skip midnight, those of the Azores show it twice."""
    place = ZoneInfo(zone)
    days = [date(2026, 1, 1) + n * DAY for n in range(365)]
    borders = [periods.midnight(day, place) for day in days]
    assert all(timedelta(hours=22) < later - earlier < timedelta(hours=26) for earlier, later in pairwise(borders))
    for day, (begin, end) in zip(days, pairwise(borders), strict=False):
        assert begin.astimezone(place).date() == day == (end - timedelta(seconds=1)).astimezone(place).date()
    assert all(it.tzinfo is UTC for it in borders)


def test_presets_of_all_days_are_in_order() -> None:
    for day in (date(2024, 2, 29) + n * DAY for n in range(800)):
        for name in PRESETS:
            period = periods.of_preset(name, day)
            earlier = periods.before(period, name)
            assert earlier.first <= earlier.last < period.first <= period.last <= day
