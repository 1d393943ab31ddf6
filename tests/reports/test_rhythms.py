"""When reports are sent: at eight by the clocks of the company, whatever clocks do, about the days before."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from helpdesk.reports.address import Address
from helpdesk.reports.rhythms import address_of, last_day, next_time

BERLIN, MOSCOW, APIA = (ZoneInfo(it) for it in ("Europe/Berlin", "Europe/Moscow", "Pacific/Apia"))


@pytest.mark.parametrize(
    ("rhythm", "after", "then"),
    [
        ("weekly", datetime(2026, 11, 29, 23), datetime(2026, 11, 30, 8)),  # a Sunday
        ("weekly", datetime(2026, 11, 30, 7, 59), datetime(2026, 11, 30, 8)),
        ("weekly", datetime(2026, 11, 30, 8), datetime(2026, 12, 7, 8)),
        ("weekly", datetime(2026, 12, 28, 9), datetime(2027, 1, 4, 8)),
        ("weekly", datetime(2026, 3, 28, 12), datetime(2026, 3, 30, 8)),  # clocks go on in the night before Sunday
        ("monthly", datetime(2026, 12, 1, 7), datetime(2026, 12, 1, 8)),
        ("monthly", datetime(2026, 12, 1, 8), datetime(2027, 1, 1, 8)),
        ("monthly", datetime(2026, 1, 31), datetime(2026, 2, 1, 8)),
        ("monthly", datetime(2024, 2, 29), datetime(2024, 3, 1, 8)),
    ],
)
def test_the_next_time_is_at_eight_by_the_clocks_there(rhythm: str, after: datetime, then: datetime) -> None:
    for zone in (BERLIN, MOSCOW):
        found = next_time(rhythm, after.replace(tzinfo=zone).astimezone(UTC), zone)
        assert found.astimezone(zone).replace(tzinfo=None) == then


@pytest.mark.parametrize("zone", [BERLIN, MOSCOW, APIA])
@pytest.mark.parametrize("rhythm", ["weekly", "monthly"])
def test_a_report_comes_once_in_each_week_or_month_for_years(zone: ZoneInfo, rhythm: str) -> None:
    at, days = datetime(2010, 12, 1, tzinfo=UTC), []
    while at.year < 2027:
        following = next_time(rhythm, at, zone)
        assert following > at
        at = following
        local = at.astimezone(zone)
        assert local.hour == 8 and (local.weekday() == 0 if rhythm == "weekly" else local.day == 1)
        just_before = last_day(rhythm, at - timedelta(seconds=1), zone)
        assert last_day(rhythm, at, zone) == local.date() and just_before == (days or [just_before])[-1]
        days.append(local.date())
    if rhythm == "weekly":
        assert {b - a for a, b in zip(days, days[1:], strict=False)} == {timedelta(days=7)}
    else:
        months = [it.year * 12 + it.month for it in days]
        assert months == list(range(months[0], months[0] + len(months)))


@pytest.mark.parametrize(
    ("rhythm", "first", "last"),
    [("weekly", date(2026, 11, 23), date(2026, 11, 29)), ("monthly", date(2026, 10, 1), date(2026, 10, 31))],
)
def test_a_report_is_about_the_days_before_whatever_it_was_saved_with(rhythm: str, first: date, last: date) -> None:
    for saved in (Address(), Address("year", by="month"), Address("", date(2020, 1, 1), date(2020, 2, 2), page=3)):
        found = address_of(rhythm, saved._replace(groups=("executor",)), date(2026, 11, 30))
        assert (found.since, found.until, found.by, found.page) == (first, last, "", 1)
        assert found.groups == ("executor",)
