"""Open a task for each incident that wants one, and close it with a comment when the incident is over.

The step is stored before the backend is asked, by a process that holds the lease and sees the step before it. When the
answer did not come, as after a kill, the next tries look whether the step was made: the subject and the comment name
the incident. Only when it can't be made late any more it is made again. A backend that is slow or down holds up nothing
else: an incident is tried again after growing pauses.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, tzinfo
from functools import partial
from secrets import token_hex
from typing import NamedTuple

from sqlmodel import Session

from helpdesk.errors import (
    BadResponse,
    Conflict,
    HelpdeskError,
    Invalid,
    NotFound,
    OutcomeUnknown,
    SavedUnseen,
    Sentence,
    StoreUnavailable,
    sentence,
)
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
FORGOTTEN_SECONDS = 2 * 86_400.0
"""A pause that is over for so long is of an incident that another process has written."""
MAY_END_LATE = timedelta(minutes=5)
"""A write whose answer did not come may still be done for so long: it is only looked for, and not tried again."""
LOOK_BACK = timedelta(days=1)
"""A task that may have been opened is looked for among those of so long ago: clocks differ."""
MOST_PAGES = 20
PER_PAGE = 100
WITHOUT_ISOLATES = dict.fromkeys(map(ord, "\u2066\u2067\u2068\u2069"))
NO_FAULT = sentence("it does not answer")
DESCRIPTION = sentence("%(host)s (%(address)s) has not answered since %(at)s: %(fault)s.")
ADVICE = sentence("What is known of it is shown in the network monitor: %(link)s")
IS_UNWATCHED = sentence("It is not watched any more since %(at)s. Whether it answers is not known.")
IS_BACK = sentence("It has answered again since %(at)s, after %(minutes)s min.")
NO_AUTHOR = sentence("NETMONITOR_TASK_AUTHOR names no account here that can sign in")
NO_PROJECT = sentence("NETMONITOR_TASK_PROJECT names no project in which this account may create tasks")


class Refused(Exception):
    """The reason for which no task can be opened."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(reason.text)
        self.reason = reason


