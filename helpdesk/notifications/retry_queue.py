"""Remember the events that could not be processed: they are tried again, and dropped after some failed tries, so that
they do not block the rest for ever."""

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from helpdesk.errors import Unavailable, WrongKey

log = logging.getLogger(__name__)

TRIES = 5
PATIENCE = timedelta(minutes=15)
"""How long an event is tried again while the backend does not answer for it although the feed returns events."""


class Failure(NamedTuple):
    """How often and since when an event has failed, and its last error."""

    tries: int
    since: datetime
    error: Exception


class RetryQueue:
    """Known to this process alone: another process tries by itself."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self._failures: dict[str, Failure] = {}

    def __bool__(self) -> bool:
        return bool(self._failures)

    def tries(self, event: str) -> int:
        return self._failures[event].tries if event in self._failures else 0

    def add(self, event: str, error: Exception) -> None:
        """Record that an event failed once more."""
        before = self._failures.get(event) or Failure(0, self.clock(), error)
        self._failures[event] = Failure(before.tries + 1, before.since, error)
        if not before.tries:
            log.warning("an event could not be processed, it is tried again", extra={"event": event}, exc_info=error)

    def remove(self, event: str) -> None:
        """Forget an event that was processed."""
        self._failures.pop(event, None)

    def keep_only(self, events: Collection[str]) -> None:
        """Forget all other events: they have been processed."""
        self._failures = {event: failure for event, failure in self._failures.items() if event in events}

    def is_hopeless(self, event: str) -> bool:
        """Return whether an event was tried often enough and, where the backend did not answer, long enough. A wrong
        API key of ours is never hopeless: an administrator can correct it."""
        failure = self._failures.get(event)
        if failure is None or failure.tries < TRIES or isinstance(failure.error, WrongKey):
            return False
        return not isinstance(failure.error, Unavailable) or self.clock() - failure.since >= PATIENCE

    def log_dropped(self, event: str) -> None:
        """Log that an event is dropped."""
        log.error(
            "an event is dropped, only administrators are notified",
            extra={"event": event},
            exc_info=self._failures[event].error,
        )
