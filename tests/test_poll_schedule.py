"""How often we look, by days and hours: what is written is what is meant, at every minute of every week."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.settings.parsing import InvalidSetting
from helpdesk.settings.poll_schedule import DAY_MINUTES, Schedule, Slot, interval_at, parse_schedule, parse_seconds

MOSCOW = ZoneInfo("Europe/Moscow")
MONDAY = datetime(2026, 11, 16, tzinfo=MOSCOW)
WEEKEND_AND_NIGHTS = parse_schedule("sat-sun 30; mon-fri 20:00-07:00 15")

slots = st.builds(
    lambda days, start, length, seconds: Slot(days, start, _end(start, length), seconds),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.integers(0, DAY_MINUTES - 1),
    st.integers(1, DAY_MINUTES - 1),
    st.integers(1, 3600),
)
schedules = st.lists(slots, min_size=1, max_size=4).map(lambda listed: Schedule(tuple(listed)))
moments = st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))


def _end(start: int, length: int) -> int:
    end = start + length
    return end if end <= DAY_MINUTES else end % DAY_MINUTES


@pytest.mark.parametrize(
    ("day", "clock", "wanted"),
    [
        (0, "07:00", 3),
        (0, "19:59", 3),
        (0, "20:00", 15),
        (0, "06:59", 3),  # the night from Sunday is no weekday's
        (1, "06:59", 15),
        (4, "23:59", 15),
        (5, "00:00", 30),  # the first slot that holds counts, though Friday's night goes on
        (5, "12:00", 30),
        (6, "23:59", 30),
    ],
)
def test_weekends_and_nights_are_calmer(day: int, clock: str, wanted: int) -> None:
    hour, minute = map(int, clock.split(":"))
    assert interval_at(MONDAY + timedelta(day, hours=hour, minutes=minute), MOSCOW, 3, WEEKEND_AND_NIGHTS) == wanted


def test_the_schedule_follows_the_local_wall_clock() -> None:
    friday_evening = datetime(2026, 11, 20, 21, 30, tzinfo=UTC)  # Saturday half past midnight in Moscow
    assert interval_at(friday_evening, MOSCOW, 3, parse_schedule("sat 30")) == 30
    assert interval_at(friday_evening, ZoneInfo("UTC"), 3, parse_schedule("sat 30")) == 3


def test_without_a_schedule_it_is_always_the_same() -> None:
    assert interval_at(MONDAY, MOSCOW, 3, None) == 3


@pytest.mark.parametrize(
    ("text", "days", "start", "end", "pause"),
    [
        ("30", "0123456", 0, 1440, 30),
        ("SAT 30", "5", 0, 1440, 30),
        ("fri-mon 5", "4560", 0, 1440, 5),
        ("mon,wed-thu 5", "023", 0, 1440, 5),
        ("08:00-24:00 5", "0123456", 480, 1440, 5),
        ("sun  22:30-00:00  7", "6", 1350, 0, 7),
    ],
)
def test_a_slot_is_read_as_meant(text: str, days: str, start: int, end: int, pause: int) -> None:
    assert parse_schedule(text) == Schedule((Slot(frozenset(map(int, days)), start, end, pause),))


@pytest.mark.parametrize(
    "text",
    ["sat", "sat-sun", "day 5", "sat 0", "sat 3601", "25:00-26:00 5", "08:60-09:00 5", "08:00-08:00 5", "24:00-08:00 5",
     "8:00-9:00 5", "sat-sun-mon 5", "sat 5, sun 6", "sat 5;; sun 6", "5 sat", "sat ٣"],
)  # fmt: skip
def test_a_text_that_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(InvalidSetting):
        parse_schedule(text)


@pytest.mark.parametrize("text", ["0", "-1", "3.5", "3601", "soon", "٣"])
def test_a_pause_is_a_whole_number_of_seconds(text: str) -> None:
    with pytest.raises(InvalidSetting):
        parse_seconds(text)


@given(schedules)
def test_a_schedule_shown_is_the_schedule_written(written: Schedule) -> None:
    assert parse_schedule(str(written)) == written


@given(schedules, moments)
def test_the_pause_is_that_of_the_first_slot_that_began_last(written: Schedule, moment: datetime) -> None:
    """Told in another way: a slot holds when less than its length has gone by since its last beginning."""
    minute = int((moment.astimezone(MOSCOW).replace(tzinfo=None) - datetime(2000, 1, 3)).total_seconds() // 60)

    def since(slot: Slot) -> int:
        return min((minute - day * DAY_MINUTES - slot.start) % (7 * DAY_MINUTES) for day in slot.days)

    def length(slot: Slot) -> int:
        return slot.end - slot.start if slot.end > slot.start else slot.end - slot.start + DAY_MINUTES

    wanted = next((slot.seconds for slot in written.slots if since(slot) < length(slot)), 3)
    assert interval_at(moment, MOSCOW, 3, written) == wanted


@given(st.text())
def test_any_text_is_a_schedule_or_a_fault(text: str) -> None:
    with suppress(InvalidSetting):
        assert all(slot.days and 1 <= slot.seconds <= 3600 for slot in parse_schedule(text).slots)
