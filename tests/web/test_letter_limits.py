"""A person writes to so many addresses from tasks in an hour and in a day, and has to wait with more."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.store.database import Database
from helpdesk.web.mail.limits import DAY, HOUR, TooManyLetters, reserved, seconds_left

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SENT = st.lists(st.tuples(st.integers(0, 200_000), st.integers(1, 20)), max_size=20)


@given(SENT, st.integers(1, 20), st.integers(20, 100), st.sampled_from([HOUR, DAY]))
def test_after_the_wait_and_not_before_there_is_room(
    sent: list[tuple[int, int]], more: int, most: int, within: timedelta
) -> None:
    moments = [(NOW - timedelta(seconds=ago), count) for ago, count in sorted(sent)]

    def fits(later: int) -> bool:
        counted = (count for at, count in moments if at > NOW + timedelta(seconds=later) - within)
        return sum(counted) + more <= most

    wait = seconds_left(moments, more, most, within, NOW)
    assert fits(wait) and (wait == 0 or not fits(wait - 1))


async def test_letters_that_are_being_written_count_too(database: Database) -> None:
    settings = SimpleNamespace(letters_per_day=20)
    its = SimpleNamespace(settings=settings, database=database, clock=lambda: NOW, letters_underway=Counter())
    request: Any = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(services=its)))
    async with reserved(request, 2, 12):
        with pytest.raises(TooManyLetters):
            async with reserved(request, 2, 9):
                pass
        async with reserved(request, 2, 8), reserved(request, 3, 20):
            pass
    assert dict(its.letters_underway) == {}
