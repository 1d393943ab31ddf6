"""Send what waits in the outbox over one channel. Each process has a worker for each channel; a row is claimed by one.

What the other side has accepted is recorded at once, and never sent again. What was being sent when the process was
killed is sent again when its lease has run out: at least once. A channel that does not work delays no other.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from itertools import count
from secrets import token_hex
from typing import NamedTuple

from sqlmodel import Session

from helpdesk.errors import OutcomeUnknown, StoreUnavailable, Unavailable
from helpdesk.notifications.channels.port import SENT, Item, Outcome, Sender
from helpdesk.notifications.delivery import from_content
from helpdesk.notifications.delivery_checks import DeliveryChecks
from helpdesk.notifications.outcome_recorder import OutcomeRecorder, leave_to_browsers
from helpdesk.store import channel_states, outbox
from helpdesk.store.database import Database
from helpdesk.store.devices import FCM
from helpdesk.store.outbox import Row

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
"""Between two looks at the outbox, without being woken: other processes put rows there, too."""
SOON = 0.05
LEASE_SECONDS = 90.0
CHECK_SECONDS = 20.0
SEND_SECONDS = 60.0
"""The times for the checks and the sending of one claim: together less than its lease, so that no other worker sends
the same meanwhile."""
DRAIN_SECONDS = 5.0
"""What is being sent when the process ends may take so long to end."""
DAY = timedelta(days=1)
LIFE = {"email": 3 * DAY}
"""For how long an item is worth sending, where that is not a day. One that waits for a digest or the end of quiet hours
may wait as well."""
LIFE_OF_BUNDLE = 14 * DAY
UNCHECKED = Outcome("later", "unchecked")


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
        self.recorder = OutcomeRecorder(channel, database, clock)
        self._name, self._numbers, self._holder = token_hex(8), count(1), ""
        self._woken = asyncio.Event()
        self._is_silent = self._is_ending = False

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
        except asyncio.CancelledError:  # after an error it is begun again, with the same sender
            await self.sender.close()
            raise

    async def step(self) -> float:
        """Send what is due, at most one claim of it. Return the seconds until there is more; 0 when there may be now.

        A store that does not answer is logged once, and looked at again.
        """
        running = asyncio.create_task(self._send_claim())
        try:
            pause = await asyncio.shield(running)
            self._is_silent = False
            return pause
        except asyncio.CancelledError:
            await self._drain(running)
            raise
        except (StoreUnavailable, OutcomeUnknown) as error:
            if not self._is_silent:
                extra = {"channel": self.channel, "error": error.detail}
                log.warning("nothing is sent, the store does not answer", extra=extra)
            self._is_silent = True
            return LOOK_SECONDS

    async def _drain(self, running: "asyncio.Task[float]") -> None:
        """Let what is being sent end for a while, and give back the others."""
        self._is_ending = True
        await asyncio.wait([running], timeout=DRAIN_SECONDS)
        running.cancel()
        await asyncio.wait([asyncio.gather(running, return_exceptions=True)], timeout=DRAIN_SECONDS)
        with suppress(StoreUnavailable, OutcomeUnknown):
            await self.recorder.flush()
            await self._release()
        self._is_ending = False

    async def _release(self) -> None:
        await self.database.run(lambda db: outbox.release(db, self._holder), writes=True)

    async def _send_claim(self) -> float:
        await self.recorder.flush()
        self._holder = f"{self._name}.{next(self._numbers)}"
        claim = await self.database.run(self._claim, writes=True)
        return await self._send_all(claim.rows) if claim.rows and not self._is_ending else claim.pause

    def _claim(self, session: Session) -> Claim:
        now, state = self.clock(), channel_states.state(session, self.channel)
        if self.channel == FCM:
            leave_to_browsers(session, self._holder, now, state)
        if state.is_stopped:
            return Claim([], LOOK_SECONDS)
        if state.paused_until and channel_states.rests(state, now):
            return Claim([], min(LOOK_SECONDS, (state.paused_until - now).total_seconds()))
        limit = 1 if state.failures else self.sender.batch
        rows = outbox.claim(session, self.channel, self._holder, now, LEASE_SECONDS, limit)
        if rows:
            return Claim(rows, 0.0)
        due = outbox.next_due(session, self.channel, now)
        return Claim([], min(LOOK_SECONDS, max(SOON, (due - now).total_seconds())) if due else LOOK_SECONDS)

    async def _send_all(self, rows: Sequence[Row]) -> float:
        """Send rows. Return the seconds until the next claim: none, unless nothing could be checked."""
        loop, items = asyncio.get_running_loop(), list[Item]()
        for row in rows:
            item, outcome = _item(row, self.clock())
            if outcome:
                self.recorder.put([(item, outcome)])
            else:
                items.append(item)
        refused = _by_bundles(items, await self._refused(items, loop.time() + CHECK_SECONDS)) if items else {}
        self.recorder.put((it, refused[it.row.id]) for it in items if it.row.id in refused)
        wanted = [it for it in items if it.row.id not in refused]
        try:
            untried = await self._send(wanted, loop.time() + SEND_SECONDS) if wanted else []
        finally:
            await self.recorder.flush()
        if untried:
            await self._release()
        is_blind = len(refused) == len(rows) and all(it.reason == UNCHECKED.reason for it in refused.values())
        return LOOK_SECONDS if is_blind else 0.0

    async def _refused(self, items: Sequence[Item], until: float) -> dict[int, Outcome]:
        """Return the outcomes of those that are not to be sent. One that can't be checked harms no other."""
        try:
            async with asyncio.timeout_at(until):
                return await self.checks.refused(items)
        except (Unavailable, TimeoutError):
            return {it.row.id: UNCHECKED for it in items}
        except Exception:
            log.exception("what is to be sent can't be checked", extra={"channel": self.channel, "items": len(items)})
        if len(items) == 1:
            return {items[0].row.id: Outcome("later", "unwritten")}
        found = [await self._refused([it], until) for it in items]
        return {id: outcome for each in found for id, outcome in each.items()}

    async def _send(self, items: Sequence[Item], until: float) -> list[Item]:
        """Send items, and put their outcomes on record. Return those for which no time was left. A sender that tells
        nothing of any item has failed; else it leaves the rest for the next claim."""
        left, extra = {it.row.id: it for it in items}, {"channel": self.channel, "items": len(items)}
        unknown = Outcome("later", "unreachable")
        try:
            async with asyncio.timeout_at(until), aclosing(self.sender.send(items)) as outcomes:  # type: ignore[type-var]  # each is an async generator
                async for item, outcome in outcomes:
                    if mine := left.pop(item.row.id, None):
                        self.recorder.put([(mine, outcome)])
            if len(left) < len(items):
                return list(left.values())
        except TimeoutError:
            log.warning("what was to be sent took too long", extra=extra)
            # Of several it is not known which one hangs: the next ones are tried one by one.
            unknown = unknown._replace(of_channel=len(items) > 1)
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                raise
            log.exception("what was to be sent failed", extra=extra)
            if len(items) > 1:
                return await self._send_each(list(left.values()), until)
            unknown = Outcome("later", "unwritten")
        self.recorder.put((it, unknown) for it in left.values())
        return []

    async def _send_each(self, items: Sequence[Item], until: float) -> list[Item]:
        """Send each by itself, so that the one that can't be sent harms no other."""
        for place, item in enumerate(items):
            if asyncio.get_running_loop().time() >= until:
                return list(items[place:])
            await self._send([item], until)
        return []


