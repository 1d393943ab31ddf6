"""Show one host: how it is, how it answered over a day, a week or a month, and its incidents."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, NotAllowed, Sentence, sentence
from helpdesk.netmonitor.model import METHODS
from helpdesk.store import host_history, host_incidents, netmonitor
from helpdesk.store.host_history import Day, Point, Summary
from helpdesk.store.netmonitor import HostRow, IncidentRow
from helpdesk.texts import trimmed
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, html, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.netmonitor import charts, schemas, states
from helpdesk.web.netmonitor.access import may_note
from helpdesk.web.netmonitor.index import shared

LONGEST_NOTE = 10_000
MOST_INCIDENTS = 20
MOST_POINTS = 300
NOTED = sentence("The note was saved.")


class Period(NamedTuple):
    """A time that is drawn."""

    key: str
    title: Sentence
    length: timedelta


PERIODS = {
    it.key: it
    for it in (
        Period("day", sentence("Day"), timedelta(days=1)),
        Period("week", sentence("Week"), timedelta(days=7)),
        Period("month", sentence("Month"), timedelta(days=30)),
    )
}


class Part(NamedTuple):
    """A line of the table beside the chart: an hour of the day, or a day. `at` is when it begins."""

    at: datetime | None
    day: Day


class View(NamedTuple):
    """A host with what is shown of it, as of `now`. The incidents are those before the one of the id `before`, if it is
    given; there are more before the one of the id `older`."""

    row: HostRow
    points: Sequence[Point]
    parts: Sequence[Part]
    summaries: Mapping[str, Summary | None]
    incidents: Sequence[IncidentRow]
    before: int | None
    older: int | None
    now: datetime


async def show(request: Request) -> Response:
    """Show a host."""
    period = _period(request)
    view = await _load(request, period, request_data.path_id(request, "host_id"), _before(request))
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(view)),
        page=lambda: _page(request, view, period),
        fragment=lambda: html(request, "netmonitor/_now.html", **_context(request, view)),
    )


async def note(request: Request) -> Response:
    """Write what was found out about an incident, unless somebody else has meanwhile. Raises NotFound, NotAllowed."""
    if not await may_note(request):
        raise NotAllowed
    number, person = request_data.path_id(request, "incident_id"), await current_user(request)
    found = await services(request).database.run(lambda db: netmonitor.incident(db, number))
    fields, now = await request_data.read(request), services(request).clock()
    try:
        text, known = trimmed(fields.text("note", LONGEST_NOTE)), fields.version()
        await stored(request, lambda db: host_incidents.note(db, number, person.id, text, now, known))
    except (Invalid, Conflict) as error:
        return await answer_refusal(request, error, page=partial(_refused, request, found, fields, error))
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, NOTED)}),
        page=lambda: _noted(request, found),
    )


def _period(request: Request) -> Period:
    """Return the period that the address names. Raises Invalid."""
    name = request.query_params.get("period") or "day"
    if name not in PERIODS:
        raise request_data.refusal("period", request_data.NO_CHOICE)
    return PERIODS[name]


def _before(request: Request) -> int | None:
    """Return the id of the incident before which those are that the address asks for. Raises Invalid."""
    text = request.query_params.get("before")
    return request_data.whole("before", text) if text else None


async def _before_which(request: Request, incident: IncidentRow) -> int | None:
    """Return the `before` of the host's page that shows an incident, None if it is among the last ones."""
    last = await services(request).database.run(
        lambda db: netmonitor.incidents(db, incident.host_id, limit=MOST_INCIDENTS)
    )
    return None if incident.id in {it.id for it in last} else incident.id + 1


async def _load(request: Request, period: Period, host_id: int, before: int | None) -> View:
    """Read a host. Raises NotFound."""
    now, zone = services(request).clock(), services(request).settings.timezone

    def work(db: Session) -> View:
        row = netmonitor.host(db, host_id, now)
        points = host_history.points(db, host_id, _minute(now) - period.length, now, MOST_POINTS)
        if period.length > timedelta(days=1):
            first = (now - period.length).astimezone(zone).date()
            days = host_history.days(db, host_id, first, now.astimezone(zone).date(), zone)
            parts = [Part(None, it) for it in days]
        else:
            parts = by_hour(host_history.points(db, host_id, now - period.length, now, 25))
        summary = partial(host_history.summary, db, [host_id])
        sums = {it.key: summary(now - it.length, now).get(host_id) for it in PERIODS.values()}
        found = netmonitor.incidents(db, host_id, limit=MOST_INCIDENTS + 1, before=before)
        incidents = found[:MOST_INCIDENTS]
        older = incidents[-1].id if len(found) > MOST_INCIDENTS else None
        return View(row, points, parts, sums, incidents, before, older, now)

    return await services(request).database.run(work)


def by_hour(points: Sequence[Point]) -> list[Part]:
    """Return the lines of a day: each point stands for an hour, the first of which may begin before the day."""
    return [Part(it.at, Day(it.at.astimezone(UTC).date(), *it[1:])) for it in points]


def _minute(at: datetime) -> datetime:
    """Return the begin of a minute: within it the page is drawn alike, so that browsers need not get it again."""
    return at.replace(second=0, microsecond=0)


async def _page(request: Request, view: View, period: Period, status: int = 200, **refused: Any) -> Response:
    until = _minute(view.now)
    drawing = charts.chart(view.points, until - period.length, until)
    shown = {
        "period": period,
        "PERIODS": PERIODS,
        "chart": drawing,
        "until": until,
        "error": None,
        "typed": {},
        **refused,
    }
    may = {"may_note": await may_note(request), "longest_note": LONGEST_NOTE, "version": host_incidents.version}
    return html(request, "netmonitor/show.html", status, **_context(request, view), **shown, **may)


async def _noted(request: Request, found: IncidentRow) -> Response:
    """Lead to the incident on the page of its host."""
    before = await _before_which(request, found)
    query = "" if before is None else f"?before={before}"
    address = f"{path_to(request, 'netmonitor:show', host_id=found.host_id)}{query}#incident-{found.id}"
    return flash.redirect(request, address, NOTED)


async def _refused(
    request: Request, found: IncidentRow, fields: request_data.Fields, error: Invalid | Conflict
) -> Response:
    """Show the host again with the note that was refused. After a conflict its form has the version that is there."""
    period = PERIODS["day"]
    view = await _load(request, period, found.host_id, await _before_which(request, found))
    typed = {found.id: str(fields.values.get("note") or "")}
    return await _page(request, view, period, status_of(error), error=error, typed=typed)


def _context(request: Request, view: View) -> dict[str, Any]:
    state = states.state_of(view.row, view.now)
    return {**shared(request), "METHODS": METHODS, "view": view, "row": view.row, "host_state": state}


def _to_dict(view: View) -> Json:
    return {
        "host": schemas.host_to_dict(view.row, view.now),
        "summary": {name: schemas.numbers_to_dict(it) for name, it in view.summaries.items()},
        "incidents": [schemas.incident_to_dict(it) for it in view.incidents],
        "older": view.older,
    }
