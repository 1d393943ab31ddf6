"""Signing in to the phone and out of it: no password is tried so often that an agent is locked, and nobody is signed
out in a call."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from helpdesk.demo import playable_phone
from helpdesk.demo.playable_phone import PASSWORD
from helpdesk.errors import Invalid, NotSignedIn, StoreUnavailable, TooManyAttempts
from helpdesk.people.model import SignedIn
from helpdesk.store import phone_agents, phone_refusals, sessions
from helpdesk.store.database import Database
from helpdesk.telephony import leaving
from helpdesk.telephony.desk import OTHER_AGENT, Desk
from helpdesk.telephony.phone import NotOnPhone, PhoneDeclined, PhoneRefused, PhoneUnavailable
from helpdesk.telephony.poller import Poller
from tests.clocks import Clock
from tests.telephony.agents import EXTENSION, Crew, WatchedPhone, calm


@pytest.fixture
def crew(database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Crew:
    monkeypatch.setattr(leaving, "LOOK_SECONDS", 0.02)
    return Crew(database, clock, WatchedPhone(clock))


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(story())  # type: ignore[arg-type]  # a coroutine


async def refused(desk: Desk, session: SignedIn, agent: str, password: str) -> str:
    """The error that a try to sign in leads to."""
    try:
        await desk.sign_in(session, agent, password, EXTENSION)
    except (PhoneRefused, TooManyAttempts, PhoneUnavailable) as error:
        return error.code
    return ""


def test_three_wrong_passwords_are_enough_for_five_minutes(crew: Crew) -> None:
    """Whoever enters them, in whichever process, and however the agent's id is written."""

    async def story() -> None:
        desks = [crew.desk(crew.poller()) for _ in "12"]
        anna, boris = crew.session("anna"), crew.session("boris")
        tries = [(desks[0], anna, "agent"), (desks[1], boris, "AGENT"), (desks[0], boris, " agent")]
        assert [await refused(*each, "wrong") for each in tries] == ["phone_refused"] * 3
        for desk in desks:
            with pytest.raises(TooManyAttempts) as waits:
                await desk.sign_in(anna, "agent", PASSWORD, EXTENSION)
            assert 290 <= waits.value.retry_after <= 300
        assert await refused(desks[0], crew.session("anna"), "another", PASSWORD) == ""
        assert len(crew.phone.refused) == 3
        crew.clock.pass_(301)
        assert await refused(desks[1], anna, "agent", PASSWORD) == ""
        assert [await refused(desks[0], boris, "agent", "wrong") for _ in "1234"][2:] == [
            "phone_refused",
            "too_many_attempts",
        ]

    run(story)


def test_tries_at_the_same_time_count_too(crew: Crew) -> None:
    async def story() -> None:
        desk, anna = crew.desk(crew.poller()), crew.session("anna")
        crew.phone.slow["agent"] = asyncio.Event()
        tries = [asyncio.ensure_future(refused(desk, anna, "agent", "wrong")) for _ in range(8)]
        while sum(it.done() for it in tries) < 5:
            await asyncio.sleep(0.01)
        crew.phone.slow["agent"].set()
        assert sorted(await asyncio.gather(*tries)) == ["phone_refused"] * 3 + ["too_many_attempts"] * 5

    run(story)


def test_a_phone_system_that_does_not_answer_uses_no_try_up(crew: Crew) -> None:
    async def story() -> None:
        desk, anna = crew.desk(crew.poller()), crew.session("anna")
        crew.phone.is_down = True
        assert {await refused(desk, anna, "agent", "wrong") for _ in range(6)} == {"phone_unavailable"}
        crew.phone.is_down = False
        assert await refused(desk, anna, "agent", PASSWORD) == ""

    run(story)


def test_a_try_without_an_answer_may_have_been_refused(crew: Crew) -> None:
    async def story() -> None:
        desk, anna = crew.desk(crew.poller()), crew.session("anna")
        crew.phone.is_mute = True
        assert [await refused(desk, anna, "agent", "wrong") for _ in "12345"] == [
            *["phone_unavailable"] * 3,
            *["too_many_attempts"] * 2,
        ]
        assert len(crew.phone.refused) == 3

    run(story)


