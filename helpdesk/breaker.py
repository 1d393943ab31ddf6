"""Stop asking an outside system that has failed, and find out when it is back."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

PAUSE_SECONDS = 5.0


class Breaker:
    """Closed: all may ask. Open, since a failure: only one probe each PAUSE_SECONDS may, and its success closes it.

    `since` is when it opened, which pages show. `ticks` are seconds of a monotonic clock. It is used by one event loop;
    a probe that never ends is followed by the next one.
    """

    def __init__(
        self, ticks: Callable[[], float] = time.monotonic, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.ticks, self.now = ticks, now
        self.since: datetime | None = None
        self._next_probe = 0.0

    @property
    def is_closed(self) -> bool:
        return self.since is None

    def takes_probe(self) -> bool:
        """Whether the caller is to probe now; nobody else is until the next pause has gone by."""
        if self.is_closed or self.ticks() < self._next_probe:
            return False
        self._next_probe = self.ticks() + PAUSE_SECONDS
        return True

    def failed(self) -> bool:
        """Note a failure. Whether it has opened the breaker."""
        opened = self.is_closed
        self.since = self.since or self.now()
        self._next_probe = self.ticks() + PAUSE_SECONDS
        return opened

    def succeeded(self) -> bool:
        """Note an answer. Whether it has closed the breaker."""
        closed, self.since = not self.is_closed, None
        return closed
