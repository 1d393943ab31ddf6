"""The clocks of tasks, against a reckoning that lives through every minute."""

import random
from zoneinfo import ZoneInfo

import pytest

from helpdesk.promises.clock import Clock, Limits, Meaning, clocks
from helpdesk.promises.hours import ALWAYS, Week, WorkingHours, parse_week
from helpdesk.reports.model import Life
from tests.promises.test_hours import is_working, some_hours

NEW, ACTIVE, WAITING, CLOSED, REJECTED = 1, 2, 3, 5, 6
MEANING = Meaning(frozenset({CLOSED, REJECTED}), frozenset({WAITING}))
HOUR = 3600
MONDAY = 1_764_547_200
"""The first of December 2025, midnight in UTC."""
OFFICE: Week = parse_week(";".join(["09:00-18:00"] * 5 + ["", ""]))


def life(*statuses: tuple[int, float], answered: float | None = None) -> Life:
    """A task with these statuses, each with its hour since Monday."""
    moments = tuple((status, MONDAY + int(hour * HOUR)) for status, hour in statuses)
    return Life(1, 1, 1, 1, 1, 2, moments[0][1], moments, None if answered is None else MONDAY + int(answered * HOUR))


def asked(task: Life, now: float, hours: WorkingHours = ALWAYS, minutes: int = 240) -> tuple[Clock, Clock]:
    answer, solution = clocks(task, Limits(minutes, minutes), MEANING, hours, MONDAY + int(now * HOUR))
    return answer, solution


def hour(moment: int | None) -> float | None:
    return None if moment is None else (moment - MONDAY) / HOUR


def test_clocks_run_from_the_creation() -> None:
    for clock in asked(life((NEW, 1)), 3):
        assert (clock.state, clock.elapsed, clock.left, hour(clock.due)) == ("running", 2 * HOUR, 2 * HOUR, 5)
        assert (clock.is_over, clock.is_kept, clock.percent, clock.stopped) == (False, False, 50, None)


def test_an_answer_stops_the_first_clock_only() -> None:
    answer, solution = asked(life((NEW, 1), answered=2), 9)
    assert (answer.state, answer.elapsed, hour(answer.stopped), answer.due) == ("stopped", HOUR, 2, None)
    assert answer.is_kept
    assert (solution.state, solution.elapsed, solution.is_over, hour(solution.due)) == ("running", 8 * HOUR, True, 5)


def test_what_is_closed_was_answered_then() -> None:
    answer, solution = asked(life((NEW, 0), (CLOSED, 2), (ACTIVE, 3), (CLOSED, 4), answered=3.5), 9)
    assert (answer.elapsed, hour(answer.stopped)) == (2 * HOUR, 2)
    assert (solution.elapsed, hour(solution.stopped), solution.is_kept) == (3 * HOUR, 4, True)


def test_a_reopened_task_goes_on() -> None:
    answer, solution = asked(life((NEW, 0), (CLOSED, 2), (NEW, 10)), 13)
    assert (answer.state, answer.elapsed) == ("stopped", 2 * HOUR)
    assert (solution.state, solution.elapsed, hour(solution.due)) == ("running", 5 * HOUR, 12)


def test_nothing_passes_while_the_requester_is_waited_for() -> None:
    answer, solution = asked(life((NEW, 0), (WAITING, 1)), 9)
    assert (answer.state, answer.elapsed, answer.due) == ("paused", HOUR, None)
    assert (solution.state, solution.elapsed, solution.due) == ("paused", HOUR, None)


def test_a_broken_promise_stays_broken_while_waiting() -> None:
    _, solution = asked(life((NEW, 0), (ACTIVE, 3), (WAITING, 6)), 9)
    assert (solution.state, solution.is_over, hour(solution.due), solution.left) == ("paused", True, 4, -2 * HOUR)


def test_the_limit_was_reached_before_a_pause_and_not_after_it() -> None:
    _, solution = asked(life((NEW, 0), (WAITING, 4), (NEW, 6)), 9)
    assert (solution.elapsed, hour(solution.due)) == (7 * HOUR, 4)


def test_from_closed_to_rejected_is_no_other_closing() -> None:
    _, solution = asked(life((NEW, 0), (CLOSED, 1), (REJECTED, 3)), 9)
    assert hour(solution.stopped) == 1


def test_the_history_is_read_with_what_statuses_mean_now() -> None:
    task, limits, now = life((NEW, 0), (REJECTED, 1)), Limits(240, 240), MONDAY + 9 * HOUR
    assert [it.is_kept for it in clocks(task, limits, MEANING, ALWAYS, now)] == [True, True]
    without = Meaning(frozenset({CLOSED}))
    assert [(it.state, it.elapsed) for it in clocks(task, limits, without, ALWAYS, now)] == [("running", 9 * HOUR)] * 2


