"""Acts that could not be told: they are tried again, and put aside in the end, lest they hold up the rest for ever."""

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from helpdesk.errors import Unavailable, WrongKey

log = logging.getLogger(__name__)

TRIES = 5
PATIENCE = timedelta(minutes=15)
"""How long an act is tried again for which the tracker does not answer, while it tells of acts at all."""


class Trouble(NamedTuple):
    """How often and since when an act failed, and how the last time."""

    tries: int
    since: datetime
    error: Exception


class Troubles:
    """Known to this process alone: another one tries by itself."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self._of: dict[str, Trouble] = {}

    def __bool__(self) -> bool:
        return bool(self._of)

    def tries(self, act: str) -> int:
        return self._of[act].tries if act in self._of else 0

    def note(self, act: str, error: Exception) -> None:
        """It failed once more."""
        before = self._of.get(act) or Trouble(0, self.clock(), error)
        self._of[act] = Trouble(before.tries + 1, before.since, error)
        if not before.tries:
            log.warning("an act could not be told, it is tried again", extra={"act": act}, exc_info=error)

    def solved(self, act: str) -> None:
        self._of.pop(act, None)

    def keep_only(self, acts: Collection[str]) -> None:
        """Forget the others: they have been dealt with."""
        self._of = {act: trouble for act, trouble in self._of.items() if act in acts}

    def is_hopeless(self, act: str) -> bool:
        """Whether it was tried often enough, and long enough where it is the tracker's trouble. Our own key's trouble
        is an administrator's to end."""
        trouble = self._of.get(act)
        if trouble is None or trouble.tries < TRIES or isinstance(trouble.error, WrongKey):
            return False
        return not isinstance(trouble.error, Unavailable) or self.clock() - trouble.since >= PATIENCE

    def put_aside(self, act: str) -> None:
        """Say for good that nobody is told of it."""
        log.error("an act is put aside, nobody is told of it", extra={"act": act}, exc_info=self._of[act].error)
