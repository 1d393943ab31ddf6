"""Find the tasks that the person of a request may assess or see assessed, and that person's own numbers."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from sqlmodel import Session
from starlette.requests import Request

from helpdesk.errors import NotAllowed, NotConfigured, NotFound, Unavailable
from helpdesk.people.model import Person, person_of
from helpdesk.people.rights import ADMIN, QUALITY, REPORTS
from helpdesk.quality.assessed_tasks import AssessedTasks, assignees_at_closing
from helpdesk.reports.model import Choices
from helpdesk.store import personal_data
from helpdesk.store.assessments import MAIN, AssessmentRow, Assessor
from helpdesk.tasks.model import Task, TaskRow
from helpdesk.web.core import session
from helpdesk.web.core.faces import Json
from helpdesk.web.core.guards import actor, holds
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user

SECOND = "quality"
"""The source of the tasks of the second Redmine."""
Tasks = dict[tuple[str, int], TaskRow]
"""Tasks that the person sees, by their source and number."""


async def of_name(request: Request, name: str) -> AssessedTasks:
    """Return the tasks of a source. Raises NotConfigured, NotFound, NotAllowed, Unavailable."""
    if name == SECOND:
        return await _second(request)
    if name != MAIN:
        raise NotFound
    source, who = services(request).reports, await actor(request)
    if source is None:
        raise NotConfigured
    return AssessedTasks(MAIN, source, who, await own_numbers(request) | {who.id})


async def _second(request: Request) -> AssessedTasks:
    quality = services(request).quality
    if quality is None or quality.name != SECOND:
        raise NotFound
    signed_in = await session.required(request)
    who = await quality.actor(signed_in)
    numbers = {who.id}
    for account in await _accounts(request):
        if account.id != signed_in.person.id:
            with suppress(NotAllowed):
                numbers.add((await quality.actor(signed_in._replace(person=account))).id)
    return AssessedTasks(SECOND, quality.source, who, frozenset(numbers))


async def all(request: Request) -> list[AssessedTasks]:
    """Return the tasks of all sources in which the person is somebody and that answer. Raises NotConfigured without
    any source."""
    found, quality = list[AssessedTasks](), services(request).quality
    if services(request).reports:
        found.append(await of_name(request, MAIN))
    if quality and quality.name == SECOND:
        with suppress(NotAllowed), _known_down(request, SECOND):
            found.append(await _second(request))
    if not found and not quality:
        raise NotConfigured
    return found


def has_second(request: Request) -> bool:
    quality = services(request).quality
    return quality is not None and quality.name == SECOND


def usual(among: Sequence[AssessedTasks]) -> str:
    """Return the source that is meant where none is named: the first of `all`."""
    return among[0].name if among else SECOND


@contextmanager
def _known_down(request: Request, name: str) -> Iterator[None]:
    """Note on the request that the second Redmine does not answer: pages say so, and show the rest. Raises Unavailable
    of the other source."""
    try:
        yield
    except Unavailable:
        if name == MAIN:
            raise
        request.state.second_is_down = True


def is_partial(request: Request) -> bool:
    """Tell whether the tasks of the second Redmine are left out, because it does not answer."""
    return getattr(request.state, "second_is_down", False)


def mark_partial(request: Request, body: Json) -> Json:
    """Return an answer for programs, which tells where tasks are left out."""
    return body | {"is_partial": True} if is_partial(request) else body


def address(request: Request, source: str, task_id: int) -> str | None:
    """Return the address of a task: its page here, or that of the second Redmine, if that is known."""
    quality = services(request).quality
    if source == MAIN:
        return path_to(request, "tasks:show", task_id=task_id)
    return quality.task_address(task_id) if quality else None


async def own_numbers(request: Request) -> frozenset[int]:
    """Return the numbers in the backend of all accounts of the person."""
    is_redmine = services(request).settings.redmine_url is not None
    numbers = [it.redmine_id if is_redmine else it.id for it in await _accounts(request)]
    return frozenset(it for it in numbers if it is not None)


async def _accounts(request: Request) -> list[Person]:
    """Return all accounts of the person, also those that were joined into it."""
    person = await current_user(request)

    def work(db: Session) -> list[Person]:
        return [person_of(it, ()) for it in personal_data.accounts_of(db, person.id)]

    return await services(request).database.run(work)


async def is_own_work(request: Request, tasks: AssessedTasks, task_id: int, known: Task | None = None) -> bool:
    """Tell whether a task is the person's work: as `own` says, or one of the backend that was assigned to the person
    when it was closed last. `known` is the task, if it is read already.

    Histories name people: a namesake may not assess the task either. Of the second Redmine no such history is read.
    """
    if await tasks.own([task_id]):
        return True
    if tasks.name != MAIN:
        return False
    backend, names = services(request).backend, await tasks.source.names(tasks.actor, tasks.numbers)
    closed = {it.name for it in await backend.statuses() if it.is_closed}
    was = assignees_at_closing(known or await backend.task(tasks.actor, task_id), closed)
    return not was.isdisjoint(names.values())


async def visible(request: Request, among: Iterable[AssessedTasks], rows: Iterable[AssessmentRow]) -> Tasks:
    """Return the tasks of these assessments that the person sees among those of `all`."""
    found: Tasks = {}
    wanted = [(it.source, it.task_id) for it in rows]
    for tasks in among:
        ids = dict.fromkeys(number for source, number in wanted if source == tasks.name)
        found |= await seen(request, tasks, ids)
    return found


async def seen(request: Request, tasks: AssessedTasks, ids: Collection[int]) -> Tasks:
    """Return those of these tasks of a source that the person sees; none where the second Redmine does not answer."""
    found: Tasks = {}
    with _known_down(request, tasks.name):
        found = {(tasks.name, number): row for number, row in (await tasks.rows(ids)).items()}
    return found


async def choices(request: Request, tasks: AssessedTasks) -> Choices | None:
    """Return what tasks of a source can be chosen by; None where the second Redmine does not answer."""
    with _known_down(request, tasks.name):
        return await tasks.source.choices(tasks.actor)
    return None


def is_controller(request: Request) -> bool:
    return any(holds(request.state.person, it) for it in (QUALITY, ADMIN))


def is_head(request: Request) -> bool:
    """Tell whether the person sees the assessments of others before assessing the task."""
    return any(holds(request.state.person, it) for it in (REPORTS, ADMIN))


def open_to(person_id: int, is_head: bool, rows: Sequence[AssessmentRow | Assessor]) -> frozenset[tuple[str, int]]:
    """Return the tasks of whose assessments the person may read what they say.

    A possible second assessor must not know the first assessment. It is open to its assessor, to heads, and to all once
    there are two.
    """
    by_task: dict[tuple[str, int], list[int]] = {}
    for it in rows:
        by_task.setdefault((it.source, it.task_id), []).append(it.assessor_id)
    return frozenset(task for task, by in by_task.items() if is_head or person_id in by or len(by) > 1)
