"""Watch the store and outside systems: check each at intervals, store what was found, and notify administrators.

Of all processes the one that holds a lease checks what is due; a person may have a system checked at any time. A lease
for each system keeps two checks of it from running at once, in whichever processes. The outcome of a check, and the
notifications to which it leads, are written in one transaction: administrators are notified of each change once.
"""

import asyncio
import json
import logging
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from secrets import token_hex
from typing import Any, NamedTuple

from sqlmodel import Session

from helpdesk.errors import OutcomeUnknown, Sentence, StoreUnavailable
from helpdesk.health import Check, Result, Trouble, run
from helpdesk.notifications import system_changes
from helpdesk.notifications.delivery import Delivery
from helpdesk.notifications.kinds import Kind
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.store import leases, system_health
from helpdesk.store.database import Database
from helpdesk.store.system_health import DOWN, State

log = logging.getLogger(__name__)

LEASE = "systems"
TICK_SECONDS = 10.0
LEASE_SECONDS = 30.0
PAUSE_SECONDS = system_health.LASTING.total_seconds()
"""Between two checks of a system, so that two that agree are news. It grows up to LONGEST_PAUSE_SECONDS while the
system is down."""
LONGEST_PAUSE_SECONDS = 300.0
COST = 20
"""A check that takes long is not made again before so many times its duration."""
CHECK_SECONDS = 8.0
"""The limit of one check: less than the time in which a page must be answered."""
ABANDONED_SECONDS = CHECK_SECONDS + 10.0
"""After this time a check that was not finished is taken for one of a process that was killed."""
LOOK_AGAIN_SECONDS = 0.2


class Words(NamedTuple):
    """A stored trouble: the reason (half a sentence) and an advice (a whole one)."""

    reason: Sentence
    advice: Sentence


