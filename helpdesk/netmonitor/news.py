"""Record results with the notifications that they lead to, and wake those who are to see them."""

from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from typing import NamedTuple

from sqlmodel import Session

from helpdesk.netmonitor.recording import Result, record
from helpdesk.notifications import host_news, readers
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.readers import Rules
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.store import monitor_watchers, rights


class Announcement(NamedTuple):
    """The people who are notified, and whether pages of the monitor show something else than before."""

    people: frozenset[int]
    shows: bool


class Newsroom:
    """`rules` decides who may see the monitor. Incidents want a task where `opens_tasks`."""

    def __init__(
        self,
        rules: Rules,
        outbox: Outbox,
        wakeups: Wakeups,
        clock: Callable[[], datetime],
        timezone: tzinfo,
        opens_tasks: bool,
    ) -> None:
        self.rules, self.outbox, self.wakeups = rules, outbox, wakeups
        self.clock, self.timezone, self.opens_tasks = clock, timezone, opens_tasks

    def record(self, session: Session, results: Iterable[Result]) -> Announcement:
        """Store results, and the notifications of those who watch the network."""
        now = self.clock()
        recorded = record(session, results, now, self.opens_tasks)
        told = set[int]()
        people = self._people(session) if recorded.news else []
        for news in recorded.news:
            deliveries = host_news.notify(
                session, news.host_id, news.name, news.incident_id, news.kind, people, now, self.outbox, self.timezone
            )
            told |= {it.notification.person_id for it in deliveries}
        return Announcement(frozenset(told), recorded.shows)

    def announce(self, announcement: Announcement) -> None:
        """Wake the channels, the notified people and the pages, once all is stored."""
        if announcement.people:
            self.outbox.wake()
        if announcement.people or announcement.shows:
            self.wakeups.wake(announcement.people)

    def _people(self, session: Session) -> list[int]:
        """Return whom to notify: administrators without asking, and those who asked and may still see the monitor.

        It is asked again when it is delivered or shown.
        """
        watchers = readers.seeing_monitor(session, monitor_watchers.all(session), self.rules)
        return sorted({*rights.administrators(session, self.rules.named), *watchers})