def test_who_was_the_agent_before_may_try_after_others_were_refused(crew: Crew) -> None:
    """But five lock the agent, so nobody tries after four."""

    async def story() -> None:
        poller = crew.poller()
        desk, anna, boris = crew.desk(poller), await crew.on_phone(poller, "anna", "a"), crew.session("boris")
        wrong = [await refused(desk, boris, "a", "wrong") for _ in "1234"]
        assert wrong == [*["phone_refused"] * 3, "too_many_attempts"]
        assert await refused(desk, anna, "a", PASSWORD) == "", "anna's own password ends the count"
        await calm(poller)
        assert [await refused(desk, boris, "a", "wrong") for _ in "123"] == ["phone_refused"] * 3
        assert [await refused(desk, anna, "a", "wrong") for _ in "12"] == ["phone_refused", "too_many_attempts"]
        assert len(crew.phone.refused) == 7

    run(story)


def test_nobody_tries_passwords_at_many_agents(crew: Crew) -> None:
    async def story() -> None:
        desk, anna = crew.desk(crew.poller()), crew.session("anna")
        told = [await refused(desk, anna, f"agent{number}", "wrong") for number in range(9)]
        assert told == [*["phone_refused"] * 6, *["too_many_attempts"] * 3]
        assert await refused(desk, crew.session("boris"), "agent8", "wrong") == "phone_refused"

    run(story)


