"""Whoever loses the session that was signed in to the phone is not left ready there."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlmodel import Session

from helpdesk.demo import playable_phone
from helpdesk.demo.playable_phone import PASSWORD
from helpdesk.people.model import SignedIn
from helpdesk.people.rights import AGENT
from helpdesk.store import people, rights, sessions
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.telephony import leaving
from helpdesk.telephony.leaving import Leaving
from helpdesk.telephony.phone import Agent, Credentials
from helpdesk.telephony.poller import Poller
from tests.clocks import Clock
from tests.telephony.agents import EXTENSION, Crew, WatchedPhone, calm
from tests.world import PEOPLE_IDS

ANNA = PEOPLE_IDS["anna"]


@pytest.fixture
def crew(database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Crew:
    monkeypatch.setattr(leaving, "LOOK_SECONDS", 0.02)
    return Crew(database, clock, WatchedPhone(clock))


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(story())  # type: ignore[arg-type]  # a coroutine


async def ready(crew: Crew, poller: Poller, login: str = "anna") -> SignedIn:
    """Somebody who is signed in as agent "a", and ready."""
    session = await crew.on_phone(poller, login, "a")
    await crew.desk(poller).set_state(session, "READY")
    await calm(poller)
    await becomes(crew, "READY")
    return session


async def becomes(crew: Crew, state: str) -> None:
    for _ in range(200):
        if crew.phone._lines["a"].state == state:
            return
        await asyncio.sleep(0.01)
    assert crew.phone._lines["a"].state == state


def process(crew: Crew) -> Leaving:
    return Leaving(crew.phone, crew.database, crew.box, crew.clock.now)


async def look(*processes: Leaving) -> None:
    for it in processes:
        await it.step()
    for it in processes:
        await it.finish()


def sign_out_of_the_helpdesk(crew: Crew, db: Session, mark: str) -> None:
    sessions.end(db, crew.ids[mark])


def end_all(crew: Crew, db: Session, mark: str) -> None:
    sessions.end_all(db, ANNA)


def revoke(crew: Crew, db: Session, mark: str) -> None:
    rights.revoke(db, ANNA, AGENT, None)


def disable(crew: Crew, db: Session, mark: str) -> None:
    people.disable(db, "anna")


def expire(crew: Crew, db: Session, mark: str) -> None:
    db.get_one(tables.Session, mark).expires_at = crew.clock.now()


Ends = Callable[[Crew, Session, str], None]


@pytest.mark.parametrize("end", [sign_out_of_the_helpdesk, end_all, revoke, disable, expire])
def test_who_has_left_is_signed_out_and_the_password_is_gone(crew: Crew, end: Ends) -> None:
    async def story() -> None:
        processes = process(crew), process(crew)
        anna = await ready(crew, crew.poller())
        await look(*processes)
        assert crew.phone._lines["a"].state == "READY"
        crew.database.run_here(lambda db: end(crew, db, anna.mark), writes=True)
        crew.phone.asked.clear()
        await look(*processes)
        assert crew.secret(anna) is None and crew.phone.times("set_state") == 2, "one process does it"
        await becomes(crew, "LOGOUT")
        assert (crew.row("a").state, crew.row("a").failure) == ("LOGOUT", "")
        crew.phone.asked.clear()
        await look(*processes)
        assert not crew.phone.asked

    run(story)


def test_who_is_signed_in_elsewhere_stays_ready(crew: Crew) -> None:
    async def story() -> None:
        it, poller = process(crew), crew.poller()
        anna = await ready(crew, poller)
        boris = await crew.on_phone(poller, "boris", "a")
        await look(it)
        crew.database.run_here(lambda db: sessions.end_one(db, ANNA, anna.mark), writes=True)
        await look(it)
        assert crew.phone._lines["a"].state == "READY" and crew.secret(boris)

    run(story)


def test_who_leaves_in_a_call_gets_no_other_one(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        it = process(crew)
        anna, states = await ready(crew, crew.poller()), []
        crew.clock.pass_(playable_phone.NEXT_CALL.total_seconds())
        await look(it)

        async def set_state(who: object, state: str, reason_id: str = "") -> None:
            states.append(state)

        monkeypatch.setattr(crew.phone, "set_state", set_state)
        crew.database.run_here(lambda db: sessions.end_one(db, ANNA, anna.mark), writes=True)
        await look(it)
        assert states == ["NOT_READY"] and crew.row("a").failure == "left"

    run(story)


def test_who_signed_out_of_the_phone_or_was_refused_is_not_asked_for(crew: Crew) -> None:
    async def story() -> None:
        it, poller = process(crew), crew.poller()
        anna = await ready(crew, poller)
        await look(it)
        await crew.desk(poller).sign_out(anna)
        crew.phone.asked.clear()
        await look(it)
        assert not crew.phone.asked
        boris = await crew.on_phone(poller, "boris", "a")
        await look(it)
        crew.phone.passwords["a"] = "another"
        crew.keep_watched("a")
        await crew.pass_(15, poller, step=0.5)
        assert crew.secret(boris) is None and crew.phone.refused == [PASSWORD]
        await look(it)
        assert crew.phone.refused == [PASSWORD]

    run(story)


@pytest.mark.parametrize("asked", ["agent", "set_state"])
def test_who_comes_back_at_once_keeps_the_phone(crew: Crew, monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    """Somebody signs in again while it is looked whether the agent is ready, or while the agent becomes not ready."""

    async def story() -> None:
        it, poller = process(crew), crew.poller()
        anna = await ready(crew, poller)
        await look(it)
        ask, came = getattr(crew.phone, asked), list[SignedIn]()

        async def meanwhile(*args: object) -> object:
            told = await ask(*args)
            if not came:
                came.append(crew.session("anna"))
                await crew.desk(poller).sign_in(came[0], "a", PASSWORD, EXTENSION)
                await calm(poller)
            return told

        monkeypatch.setattr(crew.phone, asked, meanwhile)
        crew.database.run_here(lambda db: sessions.end_one(db, ANNA, anna.mark), writes=True)
        await look(it)
        assert crew.secret(came[0]) and crew.phone.times("set_state") == 1 + (asked == "set_state")
        assert crew.row("a").state != "LOGOUT" and crew.row("a").failure == ""

    run(story)


def test_who_is_back_before_it_is_noticed_is_not_signed_out(crew: Crew) -> None:
    async def story() -> None:
        it, poller = process(crew), crew.poller()
        anna = await ready(crew, poller)
        await look(it)
        await crew.on_phone(poller, "boris", "a")
        crew.database.run_here(lambda db: sessions.end_one(db, ANNA, anna.mark), writes=True)
        gone = crew.database.run_here(lambda db: leaving._claim(db, ["a"], crew.clock.now()), writes=True)
        assert gone == [] and crew.row("a").failure == ""

    run(story)


@pytest.mark.parametrize("is_mute", [False, True])
def test_what_has_surely_not_arrived_is_tried_again(crew: Crew, monkeypatch: pytest.MonkeyPatch, is_mute: bool) -> None:
    monkeypatch.setattr(leaving, "RETRY_SECONDS", (0.0,) * 5)

    async def story() -> None:
        it = process(crew)
        anna = await ready(crew, crew.poller())
        await look(it)
        ask, asked, before = crew.phone.agent, list[str](), crew.row("a").state

        async def agent(who: Credentials) -> Agent:
            asked.append(who.agent_id)
            crew.phone.is_mute, crew.phone.is_down = is_mute, not is_mute and len(asked) < 3
            return await ask(who)

        monkeypatch.setattr(crew.phone, "agent", agent)
        crew.database.run_here(lambda db: sessions.end_one(db, ANNA, anna.mark), writes=True)
        await it.step()
        await it.finish()
        if is_mute:
            assert (len(asked), crew.row("a").failure, crew.row("a").state) == (1, "left", before)
        else:
            assert len(asked) >= 3 and (crew.row("a").failure, crew.row("a").state) == ("", "LOGOUT")

    run(story)


def test_a_phone_system_that_does_not_answer_is_not_waited_for(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        monkeypatch.setattr(leaving, "LONGEST_SECONDS", 0.05)
        it = process(crew)
        anna = await ready(crew, crew.poller())
        await look(it)
        crew.phone.slow["a"] = asyncio.Event()
        crew.database.run_here(lambda db: sessions.end_one(db, ANNA, anna.mark), writes=True)
        await look(it)
        assert crew.secret(anna) is None and crew.row("a").failure == "left"
        crew.clock.pass_(timedelta(minutes=1).total_seconds())

    run(story)
