"""Ask the phone system for news of the agents who have a page on a screen: polling, by one process at a time.

Finesse would rather notify over XMPP; that is a later adapter. What is seen is stored, and the agent's open pages are
woken when it has changed. While nothing changes nothing is written, but for the lease and, now and then, when the
agents were seen.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from secrets import token_hex

from sqlmodel import Session

from helpdesk.encryption import Box
from helpdesk.errors import HelpdeskError, OutcomeUnknown, StoreUnavailable, Unavailable
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.store import callers, leases, phone_agents, phone_silence
from helpdesk.store.database import Database
from helpdesk.telephony import poll_store
from helpdesk.telephony.asked import PATIENCE
from helpdesk.telephony.phone import Agent, Credentials, Dialog, Phone, PhoneRefused, PhoneUnanswered
from helpdesk.telephony.poll_pace import STEP_SECONDS, Line, Outage, spread
from helpdesk.telephony.poll_targets import to_poll
from helpdesk.telephony.recognition import certain_callers
from helpdesk.telephony.recording import KeyOf, Recorded, Seen, record

log = logging.getLogger(__name__)

LEASE, LEASE_SECONDS = "phone", 4.0
"""A process that was killed polls no longer than this for the others."""
READ_SECONDS, RETRY_SECONDS = 2.0, 0.5
"""Between two looks who has a page on a screen; and until the next try to take the lease."""
SEEN_SECONDS, SWEEP_SECONDS = 20.0, 300.0
HURRY_SECONDS = (0.1, 0.3, 0.8)
"""Pauses after an action, until the next look whether it has come."""
AT_ONCE, HURRIED_AT_ONCE = 20, 5
"""Agents about whom is asked at a time: in turn, and after an action, which does not wait for the others."""


class Poller:
    """Polls until cancelled, while `watch` runs. `ticks` returns the seconds of a clock that never goes back."""

    def __init__(
        self,
        phone: Phone,
        database: Database,
        box: Box,
        wakeups: Wakeups,
        clock: Callable[[], datetime],
        key_of: KeyOf,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.phone, self.database, self.box, self.wakeups = phone, database, box, wakeups
        self.clock, self.key_of, self.ticks = clock, key_of, ticks
        self.holder = token_hex(8)
        self.lines: dict[str, Line] = {}
        self.outage = Outage()
        self._read_due = self._seen_due = self._sweep_due = 0.0
        self._running: set[asyncio.Task[None]] = set()
        self._hurried: dict[str, asyncio.Task[None]] = {}
        self._hurried_places = asyncio.Semaphore(HURRIED_AT_ONCE)

    async def watch(self) -> None:
        """Poll while this process holds the lease, until cancelled."""
        try:
            while True:
                await self.step()
                await asyncio.sleep(STEP_SECONDS)
        finally:
            for task in (*self._running, *self._hurried.values()):
                task.cancel()

    async def step(self) -> None:
        """Begin to poll the agents who are due. Raises nothing of a broken store."""
        now = self.ticks()
        try:
            if now >= self._sweep_due:
                self._sweep_due = now + SWEEP_SECONDS
                await self.database.run(lambda db: poll_store.sweep(db, self.clock()), writes=True)
            if now >= self._read_due:
                self._read_due = now + READ_SECONDS
                await self._read()
        except (StoreUnavailable, OutcomeUnknown) as error:
            self.lines.clear()
            log.warning("no agent is polled, the store does not answer", extra={"error": error.detail})
        due = sorted((it for it in self.lines.values() if it.is_due(now)), key=lambda line: line.due)
        for line in self.outage.allowed(due[: max(0, AT_ONCE - len(self._running))], now):
            line.is_running = True
            task = asyncio.ensure_future(self._poll_line(line))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def finish(self) -> None:
        """Wait until what was begun has ended."""
        while self._running:
            await asyncio.wait(tuple(self._running))

    def hurry(self, agent_id: str, asked_at: datetime | None = None) -> None:
        """Look several times soon what an action has led to, in this process, and say so when nothing came of it."""
        if before := self._hurried.pop(agent_id, None):
            before.cancel()
        task = self._hurried[agent_id] = asyncio.ensure_future(self._hurry(agent_id, asked_at))
        task.add_done_callback(lambda done: self._hurried.get(agent_id) is done and self._hurried.pop(agent_id))

    def announce(self, people: Collection[int]) -> None:
        """Wake the pages of these people."""
        if people:
            self.wakeups.wake(people)

    async def refused(self, who: Credentials) -> None:
        """Forget a password that the phone system has refused, in all sessions, so that it is not tried again."""
        now = self.clock()
        log.warning("the phone system refuses an agent's password", extra={"agent": who.agent_id})
        if line := self.lines.get(who.agent_id):
            line.unstored = who  # until the store knows it
        same, people = await self.database.run(lambda db: poll_store.refuse(db, self.box, who, now), writes=True)
        if line := self.lines.get(who.agent_id):
            line.refuse(same, self.ticks())
        self.announce(people)

    async def _forget(self, agent_id: str, secret: str) -> None:
        """Forget a secret that no key opens any more, so that the pages ask for the password again."""
        now = self.clock()
        log.warning("no key opens an agent's password, it is forgotten", extra={"agent": agent_id})
        self.announce(await self.database.run(lambda db: poll_store.forget(db, agent_id, secret, now), writes=True))

    async def unanswered(self, who: Credentials) -> None:
        """Count a question that was not answered, so that the password is not used again and again."""
        now = self.clock()
        number, people = await self.database.run(lambda db: phone_silence.count(db, who.agent_id, now), writes=True)
        if number >= phone_silence.FREE:
            self.lines.pop(who.agent_id, None)
        self.announce(people)

    async def _read(self) -> None:
        """Take the lease if there is anybody to poll, and read who that is."""
        now, ticks = self.clock(), self.ticks()
        watched = await self.database.run(lambda db: to_poll(db, now))
        if not watched:
            self.lines.clear()
            return
        if not await self.database.run(lambda db: self._hold(db, now, ticks), writes=True):
            self.lines.clear()
            self._read_due = ticks + RETRY_SECONDS
            return
        begun = spread([it.agent_id for it in watched if it.agent_id not in self.lines], ticks)
        known = {it.agent_id: self.lines.get(it.agent_id) or Line(begun[it.agent_id]) for it in watched}
        for it in watched:
            known[it.agent_id].hold(it)
        self.lines = known

    def _hold(self, session: Session, now: datetime, ticks: float) -> bool:
        """Take the lease or keep it, and write what is to be written now and then."""
        if not leases.take(session, LEASE, self.holder, now, LEASE_SECONDS):
            return False
        if ticks >= self._seen_due:
            self._seen_due = ticks + SEEN_SECONDS
            lately = now - timedelta(seconds=SEEN_SECONDS)
            seen = {
                name: it.answered_at
                for name, it in self.lines.items()
                if it.answered_at and lately < it.answered_at <= now
            }
            if seen:
                phone_agents.note_seen(session, list(seen), min(seen.values()))
        return True

    async def _poll_line(self, line: Line) -> None:
        """Poll an agent in turn; one that can't be polled is tried again later."""
        now = self.ticks()
        try:
            await self._poll(line, whole=line.needs_agent(now))
        except PhoneRefused:
            pass  # it is noted by `refused`
        except HelpdeskError as error:
            await self._failed(line, error)
        except Exception:
            log.exception("an agent is not polled", extra={"agent": line.watched.agent_id})
            line.fail(self.ticks())
        finally:
            line.is_running = False

    async def _failed(self, line: Line, error: HelpdeskError) -> None:
        """Wait longer each time; of a phone system that answers nobody only one agent asks at a time."""
        now, agent = self.ticks(), line.watched.agent_id
        if isinstance(error, StoreUnavailable | OutcomeUnknown):
            log.warning("what was seen is not stored", extra={"agent": agent, "error": error.detail})
            line.wait(now)
            return
        log.warning("the phone system is not polled", extra={"agent": agent, "error": error.detail})
        line.fail(now)
        nobody_is_answered = isinstance(error, Unavailable) and self.outage.fail(now)
        silent = list(self.lines) if nobody_is_answered else [agent] if line.failures > 1 else []
        if silent:
            with suppress(StoreUnavailable, OutcomeUnknown):
                at = self.clock()
                self.announce(await self.database.run(lambda db: phone_agents.fail(db, silent, at), writes=True))

    def _answered(self) -> None:
        """Poll everybody again when an outage is over."""
        if self.outage.over():
            begun = spread(list(self.lines), self.ticks())
            for agent_id, line in self.lines.items():
                line.failures, line.due = 0, begun[agent_id]

    async def _hurry(self, agent_id: str, asked_at: datetime | None) -> None:
        try:
            for pause in HURRY_SECONDS:
                await asyncio.sleep(pause)
                found = await self.database.run(lambda db: to_poll(db, self.clock(), agent_id))
                if not found:
                    return
                line = self.lines.get(agent_id) or Line(0.0)
                line.hold(found[0])
                async with self._hurried_places:
                    await self._poll(line, whole=True)
            if asked_at is not None:
                await asyncio.sleep(max(0.0, (asked_at + PATIENCE - self.clock()).total_seconds()) + 0.1)
                at = asked_at
                self.announce(await self.database.run(lambda db: phone_agents.bump(db, agent_id, at), writes=True))
        except HelpdeskError as error:
            log.warning("an agent is not polled in a hurry", extra={"agent": agent_id, "error": error.detail})

    async def _poll(self, line: Line, whole: bool) -> None:
        """Read an agent's calls, and the agent if `whole` or when they have changed, and store what is new."""
        who = line.opened(self.box)
        if who is None:
            line.fail(self.ticks())
            if line.watched.secrets:
                await self._forget(line.watched.agent_id, line.watched.secrets[0])
            return
        if line.unstored == who:
            await self.refused(who)
            return
        at, asked = self.clock(), self.ticks()
        before = line.asked_before(asked, at)
        try:
            dialogs, agent = await self._ask(who, lambda dialogs: whole or dialogs != line.dialogs)
        except PhoneRefused:
            await self.refused(who)
            raise
        except PhoneUnanswered:
            await self.unanswered(who)
            raise
        if asked < line.answered_ticks:  # a later question was answered earlier
            return
        line.answer(self.ticks(), asked, at, agent)
        if line.is_news(dialogs, agent):
            stored = await self._store(Seen(who.agent_id, agent, dialogs, at, before))
            line.store(stored.version, dialogs, agent)

    async def look(self, who: Credentials) -> None:
        """Ask for an agent's calls and state now, and store them. Raises PhoneRefused, which is for the caller to note
        by `refused`, and PhoneUnavailable."""
        at = self.clock()
        dialogs, agent = await self._ask(who, lambda _: True)
        await self._store(Seen(who.agent_id, agent, dialogs, at))

    async def _ask(
        self, who: Credentials, needs_agent: Callable[[Sequence[Dialog]], bool]
    ) -> tuple[Sequence[Dialog], Agent | None]:
        """Ask one after the other: a wrong password must not be tried twice."""
        try:
            dialogs = await self.phone.dialogs(who)
            agent = await self.phone.agent(who) if needs_agent(dialogs) else None
        except PhoneRefused:
            self._answered()
            raise
        self._answered()
        return dialogs, agent

    async def _store(self, seen: Seen) -> Recorded:
        stored = await self.database.run(lambda db: record(db, seen, self.clock(), self.key_of), writes=True)
        if stored.calls:
            await self._recognise(stored.calls)
        self.announce(stored.people)
        return stored

    async def _recognise(self, call_ids: Collection[int]) -> None:
        """Look who calls, so that the first card that is shown knows it. It is apart from the log, which must be
        written."""
        try:
            if people := await self.database.run(lambda db: certain_callers(db, call_ids)):
                await self.database.run(lambda db: callers.recognise(db, people), writes=True)
        except (StoreUnavailable, OutcomeUnknown) as error:
            log.warning("a caller is not looked up, the store does not answer", extra={"error": error.detail})
