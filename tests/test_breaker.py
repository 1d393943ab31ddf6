"""When an outside system is asked: after a failure not before a probe was answered, and then at once."""

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from helpdesk.breaker import PAUSE_SECONDS, Breaker
from tests.clocks import Clock


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock.ticks, clock.now)


def test_a_system_that_answers_is_asked_and_never_probed(breaker: Breaker) -> None:
    assert breaker.is_closed and not breaker.takes_probe()
    assert breaker.succeeded() is False


def test_one_failure_opens_the_breaker_and_says_since_when(breaker: Breaker, clock: Clock) -> None:
    assert breaker.failed() is True
    opened = clock.now()
    clock.pass_(60)
    assert breaker.failed() is False
    assert (breaker.is_closed, breaker.since) == (False, opened)


def test_an_open_breaker_is_probed_once_after_each_pause(breaker: Breaker, clock: Clock) -> None:
    breaker.failed()
    assert not breaker.takes_probe()
    for _ in range(3):
        clock.pass_(PAUSE_SECONDS)
        assert [breaker.takes_probe() for _ in range(3)] == [True, False, False]


def test_the_probes_answer_closes_it_and_its_failure_begins_another_pause(breaker: Breaker, clock: Clock) -> None:
    breaker.failed()
    clock.pass_(PAUSE_SECONDS)
    assert breaker.takes_probe() and breaker.failed() is False
    clock.pass_(PAUSE_SECONDS - 1)
    assert not breaker.takes_probe()
    clock.pass_(1)
    assert breaker.takes_probe() and breaker.succeeded() is True
    assert breaker.is_closed and breaker.since is None


class Weather(RuleBasedStateMachine):
    """Whatever happens: never two probes within a pause, and a way back always."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = Breaker(self.clock.ticks, self.clock.now)
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
        self.clock.pass_(PAUSE_SECONDS / 2)

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
