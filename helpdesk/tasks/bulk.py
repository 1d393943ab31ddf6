"""The same wish for many tasks: each is done or refused by itself, a few at a time."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from helpdesk.errors import HelpdeskError
from helpdesk.tasks.model import Actor, Edit
from helpdesk.tasks.tracker import Tracker

MOST = 100
AT_ONCE = 4


class Outcome(NamedTuple):
    """What became of one task: `refusal` is None when it was changed."""

    task_id: int
    refusal: HelpdeskError | None


async def change_all(tracker: Tracker, actor: Actor, edits: Iterable[tuple[int, Edit]]) -> list[Outcome]:
    """Do each edit: those of one task one after the other, tasks in no particular order; outcomes as `edits` came."""
    turns, its = asyncio.Semaphore(AT_ONCE), defaultdict[int, asyncio.Lock](asyncio.Lock)

    async def one(task_id: int, edit: Edit) -> Outcome:
        try:
            async with its[task_id], turns:
                await tracker.change(actor, task_id, edit)
        except HelpdeskError as refusal:
            return Outcome(task_id, refusal)
        return Outcome(task_id, None)

    return list(await asyncio.gather(*(one(task_id, edit) for task_id, edit in edits)))