class Pause(NamedTuple):
    """How long an incident is left alone after a try, until when by the monotonic clock."""

    seconds: float
    until: float


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
        self._pauses: dict[int, Pause] = {}

    async def watch(self) -> None:
        """Write what is to be written, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.step()

    async def step(self) -> None:
        """Write what is due, while this process holds the lease. Raises nothing of a broken store or backend."""
        now = self.ticks()
        self._pauses = {it: pause for it, pause in self._pauses.items() if pause.until > now - FORGOTTEN_SECONDS}
        waiting = [it for it, pause in self._pauses.items() if pause.until > now]
        try:
            for incident_id in await self.database.run(lambda db: host_tasks.unwritten(db, waiting)):
                incident = await self.database.run(partial(self._take, incident_id=incident_id), writes=True)
                if incident is None:
                    break
                await self._try(incident)
        except (StoreUnavailable, OutcomeUnknown) as error:
            log.warning("tasks of incidents are not written", extra={"error": error.detail})

    async def place(self) -> tuple[Actor, int]:
        """Return who writes, and into which project. Raises Refused, and what the backend raises."""
        actor = await self._actor()
        vocabulary, offered = await self.backend.vocabulary(actor), await self.backend.projects_for_new(actor)
        ids = {it.id for it in vocabulary.projects if it.identifier == self.project}
        found = next((it.id for it in offered if it.id in ids), None)
        if found is None:
            raise Refused(NO_PROJECT)
        return actor, found

    async def _actor(self) -> Actor:
        actor = await self.author()
        if actor is None:
            raise Refused(NO_AUTHOR)
        return actor

    def _take(self, session: Session, incident_id: int) -> Unwritten | None:
        """Return an incident as it is now, if this process may write its task: slow answers take longer than a lease,
        and another process may have gone on meanwhile."""
        if not leases.take(session, LEASE, self.holder, self.clock(), LEASE_SECONDS):
            return None
        return host_tasks.one(session, incident_id)

    async def _try(self, incident: Unwritten) -> None:
        before = self._pauses.get(incident.id)
        seconds = FIRST_PAUSE if before is None else min(2 * before.seconds, LONGEST_PAUSE)
        # Whatever happens, the other incidents are not to wait for this one.
        self._pauses[incident.id] = Pause(seconds, self.ticks() + seconds)
        try:
            if before and self.clock() - (incident.ended_at or incident.began_at) > host_tasks.GIVEN_UP:
                await self._note(incident, "failed")
            else:
                async with asyncio.timeout(CALL_SECONDS):
                    await self._write(incident)
            del self._pauses[incident.id]
        except (HelpdeskError, Refused, TimeoutError) as error:
            extra = {"incident": incident.id, "error": repr(error), "seconds": seconds}
            log.warning("the task of an incident is not written, it is tried again", extra=extra)
        except Exception:  # an odd answer of the backend may lead to any
            log.exception("the task of an incident meets an error, it is tried again", extra={"incident": incident.id})

    async def _write(self, incident: Unwritten) -> None:
        if incident.task_id is not None:
            await self._close(incident, incident.task_id)
        elif incident.task_state == "wanted" and incident.ended_at:
            await self._note(incident, "")
        else:
            await self._open(incident)

    async def _open(self, incident: Unwritten) -> None:
        if incident.task_state == "opening":
            task_id = await self._opened(await self._actor(), incident)
            if task_id is not None:
                await self._note(incident, "open", task_id)
                return
            await self._require_end(incident)
            if incident.ended_at:
                await self._note(incident, "")
                return
        actor, project_id = await self.place()
        noted = await self._note(incident, "opening")
        try:
            new = NewTask(project_id, self._subject(incident), self._description(incident))
            created = await self.backend.create(actor, new)
        except HelpdeskError as error:
            if is_undone(error):
                await self._note(noted, "wanted")
            raise
        await self._note(noted, "open", created.id)

    async def _require_end(self, incident: Unwritten) -> None:
        """Require that the last try of a write has ended, though its answer did not come. Raises OutcomeUnknown."""
        began, now = incident.task_at or self.clock(), self.clock()
        if began > now:  # it was noted by a clock that was ahead
            await self._note(incident, incident.task_state)
        if now - began < MAY_END_LATE:
            raise OutcomeUnknown(detail="the last try may still end")

    async def _opened(self, actor: Actor, incident: Unwritten) -> int | None:
        """Return the task of an incident, if it was opened. Somebody may have moved it to another project."""
        since = (incident.task_at or self.clock()) - LOOK_BACK
        for page in range(1, MOST_PAGES + 1):
            query = TaskQuery(authors=("me",), created_since=since, include_closed=True, page=page, per_page=PER_PAGE)
            found = await self.backend.tasks(actor, query)
            for row in found.rows:
                if row.subject.endswith(f"({mark(incident.id)})"):
                    return row.id
            if page * PER_PAGE >= found.total:
                break
        return None

    async def _close(self, incident: Unwritten, task_id: int) -> None:
        actor = await self._actor()
        try:
            task = await self.backend.task(actor, task_id)
        except NotFound:  # somebody deleted it
            await self._note(incident, "closed")
            return
        its = f"({mark(incident.id)})"
        if incident.task_state == "closing":
            if any(its in entry.notes for entry in task.entries):
                await self._note(incident, "closed")
                return
            await self._require_end(incident)
        noted = await self._note(incident, "closing")
        try:
            if incident.is_unwatched:
                await self.backend.comment(actor, task.id, self._comment_text(incident))
            else:
                await self._comment(actor, task, self._comment_text(incident))
        except HelpdeskError as error:
            if is_undone(error):
                await self._note(noted, "open")
            raise
        await self._note(noted, "closed")

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

    async def _note(self, incident: Unwritten, state: TaskState, task_id: int | None = None) -> Unwritten:
        """Store a step, and return the incident with it. Raises Conflict when another process has gone on."""
        now = self.clock().replace(microsecond=0)  # as stored: it is compared with at the next step
        noted = incident._replace(task_state=state, task_at=now, task_id=task_id or incident.task_id)
        if not await self.database.run(lambda db: host_tasks.note(db, incident, noted), writes=True):
            raise Conflict
        return noted

    def _subject(self, incident: Unwritten) -> str:
        return f"{incident.host_name}: {self._say(_fault(incident))} ({mark(incident.id)})"

    def _description(self, incident: Unwritten) -> str:
        values = {"host": incident.host_name, "address": incident.address, "at": self._at(incident.began_at)}
        told = self._say(DESCRIPTION, **values, fault=_fault(incident))
        return f"{told}\n\n{self._say(ADVICE, link=self.link(incident.host_id or 0))}"

    def _comment_text(self, incident: Unwritten) -> str:
        ended = incident.ended_at or self.clock()
        if incident.is_unwatched:
            return f"{self._say(IS_UNWATCHED, at=self._at(ended))} ({mark(incident.id)})"
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


def is_undone(error: HelpdeskError) -> bool:
    """Tell whether a failed write has surely written nothing, now or later."""
    return not isinstance(error, OutcomeUnknown | SavedUnseen | BadResponse)


def _fault(incident: Unwritten) -> Sentence:
    return next((text.title for fault, text in FAULTS.items() if fault == incident.fault), NO_FAULT)
