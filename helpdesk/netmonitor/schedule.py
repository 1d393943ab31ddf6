"""Tell when a host is due: at fixed seconds, the slots, which its interval and its id give.

Each slot is probed once in all processes, and none later than LATE_SECONDS: slots that were missed are not caught up.
"""

from dataclasses import dataclass
from math import floor, inf

from helpdesk.store.host_samples import Watched

LATE_SECONDS = 10.0
SHARE = 0.5
"""The share of an interval that passes at least between two probes, also when the clock is set: by a clock that never
goes back."""


def slot(now: float, host_id: int, interval: int) -> int:
    """Return the last slot of a host that has come: a second since 1970. Ids spread hosts over the interval."""
    second = floor(now)
    return second - (second - host_id) % interval


@dataclass
class Line:
    """A host that is probed here. `begun` is the last slot for which that began, at `ticks` seconds of the clock that
    never goes back."""

    watched: Watched
    begun: int | None = None
    ticks: float = -inf
    is_running: bool = False

    def due(self, now: float, ticks: float) -> int | None:
        """Return the slot for which a probe begins now, if any. A host that is still being probed misses one."""
        interval = self.watched.interval_seconds
        its = slot(now, self.watched.id, interval)
        if self.is_running or its == self.begun or now - its > LATE_SECONDS:
            return None
        return its if ticks - self.ticks >= interval * SHARE else None

    def begin(self, its: int, ticks: float) -> None:
        """Note that a probe begins."""
        self.begun, self.ticks, self.is_running = its, ticks, True
