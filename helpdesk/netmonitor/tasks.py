"""Open a task for each incident that wants one, and close it with a comment when the incident is over.

The step is stored before the backend is asked. When the answer did not come, as after a kill, the next try looks
whether the step was made: the subject and the comment name the incident. A backend that is slow or down holds up
nothing else: an incident is tried again after growing pauses.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, tzinfo
from secrets import token_hex

from sqlmodel import Session

from helpdesk.errors import HelpdeskError, Invalid, NotAllowed, NotFound, Sentence, StoreUnavailable, sentence
from helpdesk.languages import say
from helpdesk.netmonitor.model import FAULTS
from helpdesk.store import host_tasks, leases
from helpdesk.store.database import Database
from helpdesk.store.host_tasks import TaskState, Unwritten
from helpdesk.tasks.backend import Backend
from helpdesk.tasks.creation import NewTask
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor, Edit, Task

log = logging.getLogger(__name__)

LEASE, LEASE_SECONDS = "netmonitor tasks", 120.0
LOOK_SECONDS = 3.0
CALL_SECONDS = 30.0
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 600.0
LOOK_BACK = timedelta(days=1)
"""A task that may have been opened is looked for among those of so long ago: clocks differ."""
MOST_PAGES = 20
PER_PAGE = 100
WITHOUT_ISOLATES = dict.fromkeys(map(ord, "\u2066\u2067\u2068\u2069"))
NO_FAULT = sentence("it does not answer")
DESCRIPTION = sentence("%(host)s (%(address)s) has not answered since %(at)s: %(fault)s.")
ADVICE = sentence("What is known of it is shown in the network monitor: %(link)s")
IS_BACK = sentence("It has answered again since %(at)s, after %(minutes)s min.")
NO_AUTHOR = sentence("NETMONITOR_TASK_AUTHOR names no account here that can sign in")
NO_PROJECT = sentence("NETMONITOR_TASK_PROJECT names no project in which this account may create tasks")


class Refused(Exception):
    """The reason for which no task can be opened."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(reason.text)
        self.reason = reason


