"""A person writes to so many addresses from tasks in an hour and in a day, and has to wait with more."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from helpdesk.web.mail.limits import DAY, HOUR, seconds_left

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
