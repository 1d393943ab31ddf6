"""When Redmine's database is asked: after a failure not before a probe was answered, and then at once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from helpdesk.tasks.redmine.sql.failures import PAUSE_SECONDS, Breaker

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(lambda: clock.seconds, clock.now)


def test_a_database_that_answers_is_asked_and_never_probed(breaker: Breaker) -> None:
    assert breaker.is_closed and not breaker.takes_probe()
    assert breaker.succeeded() is False


def test_one_failure_opens_it_and_tells_since_when(breaker: Breaker, clock: Clock) -> None:
    assert breaker.failed() is True
    opened = clock.now()
    clock.seconds += 60
    assert breaker.failed() is False
    assert (breaker.is_closed, breaker.since) == (False, opened)


def test_it_is_probed_once_after_each_pause(breaker: Breaker, clock: Clock) -> None:
    breaker.failed()
    assert not breaker.takes_probe()
    for _ in range(3):
        clock.seconds += PAUSE_SECONDS
        assert [breaker.takes_probe() for _ in range(3)] == [True, False, False]


def test_the_probes_answer_closes_it_and_its_failure_begins_another_pause(breaker: Breaker, clock: Clock) -> None:
    breaker.failed()
    clock.seconds += PAUSE_SECONDS
    assert breaker.takes_probe() and breaker.failed() is False
    clock.seconds += PAUSE_SECONDS - 1
    assert not breaker.takes_probe()
    clock.seconds += 1
    assert breaker.takes_probe() and breaker.succeeded() is True
    assert breaker.is_closed and breaker.since is None


class Weather(RuleBasedStateMachine):
    """Whatever happens: never two probes within a pause, and a way back always."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = Breaker(lambda: self.clock.seconds, self.clock.now)
        self.last_word = "succeeded"
        self.quiet_until = 0.0

    @rule()
    def failed(self) -> None:
        self.breaker.failed()
        self.last_word, self.quiet_until = "failed", self.clock.seconds + PAUSE_SECONDS

    @rule()
    def succeeded(self) -> None:
        self.breaker.succeeded()
        self.last_word = "succeeded"

    @rule()
    def some_time(self) -> None:
        self.clock.seconds += PAUSE_SECONDS / 2

    @rule()
    def asked(self) -> None:
        due = self.last_word == "failed" and self.clock.seconds >= self.quiet_until
        assert self.breaker.takes_probe() is due
        if due:
            self.quiet_until = self.clock.seconds + PAUSE_SECONDS

    @invariant()
    def the_last_word_counts(self) -> None:
        assert self.breaker.is_closed is (self.last_word == "succeeded")


TestWeather = Weather.TestCase
