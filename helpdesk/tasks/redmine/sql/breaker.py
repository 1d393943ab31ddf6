"""Whether Redmine's database is asked at all, by what became of the last attempts. No thread, no waiting, no clock."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

PAUSE_SECONDS = 5.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Breaker:
    """Closed: all may ask. Open, since a failure: nobody may but one probe each PAUSE_SECONDS, whose success closes it.

    `since` is when it opened, of which people are told. `ticks` are seconds of a clock that is never put back. It is
    used by one event loop; a probe that never came to an end is followed by the next one.
    """

    def __init__(self, ticks: Callable[[], float] = time.monotonic, now: Callable[[], datetime] = _utc_now) -> None:
        self.ticks, self.now = ticks, now
        self.since: datetime | None = None
        self._next_probe = 0.0

    @property
    def is_closed(self) -> bool:
        return self.since is None

    def takes_probe(self) -> bool:
        """Whether to probe now: whoever is told so is the only one until the next pause has gone by."""
        if self.is_closed or self.ticks() < self._next_probe:
            return False
        self._next_probe = self.ticks() + PAUSE_SECONDS
        return True

    def failed(self) -> bool:
        """Something asked in vain. Whether it is this that opened it."""
        opened = self.is_closed
        self.since = self.since or self.now()
        self._next_probe = self.ticks() + PAUSE_SECONDS
        return opened

    def succeeded(self) -> bool:
        """Something was answered. Whether it is this that closed it again."""
        closed, self.since = not self.is_closed, None
        return closed