def _by_bundles(items: Sequence[Item], refused: dict[int, Outcome]) -> dict[int, Outcome]:
    """Put off all that is bundled for a person of whom a part can't be checked: it is one mail."""
    partial = {
        it.row.person_id for it in items if it.row.bundle and refused.get(it.row.id, SENT).reason == UNCHECKED.reason
    }
    return {it.row.id: UNCHECKED for it in items if it.row.bundle and it.row.person_id in partial} | refused


def _is_cancelled() -> bool:
    """Tell whether somebody cancelled us; a library may leak a cancellation of its own."""
    task = asyncio.current_task()
    return bool(task and task.cancelling())


def _item(row: Row, now: datetime) -> tuple[Item, Outcome | None]:
    """Return a row with its notification, and its outcome when it is not even tried."""
    life = LIFE_OF_BUNDLE if row.bundle else LIFE.get(row.channel, DAY)
    if now - row.created_at > life:
        return Item(row, None), Outcome("failed", "expired")
    if row.device_id and row.address is None:
        return Item(row, None), Outcome("failed", "gone")
    try:
        return Item(row, from_content(row.content) if row.content else None), None
    except (ValueError, TypeError, AttributeError):
        log.exception("a row of the outbox can't be read", extra={"row": row.id})
        return Item(row, None), Outcome("failed", "unwritten")
