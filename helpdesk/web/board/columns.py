"""Let administrators set up the board's columns: the phase of each, and its limit of tasks.

Forms and programs use the same names: `phase_2` and `limit_2` for the status with that number. Other settings stay.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.store import audit, board
from helpdesk.store.board import ColumnSettings, Phase
from helpdesk.tasks.model import Status
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import answer, answer_refusal, html, json_response
from helpdesk.web.core.navigation import BOARD, safe_path
from helpdesk.web.core.services import path_to, services
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.tasks import colors

MOST_TASKS = 9_999
PHASES: dict[Phase, Sentence] = {"active": sentence("active"), "waiting": sentence("waiting")}
DONE = "done"
SAVED = sentence("The columns were saved.")
NO_LIMIT = sentence("This must be a whole number from 1 to %(most)s, or nothing.", most=MOST_TASKS)


class ColumnRow(NamedTuple):
    """A status with its settings, or with the typed values where these were refused."""

    status: Status
    phase: str
    limit: object


async def columns(request: Request) -> Response:
    """Show the backend's statuses in its order, each with its settings; a POST changes them."""
    if request.method == "POST":
        return await _change(request)
    rows = rows_of(*await _statuses_and_settings(request))
    back = safe_path(request.query_params.get("next", ""))
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(rows)),
        page=lambda: _page(request, rows, back),
    )


@idempotent
async def _change(request: Request) -> Response:
    fields, (statuses, settings) = await request_data.read(request), await _statuses_and_settings(request)
    back = fields.next_path()
    try:
        changes = changed(fields, statuses, settings)
    except Invalid as error:
        rows = typed_rows(fields, rows_of(statuses, settings))
        return await answer_refusal(request, error, page=partial(_page, request, rows, back, refusal=error))
    await stored(request, lambda db: _save(db, changes))
    services(request).color_cache.forget()
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(rows_of(statuses, settings | changes))),
        page=lambda: flash.redirect(request, back or path_to(request, "tasks:columns"), SAVED),
    )


def _save(session: Session, changes: Mapping[int, ColumnSettings]) -> None:
    board.save_columns(session, changes)
    audit.note(session, None, "columns_changed", None, {"statuses": sorted(changes)})


def changed(
    fields: request_data.Fields, statuses: Iterable[Status], before: Mapping[int, ColumnSettings]
) -> dict[int, ColumnSettings]:
    """Return the settings that the body changes. Raises Invalid that names every wrong field at once."""
    changes: dict[int, ColumnSettings] = {}
    errors: dict[str, Sequence[Sentence]] = {}
    for status in statuses:
        after = present = before.get(status.id, ColumnSettings())
        for read in (_with_phase, _with_limit):
            try:
                after = read(fields, status, after)
            except Invalid as error:
                errors |= error.fields
        if after != present:
            changes[status.id] = after
    if errors:
        raise Invalid(errors)
    return changes


def rows_of(statuses: Iterable[Status], settings: Mapping[int, ColumnSettings]) -> list[ColumnRow]:
    """Return a row for each status. Closed statuses are done, whatever their stored phase."""
    columns = [(status, settings.get(status.id, ColumnSettings())) for status in statuses]
    return [ColumnRow(status, DONE if status.is_closed else it.phase, it.wip_limit) for status, it in columns]


def typed_rows(fields: request_data.Fields, rows: Iterable[ColumnRow]) -> list[ColumnRow]:
    """Return the rows with the typed values, valid or not."""
    values = fields.values
    return [
        ColumnRow(
            row.status,
            str(values.get(f"phase_{row.status.id}", row.phase)),
            values.get(f"limit_{row.status.id}", row.limit),
        )
        for row in rows
    ]


def _with_phase(fields: request_data.Fields, status: Status, settings: ColumnSettings) -> ColumnSettings:
    """Read the phase of a status. Raises Invalid for any other than done of a closed one, and for done of an open
    one."""
    name = f"phase_{status.id}"
    value = fields.values.get(name)
    if value is None or (status.is_closed and value == DONE):
        return settings
    phase = next((it for it in PHASES if it == value and not status.is_closed), None)
    if phase is None:
        raise request_data.refusal(name, request_data.NO_CHOICE)
    return settings._replace(phase=phase)


def _with_limit(fields: request_data.Fields, status: Status, settings: ColumnSettings) -> ColumnSettings:
    """Read the limit of a status; null and the empty text remove it. Raises Invalid."""
    name = f"limit_{status.id}"
    if name not in fields.values:
        return settings
    try:
        limit = fields.number(name)
    except Invalid as error:
        raise request_data.refusal(name, NO_LIMIT) from error
    if limit is not None and not 1 <= limit <= MOST_TASKS:
        raise request_data.refusal(name, NO_LIMIT)
    return settings._replace(wip_limit=limit)


async def _statuses_and_settings(request: Request) -> tuple[tuple[Status, ...], dict[int, ColumnSettings]]:
    """Return all statuses of the backend, for an administrator of ours need not have an account there."""
    await colors.prepare(request)
    return await services(request).backend.statuses(), await services(request).database.run(board.columns)


def _to_dict(rows: Iterable[ColumnRow]) -> dict[str, Any]:
    columns = ({"status_id": it.status.id, "name": it.status.name, "phase": it.phase, "limit": it.limit} for it in rows)
    return {"columns": list(columns)}


def _page(
    request: Request,
    rows: Iterable[ColumnRow],
    back: str,
    refusal: Invalid | None = None,
) -> Response:
    """Render the form. `back` is the page that the person came from, if known."""
    context = {"columns": rows, "phases": PHASES, "most": MOST_TASKS, "next": back, "board": path_to(request, BOARD)}
    return html(request, "board/columns.html", 422 if refusal else 200, error=refusal, **context)
