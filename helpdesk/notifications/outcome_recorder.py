"""Record what became of the items that a channel has sent, as soon as it is known.

What the other side has accepted must not be sent again, so outcomes that the store does not take are kept until it
does, and nothing more is claimed before. A channel that does not work rests in all processes, for longer while it goes
on failing.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlmodel import Session

from helpdesk.errors import OutcomeUnknown, StoreUnavailable
from helpdesk.notifications.channels.port import SENT as ACCEPTED
from helpdesk.notifications.channels.port import Item, Outcome
from helpdesk.store import channel_states, delivery_tests, devices, flagged_addresses, letters, locks, outbox
from helpdesk.store.database import Database
from helpdesk.store.devices import FCM, WEB_PUSH
from helpdesk.store.models.delivery import ChannelState
from helpdesk.store.outbox import FAILED, SENT, SKIPPED, WAITING, Row
from helpdesk.texts import one_line

log = logging.getLogger(__name__)

PAUSES = (10.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0)
"""Seconds after the first, second, … attempt at an item, varied at random."""
MOST_ATTEMPTS = 10
ENDLESS = {("email", "busy")}
"""For what no attempt is the last, by channel and reason: a mail server that puts mail off is asked until the mail is
too old (`outbox_worker.py`)."""
SHORTEST_AFTER, LONGEST_AFTER = 1.0, channel_states.LONGEST_REST.total_seconds()
"""The pauses that the other side may ask for."""
CHANNEL_PAUSES = (5.0, 15.0, 60.0, 300.0, 600.0)
"""Seconds for which a channel rests after the first, second, … failure in a row. Then one item tries whether it works
again."""
UNCOUNTED = {"unchecked", "quiet"}
"""Reasons for which an item waits without having been tried."""
LONGEST_WAIT = 86_400.0
PATIENCE = timedelta(minutes=5)
"""After so long a failure of phones browsers follow."""
PUSH_LIFE = timedelta(days=1)
MOST_DETAIL = 200
MOST_AT_ONCE = 200
"""Outcomes in one transaction."""

Ended = tuple[Item, Outcome]


class OutcomeRecorder:
    """Records the outcomes of a channel's items, one group after the other: while one is written the next gather."""

    def __init__(self, channel: str, database: Database, clock: Callable[[], datetime]) -> None:
        self.channel, self.database, self.clock = channel, database, clock
        self._waiting: list[Ended] = []
        self._writing: asyncio.Task[StoreUnavailable | OutcomeUnknown | None] | None = None

    def put(self, ended: Iterable[Ended]) -> None:
        """Record these, without waiting for it."""
        self._waiting += [(item, _printable(outcome)) for item, outcome in ended]
        if self._waiting and (self._writing is None or self._writing.done()):
            self._writing = asyncio.create_task(self._write_waiting())

    async def flush(self) -> None:
        """Wait until everything is recorded. Raises StoreUnavailable and OutcomeUnknown, and keeps the rest then."""
        self.put(())
        if self._writing and (error := await asyncio.shield(self._writing)):
            raise error

    async def _write_waiting(self) -> StoreUnavailable | OutcomeUnknown | None:
        try:
            while ended := self._waiting[:MOST_AT_ONCE]:
                await self._write(ended)
                del self._waiting[: len(ended)]
        except (StoreUnavailable, OutcomeUnknown) as error:
            return error
        return None

    async def _write(self, ended: Sequence[Ended]) -> None:
        try:
            await self.database.run(partial(self._record, ended=ended), writes=True)
        except (StoreUnavailable, OutcomeUnknown):
            raise
        except Exception:
            log.exception("outcomes can't be recorded", extra={"channel": self.channel, "items": len(ended)})
            if len(ended) == 1:
                await self.database.run(partial(self._end_plainly, *ended[0]), writes=True)
            else:
                for each in ended:
                    await self._write([each])

    def _end_plainly(self, item: Item, outcome: Outcome, session: Session) -> None:
        """End an item of which nothing more can be recorded, so that it is not sent again and again."""
        outbox.end(session, item.row, SENT if outcome.state == "sent" else FAILED, self.clock(), "unwritten")

    def _record(self, session: Session, ended: Sequence[Ended]) -> None:
        now, failed = self.clock(), [outcome for _, outcome in ended if outcome.of_channel]
        if self.channel == FCM:  # of two phones that fail at once, one leads to the browsers
            for person_id in sorted({item.row.person_id for item, _ in ended}):
                locks.person(session, person_id)
        until = self._rest(session, failed[0], now) if failed else None
        self._record_sent(session, [item.row for item, outcome in ended if outcome == ACCEPTED], now)
        for item, outcome in ended:
            if outcome != ACCEPTED:
                self._record_one(session, item.row, outcome, now, until)
        if not failed and any(_is_answer(outcome) for _, outcome in ended):
            channel_states.succeed(session, self.channel)

    def _record_sent(self, session: Session, rows: Sequence[Row], now: datetime) -> None:
        outbox.end_sent(session, rows, now)
        if devices_reached := {row.device_id for row in rows if row.device_id}:
            devices.note_reached(session, devices_reached, now)
        for row in rows:
            if row.flagged == row.email and row.event.startswith(delivery_tests.PREFIX):
                flagged_addresses.clear(session, row.person_id)

    def _rest(self, session: Session, failed: Outcome, now: datetime) -> datetime:
        """Let the channel rest, and return until when. What fails while it rests already was sent before, and does not
        count."""
        state = channel_states.locked(session, self.channel)
        if state.paused_until and channel_states.rests(state, now):
            return state.paused_until
        until = now + timedelta(seconds=_pause(CHANNEL_PAUSES, state.failures, failed.after))
        channel_states.fail(session, self.channel, failed.reason, failed.detail, now, until)
        return until

    def _record_one(self, session: Session, row: Row, outcome: Outcome, now: datetime, until: datetime | None) -> None:
        reason, detail = outcome.reason, outcome.detail
        if outcome.state == "later" and (outcome.of_channel or reason in UNCOUNTED):
            wait = timedelta(seconds=min(LONGEST_WAIT, max(SHORTEST_AFTER, outcome.after or PAUSES[0])))
            due = until if until and outcome.of_channel else now + wait
            outbox.postpone(session, row, due, reason, detail, counts=False)
        elif outcome.state == "later" and (row.attempts + 1 < MOST_ATTEMPTS or (self.channel, reason) in ENDLESS):
            due = now + timedelta(seconds=_pause(PAUSES, row.attempts, outcome.after))
            if outbox.postpone(session, row, due, reason, detail):
                self._note(session, row, now, reason)
                _note_rest(session, row, outcome)
        else:
            state = {"sent": SENT, "skipped": SKIPPED}.get(outcome.state, FAILED)
            if outbox.end(session, row, state, now, reason, detail):
                self._follow(session, row, outcome, now)

    def _follow(self, session: Session, row: Row, outcome: Outcome, now: datetime) -> None:
        """Do what the end of a row leads to: forget a device that is gone, or flag an address, and let browsers follow
        where no phone was reached."""
        _note_rest(session, row, outcome)
        if outcome.state == "sent":
            self._note(session, row, now)
        elif outcome.state != "skipped":
            self._note(session, row, now, outcome.reason)
        if outcome.state == "gone" and row.device_id:
            devices.forget(session, row.person_id, row.device_id)
        elif outcome.state == "gone":
            flagged_addresses.flag(session, row.person_id, row.email, outcome.detail, now)
        if row.channel == FCM and outcome.state not in ("sent", "skipped"):
            _fall_back(session, row, now)

    def _note(self, session: Session, row: Row, now: datetime, failure: str = "") -> None:
        if row.device_id:
            devices.note(session, row.device_id, now, failure)


