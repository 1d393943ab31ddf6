"""Polling: who is asked for, when, by whom, and what becomes of it when the phone system does not answer."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlmodel import Session

from helpdesk.demo.playable_phone import PASSWORD
from helpdesk.errors import StoreUnavailable
from helpdesk.people.model import SignedIn
from helpdesk.people.rights import AGENT
from helpdesk.store import anonymizing, joins, people, phone_agents, rights, sessions
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.tables import Person
from helpdesk.telephony import poller as poller_module
from helpdesk.telephony.bar import Bar
from helpdesk.telephony.phone import Agent, Credentials, PhoneUnavailable
from helpdesk.telephony.poll_pace import Line, Outage, backoff, spread
from helpdesk.telephony.poller import LEASE_SECONDS, Poller
from tests.clocks import Clock
from tests.telephony.agents import EXTENSION, Crew, WatchedPhone, calm
from tests.world import PEOPLE_IDS

ANNA, BORIS = PEOPLE_IDS["anna"], PEOPLE_IDS["boris"]


@pytest.fixture
def crew(database: Database, clock: Clock) -> Crew:
    return Crew(database, clock, WatchedPhone(clock))


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(story())  # type: ignore[arg-type]  # a coroutine


def test_a_call_is_stored_and_its_agents_pages_are_woken(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        anna = await crew.on_phone(poller, "anna", "a")
        await crew.on_phone(poller, "boris", "b")
        await crew.desk(poller).set_state(anna, "READY")
        await calm(poller)
        await asyncio.sleep(0.1)
        await crew.pass_(5, poller)
        assert (crew.row("a").state, crew.row("a").dialogs) == ("READY", "[]")
        crew.woken.clear()
        await crew.pass_(6, poller)
        (call,) = crew.calls()
        assert (call.agent_id, call.person_id, call.direction, call.outcome) == ("a", ANNA, "in", "")
        assert crew.row("a").ringing == call.id and crew.row("a").state == "RESERVED" and crew.row("b").ringing == 0
        assert set(crew.woken) == {frozenset({ANNA})}
        await crew.pass_(30, poller)
        assert [it.outcome for it in crew.calls()] == ["missed"] and crew.row("a").ringing == 0

    run(story)


def test_the_extension_is_the_one_that_the_phone_system_names(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent who was signed in there before stays on the extension of then."""

    async def story() -> None:
        poller, used = crew.poller(), []
        anna = await crew.on_phone(poller, "anna", "a")
        agent = await crew.phone.agent(Credentials("a", PASSWORD, EXTENSION))

        async def elsewhere(who: Credentials) -> Agent:
            return agent._replace(extension="4004")

        async def note(who: Credentials, number: str) -> None:
            used.append(who.extension)

        monkeypatch.setattr(crew.phone, "agent", elsewhere)
        monkeypatch.setattr(crew.phone, "dial", note)
        await crew.pass_(4, poller)
        assert crew.row("a").extension == "4004"
        await crew.desk(poller).dial(anna, "1002")
        await calm(poller)
        assert used == ["4004"]

    run(story)


