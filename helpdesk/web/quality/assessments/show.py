"""Show an assessment to controllers and to the person whose work it was, and let its assessor withdraw it."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, Unavailable, sentence
from helpdesk.quality.assessed_tasks import AssessedTasks
from helpdesk.store import assessment_forms, assessments
from helpdesk.store.assessments import AssessmentRow, MarkValues
from helpdesk.tasks.model import TaskRow
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import answer, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.quality.assessments import sample, schemas
from helpdesk.web.quality.assessments.sections import html
from helpdesk.web.task_assessments import sources

WITHDRAWN = sentence("The assessment was withdrawn.")
MOST_OWN = 100
"""As many of the last assessments of one's own work are listed."""


class Shown(NamedTuple):
    """An assessment as a person may see it: the task if it is visible, and the marks unless they are still closed.
    `among` are the sources of tasks."""

    row: AssessmentRow
    task: TaskRow | None
    others: Sequence[AssessmentRow]
    marks: Sequence[MarkValues]
    names: dict[int, str]
    is_open: bool
    among: Sequence[AssessedTasks]


async def show(request: Request) -> Response:
    """Show an assessment with its marks."""
    found = await _load(request)
    subject = found.task.subject if found.task else ""
    body = schemas.one(found.row, found.is_open, subject)
    if found.is_open:
        body = schemas.with_marks(found.row, found.marks, found.names, subject)
    return await answer(
        request,
        json=lambda: json_response(request, body),
        page=lambda: _page(request, found),
    )


async def _page(request: Request, found: Shown) -> Response:
    """Show it; one's own leads to the next task that is drawn for the person."""
    is_own, may_assess = found.row.assessor_id == request.state.person_id, sources.is_controller(request)
    drawn = await sample.picks(request, found.among) if is_own and may_assess else []
    return html(
        request,
        "show.html",
        found=found,
        row=found.row,
        is_own=is_own,
        may_assess=may_assess,
        next=drawn[0] if drawn else None,
    )


async def withdraw(request: Request) -> Response:
    """Withdraw one's own assessment. Raises NotFound, also for another's."""
    person, number = await current_user(request), request_data.path_id(request, "assessment_id")
    await stored(request, lambda db: assessments.withdraw(db, person.id, number))
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, WITHDRAWN)}),
        page=lambda: flash.redirect(request, path_to(request, "quality:assessments"), WITHDRAWN),
    )


async def mine(request: Request) -> Response:
    """List the last assessments of the person's own work, with whatever was said."""
    rows, among = list[AssessmentRow](), await sources.all(request)
    for tasks in among:
        query = partial(assessments.of_work, source=tasks.name, executor_ids=tasks.numbers, most=MOST_OWN)
        rows += await services(request).database.run(query)
    rows = sorted(rows, key=lambda it: (it.assessed_at, it.id), reverse=True)[:MOST_OWN]
    seen = await sources.visible(request, among, rows)
    subjects = {it.id: seen[it.source, it.task_id].subject if (it.source, it.task_id) in seen else "" for it in rows}
    return await answer(
        request,
        json=lambda: json_response(
            request,
            sources.mark_partial(request, {"assessments": [schemas.one(it, True, subjects[it.id]) for it in rows]}),
        ),
        page=lambda: html(request, "mine.html", rows=rows, subjects=subjects),
    )


async def _load(request: Request) -> Shown:
    """Return the assessment in the address. Raises NotFound for everybody else, Unavailable where the second Redmine
    does not say who may see it."""
    person, number = await current_user(request), request_data.path_id(request, "assessment_id")

    def work(db: Session) -> tuple[AssessmentRow, list[AssessmentRow], list[MarkValues], dict[int, str]]:
        row = assessments.one(db, number)
        marks = assessments.marks_of(db, [number])[number]
        criteria = assessment_forms.criteria_named(db, [it.criterion_id for it in marks])
        names = {it: criterion.name for it, criterion in criteria.items()}
        return row, assessments.of_task(db, row.source, row.task_id), marks, names

    row, of_task, marks, names = await services(request).database.run(work)
    among = await sources.all(request)
    task = (await sources.visible(request, among, [row])).get((row.source, row.task_id))
    own = frozenset(number for it in among if it.name == row.source for number in it.numbers)
    controls, is_own = bool(task) and sources.is_controller(request), row.executor_id in own
    if not is_own and not controls:
        raise Unavailable if row.source == sources.SECOND and sources.is_partial(request) else NotFound
    reads_all = controls and bool(sources.open_to(person.id, sources.is_head(request), of_task))
    others = [it for it in of_task if it.id != row.id and (reads_all or it.executor_id in own)]
    is_open = is_own or reads_all
    return Shown(row, task, others, marks if is_open else (), names, is_open, among)
