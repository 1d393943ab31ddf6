"""Change many tasks, a few at a time: each is changed or refused by itself.

Handing over takes the open tasks of a person in batches, by rising number. What was handed over is not in the list any
more, so a run that was broken off is continued by running it again.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from helpdesk.errors import HelpdeskError, OutcomeUnknown, SavedUnseen
from helpdesk.tasks.backend import Backend
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor, Edit, Written

log = logging.getLogger(__name__)

MOST_TASKS = 100
PARALLEL = 4
HANDED_AT_ONCE = 25
HANDING_SECONDS = 6.0
"""No task is begun later than that after the beginning of a batch, so that its request ends in time."""


class Outcome(NamedTuple):
    """The outcome for one task: `refusal` is None when it was changed. `written` is the change, if it is known."""

    task_id: int
    refusal: HelpdeskError | None
    written: Written | None = None

    @property
    def may_be_written(self) -> bool:
        return self.refusal is None or isinstance(self.refusal, OutcomeUnknown)


PASSED_OVER = Outcome(0, None)


async def change_all(backend: Backend, actor: Actor, edits: Iterable[tuple[int, Edit]]) -> list[Outcome]:
    """Apply each edit, those of one task one after the other. Return outcomes in the order of `edits`."""
    slots, locks = asyncio.Semaphore(PARALLEL), defaultdict[int, asyncio.Lock](asyncio.Lock)

    async def one(task_id: int, edit: Edit) -> Outcome:
        async with locks[task_id], slots:
            return await _change(backend, actor, task_id, edit)

    async with asyncio.TaskGroup() as group:  # leaves nothing running, however it ends
        running = [group.create_task(one(task_id, edit)) for task_id, edit in edits]
    return [task.result() for task in running]


class HandOver(NamedTuple):
    """The tasks of the person with the number `giver` go to `taker`, each with the comment."""

    giver: int
    taker: int
    comment: str


class Batch(NamedTuple):
    """The outcomes of a batch. `passed_over` tasks turned out not to be the giver's. `left` have not been tried yet."""

    outcomes: tuple[Outcome, ...]
    passed_over: int
    left: int


def open_tasks(giver: int) -> TaskQuery:
    """Return the query of the open tasks that are assigned to a person, by rising number."""
    return TaskQuery(assignees=(giver,), sort="id", descending=False, per_page=HANDED_AT_ONCE)


async def hand_over(backend: Backend, actor: Actor, what: HandOver, skip: int) -> Batch:
    """Hand over the next batch, without the first `skip` tasks of the list, which were refused before.

    Raises what `Backend.tasks` raises.
    """
    page = await backend.tasks(actor, open_tasks(what.giver)._replace(skip=skip))
    slots, clock = asyncio.Semaphore(PARALLEL), asyncio.get_running_loop()
    ends = clock.time() + HANDING_SECONDS

    async def one(task_id: int) -> Outcome | None:
        async with slots:
            return None if clock.time() > ends else await _pass_on(backend, actor, task_id, what)

    async with asyncio.TaskGroup() as group:
        running = [group.create_task(one(row.id)) for row in page.rows]
    tried = [outcome for task in running if (outcome := task.result())]
    outcomes = tuple(it for it in tried if it is not PASSED_OVER)
    return Batch(outcomes, len(tried) - len(outcomes), max(0, page.total - skip - len(tried)))


async def _pass_on(backend: Backend, actor: Actor, task_id: int, what: HandOver) -> Outcome:
    """Look at the task first: nobody else's task is taken, and nothing is written over."""
    try:
        task = await backend.task(actor, task_id)
    except HelpdeskError as refusal:
        return Outcome(task_id, refusal)
    if task.value("assignee") != what.giver:  # it is a group's, or went to somebody else meanwhile
        return PASSED_OVER
    edit = Edit({"assignee": what.taker}, what.comment, task.version)
    return await _change(backend, actor, task_id, edit)


async def _change(backend: Backend, actor: Actor, task_id: int, edit: Edit) -> Outcome:
    try:
        return Outcome(task_id, None, await backend.change(actor, task_id, edit))
    except SavedUnseen:
        return Outcome(task_id, None)
    except HelpdeskError as refusal:
        return Outcome(task_id, refusal)
    except Exception as error:  # the other tasks still have outcomes
        log.exception("a bulk change failed for one task", extra={"task": task_id})
        return Outcome(task_id, OutcomeUnknown(detail=repr(error)))
