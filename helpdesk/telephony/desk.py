"""Let a session's person act on the phone, in whichever face they ask: the pages and the JSON API.

The password is kept encrypted in the session's row alone, and opened only here and by the poller. When the phone system
refuses it, it is forgotten at once: five wrong ones lock the agent.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from sqlmodel import Session

from helpdesk.encryption import Box
from helpdesk.errors import HelpdeskError, Invalid, sentence
from helpdesk.people.model import SignedIn
from helpdesk.store import phone_agents
from helpdesk.store.database import Database
from helpdesk.store.models.telephony import PhoneAgent
from helpdesk.telephony import bar, snapshot
from helpdesk.telephony.asked import Asked, columns_of
from helpdesk.telephony.asking import AsAgent
from helpdesk.telephony.bar import Bar
from helpdesk.telephony.leaving import Leaving
from helpdesk.telephony.phone import (
    ACTIONS,
    AGENT_ID,
    DIALOG_ID,
    DIGITS,
    LOGOUT,
    MAKE_CALL,
    NOT_READY,
    NUMBER,
    READY,
    SEND_DTMF,
    TO_A_NUMBER,
    Credentials,
    Dialog,
    NotOnPhone,
    Phone,
    PhoneDeclined,
    PhoneRefused,
    PhoneUnavailable,
)
from helpdesk.telephony.poller import Poller
from helpdesk.telephony.reasons import Reasons
from helpdesk.telephony.signing import Signing

WATCHED = timedelta(seconds=90)
"""So long after a page was seen on a screen news of its agent are asked for."""
FRESH = timedelta(seconds=1)
"""So long what was seen of an agent is shown to programs without another look."""
SOON_SECONDS, REASONS_SECONDS = 2.5, 1.0
"""So long a program's action waits for what is there now, and a page for the reasons of not being ready."""
LONGEST_PASSWORD = 200
NO_AGENT_ID = sentence("This is no agent id.")
NO_PASSWORD = sentence("Please enter the password.")
NO_NUMBER = sentence("This is no number: digits, *, # and + only.")
NO_EXTENSION = sentence("This is no extension: digits only.")
NO_ACTION = sentence("The phone can't do this.")
NO_STATE = sentence("An agent can only become ready or not ready here.")
OTHER_AGENT = sentence("You are signed in as another agent. Please sign out of the phone first.")
NOT_NOW = sentence("This call does not allow it now.")

R = TypeVar("R")


