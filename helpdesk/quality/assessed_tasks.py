"""Read the tasks that are assessed, of one source, as a person sees them there."""

from collections.abc import Collection, Container
from contextlib import aclosing
from datetime import UTC, datetime
from typing import NamedTuple

from helpdesk.errors import Invalid, NotFound, sentence
from helpdesk.quality.assessments import Candidate
from helpdesk.reports.model import NOBODY, Question, Selection
from helpdesk.reports.source import MOST_LIVES, ReportSource
from helpdesk.store.assessments import TaskValues
from helpdesk.store.database import in_batches
from helpdesk.tasks.model import Actor, Task, TaskRow

MOST_CANDIDATES = 5_000
"""Of so many closed tasks at most is drawn."""
ALWAYS = (datetime(1970, 1, 2, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
NOT_CLOSED = sentence("Only a closed task can be assessed.")


class AssessedTasks(NamedTuple):
    """The tasks of a source: `name` is "main" or "quality". `numbers` are those of the person's own accounts there."""

    name: str
    source: ReportSource
    actor: Actor
    numbers: frozenset[int]

    async def rows(self, task_ids: Collection[int]) -> dict[int, TaskRow]:
        """Return those of these tasks that the person sees."""
        found: dict[int, TaskRow] = {}
        for batch in in_batches(dict.fromkeys(task_ids), MOST_LIVES):
            question = Question(Selection(task_ids=tuple(batch)), "created", ALWAYS)
            page = await self.source.found(self.actor, question, {}, per_page=len(batch))
            found |= {it.id: it for it in page.rows}
        return found

    async def one(self, task_id: int) -> tuple[TaskRow, TaskValues]:
        """Return a task with whose work it was. Raises NotFound."""
        row, lives = (await self.rows([task_id])).get(task_id), await self.source.lives(self.actor, [task_id])
        if row is None or task_id not in lives:
            raise NotFound
        number = lives[task_id].executor_id
        names = await self.source.names(self.actor, [number]) if number != NOBODY else {}
        whose = (number, names.get(number, "")) if number != NOBODY else (None, "")
        return row, TaskValues(self.name, task_id, row.subject, row.project.id, row.project.name, *whose)

    async def own(self, task_ids: Collection[int]) -> frozenset[int]:
        """Return those of these tasks that are assigned to the person, or to a group that the person is in, or that the
        person closed last: at most MOST_LIVES."""
        if not task_ids:
            return frozenset()
        involved, lives = await self.source.involved(task_ids), await self.source.lives(self.actor, task_ids)
        assigned = {it for it, people in involved.items() if people.assignees & self.numbers}
        return frozenset(assigned.union(it for it, life in lives.items() if life.closer_id in self.numbers))

    async def closed(self, task_id: int) -> TaskValues:
        """Return a closed task. Raises NotFound, and Invalid for an open one."""
        row, task = await self.one(task_id)
        if not row.status.is_closed:
            raise Invalid({}, NOT_CLOSED)
        return task

    async def candidates(self, since: datetime, until: datetime, selection: Selection) -> list[Candidate]:
        """Return tasks that were closed in a time and still are, with whose work they were: not the person's own, at
        most MOST_CANDIDATES."""
        question = Question(selection._replace(phase="closed"), "closed", (since, until))
        found: list[Candidate] = []
        async with aclosing(self.source.lives_of(self.actor, question)) as parts:
            async for lives in parts:
                others = (it for it in lives if not self.numbers.intersection((it.executor_id, it.closer_id)))
                found += [Candidate(it.id, it.executor_id) for it in others]
                if len(found) >= MOST_CANDIDATES:
                    break
        return found[:MOST_CANDIDATES]


def assignees_at_closing(task: Task, closed: Container[str | None]) -> frozenset[str]:
    """Return the names of those to whom a task was assigned when it was closed last: two if that was changed with it.

    `closed` are the names of the statuses that close a task. One without a closing was created closed.
    """
    assignee = task.row.assignee.name if task.row.assignee else None
    for entry in sorted(task.entries, key=lambda it: (it.created_on, it.id), reverse=True):
        after = assignee
        for change in reversed(entry.changes):
            assignee = change.old if change.field == "assignee" else assignee
        if any(it.field == "status" and it.new in closed and it.old not in closed for it in entry.changes):
            return frozenset(it for it in (assignee, after) if it)
    return frozenset(it for it in (assignee,) if it)