class IncidentTasks:
    """`author` returns who writes the tasks, None when there is no such account. `link` is the address of a host's
    page by its id."""

    def __init__(
        self,
        database: Database,
        backend: Backend,
        author: Callable[[], Awaitable[Actor | None]],
        project: str,
        link: Callable[[int], str],
        language: str,
        timezone: tzinfo,
        clock: Callable[[], datetime],
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.database, self.backend, self.author, self.project = database, backend, author, project
        self.link, self.language, self.timezone, self.clock, self.ticks = link, language, timezone, clock, ticks
        self.holder = token_hex(8)
        self._pauses: dict[int, tuple[float, float]] = {}

    async def watch(self) -> None:
        """Write what is to be written, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.step()

    async def step(self) -> None:
        """Write what is due, while this process holds the lease. Raises nothing of a broken store or backend."""
        try:
            waiting = [it for it, (_, due) in self._pauses.items() if due > self.ticks()]
            for incident in await self.database.run(lambda db: self._due(db, waiting), writes=True):
                # Twenty slow answers take longer than the lease.
                if not await self.database.run(self._hold, writes=True):
                    break
                await self._try(incident)
        except StoreUnavailable as error:
            log.warning("tasks of incidents are not written", extra={"error": error.detail})

    async def place(self) -> tuple[Actor, int]:
        """Return who writes, and into which project. Raises Refused, and what the backend raises."""
        actor = await self.author()
        if actor is None:
            raise Refused(NO_AUTHOR)
        vocabulary, offered = await self.backend.vocabulary(actor), await self.backend.projects_for_new(actor)
        ids = {it.id for it in vocabulary.projects if it.identifier == self.project}
        found = next((it.id for it in offered if it.id in ids), None)
        if found is None:
            raise Refused(NO_PROJECT)
        return actor, found

    def _due(self, session: Session, waiting: list[int]) -> list[Unwritten]:
        if not (found := host_tasks.unwritten(session, waiting)):
            return []
        return found if self._hold(session) else []

    def _hold(self, session: Session) -> bool:
        return leases.take(session, LEASE, self.holder, self.clock(), LEASE_SECONDS)

    async def _try(self, incident: Unwritten) -> None:
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await self._write(incident)
            self._pauses.pop(incident.id, None)
        except (HelpdeskError, Refused, TimeoutError) as error:
            pause = min(2 * self._pauses.get(incident.id, (FIRST_PAUSE / 2, 0.0))[0], LONGEST_PAUSE)
            self._pauses[incident.id] = (pause, self.ticks() + pause)
            extra = {"incident": incident.id, "error": repr(error), "seconds": pause}
            log.warning("the task of an incident is not written, it is tried again", extra=extra)
            if self.clock() - (incident.ended_at or incident.began_at) > host_tasks.GIVEN_UP:
                self._pauses.pop(incident.id)
                await self._note(incident, "failed")

    async def _write(self, incident: Unwritten) -> None:
        if incident.task_id is not None:
            await self._close(incident, incident.task_id)
        elif incident.task_state == "wanted" and incident.ended_at:
            await self._note(incident, "")
        else:
            await self._open(incident)

    async def _open(self, incident: Unwritten) -> None:
        actor, project_id = await self.place()
        if incident.task_state == "opening":
            task_id = await self._opened(actor, project_id, incident)
        else:
            task_id = None
            await self._note(incident, "opening")
        if task_id is None:
            try:
                new = NewTask(project_id, self._subject(incident), self._description(incident))
                task_id = (await self.backend.create(actor, new)).id
            except (NotAllowed, NotFound, Invalid):
                await self._note(incident, "wanted")
                raise
        await self._note(incident, "open", task_id)

    async def _opened(self, actor: Actor, project_id: int, incident: Unwritten) -> int | None:
        """Return the task of an incident, if it was opened."""
        since = (incident.task_at or self.clock()) - LOOK_BACK
        for page in range(1, MOST_PAGES + 1):
            query = TaskQuery(
                authors=("me",), project_ids=(project_id,), created_since=since, include_closed=True, page=page,
                per_page=PER_PAGE,
            )  # fmt: skip
            found = await self.backend.tasks(actor, query)
            for row in found.rows:
                if row.subject.endswith(f"({mark(incident.id)})"):
                    return row.id
            if page * PER_PAGE >= found.total:
                break
        return None

    async def _close(self, incident: Unwritten, task_id: int) -> None:
        actor = await self.author()
        if actor is None:
            raise Refused(NO_AUTHOR)
        try:
            task = await self.backend.task(actor, task_id)
        except NotFound:  # somebody deleted it
            await self._note(incident, "closed")
            return
        its = f"({mark(incident.id)})"
        if incident.task_state != "closing" or not any(its in entry.notes for entry in task.entries):
            await self._note(incident, "closing")
            await self._comment(actor, task, self._comment_text(incident))
        await self._note(incident, "closed")

    async def _comment(self, actor: Actor, task: Task, text: str) -> None:
        """Comment, and close the task in the same write if the author may.

        That is with the first closed status of all: the later ones are for what was rejected and the like.
        """
        closed = next((it.id for it in await self.backend.statuses() if it.is_closed), None)
        if closed in {it.id for it in task.choices.statuses} and not task.row.status.is_closed:
            try:
                await self.backend.change(actor, task.id, Edit({"status": closed}, text, task.version))
                return
            except Invalid as error:  # a field is required for it: that is for people to fill in
                log.info("the task of an incident stays open", extra={"task": task.id, "error": repr(error)})
        await self.backend.comment(actor, task.id, text)

    async def _note(self, incident: Unwritten, state: TaskState, task_id: int | None = None) -> None:
        now = self.clock()
        await self.database.run(lambda db: host_tasks.note(db, incident.id, state, now, task_id), writes=True)

    def _subject(self, incident: Unwritten) -> str:
        return f"{incident.host_name}: {self._say(_fault(incident))} ({mark(incident.id)})"

    def _description(self, incident: Unwritten) -> str:
        values = {"host": incident.host_name, "address": incident.address, "at": self._at(incident.began_at)}
        told = self._say(DESCRIPTION, **values, fault=_fault(incident))
        return f"{told}\n\n{self._say(ADVICE, link=self.link(incident.host_id))}"

    def _comment_text(self, incident: Unwritten) -> str:
        ended = incident.ended_at or self.clock()
        minutes = max(1, round((ended - incident.began_at).total_seconds() / 60))
        return f"{self._say(IS_BACK, at=self._at(ended), minutes=minutes)} ({mark(incident.id)})"

    def _say(self, its: Sentence, **values: object) -> str:
        """Return a sentence as text of a task, which has no marks for the direction of its values."""
        return say(self.language, its._replace(values=values)).translate(WITHOUT_ISOLATES)

    def _at(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.timezone):%d.%m.%Y %H:%M:%S}"


def mark(incident_id: int) -> str:
    """Return the name of an incident in its task."""
    return f"NM-{incident_id}"


def _fault(incident: Unwritten) -> Sentence:
    return next((text.title for fault, text in FAULTS.items() if fault == incident.fault), NO_FAULT)