def test_many_accounts_at_one_address_try_passwords_no_better(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        monkeypatch.setattr(phone_refusals, "MOST_OF_ADDRESS", 4)
        poller = crew.poller()
        desk, admin = crew.desk(poller), await crew.on_phone(poller, "admin", "own")
        people = [crew.session(login) for login in ("anna", "boris", "irina")]
        told = []
        for number, session in enumerate(people * 2):
            try:
                await desk.sign_in(session, f"agent{number}", "wrong", EXTENSION, "192.0.2.7")
            except (PhoneRefused, TooManyAttempts) as error:
                told.append(error.code)
        assert told == [*["phone_refused"] * 4, *["too_many_attempts"] * 2]
        await desk.sign_in(admin, "own", PASSWORD, EXTENSION, "192.0.2.7")
        await calm(poller)

    run(story)


def test_refused_tries_are_in_the_audit_without_what_was_typed_as_an_agent(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        desk, anna = crew.desk(poller), await crew.on_phone(poller, "anna", "known")
        for agent in ("MyPassw0rd", "known"):
            assert await refused(desk, crew.session("boris"), agent, "wrong") == "phone_refused"
        noted = [it for it in crew.audit() if it.action == "phone_sign_in_refused"]
        assert [it.details for it in noted] == ["{}", '{"agent": "known"}'], anna
        assert "Passw0rd" not in "\n".join(f"{row}" for row in crew.rows())

    run(story)


def test_nobody_leaves_an_agent_ready_by_signing_in_as_another(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        desk, anna = crew.desk(poller), await crew.on_phone(poller, "anna", "a")
        with pytest.raises(PhoneDeclined) as declined:
            await desk.sign_in(anna, "b", PASSWORD, EXTENSION)
        assert declined.value.message == OTHER_AGENT
        await desk.sign_out(anna)
        await desk.sign_in(anna, "b", PASSWORD, EXTENSION)
        await calm(poller)

    run(story)


def test_a_password_refused_at_signing_out_is_gone_in_all_sessions(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        anna, again = [await crew.on_phone(poller, "anna", "a") for _ in "12"]
        crew.phone.passwords["a"] = "another"
        with pytest.raises(PhoneRefused):
            await crew.desk(poller).sign_out(anna)
        assert crew.secret(anna) is None and crew.secret(again) is None
        await crew.pass_(10, poller)
        assert crew.phone.refused == [PASSWORD]

    run(story)


def test_the_case_of_an_id_makes_no_other_agent(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        await crew.on_phone(poller, "anna", "Agent")
        boris = await crew.on_phone(poller, "boris", "aGENT")
        found = await crew.desk(poller).current(boris)
        assert found and found.agent.agent_id == "Agent" and found.agent.person_id == boris.person.id
        assert {it[1] for it in crew.phone.asked} == {"Agent"}

    run(story)


def test_a_store_that_fails_after_the_phone_system_says_nothing_against_the_password(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        poller = crew.poller()
        desk, anna = crew.desk(poller), crew.session("anna")
        with monkeypatch.context() as patch:
            patch.setattr(phone_agents, "sign_in", fail)
            for _ in range(4):
                with pytest.raises(StoreUnavailable):
                    await desk.sign_in(anna, "a", PASSWORD, EXTENSION)
        await desk.sign_in(anna, "a", PASSWORD, EXTENSION)
        await calm(poller)

    def fail(*_: object) -> None:
        raise StoreUnavailable("told to fail")

    run(story)


def test_digits_are_kept_nowhere(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        anna = await ready(crew, poller)
        crew.clock.pass_(playable_phone.NEXT_CALL.total_seconds())
        desk = crew.desk(poller)
        dialog = (await desk.read_now(anna)).dialogs[0]
        await desk.act(anna, dialog.id, "ANSWER")
        await calm(poller)
        await asyncio.sleep(2 * playable_phone.DELAY_SECONDS)
        crew.clock.pass_(2)
        await desk.read_now(anna)
        await desk.act(anna, dialog.id, "SEND_DTMF", "987654")
        await calm(poller)
        row = crew.row("a")
        assert (row.asked, row.asked_dialog, row.asked_to) == ("SEND_DTMF", dialog.id, "")
        crew.clock.pass_(2)
        await desk.read_now(anna)
        row = crew.row("a")
        assert (row.asked, row.asked_dialog, row.asked_to) == ("", "", "")

    run(story)


def test_a_password_that_is_taken_makes_up_for_wrong_ones(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        desk, anna = crew.desk(poller), crew.session("anna")
        for _ in range(3):
            assert await refused(desk, anna, "agent", "wrong") == "phone_refused"
            assert await refused(desk, anna, "agent", "wrong") == "phone_refused"
            assert await refused(desk, anna, "agent", PASSWORD) == ""
        await calm(poller)
        await crew.pass_(4, poller)
        assert crew.row("agent").seen_at is not None

    run(story)


def test_what_is_no_agent_is_not_asked_for(crew: Crew) -> None:
    async def story() -> None:
        desk, anna = crew.desk(crew.poller()), crew.session("anna")
        for agent, password, extension in (
            ("", PASSWORD, "1001"),
            ("a/../b", PASSWORD, "1001"),
            ("а", PASSWORD, "1001"),
            ("a" * 65, PASSWORD, "1001"),
            ("a", "", "1001"),
            ("a", "x" * 201, "1001"),
            ("a", PASSWORD, ""),
            ("a", PASSWORD, "10 01"),
            ("a", PASSWORD, "١٢"),
        ):
            with pytest.raises(Invalid):
                await desk.sign_in(anna, agent, password, extension)
        assert crew.phone.asked == []

    run(story)


def test_the_longest_password_is_kept_whole_and_in_the_session_alone(crew: Crew) -> None:
    async def story() -> None:
        poller, long = crew.poller(), "🔒" * 200
        crew.phone.passwords["a"] = long
        anna = await crew.on_phone(poller, "anna", "a", long)
        await crew.pass_(4, poller)
        assert crew.row("a").seen_at and len(crew.secret(anna) or "") < 2_000
        kept = "\n".join(f"{row}" for row in crew.rows())
        assert "🔒" not in kept

    run(story)


def test_a_session_that_is_over_is_not_signed_in(crew: Crew) -> None:
    async def story() -> None:
        desk, anna = crew.desk(crew.poller()), crew.session("anna")
        crew.database.run_here(lambda db: sessions.end_one(db, anna.person.id, anna.mark), writes=True)
        with pytest.raises(NotSignedIn):
            await desk.sign_in(anna, "agent", PASSWORD, EXTENSION)

    run(story)


async def ready(crew: Crew, poller: Poller) -> SignedIn:
    anna = await crew.on_phone(poller, "anna", "a")
    await crew.desk(poller).set_state(anna, "READY")
    await calm(poller)
    await asyncio.sleep(2 * playable_phone.DELAY_SECONDS)
    assert (await crew.phone.agent(crew.phone._lines["a"].who)).state == "READY"
    return anna


def test_who_is_ready_becomes_not_ready_and_is_signed_out_then(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        anna, boris = await ready(crew, poller), await crew.on_phone(poller, "boris", "b")
        crew.woken.clear()
        await crew.desk(poller).sign_out(anna)
        await asyncio.sleep(2 * playable_phone.DELAY_SECONDS)
        assert crew.phone._lines["a"].state == "LOGOUT" and crew.secret(anna) is None
        assert crew.row("a").state == "LOGOUT" and crew.woken == [frozenset({anna.person.id})]
        with pytest.raises(NotOnPhone):
            await crew.desk(poller).set_state(anna, "READY")
        assert await crew.desk(poller).current(anna) is None and await crew.desk(poller).current(boris)

    run(story)


def test_nobody_is_signed_out_in_a_call(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        anna = await ready(crew, poller)
        crew.clock.pass_(playable_phone.NEXT_CALL.total_seconds())
        with pytest.raises(PhoneDeclined) as declined:
            await crew.desk(poller).sign_out(anna)
        assert declined.value.message == leaving.IN_A_CALL
        assert crew.secret(anna) is not None and crew.phone._lines["a"].state == "READY"

    run(story)


def test_who_does_not_become_not_ready_stays_signed_in(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        poller = crew.poller()
        anna = await ready(crew, poller)
        monkeypatch.setattr(playable_phone, "DELAY_SECONDS", 60)
        with pytest.raises(PhoneDeclined) as declined:
            await crew.desk(poller).sign_out(anna)
        assert declined.value.message == leaving.STILL_READY and crew.secret(anna) is not None
        await crew.phone.close()

    run(story)


def test_the_password_is_forgotten_even_if_the_phone_system_is_down(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        anna = await crew.on_phone(poller, "anna", "a")
        crew.phone.is_down = True
        with pytest.raises(PhoneUnavailable):
            await crew.desk(poller).sign_out(anna)
        assert crew.secret(anna) is None

    run(story)


def test_a_phone_system_that_is_slow_is_not_waited_for(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        poller = crew.poller()
        anna = await crew.on_phone(poller, "anna", "a")
        monkeypatch.setattr(leaving, "LONGEST_SECONDS", 0.05)
        crew.phone.slow["a"] = asyncio.Event()
        with pytest.raises(PhoneUnavailable):
            await crew.desk(poller).sign_out(anna)
        assert crew.secret(anna) is None

    run(story)


def test_a_password_refused_in_an_action_is_gone_in_all_sessions(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        anna, again = [await crew.on_phone(poller, "anna", "a") for _ in "12"]
        crew.phone.passwords["a"] = "another"
        with pytest.raises(PhoneRefused):
            await crew.desk(poller).set_state(anna, "READY")
        for session in (anna, again):
            with pytest.raises(NotOnPhone):
                await crew.desk(poller).set_state(session, "READY")
        await crew.pass_(10, poller)
        assert crew.phone.refused == [PASSWORD]

    run(story)


def test_after_two_refused_passwords_a_third_one_waits(crew: Crew) -> None:
    async def story() -> None:
        poller, passwords = crew.poller(), ("one", "two", "three")
        anna = []
        for password in passwords:
            crew.phone.passwords["a"] = password
            anna.append(await crew.on_phone(poller, "anna", "a", password))
        crew.phone.passwords["a"] = "four"
        for session, error in zip(anna, (PhoneRefused, PhoneRefused, TooManyAttempts), strict=True):
            with pytest.raises(error):
                await crew.desk(poller).set_state(session, "READY")
        assert crew.phone.refused == ["one", "two"]
        crew.clock.pass_(timedelta(minutes=5, seconds=1).total_seconds())
        with pytest.raises(PhoneRefused):
            await crew.desk(poller).set_state(anna[2], "READY")

    run(story)


def test_a_page_is_told_once_that_nothing_came(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        poller = crew.poller()
        anna = await crew.on_phone(poller, "anna", "a")
        await crew.pass_(4, poller)
        monkeypatch.setattr(playable_phone, "DELAY_SECONDS", 60)
        await crew.desk(poller).set_state(anna, "READY")
        assert crew.row("a").asked == "READY"
        version = crew.row("a").version
        crew.clock.pass_(10)  # the time of day; the poller waits by its own for what is left
        crew.woken.clear()
        await asyncio.gather(*poller._hurried.values())
        assert crew.row("a").version == version + 1 and frozenset({anna.person.id}) in crew.woken
        await crew.phone.close()

    run(story)


def test_what_was_asked_is_no_longer_so_when_it_has_come(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        anna = await crew.on_phone(poller, "anna", "a")
        await crew.pass_(4, poller)
        await crew.desk(poller).set_state(anna, "READY")
        assert crew.row("a").asked == "READY"
        while crew.row("a").asked:
            await asyncio.sleep(0.02)
        assert crew.row("a").state == "READY"
        await calm(poller)

    run(story)
