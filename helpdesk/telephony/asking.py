"""Ask the phone system as a session's agent, and count the outcome: five wrong passwords lock the agent."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlmodel import Session

from helpdesk.encryption import Box
from helpdesk.errors import TooManyAttempts
from helpdesk.people.model import SignedIn
from helpdesk.store import phone_agents, phone_refusals, phone_silence
from helpdesk.store.database import Database
from helpdesk.store.phone_agents import REFUSED, OnPhone
from helpdesk.telephony.credentials import opened
from helpdesk.telephony.phone import Credentials, NotOnPhone, PhoneRefused, PhoneUnanswered, PhoneUnavailable
from helpdesk.telephony.poll_targets import MOST_REFUSED
from helpdesk.telephony.poller import Poller

R = TypeVar("R")


class AsAgent:
    """Opens the password of a session for one question at a time."""

    def __init__(self, database: Database, box: Box, poller: Poller, clock: Callable[[], datetime]) -> None:
        self.database, self.box, self.poller, self.clock = database, box, poller, clock
        self._running: set[asyncio.Task[Any]] = set()

    async def ask(self, signed_in: SignedIn, ask: Callable[[Credentials], Awaitable[R]]) -> R:
        """Ask the phone system something as the session's agent. Raises NotOnPhone, PhoneRefused, TooManyAttempts when
        it has just refused other passwords of the agent, and PhoneUnavailable when it did not answer the last ones.

        It goes on when nobody waits any more: the outcome is counted.
        """
        task = asyncio.ensure_future(self._ask(signed_in, ask))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def opened(self, found: OnPhone) -> Credentials | None:
        """Return the credentials of a session; None if no key opens them."""
        who = opened(self.box, found.agent.agent_id, found.secret or "")
        return who._replace(extension=found.agent.extension) if who else None

    async def _ask(self, signed_in: SignedIn, ask: Callable[[Credentials], Awaitable[R]]) -> R:
        found, seconds, is_held = await self._read(signed_in)
        who = self.opened(found) if found and found.secret else None
        if found is None or who is None:
            raise NotOnPhone
        if seconds:
            raise TooManyAttempts(seconds)
        if is_held:
            raise PhoneUnavailable(detail="not asked: the questions before were not answered")
        try:
            told = await ask(who)
        except PhoneRefused:
            await self.poller.refused(who)
            raise
        except PhoneUnanswered:
            await self.poller.unanswered(who)
            raise
        if found.agent.unanswered:
            await self.database.run(lambda db: phone_silence.over(db, who.agent_id), writes=True)
        return told

    async def _read(self, signed_in: SignedIn) -> tuple[OnPhone | None, int, bool]:
        """Read the session's agent, the seconds for which the phone system must not be asked, and whether it is not
        asked since it did not answer."""
        now = self.clock()

        def work(db: Session) -> tuple[OnPhone | None, int, bool]:
            found = phone_agents.of_session(db, signed_in.mark)
            if found is None:
                return None, 0, False
            limit = MOST_REFUSED if found.agent.failure == REFUSED else phone_refusals.MOST_IN_ALL
            seconds = phone_refusals.wait(db, found.agent.agent_id, now, limit)
            return found, seconds, phone_silence.is_held(db, found.agent.agent_id, now)

        return await self.database.run(work)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # retrieve it: perhaps nobody waits any more