class OnPhone(NamedTuple):
    """What a signed-in agent's page shows; `agent` is a row as it was read. Without `can_ask` the phone system has
    refused the password."""

    agent: PhoneAgent
    dialogs: tuple[Dialog, ...]
    can_ask: bool

    def dialog(self, dialog_id: str) -> Dialog | None:
        return next((it for it in self.dialogs if it.id == dialog_id), None)

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether this was seen a moment ago, and nothing was asked since."""
        seen, asked = self.agent.seen_at, self.agent.asked_at
        is_new = seen is not None and timedelta() <= now - seen < FRESH and (asked is None or asked < seen)
        return is_new and self.can_ask and not self.agent.failure


class Desk:
    """The call desk over a phone system."""

    def __init__(
        self, phone: Phone, database: Database, box: Box, poller: Poller, clock: Callable[[], datetime]
    ) -> None:
        self.phone, self.database, self.box, self.poller, self.clock = phone, database, box, poller, clock
        self.reasons = Reasons(phone, clock)
        self.signing = Signing(phone, database, box, poller, clock)
        self.leaving = Leaving(phone, database, box, clock)
        self.asking = AsAgent(database, box, poller, clock)

    async def sign_in(
        self, signed_in: SignedIn, agent_id: str, password: str, extension: str, address: str = ""
    ) -> None:
        """Sign the agent in to the phone, and keep the password for the length of the session. `address` is where the
        person is.

        Raises Invalid with `fields`, TooManyAttempts, PhoneRefused, PhoneDeclined, PhoneUnavailable.
        """
        who = Credentials(agent_id.strip(), password, extension.strip())
        _require(
            agent_id=None if AGENT_ID.fullmatch(who.agent_id) else NO_AGENT_ID,
            password=None if 0 < len(password) <= LONGEST_PASSWORD else NO_PASSWORD,
            extension=None if DIGITS.fullmatch(who.extension) else NO_EXTENSION,
        )
        before, agent_id = await self.database.run(
            lambda db: (phone_agents.of_session(db, signed_in.mark), phone_agents.spelt(db, who.agent_id))
        )
        who = who._replace(agent_id=agent_id)
        if before and before.secret and before.agent.agent_id != who.agent_id and before.agent.state != LOGOUT:
            raise PhoneDeclined(message=OTHER_AGENT)  # who would stay ready, and nobody could end it here
        await self.signing.sign_in(signed_in, who, address, self.clock() + WATCHED)

    async def sign_out(self, signed_in: SignedIn) -> None:
        """Sign the agent out of the phone, as `Signing.sign_out` does."""
        found = await self._read(signed_in)
        await self.signing.sign_out(signed_in, found, self.asking.opened(found) if found and found.secret else None)

    async def current(self, signed_in: SignedIn) -> OnPhone | None:
        """Return what is known of the session's agent; None when the session is not signed in to the phone."""
        found = await self._read(signed_in)
        if found is None:
            return None
        return OnPhone(found.agent, tuple(snapshot.from_json(found.agent.dialogs)), found.secret is not None)

    async def read_now(self, signed_in: SignedIn) -> OnPhone:
        """Return what the phone system shows now, for programs: no page of theirs keeps it up to date.

        The agent is looked after for a while then, so that the log also has the end of a call. Raises NotOnPhone,
        PhoneRefused, PhoneUnavailable.
        """
        on_phone = await self.current(signed_in)
        if on_phone is None or not on_phone.is_fresh(self.clock()):
            await self.as_agent(signed_in, self._look)
            on_phone = await self.current(signed_in)
        if on_phone is None:  # signed out meanwhile
            raise NotOnPhone
        return on_phone

    async def read_soon(self, signed_in: SignedIn) -> OnPhone:
        """Return what the phone system shows now, or what was seen last when it takes long, so that something may be
        asked after it in time. Raises NotOnPhone, PhoneRefused."""
        with suppress(TimeoutError, PhoneUnavailable):
            async with asyncio.timeout(SOON_SECONDS):
                return await self.read_now(signed_in)
        on_phone = await self.current(signed_in)
        if on_phone is None:
            raise NotOnPhone
        return on_phone

    async def _look(self, who: Credentials) -> None:
        now = self.clock()
        row = await self.database.run(lambda db: db.get(PhoneAgent, who.agent_id))
        if row and (row.watched_until is None or row.watched_until < now + WATCHED / 2):
            await self.watched(who.agent_id)
        await self.poller.look(who)

    def bar(self, db: Session, mark: str, person_id: int) -> Bar:
        """Read what the pages of a session show of the phone."""
        return bar.of_session(db, mark, person_id, self.clock(), self.reasons.known)

    async def read_reasons(self, signed_in: SignedIn) -> None:
        """Read why the session's agent may be not ready, if that was long ago. The bar does without when it fails."""
        found = await self._read(signed_in)
        if found is None or found.secret is None or self.reasons.are_fresh(found.agent.agent_id):
            return
        with suppress(HelpdeskError, TimeoutError):
            async with asyncio.timeout(REASONS_SECONDS):
                await self.as_agent(signed_in, self.reasons.read)

    async def watched(self, agent_id: str) -> None:
        """Note that a page of the agent is on a screen."""
        until = self.clock() + WATCHED
        await self.database.run(lambda db: phone_agents.watch(db, agent_id, until), writes=True)

    async def set_state(self, signed_in: SignedIn, state: str, reason_id: str = "") -> None:
        """Ask for READY or NOT_READY. Raises NotOnPhone, Invalid, PhoneDeclined."""
        if state not in (READY, NOT_READY):
            raise Invalid({"state": [NO_STATE]})
        await self._ask(signed_in, state, "", "", lambda who: self.phone.set_state(who, state, reason_id[:20]))

    async def act(self, signed_in: SignedIn, dialog_id: str, action: str, to: str = "") -> None:
        """Ask for an action on a dialog of the agent. Raises NotOnPhone, Invalid, PhoneDeclined."""
        pattern = NUMBER if action in TO_A_NUMBER else DIGITS if action == SEND_DTMF else None
        to = number_of(to) if action in TO_A_NUMBER else to.strip()
        _require(
            action=None if action in ACTIONS and DIALOG_ID.fullmatch(dialog_id) else NO_ACTION,
            to_address=None if pattern is None or pattern.fullmatch(to) else NO_NUMBER,
        )
        on_phone = await self.current(signed_in)
        dialog = on_phone.dialog(dialog_id) if on_phone else None
        own = dialog.own(on_phone.agent.extension) if on_phone and dialog else None
        if on_phone and (own is None or action not in own.actions):
            raise PhoneDeclined(message=NOT_NOW)
        number = to if pattern else ""
        kept = "" if action == SEND_DTMF else number  # digits may be a code or a card's number
        await self._ask(signed_in, action, dialog_id, kept, lambda who: self.phone.act(who, dialog_id, action, number))

    async def dial(self, signed_in: SignedIn, number: str) -> None:
        """Ask for a call to a number. Raises NotOnPhone, Invalid, PhoneDeclined."""
        to = number_of(number)
        _require(to_address=None if NUMBER.fullmatch(to) else NO_NUMBER)
        await self._ask(signed_in, MAKE_CALL, "", to, lambda who: self.phone.dial(who, to))

    async def as_agent(self, signed_in: SignedIn, ask: Callable[[Credentials], Awaitable[R]]) -> R:
        """Ask the phone system something as the session's agent, as `AsAgent.ask` does."""
        return await self.asking.ask(signed_in, ask)

    async def _ask(
        self, signed_in: SignedIn, asked: str, dialog_id: str, to: str, ask: Callable[[Credentials], Awaitable[None]]
    ) -> None:
        """Note what is asked, or a look in between would not know why a call has gone. Then ask, and look soon what has
        come: also when nobody knows whether it was done, or when the page was out of date."""
        now = self.clock()
        values = columns_of(Asked(asked, dialog_id, to, now))

        async def noted(who: Credentials) -> None:
            before = await self.database.run(lambda db: phone_agents.replace(db, who.agent_id, **values), writes=True)
            try:
                await ask(who)
            except (PhoneDeclined, PhoneRefused):
                await self.database.run(lambda db: phone_agents.take_back(db, who.agent_id, now, before), writes=True)
                raise
            finally:
                self.poller.hurry(who.agent_id, now)

        await self.as_agent(signed_in, noted)

    async def _read(self, signed_in: SignedIn) -> phone_agents.OnPhone | None:
        return await self.database.run(lambda db: phone_agents.of_session(db, signed_in.mark))


def number_of(text: str) -> str:
    """Return a number as the phone system takes it: without blanks, brackets and dashes."""
    return "".join(letter for letter in text.strip() if letter not in " \t\u00a0-\u2010\u2011\u2013()./")


def _require(**faults: object) -> None:
    fields = {name: [fault] for name, fault in faults.items() if fault}
    if fields:
        raise Invalid(fields)  # type: ignore[arg-type]  # each is a Sentence
