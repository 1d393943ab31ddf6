"""Let a session's person act on the phone, in whichever face they ask: the pages and the JSON API.

The password is kept encrypted in the session's row alone, and opened only here and by the poller. When the phone system
refuses it, it is forgotten at once: five wrong ones lock the agent.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from sqlmodel import Session

from helpdesk.encryption import Box
from helpdesk.errors import Invalid, NotSignedIn, TooManyAttempts, sentence
from helpdesk.people.model import SignedIn
from helpdesk.store import audit, phone_agents, phone_refusals
from helpdesk.store.database import Database
from helpdesk.store.models.telephony import PhoneAgent
from helpdesk.store.phone_agents import REFUSED
from helpdesk.telephony import snapshot
from helpdesk.telephony.credentials import opened, sealed
from helpdesk.telephony.phone import (
    ACTIONS,
    AGENT_ID,
    DIALOG_ID,
    DIGITS,
    DROPPED,
    LOGOUT,
    MAKE_CALL,
    NOT_READY,
    NUMBER,
    READY,
    SEND_DTMF,
    TO_A_NUMBER,
    WRAP_UP,
    Credentials,
    Dialog,
    NotOnPhone,
    Phone,
    PhoneDeclined,
    PhoneRefused,
)
from helpdesk.telephony.poller import Poller

WATCHED = timedelta(seconds=90)
"""So long after a page was seen on a screen news of its agent are asked for."""
MOST_REFUSED = 3
"""Refused tries in five minutes, after which nobody may try to sign in as the agent: five lock the agent. Whatever
happens by itself stops one earlier."""
LOOKS, LOOK_SECONDS = 10, 0.3
LONGEST_PASSWORD = 200
NO_AGENT_ID = sentence("This is no agent id.")
NO_PASSWORD = sentence("Please enter the password.")
NO_NUMBER = sentence("This is no number: digits, *, # and + only.")
NO_EXTENSION = sentence("This is no extension: digits only.")
NO_ACTION = sentence("The phone can't do this.")
NO_STATE = sentence("An agent can only become ready or not ready here.")
IN_A_CALL = sentence("You are in a call. Please end it before you sign out of the phone.")
STILL_READY = sentence("The phone system has not made you not ready, so you are still signed in to the phone.")
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


class Desk:
    """The call desk over a phone system."""

    def __init__(
        self, phone: Phone, database: Database, box: Box, poller: Poller, clock: Callable[[], datetime]
    ) -> None:
        self.phone, self.database, self.box, self.poller, self.clock = phone, database, box, poller, clock

    async def sign_in(self, signed_in: SignedIn, agent_id: str, password: str, extension: str) -> None:
        """Sign the agent in to the phone, and keep the password for the length of the session.

        Raises Invalid with `fields`, TooManyAttempts, PhoneRefused, PhoneDeclined, PhoneUnavailable.
        """
        who = Credentials(agent_id.strip(), password, extension.strip())
        _require(
            agent_id=None if AGENT_ID.fullmatch(who.agent_id) else NO_AGENT_ID,
            password=None if 0 < len(password) <= LONGEST_PASSWORD else NO_PASSWORD,
            extension=None if DIGITS.fullmatch(who.extension) else NO_EXTENSION,
        )
        await self._try_to_sign_in(who)
        secret, now, person = sealed(self.box, who), self.clock(), signed_in.person

        def work(session: Session) -> bool:
            is_kept = phone_agents.sign_in(session, signed_in.mark, person.id, who.agent_id, who.extension, secret, now)
            phone_agents.watch(session, who.agent_id, now + WATCHED)
            phone_refusals.forgive(session, who.agent_id)
            audit.note(session, person.id, "phone_sign_in", person.id, {"agent": who.agent_id})
            return is_kept

        if not await self.database.run(work, writes=True):
            raise NotSignedIn
        self.poller.hurry(who.agent_id)

    async def _try_to_sign_in(self, who: Credentials) -> None:
        """Sign in to the phone system, but not after MOST_REFUSED refused tries of anybody: five lock the agent."""
        now = self.clock()
        attempt, seconds = await self.database.run(
            lambda db: phone_refusals.begin(db, who.agent_id, now, MOST_REFUSED), writes=True
        )
        if seconds:
            raise TooManyAttempts(seconds)
        try:
            await self.phone.sign_in(who)
        except PhoneRefused:
            raise
        except BaseException:
            await self.database.run(lambda db: phone_refusals.take_back(db, attempt), writes=True)
            raise

    async def sign_out(self, signed_in: SignedIn) -> None:
        """Sign the agent out, who becomes not ready first as the phone system demands it, and forget the password.

        Raises PhoneDeclined during a call and when the agent does not become not ready: then nothing has changed.
        Whatever else the phone system answers, the password is forgotten. Raises PhoneUnavailable.
        """
        found = await self._read(signed_in)
        who = self._open(found) if found and found.secret else None
        try:
            if who is not None:
                await self._leave(who)
        except PhoneDeclined:
            raise
        except BaseException:
            await self._forget(signed_in, found)
            raise
        await self._forget(signed_in, found)

    async def _leave(self, who: Credentials) -> None:
        """Sign the agent out of the phone system. What is asked there is only accepted, and done a moment later."""
        agent = await self.phone.agent(who)
        if agent.state == LOGOUT:
            return
        if any(not _is_over(it, who.extension) for it in await self.phone.dialogs(who)):
            raise PhoneDeclined(message=IN_A_CALL)
        if agent.state != NOT_READY:
            await self.phone.set_state(who, NOT_READY)
            for _ in range(LOOKS):
                await asyncio.sleep(LOOK_SECONDS)
                if (await self.phone.agent(who)).state == NOT_READY:
                    break
            else:
                raise PhoneDeclined(message=STILL_READY)
        await self.phone.set_state(who, LOGOUT)

    async def _forget(self, signed_in: SignedIn, found: phone_agents.OnPhone | None) -> None:
        """Forget the password, and show an agent as whom nobody is signed in any more as signed out."""
        now = self.clock()

        def work(session: Session) -> frozenset[int]:
            agent = found.agent.agent_id if found else ""
            people = phone_agents.people(session, [agent])
            phone_agents.sign_out(session, signed_in.mark)
            if agent and not phone_agents.people(session, [agent]):
                phone_agents.change(session, agent, state=LOGOUT, state_since=now, reason="", asked="")
            return people

        self.poller.announce(await self.database.run(work, writes=True))

    async def current(self, signed_in: SignedIn) -> OnPhone | None:
        """Return what is known of the session's agent; None when the session is not signed in to the phone."""
        found = await self._read(signed_in)
        if found is None:
            return None
        return OnPhone(found.agent, tuple(snapshot.from_json(found.agent.dialogs)), found.secret is not None)

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
        await self._ask(
            signed_in, action, dialog_id, number, lambda who: self.phone.act(who, dialog_id, action, number)
        )

    async def dial(self, signed_in: SignedIn, number: str) -> None:
        """Ask for a call to a number. Raises NotOnPhone, Invalid, PhoneDeclined."""
        to = number_of(number)
        _require(to_address=None if NUMBER.fullmatch(to) else NO_NUMBER)
        await self._ask(signed_in, MAKE_CALL, "", to, lambda who: self.phone.dial(who, to))

    async def as_agent(self, signed_in: SignedIn, ask: Callable[[Credentials], Awaitable[R]]) -> R:
        """Ask the phone system something as the session's agent. Raises NotOnPhone, and PhoneRefused, also when it is
        not asked because it has refused the password before."""
        found = await self._read_to_ask(signed_in)
        who = self._open(found) if found and found.secret else None
        if found is None:
            raise NotOnPhone
        if who is None:
            raise PhoneRefused
        try:
            return await ask(who)
        except PhoneRefused:
            await self.poller.refused(who)
            raise

    async def _ask(
        self, signed_in: SignedIn, asked: str, dialog_id: str, to: str, ask: Callable[[Credentials], Awaitable[None]]
    ) -> None:
        """Ask for a change, note that it was asked, and look soon whether it has come."""

        now = self.clock()
        values = {"asked": asked, "asked_dialog": dialog_id, "asked_to": to, "asked_at": now}

        async def noted(who: Credentials) -> str:
            await ask(who)
            await self.database.run(lambda db: phone_agents.change(db, who.agent_id, **values), writes=True)
            return who.agent_id

        self.poller.hurry(await self.as_agent(signed_in, noted), now)

    async def _read(self, signed_in: SignedIn) -> phone_agents.OnPhone | None:
        return await self.database.run(lambda db: phone_agents.of_session(db, signed_in.mark))

    async def _read_to_ask(self, signed_in: SignedIn) -> phone_agents.OnPhone | None:
        """Read the session's agent; without the secret while too many passwords were refused."""
        now = self.clock()

        def work(db: Session) -> phone_agents.OnPhone | None:
            found = phone_agents.of_session(db, signed_in.mark)
            if found is None or found.agent.failure != REFUSED:
                return found
            waits = phone_refusals.wait(db, found.agent.agent_id, now, MOST_REFUSED - 1)
            return found._replace(secret=None) if waits else found

        return await self.database.run(work)

    def _open(self, found: phone_agents.OnPhone) -> Credentials | None:
        return opened(self.box, found.agent.agent_id, found.secret or "")


def _is_over(dialog: Dialog, extension: str) -> bool:
    own = dialog.own(extension)
    return dialog.state == DROPPED or (own is not None and own.state in (DROPPED, WRAP_UP))


def number_of(text: str) -> str:
    """Return a number as the phone system takes it: without blanks, brackets and dashes."""
    return "".join(letter for letter in text.strip() if letter not in " \t\u00a0-\u2010\u2011\u2013()./")


def _require(**faults: object) -> None:
    fields = {name: [fault] for name, fault in faults.items() if fault}
    if fields:
        raise Invalid(fields)  # type: ignore[arg-type]  # each is a Sentence
