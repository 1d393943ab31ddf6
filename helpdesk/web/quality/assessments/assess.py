"""Assess a closed task by a form, and change what one has said of it."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, HelpdeskError, Invalid, NotAllowed, NotFound, sentence
from helpdesk.store import assessment_forms, assessments
from helpdesk.store.assessment_forms import FormRow
from helpdesk.store.assessments import LONGEST_MARK_REMARK, LONGEST_REMARK, AssessmentRow, TaskValues, Wanted
from helpdesk.store.drafts import StoredDraft
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, answer_refusal, json_response
from helpdesk.web.core.guards import Handler
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.drafts import service as drafts
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.quality.assessments import marks_input, schemas
from helpdesk.web.quality.assessments.sections import html
from helpdesk.web.task_assessments import sources

SAVED = sentence("The assessment was saved.")
OWN_WORK = sentence("Nobody assesses their own work.")
NO_FORM = sentence("There is no form of criteria yet. An administrator writes one.")
WITHDRAWN = sentence("This assessment was withdrawn meanwhile. Save again to add it.")


class Given(NamedTuple):
    """The forms to choose from, the one that is chosen, and one's own assessment if there is one already."""

    forms: list[FormRow]
    form: FormRow | None
    own: AssessmentRow | None
    wanted: Wanted | None


def of_source(source: str) -> Handler:
    """Return the handler that assesses the tasks of a source."""

    @drafts.belongs_to(source, drafts.ASSESSMENT)
    async def handler(request: Request) -> Response:
        """Show the form of an assessment; a POST saves it."""
        if request.method == "POST":
            return await _saving(request)
        task = await _task(request, source)
        given = await _given(request, task, request.query_params.get("form", ""))
        draft = await drafts.of_place(request, f"{drafts.ASSESSMENT}:{task.task_id}:{source}")
        return await answer(
            request,
            json=lambda: json_response(request, schemas.to_assess(task, given.forms, given.own)),
            page=lambda: _page(request, task, given, draft=draft),
        )

    @drafts.belongs_to(source, drafts.ASSESSMENT)
    @drafts.keeps_draft
    @idempotent
    async def _saving(request: Request) -> Response:
        return await _save(request, source)

    return handler


async def _task(request: Request, source: str) -> TaskValues:
    """Return the task in the address. Raises NotFound, Invalid for an open one, NotAllowed for own work."""
    tasks = await sources.of_name(request, source)
    task = await tasks.closed(request_data.task_id(request))
    if await sources.is_own_work(request, tasks, task.task_id):
        raise NotAllowed(OWN_WORK)
    return task


async def _save(request: Request, source: str) -> Response:
    person, now = await current_user(request), services(request).clock()
    task, fields = await _task(request, source), await request_data.read(request)
    chosen, known = str(fields.values.get("form_id") or ""), request_data.an_id(fields.version() or "") or None

    def work(db: Session) -> AssessmentRow:
        form = _form(db, request_data.an_id(chosen), task, person.id)
        wanted = marks_input.read(marks_input.flat(fields), form)
        return assessments.save(db, person.id, task, wanted, known, now)

    try:
        row = await stored(request, work)
    except (Invalid, Conflict, NotFound) as error:
        given = await _given(request, task, chosen)
        refusal = _refusal(error, given)
        page = partial(_page, request, task, given, typed=fields.values, error=refusal)
        return await answer_refusal(request, refusal, page=page)
    return await _saved(request, row, 200 if known else 201)


def _form(db: Session, number: int, task: TaskValues, person_id: int) -> FormRow:
    """Return the form that was chosen. Raises NotFound, also for one that is switched off, unless the person's own
    assessment of the task has it."""
    form = assessment_forms.one(db, number, for_update=True)  # a criterion may be removed at the same moment
    rows = assessments.of_task(db, task.source, task.task_id)
    if not form.values.is_active and not any(it.assessor_id == person_id and it.form_id == number for it in rows):
        raise NotFound
    return form


def _refusal(error: HelpdeskError, given: Given) -> HelpdeskError:
    if isinstance(error, Conflict):
        current = schemas.one(given.own) if given.own else None
        return Conflict(current, None if given.own else WITHDRAWN)
    return error if isinstance(error, Invalid) else request_data.refusal("form_id", request_data.NO_CHOICE)


async def _saved(request: Request, row: AssessmentRow, status: int) -> Response:
    body = {"message": translate(request, SAVED), **schemas.one(row)}
    address = path_to(request, "quality:assessment", assessment_id=row.id)
    return await answer(
        request,
        json=lambda: json_response(request, body, status),
        page=lambda: flash.redirect(request, address, SAVED),
    )


async def _given(request: Request, task: TaskValues, chosen: str) -> Given:
    """Return what an assessor has: the form that was chosen, or else that of the own assessment, or the first."""
    person = await current_user(request)

    def work(db: Session) -> Given:
        rows = assessments.of_task(db, task.source, task.task_id)
        own = next((it for it in rows if it.assessor_id == person.id), None)
        offered = [it for it in assessment_forms.all(db) if it.values.is_active or (own and it.id == own.form_id)]
        wanted = [request_data.an_id(chosen), own.form_id if own else 0, *(it.id for it in offered[:1])]
        form = next((it for number in wanted for it in offered if it.id == number), None)
        marks = tuple(assessments.marks_of(db, [own.id])[own.id]) if own else ()
        return Given(offered, form, own, Wanted(own.form_id, own.score, marks, own.remark) if own else None)

    return await services(request).database.run(work)


async def _page(
    request: Request,
    task: TaskValues,
    given: Given,
    typed: Mapping[str, Any] | None = None,
    error: HelpdeskError | None = None,
    draft: StoredDraft | None = None,
) -> Response:
    """Show the form: as it was typed, with its draft, or as one's own assessment is."""
    values = typed or (draft.fields if draft else marks_input.shown(given.wanted))
    return html(
        request,
        "assess.html",
        status_of(error) if error else 200,
        task=task,
        given=given,
        form=given.form,
        typed=values,
        error=error or (None if given.form else Invalid({}, NO_FORM)),
        draft=draft,
        place=f"{drafts.ASSESSMENT}:{task.task_id}:{task.source}",
        typed_by=await drafts.form_owner(request),
        longest_remark=LONGEST_REMARK,
        longest_mark_remark=LONGEST_MARK_REMARK,
    )
