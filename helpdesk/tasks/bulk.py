"""Change many tasks, a few at a time: each is changed or refused by itself."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from helpdesk.errors import HelpdeskError, OutcomeUnknown, SavedUnseen
from helpdesk.tasks.backend import Backend
from helpdesk.tasks.model import Actor, Edit, Written

log = logging.getLogger(__name__)

MOST_TASKS = 100
PARALLEL = 4


class Outcome(NamedTuple):
    """The outcome for one task: `refusal` is None when it was changed. `written` is the change, if it is known."""

    task_id: int
    refusal: HelpdeskError | None
    written: Written | None = None

    @property
    def may_be_written(self) -> bool:
        return self.refusal is None or isinstance(self.refusal, OutcomeUnknown)


async def change_all(backend: Backend, actor: Actor, edits: Iterable[tuple[int, Edit]]) -> list[Outcome]:
    """Apply each edit, those of one task one after the other. Return outcomes in the order of `edits`."""
    slots, locks = asyncio.Semaphore(PARALLEL), defaultdict[int, asyncio.Lock](asyncio.Lock)

    async def one(task_id: int, edit: Edit) -> Outcome:
        try:
            async with locks[task_id], slots:
                return Outcome(task_id, None, await backend.change(actor, task_id, edit))
        except SavedUnseen:
            return Outcome(task_id, None)
        except HelpdeskError as refusal:
            return Outcome(task_id, refusal)
        except Exception as error:  # the other tasks still have outcomes
            log.exception("a bulk change failed for one task", extra={"task": task_id})
            return Outcome(task_id, OutcomeUnknown(detail=repr(error)))

    async with asyncio.TaskGroup() as group:  # leaves nothing running, however it ends
        running = [group.create_task(one(task_id, edit)) for task_id, edit in edits]
    return [task.result() for task in running]
