"""Whatever happens on the phone, and whoever looks when: each dialog is one call in the log, with times that fit, and
the newest answer is the one that pages show."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from helpdesk.store.database import Database
from helpdesk.store.models.telephony import PhoneAgent, PhoneCall
from helpdesk.store.phone_agents import Watched
from helpdesk.telephony.numbers import key_of
from helpdesk.telephony.phone import Agent, Dialog, Participant
from helpdesk.telephony.poll_pace import Line
from helpdesk.telephony.recording import Seen, record, view
from tests.clocks import NOON
from tests.world import PEOPLE_IDS

OWN, AGENT = "1001", "agent"
OUTCOMES = {"answered", "missed", "no_answer", "lost"}
Answer = tuple[datetime, tuple[Dialog, ...]]


class Switchboard:
    """Calls of one agent, at one moment after the other."""

    def __init__(self, random: Random) -> None:
        self.random, self.now, self.dialogs, self.ids = random, NOON, dict[str, Dialog](), 0

    def happen(self) -> None:
        """Let something happen, at a moment of its own."""
        self.now += timedelta(seconds=self.random.choice((0.4, 1.7, 9.0)))
        if not self.dialogs or self.random.random() < 0.2:
            self.ids += 1
            is_own = self.random.random() < 0.3
            self._put(str(self.ids), "INITIATED" if is_own else "ALERTING", is_own)
            return
        id = self.random.choice(list(self.dialogs))
        mine, is_own = self.dialogs[id].participants[0].state, self.dialogs[id].from_number == OWN
        if self.random.random() < 0.3:
            del self.dialogs[id]
        elif mine in ("ALERTING", "INITIATED", "HELD"):
            self._put(id, "ACTIVE", is_own)
        else:
            self._put(id, self.random.choice(("HELD", "WRAP_UP")) if mine == "ACTIVE" else "WRAP_UP", is_own)

    def _put(self, id: str, mine: str, is_own: bool) -> None:
        began = self.dialogs[id].participants[0].started_at if id in self.dialogs else self.now
        theirs = {"ALERTING": "INITIATED", "INITIATED": "ALERTING"}.get(mine, "ACTIVE")
        ends = (OWN, f"+7{id}") if is_own else (f"+7{id}", "5500")
        own = Participant(OWN, mine, (), began, self.now)
        self.dialogs[id] = Dialog(id, "ACTIVE", *ends, "", "", (own, Participant(f"+7{id}", theirs, (), began, None)))

    def answer(self) -> Answer:
        return self.now, tuple(self.dialogs.values())


class Looker:
    """One process that polls, and keeps to what `Poller._poll` does."""

    def __init__(self, store: Database) -> None:
        self.store, self.line, self.waiting = store, Line(0.0), list[Answer]()

    def read(self) -> None:
        version = self.store.run_here(lambda db: db.get_one(PhoneAgent, AGENT).version)
        self.line.hold(Watched(AGENT, version, False, "", ("secret",)))

    def take(self, answer: Answer) -> None:
        at, dialogs = answer
        asked = (at - NOON).total_seconds()
        if asked < self.line.answered_ticks:
            return
        before, agent = self.line.asked_before(asked, at), Agent(AGENT, "", OWN, "READY")
        self.line.answer(0.0, asked, at, agent)
        if self.line.is_news(dialogs, agent):
            seen = Seen(AGENT, agent, dialogs, at, before)
            stored = self.store.run_here(lambda db: record(db, seen, at + timedelta(seconds=60), key_of), writes=True)
            self.line.store(stored.version, dialogs, agent)


@pytest.fixture(scope="module")
def fresh(settled_store: Path) -> Iterator[Callable[[], Database]]:
    """`fresh()` is a store with an agent of whom nothing was seen yet."""
    with TemporaryDirectory() as folder, sqlite_copy(settled_store, Path(folder)) as database:
        yield partial(start, database)


@contextmanager
def sqlite_copy(settled: Path, folder: Path) -> Iterator[Database]:
    (folder / "helpdesk.db").write_bytes(settled.read_bytes())
    database = Database(f"sqlite:///{folder / 'helpdesk.db'}")
    yield database
    database.close()


def start(database: Database) -> Database:
    def work(db: Session) -> None:
        for table in (PhoneCall, PhoneAgent):
            db.execute(sa.delete(table))
        db.add(PhoneAgent(agent_id=AGENT, person_id=PEOPLE_IDS["anna"], extension=OWN))

    database.run_here(work, writes=True)
    return database


@given(seed=st.integers(0, 10**9), steps=st.integers(5, 60))
def test_each_dialog_is_one_call(fresh: Callable[[], Database], seed: int, steps: int) -> None:
    random, store = Random(seed), fresh()
    board, lookers, asked = Switchboard(random), [Looker(store), Looker(store)], set[str]()
    for looker in lookers:
        looker.read()
    for _ in range(steps):
        board.happen()
        looker = random.choice(lookers)
        match random.randrange(4):
            case 0 | 1:
                looker.waiting.append(board.answer())
                asked |= set(board.dialogs)
            case 2 if looker.waiting:
                looker.take(looker.waiting.pop(random.randrange(len(looker.waiting))))
            case 3:
                looker.read()
    for looker in lookers:
        for waiting in looker.waiting:
            looker.take(waiting)
    board.now += timedelta(seconds=1)
    last = random.choice(lookers)  # the other one was killed
    last.read()
    last.take(board.answer())
    check(store, board, asked | set(board.dialogs))


def test_what_another_process_has_stored_meanwhile_is_noticed(fresh: Callable[[], Database]) -> None:
    """Even where an answer is the same as one's own last one."""
    store, board = fresh(), Switchboard(Random(0))
    first, second = Looker(store), Looker(store)
    for looker in (first, second):
        looker.read()
    first.take((NOON, ()))
    board.happen()
    second.take(board.answer())
    first.read()
    first.take((board.now + timedelta(seconds=1), ()))
    assert store.run_here(lambda db: db.get_one(PhoneAgent, AGENT)).dialogs == "[]"


def check(store: Database, board: Switchboard, asked: set[str]) -> None:
    agent = store.run_here(lambda db: db.get_one(PhoneAgent, AGENT))
    calls = store.run_here(lambda db: db.exec(select(PhoneCall).order_by(col(PhoneCall.id))).all())
    assert view(agent).dialogs == tuple(board.dialogs.values())
    ids = [it.dialog_id for it in calls]
    assert len(ids) == len(set(ids)) and set(board.dialogs) <= set(ids) <= asked
    for call in calls:
        own = board.dialogs[call.dialog_id].participants[0] if call.dialog_id in board.dialogs else None
        assert (call.ended_at is None) == (own is not None and own.state != "WRAP_UP")
        assert (call.outcome == "") == (call.ended_at is None) and call.outcome in OUTCOMES | {""}
        moments = [it for it in (call.began_at, call.answered_at, call.ended_at) if it]
        assert moments == sorted(moments) and moments[-1] <= board.now
        assert not (call.outcome == "answered" and call.answered_at is None)
        assert call.direction == ("out" if call.from_number == OWN else "in")
    rings = [it.id for it in calls if it.direction == "in" and not it.answered_at and not it.ended_at]
    assert agent.ringing == (rings[-1] if rings else 0)
