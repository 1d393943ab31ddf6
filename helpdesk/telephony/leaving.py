"""Sign agents out of the phone system: who asks for it, and who has lost the session that was signed in.

A session may end by signing out of the helpdesk, by an administrator, with a right or with time. Its password goes with
it, and the agent would stay ready with nobody there to answer. So each process remembers the sealed passwords of the
sessions for a moment, and the one that notices first makes the agent not ready, and signs out.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from sqlmodel import Session

from helpdesk.encryption import Box
from helpdesk.errors import HelpdeskError, OutcomeUnknown, StoreUnavailable, sentence
from helpdesk.store import phone_agents, phone_silence
from helpdesk.store.database import Database
from helpdesk.telephony.credentials import opened
from helpdesk.telephony.phone import (
    DROPPED,
    LOGOUT,
    NOT_READY,
    WRAP_UP,
    Credentials,
    Dialog,
    Phone,
    PhoneDeclined,
    PhoneUnanswered,
    PhoneUnavailable,
)

log = logging.getLogger(__name__)

LOOKS, LOOK_SECONDS = 10, 0.3
LONGEST_SECONDS = 8.0
"""So long signing out may take, whatever the phone system takes for each answer."""
RETRY_SECONDS = (2.0, 4.0, 8.0, 16.0, 30.0)
"""Pauses before the next try of what has surely not arrived."""
EVERY_SECONDS = 2.0
AT_ONCE = 10
IN_A_CALL = sentence("You are in a call. Please end it before you sign out of the phone.")
STILL_READY = sentence("The phone system has not made you not ready, so you are still signed in to the phone.")


class CameBack(Exception):
    """Who has left is signed in to the phone again."""


async def _go_on() -> None:
    """Let nothing keep an agent from being signed out who has asked for it."""


async def leave(phone: Phone, who: Credentials, check: Callable[[], Awaitable[None]] = _go_on) -> None:
    """Sign an agent out, who becomes not ready first as the phone system demands it. `check` comes before each change.

    What is asked there is only accepted, and done a moment later. Raises PhoneDeclined during a call, and when the
    agent does not become not ready.
    """
    agent = await phone.agent(who)
    if agent.state == LOGOUT:
        return
    if any(not _is_over(it, who.extension) for it in await phone.dialogs(who)):
        raise PhoneDeclined(message=IN_A_CALL)
    if agent.state != NOT_READY:
        await check()
        await phone.set_state(who, NOT_READY)
        await _wait_until_not_ready(phone, who)
    await check()
    await phone.set_state(who, LOGOUT)


async def _wait_until_not_ready(phone: Phone, who: Credentials) -> None:
    for _ in range(LOOKS):
        await asyncio.sleep(LOOK_SECONDS)
        if (await phone.agent(who)).state == NOT_READY:
            return
    raise PhoneDeclined(message=STILL_READY)


def _is_over(dialog: Dialog, extension: str) -> bool:
    own = dialog.own(extension)
    return dialog.state == DROPPED or (own is not None and own.state in (DROPPED, WRAP_UP))


class Leaving:
    """Signs out, until cancelled, the agents whose last session is over, while `watch` runs."""

    def __init__(self, phone: Phone, database: Database, box: Box, clock: Callable[[], datetime]) -> None:
        self.phone, self.database, self.box, self.clock = phone, database, box, clock
        self._known: Mapping[str, tuple[str, str]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(AT_ONCE)

    async def watch(self) -> None:
        """Look every two seconds who has left, until cancelled."""
        try:
            while True:
                await self.step()
                await asyncio.sleep(EVERY_SECONDS)
        finally:
            for task in self._running:
                task.cancel()

    async def step(self) -> None:
        """Begin to sign out who has left. Raises nothing of a broken store."""
        now = self.clock()
        try:
            present = await self.database.run(lambda db: phone_agents.sealed(db, now))
            before, there = self._known, {agent_id for agent_id, _ in present.values()}
            gone = {agent: secret for agent, secret in before.values() if agent not in there}
            if before.keys() - present.keys():
                mine = await self.database.run(lambda db: _claim(db, list(gone), now), writes=True)
                for agent_id in mine:
                    task = asyncio.ensure_future(self._sign_out(agent_id, gone[agent_id]))
                    self._running.add(task)
                    task.add_done_callback(self._running.discard)
            self._known = present
        except (StoreUnavailable, OutcomeUnknown) as error:
            log.warning("nobody is signed out of the phone, the store fails", extra={"error": error.detail})

    async def finish(self) -> None:
        """Wait until what was begun has ended."""
        while self._running:
            await asyncio.wait(tuple(self._running))

    async def _sign_out(self, agent_id: str, secret: str) -> None:
        """Sign an agent out, for a minute if the phone system is out of reach."""
        who = opened(self.box, agent_id, secret)
        if who is None:
            return
        for pause in RETRY_SECONDS:
            if await self._try(who):
                return
            await asyncio.sleep(pause)
        await self._try(who)

    async def _try(self, who: Credentials) -> bool:
        """Sign an agent out; one in a call becomes not ready, and takes no other call. Return False when this has
        surely not arrived."""
        agent_id = who.agent_id

        async def check() -> None:
            if await self.database.run(lambda db: phone_agents.secrets(db, agent_id)):
                raise CameBack

        try:
            await check()
            async with self._places, asyncio.timeout(LONGEST_SECONDS):
                try:
                    await leave(self.phone, who, check)
                except PhoneDeclined:
                    await check()
                    await self.phone.set_state(who, NOT_READY)
                    return True
            await check()
            await self.database.run(lambda db: phone_agents.signed_out(db, agent_id, self.clock()), writes=True)
        except CameBack:
            pass  # who is signed in again keeps the phone
        except PhoneUnanswered:
            await self.database.run(lambda db: phone_silence.count(db, agent_id, self.clock()), writes=True)
            log.warning("who has left is not signed out of the phone", extra={"agent": agent_id})
        except (HelpdeskError, TimeoutError) as error:
            why = getattr(error, "detail", "") or type(error).__name__
            log.warning("who has left is not signed out of the phone", extra={"agent": agent_id, "error": why})
            return not isinstance(error, PhoneUnavailable)
        return True


def _claim(session: Session, agent_ids: list[str], now: datetime) -> list[str]:
    """Forget the passwords of those who may not handle calls any more at once, and return those of these agents that
    no other process signs out, who have not come back meanwhile, and whose password may be used."""
    phone_agents.forget_strangers(session, now)
    gone = [it for it in agent_ids if not phone_agents.secrets(session, it)]
    may_ask = [it for it in gone if not phone_silence.is_held(session, it, now)]
    return [it for it in may_ask if phone_agents.claim_left(session, it, now)]
