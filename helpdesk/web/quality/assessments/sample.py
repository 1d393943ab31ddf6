"""Draw closed tasks to assess: by chance, not yet assessed, and different ones for each controller."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, sentence
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
from helpdesk.web.quality.assessments import sources
from helpdesk.web.quality.assessments.sections import html

PERIODS = {name: periods.PRESETS[name].title for name in ("week", "last-week", "month", "last-month")}
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


class Pick(NamedTuple):
    """A task that was drawn for the person."""

    source: str
    row: TaskRow


async def sample(request: Request) -> Response:
    """List the tasks that are drawn for the person; a POST draws more."""
    if request.method == "POST":
        return await _draw(request)
    typed = _read(request_data.query_values(request))
    return await _shown(request, typed)


async def give_back(request: Request) -> Response:
    """Leave a drawn task to others."""
    person, fields = await current_user(request), await request_data.read(request)
    number, source = fields.number("task_id"), fields.text("source", 10) or MAIN
    await stored(request, lambda db: assessment_picks.give_back(db, source, number or 0, person.id))
    return await answer(
        request,
        json=lambda: _shown(request, _read({})),
        page=lambda: flash.redirect(request, path_to(request, "quality:sample"), flash.CHOICE_SAVED),
    )


async def _draw(request: Request) -> Response:
    person, now = await current_user(request), services(request).clock()
    fields = await request_data.read(request)
    try:
        wanted = _read(fields.values)
    except Invalid as error:
        refusal = error
        return await answer_refusal(request, refusal, page=lambda: _shown(request, _read({}), error=refusal))
    tasks = await sources.of_name(request, wanted.source)
    ordered = await _ordered(request, tasks, wanted)

    taken = await stored(
        request, lambda db: assessment_picks.take(db, wanted.source, ordered, wanted.number, person.id, now)
    )
    message = DRAWN if taken.added else NONE_LEFT if taken.had_room else ENOUGH
    return await answer(
        request,
        json=lambda: _shown(request, wanted),
        page=lambda: flash.redirect(request, path_to(request, "quality:sample"), message),
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


def _read(values: Mapping[str, Any]) -> Wanted:
    """Read what is to be drawn. Raises Invalid."""
    period, source = str(values.get("period") or "week"), str(values.get("source") or MAIN)
    if period not in PERIODS:
        raise request_data.refusal("period", request_data.NO_CHOICE)
    project_id, assignee_id = (_number(values, it, 0) for it in ("project_id", "assignee_id"))
    number = _number(values, "count", USUAL)
    if not 1 <= number <= MOST:
        raise request_data.refusal("count", sentence("This must be from 1 to %(most)s.", most=MOST))
    return Wanted(source, period, project_id, assignee_id, number)


def _number(values: Mapping[str, Any], name: str, usual: int) -> int:
    value = values.get(name)
    return usual if value in (None, "") else request_data.whole(name, value)


async def _shown(request: Request, wanted: Wanted, error: Invalid | None = None) -> Response:
    among = await sources.all(request)
    picks = await _picks(request, among)
    return await answer(
        request,
        json=lambda: json_response(request, {"tasks": [_to_dict(it) for it in picks]}),
        page=lambda: _page(request, wanted, among, picks, error),
    )


async def _page(
    request: Request,
    wanted: Wanted,
    among: Sequence[AssessedTasks],
    picks: Sequence[Pick],
    error: Invalid | None,
) -> Response:
    asked = (it for it in among if it.name == wanted.source)
    tasks = next(asked, None) or await sources.of_name(request, wanted.source)
    choices = await tasks.source.choices(tasks.actor)
    return html(
        request,
        "sample.html",
        status_of(error) if error else 200,
        picks=picks,
        wanted=wanted,
        error=error,
        periods=PERIODS,
        sources=[it.name for it in among],
        projects=choices.vocabulary.projects,
        most=MOST,
    )


async def _picks(request: Request, among: Sequence[AssessedTasks]) -> list[Pick]:
    """Return the tasks that are drawn for the person, as far as they are visible and still closed."""
    person, now = await current_user(request), services(request).clock()
    found: list[Pick] = []
    for tasks in among:
        query = partial(assessment_picks.taken, source=tasks.name, now=now)
        taken = await services(request).database.run(query)
        rows = await tasks.rows([task for task, whose in taken.items() if whose == person.id])
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
