"""Send what waits in the outbox over one channel. Each process has a worker for each channel; a row is claimed by one.

What the other side has accepted is recorded at once, and never sent again. What was being sent when the process was
killed is sent again when its lease has run out: at least once. A channel that does not work rests, in all processes,
for longer while it goes on failing; other channels do not notice.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from itertools import count
from secrets import token_hex
from typing import NamedTuple

from sqlmodel import Session

from helpdesk.errors import OutcomeUnknown, StoreUnavailable
from helpdesk.notifications.channels.port import Item, Outcome, Sender
from helpdesk.notifications.delivery import from_content
from helpdesk.notifications.delivery_checks import DeliveryChecks
from helpdesk.store import channel_states, devices, flagged_addresses, outbox
from helpdesk.store.database import Database
from helpdesk.store.devices import FCM, WEB_PUSH
from helpdesk.store.outbox import FAILED, SENT, SKIPPED, WAITING, Row

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
"""Between two looks at the outbox, without being woken: other processes put rows there, too."""
LEASE_SECONDS = 90.0
SEND_SECONDS = 60.0
"""The time for the items of one claim: less than their lease, so that no other worker sends them meanwhile."""
DRAIN_SECONDS = 5.0
"""What is being sent when the process ends may take so long to end."""
PAUSES = (10.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0)
"""Seconds after the first, second, … attempt at an item, varied at random."""
MOST_ATTEMPTS = 10
LONGEST_AFTER = 3600.0
"""The longest pause that the other side may ask for."""
CHANNEL_PAUSES = (5.0, 15.0, 60.0, 300.0, 600.0)
"""Seconds for which a channel rests after the first, second, … failure in a row. Then one item tries whether it works
again."""
LIFE = {WEB_PUSH: timedelta(hours=24), FCM: timedelta(hours=24), "email": timedelta(days=3)}
"""For how long an item is worth sending. One that waits for a digest or the end of quiet hours may wait as well."""
LIFE_OF_BUNDLE = timedelta(days=14)


class Claim(NamedTuple):
    """The rows of a claim, and the seconds until there may be more."""

    rows: list[Row]
    pause: float


class OutboxWorker:
    def __init__(
        self,
        channel: str,
        sender: Sender,
        database: Database,
        checks: DeliveryChecks,
        clock: Callable[[], datetime],
    ) -> None:
        self.channel, self.sender, self.database, self.checks, self.clock = channel, sender, database, checks, clock
        self._holder, self._numbers = token_hex(8), count(1)
        self._woken = asyncio.Event()
        self._is_silent = False

    def wake(self) -> None:
        """Look at the outbox at once."""
        self._woken.set()

    async def watch(self) -> None:
        """Send what is due, until cancelled. What is just being sent may then end."""
        try:
            while True:
                self._woken.clear()
                if pause := await self.step():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._woken.wait(), pause)
        finally:
            await self.sender.close()

    async def step(self) -> float:
        """Send what is due, at most one claim of it. Return the seconds until there is more; 0 when there may be now.

        A store that does not answer is logged once, and looked at again.
        """
        try:
            claim = await self.database.run(self._claim, writes=True)
            if claim.rows:
                await self._run_to_its_end(claim.rows)
            self._is_silent = False
            return 0.0 if claim.rows else claim.pause
        except (StoreUnavailable, OutcomeUnknown) as error:
            if not self._is_silent:
                extra = {"channel": self.channel, "error": error.detail}
                log.warning("nothing is sent, the store does not answer", extra=extra)
            self._is_silent = True
            return LOOK_SECONDS

    async def _run_to_its_end(self, rows: list[Row]) -> None:
        """Send the rows of a claim; when cancelled, let them end for a while, and give back the others."""
        running = asyncio.create_task(self._send_all(rows))
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running], timeout=DRAIN_SECONDS)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            with suppress(StoreUnavailable, OutcomeUnknown):
                await self.database.run(lambda db: outbox.release(db, rows[0].holder), writes=True)
            raise

    def _claim(self, session: Session) -> Claim:
        now, state = self.clock(), channel_states.state(session, self.channel)
        if state.is_stopped:
            return Claim([], LOOK_SECONDS)
        if state.paused_until and now < state.paused_until <= now + timedelta(seconds=2 * CHANNEL_PAUSES[-1]):
            return Claim([], min(LOOK_SECONDS, (state.paused_until - now).total_seconds()))
        limit, holder = 1 if state.failures else self.sender.batch, f"{self._holder}.{next(self._numbers)}"
        rows = outbox.claim(session, self.channel, holder, now, LEASE_SECONDS, limit)
        if rows:
            return Claim(rows, 0.0)
        due = outbox.next_due(session, self.channel)
        return Claim([], min(LOOK_SECONDS, max(0.05, (due - now).total_seconds())) if due else LOOK_SECONDS)

    async def _send_all(self, rows: Sequence[Row]) -> None:
        """Send rows, and record each outcome as soon as it is known."""
        items, ended = [], list[tuple[Item, Outcome]]()
        for row in rows:
            item, outcome = _item(row, self.clock())
            if outcome:
                ended.append((item, outcome))
            else:
                items.append(item)
        refused = await self.checks.refused(items) if items else {}
        ended += [(it, refused[it.row.id]) for it in items if it.row.id in refused]
        recording = _Recording(self._record)
        recording.put(ended)
        try:
            await self._send([it for it in items if it.row.id not in refused], recording)
        finally:
            await recording.close()

    async def _send(self, items: Sequence[Item], recording: "_Recording") -> None:
        left, reason = {it.row.id: it for it in items}, "unreachable"
        try:
            async with asyncio.timeout(SEND_SECONDS), aclosing(self.sender.send(items)) as outcomes:  # type: ignore[type-var]  # each is an async generator
                async for item, outcome in outcomes:
                    left.pop(item.row.id, None)
                    recording.put([(item, outcome)])
        except TimeoutError:
            log.warning("what was to be sent took too long", extra={"channel": self.channel, "items": len(left)})
        except Exception:
            log.exception("what was to be sent failed", extra={"channel": self.channel, "items": len(left)})
            reason = "unwritten"
        recording.put([(it, Outcome("later", reason)) for it in left.values()])

    async def _record(self, ended: Sequence[tuple[Item, Outcome]]) -> None:
        await self.database.run(lambda db: self._write(db, ended), writes=True)

    def _write(self, session: Session, ended: Sequence[tuple[Item, Outcome]]) -> None:
        now, failed = self.clock(), [outcome for _, outcome in ended if outcome.of_channel]
        until = self._rest(session, failed[0], now) if failed else None
        for item, outcome in ended:
            self._write_one(session, item.row, outcome, now, until)
        if not failed and any(outcome.state == "sent" for _, outcome in ended):
            channel_states.succeed(session, self.channel)

    def _rest(self, session: Session, failed: Outcome, now: datetime) -> datetime:
        """Let the channel rest, and return until when."""
        failures = channel_states.state(session, self.channel).failures
        seconds = failed.after or CHANNEL_PAUSES[min(failures, len(CHANNEL_PAUSES) - 1)] * random.uniform(0.8, 1.2)
        until = now + timedelta(seconds=min(seconds, LONGEST_AFTER))
        channel_states.fail(session, self.channel, failed.reason, failed.detail, now, until)
        return until

    def _write_one(self, session: Session, row: Row, outcome: Outcome, now: datetime, until: datetime | None) -> None:
        if outcome.state == "later" and (outcome.of_channel or outcome.reason == "unchecked"):
            due = until or now + timedelta(seconds=PAUSES[0])
            outbox.postpone(session, row, due, outcome.reason, outcome.detail, counts=False)
            return
        if outcome.state == "later" and row.attempts + 1 < MOST_ATTEMPTS:
            due = now + timedelta(seconds=_pause(row.attempts, outcome.after))
            outbox.postpone(session, row, due, outcome.reason, outcome.detail)
            self._note(session, row, now, outcome.reason)
            return
        states = {"sent": SENT, "skipped": SKIPPED}
        if outbox.end(session, row, states.get(outcome.state, FAILED), now, outcome.reason, outcome.detail):
            self._follow(session, row, outcome, now)

    def _follow(self, session: Session, row: Row, outcome: Outcome, now: datetime) -> None:
        """Do what the end of a row leads to: forget a device that is gone, or flag an address, and let browsers follow
        where no phone was reached."""
        if outcome.state == "sent":
            self._note(session, row, now)
        elif outcome.state != "skipped":
            self._note(session, row, now, outcome.reason)
        if outcome.state == "gone" and row.device_id:
            devices.remove(session, row.person_id, row.device_id, now)
        elif outcome.state == "gone":
            flagged_addresses.flag(session, row.person_id, row.email, outcome.detail, now)
        if row.channel == FCM and outcome.state not in ("sent", "skipped"):
            _fall_back(session, row, now)

    def _note(self, session: Session, row: Row, now: datetime, failure: str = "") -> None:
        if row.device_id:
            devices.note(session, row.device_id, now, failure)


class _Recording:
    """Writes outcomes one group after the other: while one is written the next ones gather."""

    def __init__(self, write: Callable[[Sequence[tuple[Item, Outcome]]], "asyncio.Future[None] | object"]) -> None:
        self._write = write
        self._waiting: list[tuple[Item, Outcome]] = []
        self._writing: asyncio.Task[None] | None = None

    def put(self, ended: Iterable[tuple[Item, Outcome]]) -> None:
        self._waiting += ended
        if self._waiting and (self._writing is None or self._writing.done()):
            self._writing = asyncio.create_task(self._write_waiting())

    async def close(self) -> None:
        """Wait until everything is written. Raises what writing raised."""
        if self._writing:
            await self._writing

    async def _write_waiting(self) -> None:
        while self._waiting:
            ended, self._waiting = self._waiting, []
            await self._write(ended)  # type: ignore[misc]


def _item(row: Row, now: datetime) -> tuple[Item, Outcome | None]:
    """Return a row with its notification, and its outcome when it is not even tried."""
    life = LIFE_OF_BUNDLE if row.bundle else LIFE[row.channel]
    if now - row.created_at > life:
        return Item(row, None), Outcome("failed", "expired")
    if row.device_id and row.address is None:
        return Item(row, None), Outcome("failed", "gone")
    try:
        return Item(row, from_content(row.content) if row.content else None), None
    except (ValueError, TypeError):
        log.exception("a row of the outbox can't be read", extra={"row": row.id})
        return Item(row, None), Outcome("failed", "unwritten")


def _pause(attempts: int, after: float | None) -> float:
    """Return the seconds until the next attempt: what the other side asked for, else ever more."""
    if after is not None:
        return min(max(after, 1.0), LONGEST_AFTER)
    return PAUSES[min(attempts, len(PAUSES) - 1)] * random.uniform(0.8, 1.2)


def _fall_back(session: Session, row: Row, now: datetime) -> None:
    """Let a person's browsers get what none of their phones got."""
    if {SENT, WAITING} & outbox.states_of(session, row.person_id, row.event, FCM):
        return
    own = devices.services_of(session, [row.person_id]).get(row.person_id, [])
    kept = ("person_id", "event", "type", "notification_id", "task_id", "content", "created_at")
    values = {name: getattr(row, name) for name in kept} | {"channel": WEB_PUSH, "due_at": now}
    outbox.add(session, [{**values, "device_id": id} for id, service in own if service == WEB_PUSH])
