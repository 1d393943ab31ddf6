"""Roll up finished hours and forget what is too old, a little at a time, in the process that holds the sampler's lease.

An hour is rolled up a while after its end: a probe may take seconds, and a result is written a second later. Nothing is
forgotten within an hour of the start, or after the clock was set: it may be wrong, and is mostly set right soon.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from sqlmodel import Session

from helpdesk.store import host_maintenance, host_rollup
from helpdesk.store.clock_skew import AHEAD

log = logging.getLogger(__name__)

GRACE_SECONDS = 120
HOURS_AT_ONCE, HOSTS_AT_ONCE = 10, 20
LOOK_SECONDS, FORGET_SECONDS = 30.0, 3600.0


class History:
    """The work that is due next. `ticks` returns the seconds of a clock that never goes back."""

    def __init__(self, clock: Callable[[], datetime], ticks: Callable[[], float]) -> None:
        self.clock, self.ticks = clock, ticks
        self._look_due, self._forget_due = 0.0, ticks() + FORGET_SECONDS
        self._forgetting = list[int]()
        self._offset = self._offset_now()

    @property
    def is_due(self) -> bool:
        return self.ticks() >= min(self._look_due, self._forget_due)

    def step(self, session: Session) -> None:
        """Roll up some hours, or forget what is old of some hosts. One call is one transaction."""
        ticks, now = self.ticks(), int(self.clock().timestamp())
        if abs(self._offset_now() - self._offset) > AHEAD.total_seconds():
            self._offset, self._forget_due, self._forgetting = self._offset_now(), ticks + FORGET_SECONDS, []
        if ticks >= self._look_due:
            found = host_rollup.finished(session, now - GRACE_SECONDS, HOURS_AT_ONCE)
            for host_id, hour in found:
                host_rollup.roll_up(session, host_id, hour)
            if len(found) < HOURS_AT_ONCE:
                self._look_due = ticks + LOOK_SECONDS
            return
        if ticks < self._forget_due:
            return
        self._forgetting = self._forgetting or host_rollup.hosts(session)
        some, self._forgetting = self._forgetting[:HOSTS_AT_ONCE], self._forgetting[HOSTS_AT_ONCE:]
        for host_id in some:
            host_rollup.forget_old(session, host_id, now)
        if not self._forgetting:
            host_maintenance.forget(session, datetime.fromtimestamp(now - host_rollup.HOURS_KEPT_SECONDS, UTC))
            self._forget_due = ticks + FORGET_SECONDS

    def _offset_now(self) -> float:
        return self.clock().timestamp() - self.ticks()