def test_calls_are_asked_for_every_two_seconds_and_the_state_now_and_then(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        await crew.on_phone(poller, "anna", "a")
        await crew.pass_(4, poller)
        crew.phone.asked.clear()
        await crew.pass_(40, poller)
        assert 17 <= crew.phone.times("dialogs") <= 23 and 3 <= crew.phone.times("agent") <= 6

    run(story)


def test_nothing_is_written_while_nothing_changes(crew: Crew, statements: list[str]) -> None:
    async def story() -> None:
        poller = crew.poller()
        await crew.on_phone(poller, "anna", "a")
        await crew.pass_(4, poller)
        statements.clear()
        await crew.pass_(16, poller)
        written = [it for it in statements if it.startswith(("UPDATE", "INSERT", "DELETE"))]
        assert len([it for it in written if "lease" in it]) in range(6, 10)
        assert len([it for it in written if "lease" not in it]) <= 1  # that the agent was seen
        crew.keep_watched("a")
        await crew.pass_(60, poller)
        assert crew.clock.now() - (crew.row("a").seen_at or crew.clock.now()) < timedelta(seconds=45)

    run(story)


def test_nobody_is_asked_for_without_a_page_on_a_screen(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        await crew.on_phone(poller, "anna", "a")
        await crew.pass_(95, poller, step=0.5)
        crew.phone.asked.clear()
        await crew.pass_(10, poller)
        assert crew.phone.asked == []
        crew.keep_watched("a")
        await crew.pass_(2.5, poller)
        assert crew.phone.times("dialogs") >= 1

    run(story)


def test_one_process_polls_and_another_follows_when_it_was_killed(crew: Crew) -> None:
    async def story() -> None:
        first, second = crew.poller(), crew.poller()
        await crew.on_phone(first, "anna", "a")
        await crew.pass_(4, first, second)
        crew.phone.asked.clear()
        await crew.pass_(8, first, second)
        assert 3 <= crew.phone.times("dialogs") <= 5 and bool(first.lines) != bool(second.lines)
        left = second if first.lines else first
        crew.phone.asked.clear()
        await crew.pass_(LEASE_SECONDS + 1, left)
        assert crew.phone.times("dialogs") >= 1

    run(story)


def test_a_killed_process_comes_back_to_the_call_within_five_seconds(crew: Crew) -> None:
    async def story() -> None:
        first = crew.poller()
        anna = await crew.on_phone(first, "anna", "a")
        await crew.desk(first).set_state(anna, "READY")
        await calm(first)
        await asyncio.sleep(0.1)
        await crew.pass_(9, first)
        before = crew.row("a").version
        (call,) = crew.calls()
        dialogs = await crew.phone.dialogs(crew.phone._lines["a"].who)
        await crew.phone.act(crew.phone._lines["a"].who, dialogs[0].id, "ANSWER")
        await asyncio.sleep(0.1)
        await crew.pass_(5, crew.poller())
        assert crew.row("a").version > before and crew.row("a").ringing == 0
        (same,) = crew.calls()
        assert same.id == call.id and same.answered_at is not None

    run(story)


def test_many_agents_are_spread_over_the_interval(crew: Crew) -> None:
    begun = spread([str(it) for it in range(200)], 100.0)
    assert all(100 <= it <= 102 for it in begun.values()) and len({round(it, 1) for it in begun.values()}) > 15
    assert spread(["a"], 5.0) == {"a": 5.0} and spread([], 5.0) == {}


def test_who_does_not_answer_is_asked_less_and_less_often(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        await crew.on_phone(poller, "anna", "a")
        await crew.on_phone(poller, "boris", "b")
        await crew.pass_(4, poller)
        crew.phone.asked.clear()
        crew.phone.down_for.add("a")
        since = crew.clock.now()
        for _ in range(4):
            crew.keep_watched("a", "b")
            await crew.pass_(15, poller)
        assert 4 <= crew.phone.times("dialogs", "a") <= 8 and crew.phone.times("dialogs", "b") >= 25
        failed = crew.row("a")
        assert failed.failure == "unavailable" and failed.failed_at and failed.failed_at - since < timedelta(seconds=8)
        assert crew.row("b").failure == ""
        version = failed.version
        crew.phone.down_for.clear()
        crew.keep_watched("a")
        await crew.pass_(40, poller)
        assert (crew.row("a").failure, crew.row("a").failed_at) == ("", None) and crew.row("a").version > version

    run(story)


def test_a_store_that_is_down_for_a_moment_costs_no_pause(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        poller = crew.poller()
        await crew.on_phone(poller, "anna", "a")
        await crew.pass_(4, poller)
        with monkeypatch.context() as patch:
            patch.setattr(poller_module, "record", fail)
            poller.lines["a"].version = -2
            await crew.pass_(5, poller)
        assert poller.lines["a"].failures == 0 and crew.row("a").failure == ""
        await crew.pass_(2.5, poller)
        assert poller.lines["a"].version == crew.row("a").version

    def fail(*_: object) -> None:
        raise StoreUnavailable("told to fail")

    run(story)


def test_one_answer_that_failed_shows_nothing(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        await crew.on_phone(poller, "anna", "a")
        await crew.pass_(4, poller)
        crew.phone.is_down = True
        while crew.phone.times("dialogs") < 4 and not poller.lines["a"].failures:
            await crew.pass_(0.1, poller)
        crew.phone.is_down = False
        await crew.pass_(10, poller)
        assert crew.row("a").failure == "" and poller.lines["a"].failures == 0

    run(story)


def test_a_phone_system_that_answers_nobody_is_asked_by_one_agent_at_a_time(crew: Crew) -> None:
    async def story() -> None:
        poller, logins = crew.poller(), ("anna", "boris", "irina", "admin", "stranger")
        for login in logins:
            await crew.on_phone(poller, login, login)
        await crew.pass_(4, poller)
        crew.phone.is_down = True
        await crew.pass_(10, poller)
        assert {crew.row(it).failure for it in logins} == {"unavailable"}
        crew.phone.asked.clear()
        for _ in range(4):
            crew.keep_watched(*logins)
            await crew.pass_(15, poller)
        assert 2 <= crew.phone.times("dialogs") <= 6
        crew.phone.is_down = False
        crew.keep_watched(*logins)
        await crew.pass_(40, poller)
        crew.phone.asked.clear()
        await crew.pass_(6, poller)
        assert {crew.row(it).failure for it in logins} == {""}
        assert all(crew.phone.times("dialogs", it) >= 2 for it in logins)

    run(story)


def test_an_agent_for_whom_the_phone_system_is_slow_delays_nobody(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        await crew.on_phone(poller, "anna", "a")
        await crew.on_phone(poller, "boris", "b")
        await crew.pass_(4, poller)
        crew.phone.slow["a"] = asyncio.Event()
        crew.phone.asked.clear()
        for _ in range(60):
            crew.clock.pass_(0.1)
            await poller.step()
            await asyncio.sleep(0)
        assert crew.phone.times("dialogs", "a") == 1
        while crew.phone.times("dialogs", "b") < 2:
            crew.clock.pass_(0.1)
            await poller.step()
            await asyncio.sleep(0.01)
        crew.phone.slow.pop("a").set()
        await poller.finish()

    run(story)


def test_a_refused_password_is_asked_with_once(crew: Crew) -> None:
    async def story() -> None:
        first, second = crew.poller(), crew.poller()
        anna = await crew.on_phone(first, "anna", "a")
        elsewhere = await crew.on_phone(first, "anna", "a")
        crew.phone.passwords["a"] = "another"
        crew.woken.clear()
        for _ in range(10):
            crew.keep_watched("a")
            await crew.pass_(30, first, second, step=0.5)
        assert crew.phone.refused == [PASSWORD]
        assert crew.secret(anna) is None and crew.secret(elsewhere) is None
        assert crew.row("a").failure == "refused" and frozenset({ANNA}) in crew.woken

    run(story)


def test_another_session_may_have_the_new_password(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        old = await crew.on_phone(poller, "anna", "a")
        crew.phone.passwords["a"] = "another"
        new = await crew.on_phone(poller, "boris", "a", "another")
        crew.clock.pass_(3600)
        crew.database.run_here(lambda db: sessions.use(db, old.mark, crew.clock.now(), timedelta(hours=9)), writes=True)
        crew.keep_watched("a")
        await crew.pass_(8, poller)
        assert crew.phone.refused == [PASSWORD] and crew.secret(old) is None and crew.secret(new) is not None
        assert crew.row("a").failure == ""

    run(story)


def test_no_more_than_two_passwords_are_refused_in_five_minutes(crew: Crew) -> None:
    """Whichever processes ask; the others wait."""

    async def story() -> None:
        first, second = crew.poller(), crew.poller()
        passwords = ("one", "two", "three", "four")
        for password in passwords:
            crew.phone.passwords["a"] = password
            await crew.on_phone(first, "anna", "a", password)
        crew.phone.passwords["a"] = "five"
        for _ in range(9):
            crew.keep_watched("a")
            await crew.pass_(30, first, second, step=0.5)
        assert len(crew.phone.refused) == 2
        for _ in range(9):
            crew.keep_watched("a")
            await crew.pass_(30, first, second, step=0.5)
        assert sorted(crew.phone.refused) == sorted(passwords)

    run(story)


def test_a_changed_password_and_a_mute_phone_system_lock_nobody(crew: Crew) -> None:
    """It checks each time, and says nothing: polls and actions together stop after two, then try once in 5 minutes."""

    async def story() -> None:
        poller = crew.poller()
        desk, anna = crew.desk(poller), await crew.on_phone(poller, "anna", "a")
        await crew.pass_(4, poller)
        crew.phone.passwords["a"], crew.phone.is_mute = "another", True
        for minute in range(12):
            for _ in range(4):
                crew.keep_watched("a")
                await crew.pass_(15, poller, step=0.5)
                with suppress(PhoneUnavailable):
                    await desk.set_state(anna, "READY")
            assert len(crew.phone.refused) <= 2 + (minute + 1) // 5 + 1
        assert 3 <= len(crew.phone.refused) <= 4
        assert crew.row("a").failure == "unavailable" and crew.secret(anna) is not None

    run(story)


def test_a_mute_phone_system_ends_nobodys_session(crew: Crew) -> None:
    """All go on as soon as one agent is answered, and the one agent after five minutes at the latest."""

    async def story() -> None:
        poller, logins = crew.poller(), ("anna", "boris", "irina")
        sessions_ = [await crew.on_phone(poller, login, login) for login in logins]
        await crew.pass_(4, poller)
        crew.phone.is_mute = True
        for _ in range(4):
            crew.keep_watched(*logins)
            await crew.pass_(15, poller, step=0.5)
        assert {crew.row(it).failure for it in logins} == {"unavailable"}
        crew.phone.is_mute = False
        until = crew.clock.now() + timedelta(minutes=5, seconds=20)
        while any(crew.row(it).failure for it in logins):
            assert crew.clock.now() < until
            crew.keep_watched(*logins)
            await crew.pass_(2, poller, step=0.5)
        assert all(crew.secret(it) for it in sessions_)
        assert {crew.row(it).unanswered for it in logins} == {0}

    run(story)


def test_any_answer_ends_the_silence(crew: Crew) -> None:
    """Slow answers that are far apart leave nobody without news, though nothing has changed in between."""

    async def story() -> None:
        poller = crew.poller()
        await crew.on_phone(poller, "anna", "a")
        await crew.pass_(6, poller)
        for _ in range(3):
            asked, crew.phone.is_mute = len(crew.phone.asked), True
            while len(crew.phone.asked) == asked:
                await crew.pass_(0.1, poller)
            crew.phone.is_mute = False
            assert crew.row("a").unanswered == 1
            await crew.pass_(10, poller)
            assert (crew.row("a").unanswered, crew.row("a").failure) == (0, "")
            crew.keep_watched("a")

    run(story)


def test_a_phone_system_that_is_out_of_reach_is_no_silence(crew: Crew) -> None:
    """What surely did not arrive is asked again soon."""

    async def story() -> None:
        poller = crew.poller()
        await crew.on_phone(poller, "anna", "a")
        crew.phone.is_down = True
        for _ in range(8):
            crew.keep_watched("a")
            await crew.pass_(15, poller, step=0.5)
        assert crew.row("a").unanswered == 0
        crew.phone.is_down = False
        crew.keep_watched("a")
        await crew.pass_(40, poller, step=0.5)
        assert crew.row("a").failure == ""

    run(story)


def test_who_enters_the_password_again_is_asked_for_at_once(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        anna = await crew.on_phone(poller, "anna", "a")
        await crew.pass_(4, poller)
        crew.phone.is_mute = True
        await crew.pass_(30, poller, step=0.5)
        crew.phone.is_mute = False
        with pytest.raises(PhoneUnavailable):
            await crew.desk(poller).set_state(anna, "READY")
        await crew.desk(poller).sign_in(anna, "a", PASSWORD, EXTENSION)
        await calm(poller)
        await crew.pass_(4, poller)
        assert crew.row("a").failure == "" and poller.lines

    run(story)


def shown(crew: Crew, poller: Poller, session: SignedIn) -> Bar:
    return crew.database.run_here(lambda db: crew.desk(poller).bar(db, session.mark, session.person.id))


async def fall_silent(crew: Crew, poller: Poller, *agents: str) -> None:
    """Let the phone system be mute until agents are held, for less than the time that a hold lasts."""
    crew.phone.is_mute = True
    for _ in range(4):
        crew.keep_watched(*agents)
        await crew.pass_(15, poller, step=0.5)


def test_the_password_may_be_entered_again_in_a_call_whose_state_stays(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        anna = await crew.on_phone(poller, "anna", "a")
        await crew.desk(poller).set_state(anna, "READY")
        await calm(poller)
        await asyncio.sleep(0.1)
        await crew.pass_(12, poller)
        before = shown(crew, poller, anna)
        assert before.calls and not before.is_held
        crew.woken.clear()
        crew.phone.is_mute = True
        await crew.pass_(8, poller)
        held = shown(crew, poller, anna)
        assert held.is_held and held.calls == before.calls and not held.needs_sign_in
        assert frozenset({ANNA}) in crew.woken
        crew.phone.is_mute = False
        await crew.desk(poller).sign_in(anna, "a", PASSWORD, EXTENSION)
        await calm(poller)
        after = shown(crew, poller, anna)
        assert not after.is_held and after.calls == before.calls
        assert crew.row("a").ringing == crew.calls()[0].id and crew.calls()[0].ended_at is None

    run(story)


def test_a_hold_is_over_when_the_phone_system_answers_somebody(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        anna = await crew.on_phone(poller, "anna", "a")
        await crew.pass_(4, poller)
        await fall_silent(crew, poller, "a")
        assert shown(crew, poller, anna).is_held
        crew.phone.is_mute = False
        await crew.on_phone(poller, "boris", "b")
        crew.keep_watched("a", "b")
        await crew.pass_(6, poller)
        assert not shown(crew, poller, anna).is_held and crew.row("a").failure == ""

    run(story)


def test_a_page_is_woken_by_each_hold_whatever_it_said_before(crew: Crew) -> None:
    """The phone system was out of reach first, or tried once after five minutes: the page says so, without the form."""

    async def story() -> None:
        poller = crew.poller()
        anna = await crew.on_phone(poller, "anna", "a")
        crew.phone.is_down = True
        await crew.pass_(10, poller, step=0.5)
        assert crew.row("a").failure == "unavailable" and not shown(crew, poller, anna).is_held
        crew.phone.is_down, version = False, crew.row("a").version
        await fall_silent(crew, poller, "a")
        assert shown(crew, poller, anna).is_held and crew.row("a").version > version
        crew.clock.pass_(300)
        assert not shown(crew, poller, anna).is_held
        version = crew.row("a").version
        crew.woken.clear()
        await fall_silent(crew, poller, "a")
        assert shown(crew, poller, anna).is_held and crew.row("a").version > version
        assert frozenset({ANNA}) in crew.woken

    run(story)


def end_session(crew: Crew, mark: str) -> None:
    crew.database.run_here(lambda db: sessions.end_one(db, ANNA, mark), writes=True)


def replace(crew: Crew, mark: str) -> None:
    """Sign in again in the same browser."""
    now = crew.clock.now()

    def work(db: Session) -> None:
        next_id, _ = sessions.begin(db, ANNA, now, False, "", "")
        sessions.replace(db, crew.ids[mark], next_id, ANNA)

    crew.database.run_here(work, writes=True)


def disable(crew: Crew, mark: str) -> None:
    crew.database.run_here(lambda db: people.disable(db, "anna"), writes=True)


def block(crew: Crew, mark: str) -> None:
    def work(db: Session) -> None:
        person = db.get_one(Person, ANNA)
        person.blocked_at = crew.clock.now()
        db.add(person)

    crew.database.run_here(work, writes=True)


def revoke(crew: Crew, mark: str) -> None:
    crew.database.run_here(lambda db: rights.revoke(db, ANNA, AGENT, None), writes=True)


def join(crew: Crew, mark: str) -> None:
    def work(db: Session) -> None:
        kept, joined = (db.get_one(Person, it) for it in (BORIS, ANNA))
        joins.join(db, kept, joined, crew.clock.now(), None)

    crew.database.run_here(work, writes=True)


def anonymize(crew: Crew, mark: str) -> None:
    disable(crew, mark)
    now = crew.clock.now()
    crew.database.run_here(lambda db: anonymizing.anonymize(db, ANNA, "anna", now, None), writes=True)


def expire(crew: Crew, mark: str) -> None:
    def work(db: Session) -> None:
        db.get_one(tables.Session, mark).expires_at = crew.clock.now()

    crew.database.run_here(work, writes=True)


@pytest.mark.parametrize("end", [end_session, replace, disable, block, revoke, join, anonymize, expire])
def test_who_is_no_longer_there_is_not_asked_for(crew: Crew, end: Callable[[Crew, str], None]) -> None:
    async def story() -> None:
        poller = crew.poller()
        anna = await crew.on_phone(poller, "anna", "a")
        await crew.pass_(4, poller)
        crew.phone.asked.clear()
        end(crew, anna.mark)
        until = crew.clock.now() + timedelta(hours=1)
        crew.database.run_here(lambda db: phone_agents.watch(db, "a", until), writes=True)
        await crew.pass_(2.1, poller)
        crew.phone.asked.clear()
        await crew.pass_(10, poller)
        assert crew.phone.asked == []
        await crew.pass_(300, poller, step=1)
        assert crew.secret(anna) is None

    run(story)


def test_pauses_grow_and_end() -> None:
    for failures, about in ((1, 2), (2, 4), (3, 8), (4, 16), (5, 30), (500, 30)):
        assert 0.8 * about <= backoff(failures) <= 1.2 * about


def test_failures_that_were_on_their_way_make_an_outage_no_longer() -> None:
    outage = Outage()
    assert [outage.fail(0.0) for _ in range(20)] == [False, False, *[True] * 18] and outage.tries == 1
    lines = [Line(3.0), Line(2.0)]
    assert not outage.allowed(lines, 1.0) and list(outage.allowed(lines, 3.0)) == [lines[1]]
    assert not outage.allowed(lines, 4.0)
    assert outage.fail(4.0) and outage.tries == 2
    assert outage.over() and not outage.over() and list(outage.allowed(lines, 4.0)) == lines
