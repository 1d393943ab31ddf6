"""Ask the phone system for news of the agents who have a page on a screen: polling, each agent by one process.

Finesse would rather notify over XMPP; that is a later adapter. What is seen is stored, and the agent's open pages are
woken when it has changed.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from secrets import token_hex

from sqlmodel import Session

from helpdesk.encryption import Box
from helpdesk.errors import HelpdeskError, OutcomeUnknown, StoreUnavailable
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.store import phone_agents
from helpdesk.store.database import Database
from helpdesk.store.phone_agents import Held
from helpdesk.telephony import snapshot
from helpdesk.telephony.credentials import opened
from helpdesk.telephony.phone import Agent, Dialog, Phone, PhoneRefused

log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
HELD_SECONDS = 8.0
"""A process that was killed holds its agents no longer."""
HURRY_SECONDS = (0.1, 0.3, 0.8)
"""Pauses after an action, until the next look whether it has come."""
AT_ONCE = 20


class Poller:
    """Polls until cancelled, while `watch` runs."""

    def __init__(
        self, phone: Phone, database: Database, box: Box, wakeups: Wakeups, clock: Callable[[], datetime]
    ) -> None:
        self.phone, self.database, self.box, self.wakeups, self.clock = phone, database, box, wakeups, clock
        self.holder = token_hex(8)
        self._hurried: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(AT_ONCE)

    async def watch(self) -> None:
        """Poll the agents whom this process holds, until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self.step()

    async def step(self) -> None:
        """Poll each of them once. Raises nothing of a broken store."""
        try:
            now = self.clock()
            held = await self.database.run(
                lambda db: phone_agents.hold(db, self.holder, now, HELD_SECONDS), writes=True
            )
            await asyncio.gather(*(self._poll(it) for it in held))
        except (StoreUnavailable, OutcomeUnknown) as error:
            log.warning("no agent is polled, the store does not answer", extra={"error": error.detail})

    def hurry(self, agent_id: str) -> None:
        """Look several times soon what an action has led to, in this process."""
        task = asyncio.ensure_future(self._hurry(agent_id))
        self._hurried.add(task)
        task.add_done_callback(self._hurried.discard)

    def announce(self, person_id: int) -> None:
        """Wake the pages of an agent."""
        self.wakeups.wake({person_id})

    async def _hurry(self, agent_id: str) -> None:
        try:
            for pause in HURRY_SECONDS:
                await asyncio.sleep(pause)
                held = await self.database.run(lambda db: phone_agents.one(db, agent_id, self.clock()))
                if held:
                    await self._poll(held)
        except (StoreUnavailable, OutcomeUnknown) as error:
            log.warning("an agent is not polled, the store does not answer", extra={"error": error.detail})

    async def _poll(self, held: Held) -> None:
        """Read an agent and the agent's dialogs, and store them if they have changed."""
        who = opened(self.box, held.agent_id, held.secrets[0])
        if who is None:
            return
        async with self._places:
            began = self.clock()
            try:
                agent, dialogs = await asyncio.gather(self.phone.agent(who), self.phone.dialogs(who))
            except PhoneRefused:
                await self.database.run(
                    lambda db: phone_agents.refuse(db, held.agent_id, held.secrets[:1], began), writes=True
                )
                self.announce(held.person_id)
                return
            except HelpdeskError as error:
                log.warning("the phone system is not polled", extra={"agent": held.agent_id, "error": error.detail})
                return
        if await self.database.run(lambda db: record(db, agent, list(dialogs), began), writes=True):
            self.announce(held.person_id)


def record(session: Session, agent: Agent, dialogs: list[Dialog], began: datetime) -> bool:
    """Store what was seen of an agent, asked for at `began`. Returns whether it has changed."""
    row = phone_agents.locked(session, agent.agent_id)
    if row is None or (row.seen_at is not None and began <= row.seen_at):
        return False
    values = {
        "name": agent.name[:200],
        "team_id": agent.team_id[:64],
        "team_name": agent.team_name[:200],
        "is_supervisor": agent.is_supervisor,
        "state": agent.state[:40],
        "reason": agent.reason[:200],
        "pending": agent.pending[:40],
        "state_since": agent.since,
        "dialogs": snapshot.to_json(dialogs),
        "failure": "",
        "failures": 0,
    }
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if changed:
        changed |= {"version": row.version + 1, "asked": ""}
    phone_agents.change(session, agent.agent_id, seen_at=began, **changed)
    return bool(changed)
