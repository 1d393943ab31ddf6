"""What administrators say of the board's columns: their phase, and how many tasks are to be in one at most.

A form and a program name it alike, `phase_2` and `limit_2` for the status of that number; what is not named stays.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotAllowed, Sentence, sentence
from helpdesk.store import board
from helpdesk.store.board import ColumnKept, Phase
from helpdesk.tasks.model import Status
from helpdesk.web import inputs
from helpdesk.web.guards import actor
from helpdesk.web.idempotency import once
from helpdesk.web.keeping import person_here
from helpdesk.web.listing import BOARD
from helpdesk.web.rendering import data, html, lead_to, path_to, same_site, services, wants_html

MOST_TASKS = 9_999
PHASES: dict[Phase, Sentence] = {"active": sentence("active"), "waiting": sentence("waiting")}
DONE = "done"
SAVED = sentence("The columns were saved.")
NOT_YOURS = sentence("Only administrators change what everybody uses.")
NO_CHOICE = sentence("There is no such choice.")
NO_LIMIT = sentence("This must be a whole number from 1 to %(most)s, or nothing.", most=MOST_TASKS)


class Column(NamedTuple):
    """A status and what was said of it, or what was typed where that was refused."""

    status: Status
    phase: str
    limit: object


async def columns(request: Request) -> Response:
    """The tracker's statuses in its order, each with what was said of it; a POST says it. Raises NotAllowed."""
    if not (await person_here(request)).is_admin:
        raise NotAllowed(NOT_YOURS)
    if request.method == "POST":
        return await _change(request)
    found = shown(await _statuses(request), await _kept(request))
    if not wants_html(request):
        return data(request, _shape(found))
    query = request.query_params
    return _page(request, found, same_site(query.get("next", "")), says=SAVED if "saved" in query else None)


@once
async def _change(request: Request) -> Response:
    fields, statuses, kept = await inputs.read(request), await _statuses(request), await _kept(request)
    back = same_site(str(fields.values.get("next") or ""))
    try:
        said = chosen(fields, statuses, kept)
    except Invalid as refusal:
        if not wants_html(request):
            raise
        return _page(request, typed(fields, shown(statuses, kept)), back, why=refusal)
    await services(request).database.run(lambda db: board.keep_columns(db, said), writes=True)
    if not wants_html(request):
        return data(request, _shape(shown(statuses, kept | said)))
    return lead_to(request, back or f"{path_to(request, 'tasks:columns')}?saved=1")


def chosen(
    fields: inputs.Fields, statuses: Iterable[Status], before: Mapping[int, ColumnKept]
) -> dict[int, ColumnKept]:
    """What is said anew of the statuses that are named. Raises Invalid that tells of every field at once."""
    said: dict[int, ColumnKept] = {}
    wrong: dict[str, Sequence[Sentence]] = {}
    for status in statuses:
        held = before.get(status.id, ColumnKept())
        try:
            phase = _phase(fields, status, held.phase)
        except Invalid as refusal:
            phase, wrong = held.phase, wrong | refusal.fields
        try:
            limit = _limit(fields, status, held.wip_limit)
        except Invalid as refusal:
            limit, wrong = held.wip_limit, wrong | refusal.fields
        if (phase, limit) != held:
            said[status.id] = ColumnKept(phase, limit)
    if wrong:
        raise Invalid(wrong)
    return said


def shown(statuses: Iterable[Status], kept: Mapping[int, ColumnKept]) -> list[Column]:
    """Closed statuses are done, whatever is kept of them."""
    held = [(status, kept.get(status.id, ColumnKept())) for status in statuses]
    return [Column(status, DONE if status.is_closed else it.phase, it.wip_limit) for status, it in held]


def typed(fields: inputs.Fields, before: Iterable[Column]) -> list[Column]:
    """The same with what was typed over it, whether it can be kept or not."""
    return [
        it._replace(
            phase=str(fields.values.get(f"phase_{it.status.id}", it.phase)),
            limit=fields.values.get(f"limit_{it.status.id}", it.limit),
        )
        for it in before
    ]


def _phase(fields: inputs.Fields, status: Status, held: Phase) -> Phase:
    """The phase that is said of a status, `held` where none is. Raises Invalid for any other than done of a closed one,
    and for that of an open one."""
    name = f"phase_{status.id}"
    value = fields.values.get(name)
    if value is None or (status.is_closed and value == DONE):
        return held
    found = next((it for it in PHASES if it == value and not status.is_closed), None)
    if found is None:
        raise inputs.refusal(name, NO_CHOICE)
    return found


def _limit(fields: inputs.Fields, status: Status, held: int | None) -> int | None:
    """The limit that is said of a status, `held` where none is; null and the empty text take it away.
    Raises Invalid."""
    name = f"limit_{status.id}"
    if name not in fields.values:
        return held
    try:
        number = fields.number(name)
    except Invalid as error:
        raise inputs.refusal(name, NO_LIMIT) from error
    if number is not None and not 1 <= number <= MOST_TASKS:
        raise inputs.refusal(name, NO_LIMIT)
    return number


async def _statuses(request: Request) -> tuple[Status, ...]:
    return (await services(request).tracker.vocabulary(await actor(request))).statuses


async def _kept(request: Request) -> dict[int, ColumnKept]:
    return await services(request).database.run(board.columns)


def _shape(found: Iterable[Column]) -> dict[str, Any]:
    told = ({"status_id": it.status.id, "name": it.status.name, "phase": it.phase, "limit": it.limit} for it in found)
    return {"columns": list(told)}


def _page(
    request: Request, found: Iterable[Column], back: str, says: Sentence | None = None, why: Invalid | None = None
) -> Response:
    """`back` is the page that one came from, if it was told."""
    told = {"columns": found, "phases": PHASES, "most": MOST_TASKS, "next": back, "board": path_to(request, BOARD)}
    return html(request, "tasks/columns.html", 422 if why else 200, says=says, why=why, **told)