class SystemMonitor:
    """`checks` are those of all systems that are set. `states` are the last known ones, of every process alike.

    `administrators` returns the ids of the accounts to notify.
    """

    def __init__(
        self,
        checks: Iterable[Check],
        database: Database,
        administrators: Callable[[Session], Sequence[int]],
        outbox: Outbox,
        wakeups: Wakeups,
        clock: Callable[[], datetime],
        timezone: tzinfo = UTC,
    ) -> None:
        self.timezone = timezone
        self.checks = {check.name: check for check in checks}
        self.database, self.administrators = database, administrators
        self.outbox, self.wakeups, self.clock = outbox, wakeups, clock
        self.holder = token_hex(8)
        self.states: Mapping[str, State] = {}
        self._took: dict[str, float] = {}
        self._is_silent = False

    @property
    def down(self) -> Mapping[str, datetime]:
        """Return since when each broken system is down, as far as this process knows: it reads that at each tick."""
        return {name: it.since for name, it in self.states.items() if it.status == DOWN and it.since}

    async def watch(self) -> None:
        """Check what is due while this process holds the lease, until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS * random.uniform(0.8, 1.2))
            await self.step()

    async def step(self) -> None:
        """Read the states, and check what is due if this process holds the lease. Raises nothing of a broken store."""
        try:
            holds_lease = await self.database.run(self._begin, writes=True)
            due = [name for name in self.checks if self._is_due(name)] if holds_lease else []
            await asyncio.gather(*(self.test(name, waits=False) for name in due))
            self._is_silent = False
        except (StoreUnavailable, OutcomeUnknown) as error:
            if not self._is_silent:
                log.warning("no system is checked, the store does not answer", extra={"error": error.detail})
            self._is_silent = True

    async def ensure_known(self) -> None:
        """Check the systems that were never checked, as just after the first start. Raises StoreUnavailable."""
        self.states = await self.database.run(system_health.states)
        await asyncio.gather(*(self.test(name) for name in self.checks if name not in self.states))

    async def test(self, name: str, waits: bool = True) -> None:
        """Check a system now. If it is just being checked, wait for that outcome, unless told otherwise.

        Raises StoreUnavailable, OutcomeUnknown.
        """
        holder, lease = token_hex(8), f"system {name}"
        before, is_ours = await self.database.run(lambda db: self._take(db, name, lease, holder), writes=True)
        if not is_ours:
            await (self._others_outcome(name, before) if waits else asyncio.sleep(0))
            return
        began = asyncio.get_running_loop().time()
        result = await run(self.checks[name], CHECK_SECONDS)
        self._took[name] = asyncio.get_running_loop().time() - began
        deliveries, state = await self.database.run(
            lambda db: self._write(db, name, lease, holder, result), writes=True
        )
        self._learn(name, state)
        if deliveries:
            self.outbox.wake()
            self.wakeups.wake({it.notification.person_id for it in deliveries})

    def _begin(self, session: Session) -> bool:
        self.states = system_health.states(session)
        return leases.take(session, LEASE, self.holder, self.clock(), LEASE_SECONDS)

    def _is_due(self, name: str) -> bool:
        state, now = self.states.get(name), self.clock()
        if state is None or state.checked_at is None or state.since is None or state.checked_at > now:
            return True
        down_for = (now - state.since).total_seconds() if state.status == DOWN else 0.0
        pause = max(PAUSE_SECONDS, min(down_for / 2, LONGEST_PAUSE_SECONDS), COST * self._took.get(name, 0.0))
        return (now - state.checked_at).total_seconds() >= pause * random.uniform(1.0, 1.08)

    def _take(self, session: Session, name: str, lease: str, holder: str) -> tuple[int, bool]:
        is_ours = leases.take(session, lease, holder, self.clock(), ABANDONED_SECONDS)
        return system_health.newest_sample(session, name), is_ours

    async def _others_outcome(self, name: str, before: int) -> None:
        for _ in range(int(CHECK_SECONDS / LOOK_AGAIN_SECONDS)):
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            if await self.database.run(lambda db: system_health.newest_sample(db, name)) != before:
                break
        states = await self.database.run(system_health.states)
        self._learn(name, states.get(name, State()))

    def _learn(self, name: str, state: State) -> None:
        """Keep the state of one system: what the same transaction read of others may be older than what is known."""
        self.states = {**self.states, name: state}

    def _write(
        self, session: Session, name: str, lease: str, holder: str, result: Result
    ) -> tuple[list[Delivery], State]:
        now, deliveries = self.clock(), list[Delivery]()
        # A process that was stopped in the middle must not overwrite what another has found since.
        if leases.keep(session, lease, holder):
            error = to_json(result.trouble) if result.trouble else ""
            system_health.record(session, name, result.seconds, error, now)
            deliveries = self._notify(session, name, now)
            leases.release(session, lease, holder, now)
        return deliveries, system_health.states(session).get(name, State())

    def _notify(self, session: Session, name: str, now: datetime) -> list[Delivery]:
        """Notify administrators, unless the system is down only because another one is, of which they hear."""
        needed = system_health.states(session).get(self.checks[name].needs, State())
        if needed.status == DOWN:
            return []
        status = system_health.take_news(session, name)
        if status is None:
            return []
        log.warning("a system has changed its state", extra={"system": name, "status": status})
        kind: Kind = "system_down" if status == DOWN else "system_up"
        return system_changes.notify(session, name, kind, self.administrators(session), now, self.outbox, self.timezone)


def to_json(trouble: Trouble) -> str:
    """Return a trouble as it is stored: sentences are translated when somebody reads them."""
    return json.dumps([_listed(trouble.reason), _listed(trouble.advice)], ensure_ascii=False)


def words(error: str) -> Words | None:
    """Return a stored trouble; None when there is none, or an unreadable one."""
    try:
        reason, advice = (_sentence(it) for it in json.loads(error))
    except (ValueError, TypeError, AttributeError):
        return None
    return Words(reason, advice)


def _listed(sentence: Sentence) -> list[Any]:
    values = {name: _listed(it) if isinstance(it, Sentence) else str(it) for name, it in sentence.values.items()}
    return [sentence.text, values]


def _sentence(listed: Any) -> Sentence:
    text, values = listed
    return Sentence(text, {name: it if isinstance(it, str) else _sentence(it) for name, it in values.items()})
