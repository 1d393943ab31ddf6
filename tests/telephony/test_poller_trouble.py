"""What polling does when the clock jumps, the store can't be written, keys are lost, or the phone system is slow; and
what becomes of actions that it answers late, or in an unlucky order."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import pytest

from helpdesk.demo.playable_phone import PASSWORD
from helpdesk.encryption import Box
from helpdesk.errors import StoreUnavailable
from helpdesk.people.model import SignedIn
from helpdesk.store import phone_refusals
from helpdesk.store.database import Database
from helpdesk.telephony import poller as poller_module
from helpdesk.telephony.desk import Desk
from helpdesk.telephony.phone import (
    BadPhoneResponse,
    Credentials,
    Dialog,
    Participant,
    PhoneDeclined,
    PhoneUnanswered,
)
from helpdesk.telephony.poller import AT_ONCE, Poller
from tests.clocks import Clock
from tests.telephony.agents import EXTENSION, Crew, WatchedPhone, calm
from tests.telephony.stages import until

CALL = Dialog(
    "7",
    "ACTIVE",
    "+79035550142",
    "5500",
    participants=(Participant(EXTENSION, "ACTIVE", ("TRANSFER_SST",)), Participant("+79035550142", "ACTIVE")),
)


@pytest.fixture
def crew(database: Database, clock: Clock) -> Crew:
    return Crew(database, clock, WatchedPhone(clock))


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(story())  # type: ignore[arg-type]  # a coroutine


def test_a_clock_that_is_put_back_changes_neither_the_pace_nor_what_is_seen(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        anna = await crew.on_phone(poller, "anna", "a")
        await crew.pass_(6, poller)
        poller.clock = lambda: crew.clock.now() - timedelta(minutes=30)
        crew.phone.asked.clear()
        await crew.pass_(20, poller)
        assert 7 <= crew.phone.times("dialogs") <= 12
        await crew.desk(poller).set_state(anna, "READY")
        await calm(poller)
        await asyncio.sleep(0.1)
        crew.keep_watched("a")
        await crew.pass_(40, poller)
        assert crew.row("a").state != "NOT_READY" and crew.calls()
        assert (crew.row("a").seen_at or crew.clock.now()) <= poller.clock()

    run(story)


def test_a_refusal_that_can_not_be_stored_is_asked_for_once(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        poller, tries = crew.poller(), []

        def fail(*_: object) -> None:
            tries.append(crew.clock.now())
            raise StoreUnavailable("told to fail")

        anna = await crew.on_phone(poller, "anna", "a")
        await crew.pass_(4, poller)
        crew.phone.passwords["a"] = "another"
        with monkeypatch.context() as patch:
            patch.setattr(phone_refusals, "add", fail)
            await crew.pass_(10, poller)
        assert crew.phone.refused == [PASSWORD] and 3 <= len(tries) <= 6
        assert crew.secret(anna) is not None
        await crew.pass_(3, poller)
        assert crew.phone.refused == [PASSWORD] and crew.secret(anna) is None
        assert crew.row("a").failure == "refused"

    run(story)


def test_what_can_not_be_stored_is_no_reason_to_ask_faster(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        poller = crew.poller()
        await crew.on_phone(poller, "anna", "a")
        await crew.pass_(4, poller)
        crew.phone.asked.clear()
        with monkeypatch.context() as patch:
            patch.setattr(poller_module, "record", fail)
            poller.lines["a"].version = -2
            await crew.pass_(10, poller)
        assert 3 <= crew.phone.times("dialogs") <= 6

    def fail(*_: object) -> None:
        raise StoreUnavailable("told to fail")

    run(story)


def test_a_password_that_no_key_opens_is_forgotten_and_asked_for(crew: Crew) -> None:
    async def story() -> None:
        poller = crew.poller()
        anna = await crew.on_phone(poller, "anna", "a")
        await crew.pass_(4, poller)
        crew.box = Box(["another key"])
        later, crew.phone.asked[:] = crew.poller(), []
        await crew.pass_(6, later)
        shown = crew.database.run_here(lambda db: crew.desk(later).bar(db, anna.mark, anna.person.id))
        assert shown.needs_sign_in and crew.secret(anna) is None and crew.phone.asked == []
        await crew.desk(later).sign_in(anna, "a", PASSWORD, EXTENSION)
        await calm(later)
        await crew.pass_(4, later)
        assert crew.phone.times("dialogs") >= 1 and crew.row("a").failure == ""

    run(story)


def test_what_an_action_has_led_to_is_seen_while_all_others_wait(crew: Crew) -> None:
    """The phone system answers nobody of many agents, but the one who has acted."""

    async def story() -> None:
        poller = crew.poller()
        others = [f"x{it}" for it in range(AT_ONCE + 3)]
        for agent in others:
            await crew.on_phone(poller, "boris", agent)
        anna = await crew.on_phone(poller, "anna", "a")
        await crew.pass_(4, poller)
        gate = asyncio.Event()
        crew.phone.slow.update(dict.fromkeys(others, gate))
        for _ in range(50):
            crew.clock.pass_(0.1)
            await poller.step()
            await asyncio.sleep(0)
        assert len(poller._running) == AT_ONCE
        await crew.desk(poller).set_state(anna, "READY")

        async def is_seen() -> bool:
            crew.clock.pass_(0.1)
            return crew.row("a").state == "READY"

        await until(is_seen, "READY")
        await calm(poller)
        gate.set()
        await poller.finish()

    run(story)


class Exchange(WatchedPhone):
    """A phone with a call in hand, which goes when it is passed on; how the answer comes is up to the test."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.calls: tuple[Dialog, ...] = (CALL,)
        self.answer: Callable[[], Awaitable[None]] | None = None

    async def dialogs(self, who: Credentials) -> Sequence[Dialog]:
        await self._ask("dialogs", who)
        return self.calls

    async def act(self, who: Credentials, dialog_id: str, action: str, to: str = "") -> None:
        if self.answer:
            await self.answer()
        self.calls = ()


