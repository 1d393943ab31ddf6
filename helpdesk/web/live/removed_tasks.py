"""Tell open pages that a task on them was deleted, or that their person may no longer see it.

The feed has no event for that. So the backend is asked regularly, person by person, which of the tasks on the screen
this person sees. A page learns no more than it would by requesting the task, and at a moment that does not depend on
what happens to tasks which the person may not see.
"""

import heapq
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from helpdesk.errors import HelpdeskError
from helpdesk.notifications.channels.sse.streams import Stream
from helpdesk.people.model import SignedIn
from helpdesk.services import Services
from helpdesk.web.live import events

log = logging.getLogger(__name__)

FIRST = timedelta(seconds=5)
"""The first check after a stream was opened. Most pages are left sooner, and cost nothing."""
EVERY = timedelta(seconds=30)
SHARE = 20
"""After each question the backend gets a pause of so many times the question's duration, however many people wait."""
IDLE_SECONDS = 1.0
MOST_ON_SCREEN = 500
"""Tasks of one stream."""


@dataclass
class TasksOnScreen:
    """The tasks on the screen of one stream: those that its person is known to see, and those not checked yet."""

    seen: set[int]
    unchecked: set[int]


@dataclass
class Person:
    """A person who has tasks on the screen, and when these are checked again."""

    signed_in: SignedIn
    due: datetime | None = None
    streams: dict[Stream, TasksOnScreen] = field(default_factory=dict)


class RemovedTasks:
    """Checks the tasks of all streams of this process. `ticks` returns the seconds of a monotonic clock."""

    def __init__(self, services: Services, ticks: Callable[[], float] = time.monotonic) -> None:
        self.services, self.ticks = services, ticks
        self._viewers: dict[int, Person] = {}
        self._queue: list[tuple[datetime, int]] = []

    def watch(self, stream: Stream) -> None:
        """Check the tasks of a stream from now on, until it ends."""
        viewer = stream.viewer
        if viewer is None:
            return
        person = self._viewers.setdefault(stream.person_id, Person(viewer.signed_in))
        person.streams[stream] = TasksOnScreen(set(), {task for task in viewer.tasks if task > 0})
        self._check_by(person, self.services.clock() + FIRST)

    def add_seen(self, stream: Stream, task_id: int) -> None:
        """Note that the page may show this task from now on: it got an event of the task."""
        tasks = self._tasks_of(stream)
        if tasks and len(tasks.seen) < MOST_ON_SCREEN:
            tasks.unchecked.discard(task_id)
            tasks.seen.add(task_id)

    def check_soon(self, stream: Stream, task_id: int) -> None:
        """Check a task soon: the person does not see an event of it, so perhaps not the task either."""
        tasks = self._tasks_of(stream)
        if tasks and stream.viewer and task_id in tasks.seen:
            self._check_by(self._viewers[stream.person_id], self.services.clock())

    def announce_deleted(self, task_id: int) -> None:
        """Tell the pages of people who are known to see a deleted task. Others learn it at their next check."""
        for person in self._viewers.values():
            for stream, tasks in person.streams.items():
                if task_id in tasks.seen:
                    tasks.seen.discard(task_id)
                    stream.give(events.task_removed(task_id))

    async def step(self) -> float:
        """Check the tasks of the next person, and return the seconds until the next step. Raises nothing."""
        person = self._next()
        if person is None:
            return IDLE_SECONDS
        began = self.ticks()
        try:
            await self._check(person)
        except HelpdeskError:
            pass  # checked again in its turn
        except Exception:
            log.exception("the tasks on the screen could not be checked for visibility")
        return max(IDLE_SECONDS / 10, SHARE * (self.ticks() - began))

    async def _check(self, person: Person) -> None:
        ids_of = {stream: tasks.seen | tasks.unchecked for stream, tasks in person.streams.items()}
        task_ids: set[int] = set().union(*ids_of.values())
        if task_ids:
            seen = await self.services.visible_tasks.seen(person.signed_in, task_ids)
            for stream, ids in ids_of.items():
                self._announce(stream, person.streams.get(stream), ids, seen)

    def _announce(
        self, stream: Stream, tasks: TasksOnScreen | None, checked: set[int], seen: Mapping[int, bool]
    ) -> None:
        if tasks is None:
            return
        remaining = checked & (tasks.seen | tasks.unchecked)  # without tasks that were deleted meanwhile
        for number in sorted(remaining - seen.keys()):
            stream.give(events.task_removed(number))
        tasks.unchecked -= checked
        tasks.seen = (tasks.seen - checked) | (remaining & seen.keys())

    def _next(self) -> Person | None:
        """Return the person who is due, with the streams that are still open."""
        now = self.services.clock()
        # A due time later than EVERY means that the clock was put back.
        while self._queue and not now < self._queue[0][0] <= now + EVERY:
            due, number = heapq.heappop(self._queue)
            person = self._viewers.get(number)
            if person is None or person.due != due:  # was checked sooner
                continue
            person.due = None
            person.streams = {stream: tasks for stream, tasks in person.streams.items() if not stream.is_over}
            if not person.streams:
                del self._viewers[number]
                continue
            self._check_by(person, now + EVERY)
            return person
        return None

    def _check_by(self, person: Person, due: datetime) -> None:
        """Check a person no later than then."""
        if person.due is None or due < person.due:
            person.due = due
            heapq.heappush(self._queue, (due, person.signed_in.person.id))

    def _tasks_of(self, stream: Stream) -> TasksOnScreen | None:
        person = self._viewers.get(stream.person_id) if stream.viewer else None
        return person.streams.get(stream) if person else None
