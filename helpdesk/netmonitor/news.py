"""Record results, notify people of what they led to, and wake those who are to see it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, tzinfo
from typing import cast

from sqlmodel import Session

from helpdesk.netmonitor.recording import Recorded, Result, record
from helpdesk.notifications import readers
from helpdesk.notifications.kinds import Kind
from helpdesk.notifications.messages import of_no_task
from helpdesk.notifications.of_no_task import deliver
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.readers import Rules
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.store import monitor_watchers, rights
from helpdesk.store.models.netmonitor import HostNews


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

    def record(self, session: Session, results: Iterable[Result]) -> Recorded:
        """Store results, and what people are to be notified of."""
        return record(session, results, self.clock(), self.opens_tasks)

    def tell(self, session: Session, news: HostNews, people: Sequence[int]) -> frozenset[int]:
        """Store the notifications of these people, and return who gets one."""
        row = of_no_task(0, news.event, cast(Kind, news.kind), news.happened_at, news.subject)
        deliveries = deliver(session, people, row, self.clock(), self.outbox, self.timezone)
        return frozenset(it.notification.person_id for it in deliveries)

    def wake_pages(self, recorded: Recorded) -> None:
        """Wake the pages of the monitor, if they show something else than before."""
        if recorded.shows:
            self.wakeups.wake(frozenset())

    def wake(self, people: frozenset[int]) -> None:
        """Wake the channels and the notified people, once all is stored."""
        if people:
            self.outbox.wake()
            self.wakeups.wake(people)

    def people(self, session: Session) -> list[int]:
        """Return whom to notify, by rising id: administrators without asking, and those who asked and may still see
        the monitor.

        It is asked again when it is delivered or shown.
        """
        watchers = readers.seeing_monitor(session, monitor_watchers.all(session), self.rules)
        return sorted({*rights.administrators(session, self.rules.named), *watchers})
