"""Settings of the board's columns by administrators: the phase of each, and its limit of tasks.

A form and a program name it alike, `phase_2` and `limit_2` for the status of that number; what is not named stays.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.store import board
from helpdesk.store.board import ColumnKept, Phase
from helpdesk.tasks.model import Status
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import answer, answer_refusal, html, htmx_redirect, json_response
from helpdesk.web.core.idempotency import idempotent
from helpdesk.web.core.navigation import BOARD, safe_path
from helpdesk.web.core.services import path_to, services

MOST_TASKS = 9_999
PHASES: dict[Phase, Sentence] = {"active": sentence("active"), "waiting": sentence("waiting")}
DONE = "done"
SAVED = sentence("The columns were saved.")
NO_CHOICE = sentence("There is no such choice.")
NO_LIMIT = sentence("This must be a whole number from 1 to %(most)s, or nothing.", most=MOST_TASKS)


class Column(NamedTuple):
    """A status and what was said of it, or what was typed where that was refused."""

    status: Status
    phase: str
    limit: object


async def columns(request: Request) -> Response:
    """The tracker's statuses in its order, each with what was said of it; a POST says it."""
    if request.method == "POST":
        return await _change(request)
    found = shown(await _statuses(request), await _kept(request))
    back, says = safe_path(request.query_params.get("next", "")), SAVED if "saved" in request.query_params else None
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(found)),
        page=lambda: _page(request, found, back, says=says),
    )


@idempotent
async def _change(request: Request) -> Response:
    fields, statuses, kept = await request_data.read(request), await _statuses(request), await _kept(request)
    back = fields.wanted()
    try:
        said = chosen(fields, statuses, kept)
    except Invalid as refusal:
        return await _refused(request, typed(fields, shown(statuses, kept)), back, refusal)
    await stored(request, lambda db: board.keep_columns(db, said))
    services(request).color_cache.forget()
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(shown(statuses, kept | said))),
        page=lambda: htmx_redirect(request, back or f"{path_to(request, 'tasks:columns')}?saved=1"),
    )


async def _refused(request: Request, found: Iterable[Column], back: str, refusal: Invalid) -> Response:
    return await answer_refusal(request, refusal, page=lambda: _page(request, found, back, why=refusal))


def chosen(
    fields: request_data.Fields, statuses: Iterable[Status], before: Mapping[int, ColumnKept]
) -> dict[int, ColumnKept]:
    """Return the settings that the body changes. Raises Invalid that names every wrong field at once."""
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


def typed(fields: request_data.Fields, before: Iterable[Column]) -> list[Column]:
    """The same with what was typed over it, whether it can be kept or not."""
    return [
        it._replace(
            phase=str(fields.values.get(f"phase_{it.status.id}", it.phase)),
            limit=fields.values.get(f"limit_{it.status.id}", it.limit),
        )
        for it in before
    ]


def _phase(fields: request_data.Fields, status: Status, held: Phase) -> Phase:
    """The phase that is said of a status, `held` where none is. Raises Invalid for any other than done of a closed one,
    and for that of an open one."""
    name = f"phase_{status.id}"
    value = fields.values.get(name)
    if value is None or (status.is_closed and value == DONE):
        return held
    found = next((it for it in PHASES if it == value and not status.is_closed), None)
    if found is None:
        raise request_data.refusal(name, NO_CHOICE)
    return found


def _limit(fields: request_data.Fields, status: Status, held: int | None) -> int | None:
    """The limit that is said of a status, `held` where none is; null and the empty text take it away.
    Raises Invalid."""
    name = f"limit_{status.id}"
    if name not in fields.values:
        return held
    try:
        number = fields.number(name)
    except Invalid as error:
        raise request_data.refusal(name, NO_LIMIT) from error
    if number is not None and not 1 <= number <= MOST_TASKS:
        raise request_data.refusal(name, NO_LIMIT)
    return number


async def _statuses(request: Request) -> tuple[Status, ...]:
    """Those of the tracker itself: an administrator of ours need not be anybody there."""
    return await services(request).backend.statuses()


async def _kept(request: Request) -> dict[int, ColumnKept]:
    return await services(request).database.run(board.columns)


def _to_dict(found: Iterable[Column]) -> dict[str, Any]:
    columns = (
        {"status_id": it.status.id, "name": it.status.name, "phase": it.phase, "limit": it.limit} for it in found
    )
    return {"columns": list(columns)}


def _page(
    request: Request, found: Iterable[Column], back: str, says: Sentence | None = None, why: Invalid | None = None
) -> Response:
    """`back` is the page that one came from, if it was told."""
    context = {"columns": found, "phases": PHASES, "most": MOST_TASKS, "next": back, "board": path_to(request, BOARD)}
    return html(request, "board/columns.html", 422 if why else 200, says=says, why=why, **context)
