"""Show the assessments of a task beside it, and whether the person may assess it."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from starlette.requests import Request

from helpdesk.errors import Unavailable
from helpdesk.store import assessments
from helpdesk.store.assessments import MAIN, AssessmentRow
from helpdesk.tasks.model import Task
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user
from helpdesk.web.task_assessments import sources


class Beside(NamedTuple):
    """The assessment that the person has made of a task, those of the person's work on it, and whether it may be
    assessed."""

    own: AssessmentRow | None = None
    of_work: Sequence[AssessmentRow] = ()
    may_assess: bool = False


async def of_task(request: Request, task: Task) -> Beside:
    """Return what the page of a task shows of assessments: nothing of an open one, or while they can't be read."""
    if not task.row.status.is_closed or services(request).reports is None:
        return Beside()
    try:
        return await _of_closed(request, task)
    except Unavailable:
        return Beside()


async def has_own_work(request: Request) -> bool:
    """Tell whether there may be assessments of the person's work. The second Redmine is not asked who the person is
    there: some of its tasks are enough."""
    others, has_main = sources.has_second(request), services(request).reports is not None
    numbers = await sources.own_numbers(request) if has_main else frozenset[int]()
    return await services(request).database.run(partial(assessments.has_work_of, executor_ids=numbers, others=others))


async def _of_closed(request: Request, task: Task) -> Beside:
    person = await current_user(request)
    rows = await services(request).database.run(partial(assessments.of_task, source=MAIN, task_id=task.id))
    own = next((it for it in rows if it.assessor_id == person.id and sources.is_controller(request)), None)
    numbers = await sources.own_numbers(request) if rows else frozenset()
    of_work = [it for it in rows if it.executor_id in numbers]
    return Beside(own, of_work, own is None and await _may_assess(request, task))


async def _may_assess(request: Request, task: Task) -> bool:
    """Ask what the guard of the form asks."""
    if not sources.is_controller(request):
        return False
    return not await sources.is_own_work(request, await sources.of_name(request, MAIN), task.id, task)
