"""Two pollers of one store, their polls interleaved in any way, leases running out, holders killed: once is once."""

import os
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from typing import TypeVar

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlmodel import Session

from helpdesk.errors import Unavailable
from helpdesk.notifications import event_processing, recipients
from helpdesk.notifications.feed_poller import FeedPoller
from helpdesk.notifications.recipients import EventTexts, read_texts
from helpdesk.store.database import Database
from helpdesk.store.models import notifications as notification_models
from helpdesk.tasks.feed import Event, FeedPage
from tests.notifications.listed_feed import SILENCE, Clock, ListedFeed, both, make_poller, told

T = TypeVar("T")
EXAMPLES = 1_500 if os.environ.get("SOAK") else 20
POLLERS = st.sampled_from([0, 1])


class Halt:
    """A place where a poll stands still until it is stepped on."""

    def __await__(self) -> Iterator[None]:
        yield


class Halting(Database):
    """The same store; each poll stands still before and after it is asked."""

    async def run(self, work: Callable[[Session], T], *, writes: bool = False) -> T:
        await Halt()
        found = self.run_here(work, writes)
        await Halt()
        return found


async def halting_texts(event: Event) -> EventTexts:
    """What a thread would read: polls are stepped by hand here, without an event loop."""
    await Halt()
    return read_texts(event)


class HaltingFeed(ListedFeed):
    async def read(self, position: str) -> FeedPage:
        await Halt()
        told = await super().read(position)
        await Halt()
        return told


class Pollers(RuleBasedStateMachine):
    """`polls` are the polls under way; whoever is killed comes back as another holder."""

    database: Database

    @initialize()
    def begin(self) -> None:
        for name in ("Notification", "ProcessedEvent", "FeedCursor", "Lease"):
            gone = sa.delete(getattr(notification_models, name))
            self.database.run_here(lambda db, gone=gone: db.exec(gone), writes=True)
        self.clock, self.feed, self.killed = Clock(), HaltingFeed(), 0
        self.pollers = [self.poller("0"), self.poller("1")]
        self.polls: list[Coroutine[object, None, bool] | None] = [None, None]
        self.keys: list[str] = []
        finish(self.pollers[0].poll())

    def poller(self, holder: str) -> FeedPoller:
        return make_poller(self.feed, self.database, self.clock, holder)

    @rule(count=st.integers(1, 3))
    def something_happens(self, count: int) -> None:
        self.keys += self.feed.happens(count)

    @rule(which=POLLERS, steps=st.integers(1, 8))
    def a_look_goes_on(self, which: int, steps: int) -> None:
        poll = self.polls[which] = self.polls[which] or self.pollers[which].poll()
        for _ in range(steps):
            try:
                poll.send(None)
            except (StopIteration, Unavailable):
                self.polls[which] = None
                return

    @rule(seconds=st.sampled_from([1, 5, 9, 11]))
    def time_passes(self, seconds: int) -> None:
        self.clock.pass_(seconds)

    @precondition(lambda self: any(self.polls))
    @rule(which=POLLERS)
    def one_is_killed(self, which: int) -> None:
        if poll := self.polls[which]:
            poll.close()
        self.killed += 1
        self.pollers[which], self.polls[which] = self.poller(f"{which} after {self.killed}"), None

    @rule(index=st.integers(0, 30))
    def the_tracker_is_silent_of_one_act_or_no_more(self, index: int) -> None:
        self.feed.broken = {self.keys[index]: SILENCE} if index < len(self.keys) else {}

    def teardown(self) -> None:
        if not hasattr(self, "polls"):
            return
        for poll in filter(None, self.polls):
            poll.close()
        assert max(Counter(told(self.database)).values(), default=1) == 1
        self.feed.broken = {}
        self.clock.pass_(60)
        assert finish(self.poller("last").poll())
        assert sorted(told(self.database)) == sorted(both(self.keys))


def finish(poll: Coroutine[object, None, bool]) -> bool:
    while True:
        try:
            poll.send(None)
        except StopIteration as done:
            return bool(done.value)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_each_person_is_notified_once_however_two_pollers_interleave(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    halting = Halting(database.engine.url.render_as_string())
    monkeypatch.setattr(recipients, "event_texts", halting_texts)
    monkeypatch.setattr(event_processing, "KILLS", 1_000)  # no act is to blame for these
    monkeypatch.setattr(Pollers, "database", halting, raising=False)
    run_state_machine_as_test(Pollers, settings=settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None))
    halting.close()
