"""What is stored of the phone, in SQLite, a real MariaDB and a real PostgreSQL, also by several at the same time."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from helpdesk.people.rights import AGENT
from helpdesk.store import call_privacy, calls, phone_agents, phone_refusals, rights, sessions
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.telephony import PhoneAgent, PhoneCall
from helpdesk.store.phone_agents import News
from helpdesk.telephony.numbers import key_of
from helpdesk.telephony.phone import Dialog, Participant
from helpdesk.telephony.recording import OLD, Seen, record
from tests.world import PEOPLE_IDS

NOW = datetime(2026, 3, 4, 5, 6, 7, 250_000, tzinfo=UTC)
ANNA, BORIS = PEOPLE_IDS["anna"], PEOPLE_IDS["boris"]
RINGS = Dialog(
    "7", "ALERTING", "+79035550142", "5500", "Касса", "", (Participant("1001", "ALERTING", ("ANSWER",), NOW),)
)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def on_phone(db: Session, person_id: int = ANNA, agent: str = "agent", secret: str = "sealed") -> str:
    """Open a session of somebody who is signed in to the phone; its mark."""
    id, _ = sessions.begin(db, person_id, NOW, False, "", "")
    mark = sessions.mark_of(id)
    assert phone_agents.sign_in(db, mark, person_id, agent, "1001", secret)
    return mark


@pytest.fixture
def store(told_store: Database) -> Iterator[Database]:
    """anna and boris may handle calls; nobody has a session."""
    told_store.run_here(lambda db: db.execute(sa.delete(tables.Session)), writes=True)
    for person_id in (ANNA, BORIS):
        told_store.run_here(lambda db, who=person_id: rights.grant(db, who, AGENT), writes=True)
    yield told_store
    for person_id in (ANNA, BORIS):
        told_store.run_here(lambda db, who=person_id: rights.revoke(db, who, AGENT, None), writes=True)


def together(store: Database, works: Sequence[Callable[[Session], Any]]) -> list[Any]:
    """Do these at the same time, each in a transaction of its own."""
    start = threading.Barrier(len(works))

    def one(work: Callable[[Session], Any]) -> Any:
        start.wait()
        return store.run_here(work, writes=True)

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(one, works))


def seen(*dialogs: Dialog, seconds: float = 0) -> Callable[[Session], Any]:
    return lambda db: record(db, Seen("agent", None, dialogs, at(seconds)), at(60), key_of)


def all_calls(store: Database) -> Sequence[PhoneCall]:
    return store.run_here(lambda db: db.exec(select(PhoneCall)).all())


def test_an_agent_is_there_once_however_many_sign_in_at_once(store: Database) -> None:
    together(store, [lambda db, who=who: on_phone(db, who) for who in (ANNA, BORIS, ANNA, BORIS)])
    assert len(store.run_here(lambda db: db.exec(select(PhoneAgent)).all())) == 1
    assert store.run_here(lambda db: phone_agents.people(db, ["agent", "another"])) == {ANNA, BORIS}
    (watched,) = store.run_here(lambda db: phone_agents.watched(db, NOW, "agent"))
    assert len(watched.secrets) == 4


def test_a_dialog_that_many_see_first_is_one_call(store: Database) -> None:
    store.run_here(on_phone, writes=True)
    told = together(store, [seen(RINGS, seconds=it) for it in range(6)])
    (call,) = all_calls(store)
    assert (call.began_at, call.queue, call.person_id) == (NOW, "Касса", ANNA)
    assert sum(bool(it.people) for it in told) == 1 and [it.calls for it in told if it.calls] == [(call.id,)]
    assert store.run_here(lambda db: calls.going_on(db, "agent", at(60))) == {"7": call.id}
    assert store.run_here(lambda db: db.get_one(PhoneAgent, "agent")).ringing == call.id


def test_an_older_answer_changes_nothing(store: Database) -> None:
    store.run_here(on_phone, writes=True)
    store.run_here(seen(seconds=5), writes=True)
    assert store.run_here(seen(RINGS, seconds=4), writes=True) == (OLD, frozenset(), ())
    assert all_calls(store) == []


def test_an_answer_of_a_clock_that_was_ahead_is_not_waited_for(store: Database) -> None:
    store.run_here(on_phone, writes=True)
    store.run_here(lambda db: phone_agents.change(db, "agent", seen_at=at(86_400)), writes=True)
    store.run_here(seen(RINGS), writes=True)
    assert len(all_calls(store)) == 1


def test_of_many_tries_at_once_three_are_made(store: Database) -> None:
    tries = together(store, [lambda db: phone_refusals.begin(db, "Agent", ANNA, "", NOW) for _ in range(8)])
    assert sum(bool(id) for id, _ in tries) == 3 and {seconds for id, seconds in tries if not id} == {300}
    first = next(id for id, _ in tries if id)
    store.run_here(lambda db: phone_refusals.take_back(db, first), writes=True)
    assert store.run_here(lambda db: phone_refusals.wait(db, "AGENT", at(60), 3)) == 0
    assert store.run_here(lambda db: phone_refusals.wait(db, "agent", at(60), 2)) == 240
    assert store.run_here(lambda db: phone_refusals.wait(db, "agent", at(301), 1)) == 0
    assert store.run_here(lambda db: phone_refusals.wait(db, "another", NOW, 1)) == 0
    store.run_here(lambda db: phone_refusals.forgive(db, "agent"), writes=True)
    assert store.run_here(lambda db: phone_refusals.wait(db, "agent", NOW, 1)) == 0


def test_who_is_watched(store: Database) -> None:
    store.run_here(on_phone, writes=True)

    def watched(seconds: float) -> list[str]:
        return [it.agent_id for it in store.run_here(lambda db: phone_agents.watched(db, at(seconds)))]

    assert watched(0) == []
    store.run_here(lambda db: phone_agents.watch(db, "agent", at(90)), writes=True)
    store.run_here(lambda db: phone_agents.watch(db, "agent", at(30)), writes=True)
    assert (watched(90), watched(91)) == (["agent"], [])
    store.run_here(lambda db: phone_agents.change(db, "agent", watched_until=at(864_000)), writes=True)
    assert watched(0) == []
    store.run_here(lambda db: phone_agents.watch(db, "agent", at(90)), writes=True)
    assert watched(0) == ["agent"]


def test_a_session_whose_person_may_not_call_any_more_forgets_the_phone(store: Database) -> None:
    hers, his = (store.run_here(lambda db, who=who: on_phone(db, who), writes=True) for who in (ANNA, BORIS))
    assert store.run_here(lambda db: phone_agents.forget_strangers(db, NOW), writes=True) == 0
    store.run_here(lambda db: rights.revoke(db, ANNA, AGENT, None), writes=True)
    assert store.run_here(lambda db: phone_agents.news(db, [hers, his])).keys() == {his}
    assert store.run_here(lambda db: phone_agents.forget_strangers(db, NOW), writes=True) == 1
    assert store.run_here(lambda db: phone_agents.of_session(db, hers)) is None
    assert store.run_here(lambda db: phone_agents.forget_strangers(db, at(86_400)), writes=True) == 1
    assert store.run_here(lambda db: phone_agents.of_session(db, his)) is None


def test_the_news_of_a_session_are_those_of_its_agent(store: Database) -> None:
    mark = store.run_here(on_phone, writes=True)
    version = store.run_here(lambda db: db.get_one(PhoneAgent, "agent")).version
    assert store.run_here(lambda db: phone_agents.news(db, [mark, "unknown"])) == {mark: News(version, 0)}
    store.run_here(seen(RINGS), writes=True)
    assert store.run_here(lambda db: phone_agents.news(db, [mark])) == {mark: News(version + 1, all_calls(store)[0].id)}


def test_a_phone_system_that_does_not_answer_is_noted_once(store: Database) -> None:
    store.run_here(on_phone, writes=True)
    store.run_here(lambda db: on_phone(db, BORIS, "another"), writes=True)

    def fail(seconds: float) -> frozenset[int]:
        return store.run_here(lambda db: phone_agents.fail(db, ["agent", "nobody"], at(seconds)), writes=True)

    assert (fail(0), fail(9)) == ({ANNA}, frozenset())
    agent = store.run_here(lambda db: db.get_one(PhoneAgent, "agent"))
    assert (agent.failure, agent.failed_at) == ("unavailable", NOW)
    assert store.run_here(seen(), writes=True).people == {ANNA}
    assert store.run_here(lambda db: db.get_one(PhoneAgent, "agent")).failure == ""


def test_a_call_that_seems_to_last_half_a_day_lasted_until_its_agent_was_seen_last(store: Database) -> None:
    def add(db: Session) -> None:
        for agent, hours in (("agent", 12.5), ("another", 0.5)):
            on_phone(db, agent=agent)
            phone_agents.change(db, agent, seen_at=NOW - timedelta(hours=hours))
        numbers = {"from_number": "1", "to_number": "2", "other_key": "1", "direction": "in", "person_id": ANNA}
        for id, hours, answered in ((1, 13, True), (2, 13, False), (3, 11, True), (4, 13, True)):
            began = NOW - timedelta(hours=hours)
            row = PhoneCall(agent_id="another" if id == 4 else "agent", dialog_id=str(id), began_at=began, **numbers)
            row.answered_at = began + timedelta(seconds=9) if answered else None
            db.add(row)

    store.run_here(add, writes=True)
    assert store.run_here(lambda db: calls.lose(db, NOW), writes=True) == 3
    first, second, third, fourth = sorted(all_calls(store), key=lambda it: it.dialog_id)
    assert (first.outcome, first.ended_at) == ("answered", NOW - timedelta(hours=12.5))
    assert (second.outcome, second.ended_at) == ("lost", second.began_at)
    assert (fourth.outcome, fourth.ended_at) == ("answered", fourth.answered_at)  # seen again long after
    assert (third.outcome, third.ended_at) == ("", None)
    assert store.run_here(lambda db: calls.lose(db, NOW), writes=True) == 0


def test_that_nothing_came_is_a_new_version_once_only_of_what_is_still_asked(store: Database) -> None:
    store.run_here(on_phone, writes=True)
    store.run_here(lambda db: phone_agents.change(db, "agent", asked="READY", asked_at=NOW), writes=True)
    for asked_at, people in ((at(1), frozenset()), (NOW, frozenset({ANNA}))):
        assert store.run_here(lambda db, it=asked_at: phone_agents.bump(db, "agent", it), writes=True) == people


def test_calls_and_numbers_of_agents_whom_nobody_watches_are_forgotten(store: Database) -> None:
    def begin(db: Session) -> None:
        for agent, hours in (("left", 25), ("lately", 23)):
            on_phone(db, agent=agent)
            numbers = {"asked": "DROP", "asked_to": "1002", "passing": "TRANSFER_SST", "passing_to": "1002"}
            phone_agents.change(db, agent, watched_until=NOW - timedelta(hours=hours), dialogs="[[7]]", **numbers)
        on_phone(db, agent="clean")

    store.run_here(begin, writes=True)
    for _ in range(2):
        store.run_here(lambda db: call_privacy.forget_unseen(db, NOW), writes=True)
    left, lately, clean = store.run_here(lambda db: [db.get_one(PhoneAgent, it) for it in ("left", "lately", "clean")])
    assert (left.dialogs, left.asked, left.asked_to, left.passing, left.passing_to) == ("[]", "", "", "", "")
    assert (lately.dialogs, lately.passing_to) == ("[[7]]", "1002")
    assert left.version == lately.version + 1 and clean.version == 1


def test_that_nothing_new_was_seen_puts_a_clock_right_that_was_ahead(store: Database) -> None:
    for stored, kept in ((at(3600), at(10)), (at(30), at(30)), (at(-3600), at(10)), (None, at(10))):
        store.run_here(on_phone, writes=True)
        store.run_here(lambda db, it=stored: phone_agents.change(db, "agent", seen_at=it), writes=True)
        store.run_here(lambda db: phone_agents.note_seen(db, ["agent"], at(10)), writes=True)
        assert store.run_here(lambda db: db.get_one(PhoneAgent, "agent").seen_at) == kept


def test_what_was_declined_was_not_asked(store: Database) -> None:
    """But what was asked before it was; and what was asked since stays."""
    store.run_here(on_phone, writes=True)

    def ask(what: str, seconds: float) -> Any:
        return store.run_here(
            lambda db: phone_agents.replace(db, "agent", asked=what, asked_at=at(seconds)), writes=True
        )

    ask("HOLD", 0)
    before = ask("DROP", 1)
    store.run_here(lambda db: phone_agents.take_back(db, "agent", at(1), before), writes=True)
    agent = store.run_here(lambda db: db.get_one(PhoneAgent, "agent"))
    assert (agent.asked, agent.asked_at) == ("HOLD", NOW)
    before = ask("DROP", 1)
    ask("READY", 2)
    store.run_here(lambda db: phone_agents.take_back(db, "agent", at(1), before), writes=True)
    assert store.run_here(lambda db: db.get_one(PhoneAgent, "agent").asked) == "READY"
