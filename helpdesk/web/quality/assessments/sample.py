"""Draw closed tasks to assess: by chance, not yet assessed, and different ones for each controller."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlencode

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, Sentence, Unavailable, sentence
from helpdesk.quality.assessed_tasks import AssessedTasks
from helpdesk.quality.assessments import drawn
from helpdesk.reports import periods
from helpdesk.reports.model import Selection
from helpdesk.store import assessment_picks, assessments
from helpdesk.store.assessments import MAIN
from helpdesk.tasks.model import TaskRow
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, json_response, moment
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import today
from helpdesk.web.quality.assessments.query import or_none
from helpdesk.web.quality.assessments.sections import html
from helpdesk.web.reports.form import MOST_OPTIONS
from helpdesk.web.task_assessments import sources

PERIODS = {name: periods.PRESETS[name].title for name in ("week", "last-week", "month", "last-month")}
PARAMETERS = ("source", "period", "project_id", "assignee_id", "count")
USUAL, MOST = 10, 20
"""How many tasks are drawn at a time."""
LOOKED_AT = 100
"""As many of the first ones are looked at more closely: whether they were the work of a group of the person."""
DRAWN = sentence("These tasks are yours to assess for a week.")
NONE_LEFT = sentence("There is no other closed task, besides your own work, that nobody has assessed or drawn.")
ENOUGH = sentence("First assess the tasks that are drawn for you, or leave them to others.")


class Wanted(NamedTuple):
    """The parameters of a draw: the source, the period, the filters, and how many tasks."""

    source: str
    period: str
    project_id: int
    assignee_id: int
    number: int

    def query(self, **changes: object) -> str:
        """Return the query of an address, with some changes."""
        values = self._asdict() | {"count": self.number, "number": 0} | changes
        return urlencode({name: value for name, value in values.items() if value})


class Pick(NamedTuple):
    """A task that was drawn for the person."""

    source: str
    row: TaskRow


async def sample(request: Request) -> Response:
    """List the tasks that are drawn for the person; a POST draws more."""
    among, is_draw = await sources.all(request), request.method == "POST"
    values = (await request_data.read(request)).values if is_draw else request_data.query_values(request)
    try:
        wanted = _read(values, among)
    except Invalid as error:
        page = partial(_shown, request, among, _right_parts(values, among), values, error)
        return await answer_refusal(request, error, page=page)
    return await (_draw if is_draw else _shown)(request, among, wanted)


async def give_back(request: Request) -> Response:
    """Leave a drawn task to others."""
    person, fields = await current_user(request), await request_data.read(request)
    number, among = fields.number("task_id"), await sources.all(request)
    wanted = _read({"source": fields.text("source", 10) or MAIN}, among)
    await stored(request, lambda db: assessment_picks.give_back(db, wanted.source, number or 0, person.id))
    return await _answer(request, among, wanted, flash.CHOICE_SAVED)


async def _draw(request: Request, among: Sequence[AssessedTasks], wanted: Wanted) -> Response:
    person, now = await current_user(request), services(request).clock()
    ordered = await _ordered(request, await _of(request, among, wanted.source), wanted)
    taken = await stored(
        request, lambda db: assessment_picks.take(db, wanted.source, ordered, wanted.number, person.id, now)
    )
    message = DRAWN if taken.added else NONE_LEFT if taken.had_room else ENOUGH
    return await _answer(request, among, wanted, message)


async def _of(request: Request, among: Sequence[AssessedTasks], name: str) -> AssessedTasks:
    """Return one of the sources. One that did not answer is not asked again. Raises NotConfigured, NotFound,
    NotAllowed, Unavailable."""
    found = next((it for it in among if it.name == name), None)
    if found is None and name == sources.SECOND and sources.is_partial(request):
        raise Unavailable
    return found or await sources.of_name(request, name)


async def _answer(request: Request, among: Sequence[AssessedTasks], wanted: Wanted, message: Sentence) -> Response:
    """Answer a write: a page comes back with what was asked for."""
    address = f"{path_to(request, 'quality:sample')}?{wanted.query()}"
    return await answer(
        request,
        json=lambda: _shown(request, among, wanted),
        page=lambda: flash.redirect(request, address, message),
    )


async def _ordered(request: Request, tasks: AssessedTasks, wanted: Wanted) -> list[int]:
    """Return the first LOOKED_AT of the tasks that may be drawn, in the order of the draw; those that are drawn for the
    person already come first."""
    person, now = await current_user(request), services(request).clock()
    selection = Selection(
        project_ids=(wanted.project_id,) if wanted.project_id else (),
        executor_ids=(wanted.assignee_id,) if wanted.assignee_id else (),
    )
    zone = services(request).settings.timezone
    since, until = periods.of_preset(wanted.period, today(request)).borders(zone)
    candidates = await tasks.candidates(since, until, selection)

    def free(db: Session) -> list[int]:
        done = assessments.assessed(db, tasks.name, [it.task_id for it in candidates])
        taken = assessment_picks.taken(db, tasks.name, now)
        others = {task_id for task_id, whose in taken.items() if whose != person.id}
        left = [it for it in candidates if it.task_id not in done | others]
        order = drawn(left, len(left), f"{person.id} {today(request)}")
        return sorted((it.task_id for it in order), key=lambda it: it not in taken)[:LOOKED_AT]

    ordered = await services(request).database.run(free)
    own = await tasks.own(ordered)
    return [it for it in ordered if it not in own]


def _read(values: Mapping[str, Any], among: Sequence[AssessedTasks]) -> Wanted:
    """Read what is to be drawn. Raises Invalid."""
    period, source = str(values.get("period") or "week"), str(values.get("source") or sources.usual(among))
    if period not in PERIODS:
        raise request_data.refusal("period", request_data.NO_CHOICE)
    if source not in (MAIN, sources.SECOND):
        raise request_data.refusal("source", request_data.NO_CHOICE)
    project_id, assignee_id = (_number(values, it, 0) for it in ("project_id", "assignee_id"))
    number = _number(values, "count", USUAL)
    if not 1 <= number <= MOST:
        raise request_data.refusal("count", sentence("This must be from 1 to %(most)s.", most=MOST))
    return Wanted(source, period, project_id, assignee_id, number)


def _right_parts(values: Mapping[str, Any], among: Sequence[AssessedTasks]) -> Wanted:
    """Return what is right of a refused draw, with the usual values in place of the rest."""
    each = {name: {name: values.get(name)} for name in PARAMETERS}
    return _read({name: it[name] for name, it in each.items() if or_none(partial(_read, it, among))}, among)


def _number(values: Mapping[str, Any], name: str, usual: int) -> int:
    value = values.get(name)
    return usual if value in (None, "") else request_data.whole(name, value)


async def _shown(
    request: Request,
    among: Sequence[AssessedTasks],
    wanted: Wanted,
    typed: Mapping[str, Any] | None = None,
    error: Invalid | None = None,
) -> Response:
    drawn_tasks = await picks(request, among)
    return await answer(
        request,
        json=lambda: json_response(
            request, sources.mark_partial(request, {"tasks": [_to_dict(it) for it in drawn_tasks]})
        ),
        page=lambda: _page(request, among, wanted, drawn_tasks, typed or {}, error),
    )


async def _page(
    request: Request,
    among: Sequence[AssessedTasks],
    wanted: Wanted,
    picks: Sequence[Pick],
    typed: Mapping[str, Any],
    error: Invalid | None,
) -> Response:
    asked = next((it for it in among if it.name == wanted.source), None)
    if asked is None and not (among and sources.is_partial(request)):
        asked = await _of(request, among, wanted.source)
    choices = await sources.choices(request, asked) if asked else None
    return html(
        request,
        "sample.html",
        status_of(error) if error else 200,
        picks=picks,
        wanted=wanted,
        typed=typed,
        error=error,
        periods=PERIODS,
        sources=[it.name for it in among],
        projects=choices.vocabulary.projects[:MOST_OPTIONS] if choices else (),
        executors=choices.executors[:MOST_OPTIONS] if choices else (),
        most=MOST,
    )


async def picks(request: Request, among: Sequence[AssessedTasks]) -> list[Pick]:
    """Return the tasks that are drawn for the person, as far as they are visible and still closed."""
    person, now = await current_user(request), services(request).clock()
    found: list[Pick] = []
    for tasks in among:
        query = partial(assessment_picks.taken, source=tasks.name, now=now)
        taken = await services(request).database.run(query)
        rows = await sources.seen(request, tasks, [task for task, whose in taken.items() if whose == person.id])
        found += [Pick(tasks.name, row) for row in rows.values() if row.status.is_closed]
    return found


def _to_dict(pick: Pick) -> Json:
    row = pick.row
    return {
        "source": pick.source,
        "task_id": row.id,
        "subject": row.subject,
        "project": row.project.name,
        "assignee": row.assignee.name if row.assignee else None,
        "updated_on": moment(row.updated_on),
    }
