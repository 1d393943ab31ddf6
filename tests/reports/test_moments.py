"""Times of Redmine's columns, read as seconds."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from helpdesk.tasks.redmine.sql.lives import DAY, YEAR_0, Moments


@pytest.mark.parametrize("name", ["Europe/Moscow", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"])
def test_seconds_are_those_of_the_moment(name: str) -> None:
    zone, chance = ZoneInfo(name), random.Random(name)
    moments = Moments(lambda value: value.replace(tzinfo=zone).astimezone(UTC))
    begin = datetime(2024, 1, 1)
    changed = [
        day
        for day in (begin + timedelta(number) for number in range(366))
        if day.replace(tzinfo=zone).utcoffset() != (day + timedelta(1)).replace(tzinfo=zone).utcoffset()
    ]
    assert bool(changed) is (name != "Europe/Moscow")
    days = [*changed, *(begin + timedelta(chance.randrange(366)) for _ in range(20))]
    for day in days:
        for minute in range(0, DAY // 60, 10):
            local = day + timedelta(minutes=minute)
            seconds = YEAR_0 + int((local - datetime(1970, 1, 1)).total_seconds())
            assert moments.of(seconds) == local.replace(tzinfo=zone).timestamp()
