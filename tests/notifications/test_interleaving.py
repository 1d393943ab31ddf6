"""Two readers of one store, their looks interleaved in any way, leases running out, holders killed: once is once."""

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
from helpdesk.notifications.reader import Reader
from helpdesk.store import notification_tables
from helpdesk.store.database import Database
from helpdesk.tasks.feed import Told
from tests.notifications.listed_feed import SILENCE, Clock, ListedFeed, both, make_reader, told

T = TypeVar("T")
EXAMPLES = 1_500 if os.environ.get("SOAK") else 60
READERS = st.sampled_from([0, 1])


class Halt:
    """A place where a look stands still until it is stepped on."""

    def __await__(self) -> Iterator[None]:
        yield


class Halting(Database):
    """The same store; each look stands still before and after it is asked."""

    async def run(self, work: Callable[[Session], T], *, writes: bool = False) -> T:
        await Halt()
        found = self.run_here(work, writes)
        await Halt()
        return found


class HaltingFeed(ListedFeed):
    async def read(self, position: str) -> Told:
        await Halt()
        told = await super().read(position)
        await Halt()
        return told


class Readers(RuleBasedStateMachine):
    """`looks` are the looks under way; whoever is killed comes back as another holder."""

    database: Database

    @initialize()
    def begin(self) -> None:
        for name in ("Notification", "DealtWith", "FeedPosition", "Lease"):
            gone = sa.delete(getattr(notification_tables, name))
            self.database.run_here(lambda db, gone=gone: db.exec(gone), writes=True)
        self.clock, self.feed, self.killed = Clock(), HaltingFeed(), 0
        self.readers = [self.reader("0"), self.reader("1")]
        self.looks: list[Coroutine[object, None, bool] | None] = [None, None]
        self.keys: list[str] = []
        finish(self.readers[0].look())

    def reader(self, holder: str) -> Reader:
        return make_reader(self.feed, self.database, self.clock, holder)

    @rule(count=st.integers(1, 3))
    def something_happens(self, count: int) -> None:
        self.keys += self.feed.happens(count)

    @rule(which=READERS, steps=st.integers(1, 8))
    def a_look_goes_on(self, which: int, steps: int) -> None:
        look = self.looks[which] = self.looks[which] or self.readers[which].look()
        for _ in range(steps):
            try:
                look.send(None)
            except (StopIteration, Unavailable):
                self.looks[which] = None
                return

    @rule(seconds=st.sampled_from([1, 5, 9, 11]))
    def time_passes(self, seconds: int) -> None:
        self.clock.pass_(seconds)

    @precondition(lambda self: any(self.looks))
    @rule(which=READERS)
    def one_is_killed(self, which: int) -> None:
        if look := self.looks[which]:
            look.close()
        self.killed += 1
        self.readers[which], self.looks[which] = self.reader(f"{which} after {self.killed}"), None

    @rule(index=st.integers(0, 30))
    def the_tracker_is_silent_of_one_act_or_no_more(self, index: int) -> None:
        self.feed.broken = {self.keys[index]: SILENCE} if index < len(self.keys) else {}

    def teardown(self) -> None:
        if not hasattr(self, "looks"):
            return
        for look in filter(None, self.looks):
            look.close()
        assert max(Counter(told(self.database)).values(), default=1) == 1
        self.feed.broken = {}
        self.clock.pass_(60)
        assert finish(self.reader("last").look())
        assert sorted(told(self.database)) == sorted(both(self.keys))


def finish(look: Coroutine[object, None, bool]) -> bool:
    while True:
        try:
            look.send(None)
        except StopIteration as done:
            return bool(done.value)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_each_is_told_of_each_act_once_however_two_readers_interleave(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    halting = Halting(database.engine.url.render_as_string())
    monkeypatch.setattr(Readers, "database", halting, raising=False)
    run_state_machine_as_test(Readers, settings=settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None))
    halting.close()
