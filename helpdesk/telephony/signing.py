"""Sign agents in to the phone system and out of it, so that wrong passwords never lock an agent."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from helpdesk.encryption import Box
from helpdesk.errors import NotSignedIn, TooManyAttempts
from helpdesk.people.model import SignedIn
from helpdesk.store import audit, phone_agents, phone_refusals
from helpdesk.store.database import Database
from helpdesk.store.models.telephony import PhoneAgent
from helpdesk.store.phone_agents import OnPhone
from helpdesk.telephony import leaving
from helpdesk.telephony.credentials import sealed
from helpdesk.telephony.phone import (
    Credentials,
    Phone,
    PhoneDeclined,
    PhoneRefused,
    PhoneUnanswered,
    PhoneUnavailable,
)
from helpdesk.telephony.poller import Poller


class Signing:
    """Signs agents in and out."""

    def __init__(
        self, phone: Phone, database: Database, box: Box, poller: Poller, clock: Callable[[], datetime]
    ) -> None:
        self.phone, self.database, self.box, self.poller, self.clock = phone, database, box, poller, clock

    async def sign_in(self, signed_in: SignedIn, who: Credentials, address: str, watched_until: datetime) -> None:
        """Sign an agent in, and keep the password in the session's row. `address` is where the person is.

        Raises NotSignedIn, TooManyAttempts, PhoneRefused, PhoneDeclined, PhoneUnavailable.
        """
        await self._try(signed_in.person.id, who, address)
        secret, person = sealed(self.box, who), signed_in.person

        def work(session: Session) -> bool:
            is_kept = phone_agents.sign_in(session, signed_in.mark, person.id, who.agent_id, who.extension, secret)
            phone_agents.watch(session, who.agent_id, watched_until)
            phone_refusals.forgive(session, who.agent_id)
            audit.note(session, person.id, "phone_sign_in", person.id, {"agent": who.agent_id})
            return is_kept

        if not await self.database.run(work, writes=True):
            raise NotSignedIn
        self.poller.announce([person.id])
        self.poller.hurry(who.agent_id)

    async def _try(self, person_id: int, who: Credentials, address: str) -> None:
        """Ask the phone system, but not after too many refused tries. One counts until it is surely not refused."""
        now = self.clock()
        attempt, seconds = await self.database.run(
            lambda db: phone_refusals.begin(db, who.agent_id, person_id, address, now), writes=True
        )
        if seconds:
            raise TooManyAttempts(seconds)
        try:
            await self.phone.sign_in(who)
        except PhoneRefused:
            await self.database.run(lambda db: _note_refused(db, person_id, who.agent_id), writes=True)
            raise
        except (PhoneDeclined, PhoneUnavailable) as error:
            if not isinstance(error, PhoneUnanswered):
                await self.database.run(lambda db: phone_refusals.take_back(db, attempt), writes=True)
            raise
        # Apart from what is stored then: that may fail, and says nothing against the password.
        await self.database.run(lambda db: phone_refusals.take_back(db, attempt), writes=True)

    async def sign_out(self, signed_in: SignedIn, found: OnPhone | None, who: Credentials | None) -> None:
        """Sign the agent out, who becomes not ready first as the phone system demands it, and forget the password.

        Raises PhoneDeclined during a call and when the agent does not become not ready: then nothing has changed.
        Whatever else the phone system answers, the password is forgotten. Raises PhoneUnavailable.
        """
        try:
            if who is not None:
                async with asyncio.timeout(leaving.LONGEST_SECONDS):
                    await leaving.leave(self.phone, who)
        except PhoneDeclined:
            raise
        except PhoneRefused as error:
            await self._forget(signed_in, found, is_signed_out=False)
            if who is not None:
                await self.poller.refused(who)
            raise error
        except TimeoutError as error:
            await self._forget(signed_in, found, is_signed_out=False)
            raise PhoneUnavailable(detail=f"signing out took {leaving.LONGEST_SECONDS} s") from error
        except BaseException:
            await self._forget(signed_in, found, is_signed_out=False)
            raise
        await self._forget(signed_in, found, is_signed_out=who is not None)

    async def _forget(self, signed_in: SignedIn, found: OnPhone | None, is_signed_out: bool) -> None:
        """Forget the password, and note that the agent is signed out if the phone system has accepted that."""
        now, agent = self.clock(), found.agent.agent_id if found else ""

        def work(session: Session) -> frozenset[int]:
            people = phone_agents.people(session, [agent])
            phone_agents.sign_out(session, signed_in.mark)
            if is_signed_out:
                phone_agents.signed_out(session, agent, now)
            elif not phone_agents.secrets(session, agent):  # nobody looks after the agent any more
                phone_agents.fail(session, [agent], now)
            return people

        self.poller.announce(await self.database.run(work, writes=True))


def _note_refused(session: Session, person_id: int, agent_id: str) -> None:
    """Note a refused try. An id that never signed in here may be a password, so it is not told."""
    details = {"agent": agent_id} if session.get(PhoneAgent, agent_id) else {}
    audit.note(session, person_id, "phone_sign_in_refused", person_id, details)