def _is_answer(outcome: Outcome) -> bool:
    """Tell whether the other side has decided about an item: then the channel works."""
    return outcome.state in ("sent", "gone") or outcome.reason == "refused"


def _pause(pauses: Sequence[float], failures: int, after: float | None) -> float:
    """Return the seconds until the next attempt: what the other side asked for, else ever more."""
    if after is not None:
        return min(LONGEST_AFTER, max(SHORTEST_AFTER, after))  # in this order nan is the shortest
    return pauses[min(failures, len(pauses) - 1)] * random.uniform(0.8, 1.2)


def _printable(outcome: Outcome) -> Outcome:
    """Return an outcome without what no store takes: the other side's words may hold any bytes."""
    return outcome._replace(detail=one_line(outcome.detail[:MOST_DETAIL]))


def leave_to_browsers(session: Session, holder: str, now: datetime, state: ChannelState) -> None:
    """Let browsers get what waits for phones while an administrator stopped them, or after they failed for minutes. Of
    what only failed one row stays: it tries whether phones are reached again."""
    if not state.is_stopped and (state.failing_since is None or now - state.failing_since < PATIENCE):
        return
    rows = outbox.claim_for_browsers(session, holder, now, 0 if state.is_stopped else 1, MOST_AT_ONCE)
    for person_id in sorted({row.person_id for row in rows}):
        locks.person(session, person_id)
    for row in rows:
        if outbox.end(session, row, SKIPPED, now, "elsewhere"):
            _fall_back(session, row, now)


def _note_rest(session: Session, row: Row, outcome: Outcome) -> None:
    if row.letter_id and (outcome.put_off or outcome.refused):
        letters.note_rest(session, row.letter_id, outcome.put_off, outcome.refused)


def _fall_back(session: Session, row: Row, now: datetime) -> None:
    """Let a person's browsers get what none of their phones got, unless it is no news any more."""
    if now - row.created_at > PUSH_LIFE or {SENT, WAITING} & outbox.states_of(session, row.person_id, row.event, FCM):
        return
    own = devices.services_of(session, [row.person_id]).get(row.person_id, [])
    same = ("person_id", "event", "type", "notification_id", "task_id", "content")
    values = {name: getattr(row, name) for name in same} | {"channel": WEB_PUSH, "due_at": now, "created_at": now}
    outbox.add(session, [{**values, "device_id": id} for id, service in own if service == WEB_PUSH])