def test_a_task_that_was_created_closed_kept_its_promises() -> None:
    for clock in asked(life((CLOSED, 1)), 9):
        assert (clock.elapsed, clock.is_kept, hour(clock.stopped)) == (0, True, 1)


def test_exactly_in_time_is_kept() -> None:
    for minutes, kept in ((60, True), (59, False)):
        answer, solution = asked(life((NEW, 0), (CLOSED, 1)), 9, minutes=minutes)
        assert answer.is_kept is solution.is_kept is kept


def test_at_the_limit_it_is_not_over_yet() -> None:
    (clock, _) = asked(life((NEW, 0)), 4)
    assert (clock.percent, clock.is_over, clock.left, hour(clock.due)) == (100, False, 0, 4)


def test_a_promise_of_no_time_is_kept_by_nobody_but_at_once() -> None:
    (clock, _) = asked(life((NEW, 0)), 1, minutes=0)
    assert (clock.percent, clock.is_over, hour(clock.due)) == (100, True, 0)


def test_only_what_is_promised_has_a_clock() -> None:
    kinds = [it.kind for it in clocks(life((NEW, 0)), Limits(solution_minutes=5), MEANING, ALWAYS, MONDAY)]
    assert kinds == ["solution"]
    assert clocks(life((NEW, 0)), Limits(), MEANING, ALWAYS, MONDAY) == ()


def test_the_night_and_the_weekend_do_not_count() -> None:
    office = WorkingHours(ZoneInfo("UTC"), OFFICE)
    friday = 4 * 24
    _, solution = asked(life((NEW, friday + 17)), friday + 24, office)
    assert (solution.elapsed, hour(solution.due)) == (HOUR, 7 * 24 + 12)
    _, solution = asked(life((NEW, friday + 17)), 7 * 24 + 13, office)
    assert (solution.elapsed, solution.is_over, hour(solution.due)) == (5 * HOUR, True, 7 * 24 + 12)


def test_without_hours_nothing_is_due() -> None:
    never = WorkingHours(ZoneInfo("UTC"), parse_week(";" * 6))
    for clock in asked(life((NEW, 0)), 1000, never):
        assert (clock.elapsed, clock.due, clock.is_over) == (0, None, False)


def test_moments_ahead_of_our_clock_count_as_now() -> None:
    """The server of the tasks may be some seconds ahead."""
    answer, solution = asked(life((NEW, 5), (CLOSED, 6), answered=5.5), 4)
    assert (answer.elapsed, hour(answer.stopped), solution.elapsed, hour(solution.stopped)) == (0, 4, 0, 4)
    assert asked(life((NEW, 5)), 4)[0].elapsed == 0


def test_an_answer_from_before_the_creation_took_no_time() -> None:
    answer, _ = asked(life((NEW, 5), answered=1), 9)
    assert (answer.elapsed, hour(answer.stopped)) == (0, 5)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe"])
def test_clocks_count_the_minutes_in_which_work_was_due(zone: str) -> None:
    chance = random.Random(zone)
    for _ in range(150):
        hours, days = some_hours(chance, zone)
        created = 1_742_000_000 // 60 * 60 + chance.randrange(60) * 86_400  # in spring, when clocks are changed
        moments = sorted(created + 60 * chance.randrange(5_000) for _ in range(chance.randrange(6)))
        statuses = tuple((chance.randrange(1, 7), it) for it in (created, *moments))
        comment = chance.choice([None, created + 60 * chance.randrange(5_000)])
        now = created + 60 * chance.randrange(6_000)
        task = Life(1, 1, 1, 1, 1, 2, created, statuses, comment)
        minutes = chance.randrange(2_000)

        elapsed = {"answer": 0, "solution": 0}
        reached: dict[str, int] = {}
        answered, status = False, NEW
        for moment in range(created, now, 60):
            status = [it for it, begin in statuses if begin <= moment][-1]
            passed = [it for it, begin in statuses if begin <= moment]
            answered = answered or any(it in MEANING.closed for it in passed)
            answered = answered or (comment is not None and comment <= moment)
            if status in (CLOSED, REJECTED, WAITING) or not is_working(hours, days, moment):
                continue
            for kind in ("solution",) if answered else ("answer", "solution"):
                elapsed[kind] += 1
                if elapsed[kind] == minutes + 1:
                    reached[kind] = moment

        for clock in clocks(task, Limits(minutes, minutes), MEANING, hours, now):
            assert clock.elapsed == elapsed[clock.kind] * 60
            assert clock.is_over is (elapsed[clock.kind] > minutes)
            if clock.is_over:
                assert clock.due is not None
                assert clock.due <= reached[clock.kind]
                assert hours.between(clock.due, reached[clock.kind]) == 0
