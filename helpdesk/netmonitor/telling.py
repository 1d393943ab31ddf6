"""Notify people of what was stored with incidents, some at a time, in the process that holds the sampler's lease.

The notifications of some people and how far it has come are one transaction: a process that is killed leaves nobody out
and notifies nobody twice. When a whole network goes down, its hosts are told as one.
"""

from collections import deque
from collections.abc import Callable

from sqlmodel import Session

from helpdesk.netmonitor.news import Newsroom
from helpdesk.notifications.kinds import Kind
from helpdesk.store import host_news

PAUSE_SECONDS = 10.0
"""News that comes within this time after other news was sent is sent together."""
MOST_ALONE = 10
"""More hosts of one kind of news are told as one."""
PEOPLE_AT_ONCE = 200
"""The people in one transaction, for which the poller of the feed waits."""
MANY: dict[str, Kind] = {"host_down": "hosts_down", "host_up": "hosts_up", "host_expiring": "hosts_expiring"}


class Telling:
    """The news that is sent next. `is_waiting` is set when some may have been stored. `ticks` returns the seconds of
    a clock that never goes back."""

    def __init__(self, newsroom: Newsroom, ticks: Callable[[], float]) -> None:
        self.newsroom, self.ticks = newsroom, ticks
        self.is_waiting = False
        self._gather_due = 0.0
        self._ids = deque[int]()

    @property
    def is_due(self) -> bool:
        return bool(self._ids) or (self.is_waiting and self.ticks() >= self._gather_due)

    def step(self, session: Session) -> frozenset[int]:
        """Notify some people, and return whom to wake. One call is one transaction."""
        if not self._ids:
            self._ids.extend(host_news.gather(session, MANY, MOST_ALONE))
            self.is_waiting, self._gather_due = False, self.ticks() + PAUSE_SECONDS
        people, told, left = self.newsroom.people(session), set[int](), PEOPLE_AT_ONCE
        while self._ids and left > 0:
            left -= self._tell(session, people, left, told)
        return frozenset(told)

    def _tell(self, session: Session, people: list[int], most: int, told: set[int]) -> int:
        """Notify at most so many people of the next news, and return how many it were."""
        row = host_news.one(session, self._ids[0])
        if row is None:
            self._ids.popleft()
            return 0
        rest = [it for it in people if it > row.told_to]
        some = rest[:most]
        told |= self.newsroom.tell(session, row, some)
        if len(some) < len(rest):
            host_news.note_progress(session, row, some[-1])
        else:
            host_news.finish(session, row)
            self._ids.popleft()
        return len(some)