@pytest.fixture
def exchange(database: Database, clock: Clock) -> Crew:
    return Crew(database, clock, Exchange(clock))


async def in_a_call(crew: Crew, poller: Poller) -> tuple[Exchange, SignedIn, Desk]:
    anna = await crew.on_phone(poller, "anna", "a")
    await crew.pass_(4, poller)
    assert isinstance(crew.phone, Exchange)
    return crew.phone, anna, crew.desk(poller)


def ends(crew: Crew) -> list[tuple[str, str]]:
    return [(it.outcome, it.passed_to) for it in crew.calls()]


@pytest.mark.parametrize("error", [PhoneUnanswered, BadPhoneResponse])
def test_a_transfer_whose_answer_does_not_come_is_one_in_the_log(exchange: Crew, error: type[Exception]) -> None:
    async def story() -> None:
        poller = exchange.poller()
        phone, anna, desk = await in_a_call(exchange, poller)

        async def lose() -> None:
            phone.calls = ()
            raise error

        phone.answer = lose
        with pytest.raises(error):
            await desk.act(anna, "7", "TRANSFER_SST", "1002")
        assert poller._hurried, "it is looked soon what has come of it"
        await calm(poller)
        await exchange.pass_(3, poller)
        assert ends(exchange) == [("transferred", "1002")]

    run(story)


def test_a_transfer_that_is_seen_before_it_is_answered_is_one_in_the_log(exchange: Crew) -> None:
    async def story() -> None:
        poller = exchange.poller()
        phone, anna, desk = await in_a_call(exchange, poller)

        async def look() -> None:
            phone.calls = ()
            await desk.read_now(anna)

        phone.answer = look
        await desk.act(anna, "7", "TRANSFER_SST", "1002")
        await calm(poller)
        assert ends(exchange) == [("transferred", "1002")] and exchange.row("a").asked == ""

    run(story)


def test_a_transfer_after_which_something_else_is_asked_at_once_is_one_in_the_log(exchange: Crew) -> None:
    async def story() -> None:
        poller = exchange.poller()
        _, anna, desk = await in_a_call(exchange, poller)
        await desk.act(anna, "7", "TRANSFER_SST", "1002")
        await calm(poller)
        await desk.set_state(anna, "NOT_READY")
        await calm(poller)
        await exchange.pass_(3, poller)
        assert ends(exchange) == [("transferred", "1002")]

    run(story)


def test_a_transfer_that_is_declined_was_not_asked(exchange: Crew) -> None:
    async def story() -> None:
        poller = exchange.poller()
        phone, anna, desk = await in_a_call(exchange, poller)

        async def decline() -> None:
            raise PhoneDeclined

        phone.answer = decline
        with pytest.raises(PhoneDeclined):
            await desk.act(anna, "7", "TRANSFER_SST", "1002")
        assert exchange.row("a").asked == exchange.row("a").passing == ""
        await calm(poller)
        phone.calls = ()
        await exchange.pass_(3, poller)
        assert ends(exchange) == [("answered", "")]

    run(story)
