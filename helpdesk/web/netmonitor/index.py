"""Show all hosts: who is down now, each group with the worst first, and the last incidents."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.netmonitor.model import FAULTS
from helpdesk.store import monitor_watchers, netmonitor
from helpdesk.store.netmonitor import HostRow, IncidentRow
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import answer, html, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import language
from helpdesk.web.netmonitor import states
from helpdesk.web.netmonitor.lines import draw
from helpdesk.web.netmonitor.schemas import status_to_dict

MOST_INCIDENTS = 10


class Overview(NamedTuple):
    """The hosts and the last incidents, as of `now`."""

    rows: Sequence[HostRow]
    incidents: Sequence[IncidentRow]
    now: datetime

    @property
    def checked_at(self) -> datetime | None:
        """Return the moment of the last check of any host."""
        return max((it.checked_at for it in self.rows if it.checked_at), default=None)

    @property
    def is_stale(self) -> bool:
        """Tell whether no host has been checked in time: nobody measures."""
        checked = [it for it in self.rows if it.checked_at]
        return bool(checked) and all(states.is_stale(it, self.now) for it in checked)


async def index(request: Request) -> Response:
    """Show the monitor as a page, or the part of it that changes."""
    overview = await load(request)
    return await answer(
        request,
        json=lambda: json_response(request, status_to_dict(overview.rows, overview.now)),
        page=lambda: _page(request, overview),
        fragment=lambda: html(request, "netmonitor/_hosts.html", **_context(request, overview)),
    )


async def watch(request: Request) -> Response:
    """Notify the person of incidents, or no longer."""
    person, fields = await current_user(request), await request_data.read(request)
    on = fields.flag("on")
    await stored(request, lambda db: monitor_watchers.switch(db, person.id, on))
    return await answer(
        request,
        json=lambda: json_response(request, {"watching": on}),
        page=lambda: flash.redirect(request, path_to(request, "netmonitor:index"), flash.CHOICE_SAVED),
    )


async def load(request: Request) -> Overview:
    """Read the hosts that are watched and the last incidents, of one moment."""
    now = services(request).clock()

    def work(db: Session) -> Overview:
        rows = netmonitor.overview(db, now)
        return Overview(rows, netmonitor.incidents(db, limit=MOST_INCIDENTS) if rows else [], now)

    return await services(request).database.run(work)


def shared(request: Request) -> dict[str, Any]:
    """Return the words and formats that the templates of the monitor share."""
    comma = "," if language(request) == "ru" else "."
    return {
        "STATES": states.STATES,
        "FAULTS": FAULTS,
        "lasted": lasted,
        "number": partial(_number, comma=comma),
    }


def lasted(incident: IncidentRow, now: datetime) -> str:
    """Return for how long an incident has lasted, as hours and minutes; no time, if a clock was set back meanwhile."""
    minutes = max(0, int(((incident.ended_at or now) - incident.began_at).total_seconds())) // 60
    return f"{minutes // 60}:{minutes % 60:02d}"


def _number(value: float | None, comma: str) -> str:
    """Return a number of at most three digits, or a whole one; a dash if there is none."""
    if value is None:
        return "—"
    return f"{value:.3g}".replace(".", comma) if value < 100 else str(round(value))


async def _page(request: Request, overview: Overview) -> Response:
    person = await current_user(request)
    is_watching = await services(request).database.run(lambda db: monitor_watchers.is_watching(db, person.id))
    return html(request, "netmonitor/index.html", **_context(request, overview), is_watching=is_watching)


def _context(request: Request, overview: Overview) -> dict[str, Any]:
    groups = states.grouped(overview.rows, overview.now)
    hosts = [host for group in groups for host in group.hosts]
    return {
        **shared(request),
        "overview": overview,
        "groups": groups,
        "counts": states.counted(hosts),
        "down": sorted((it.row for it in hosts if it.state == "down"), key=_since, reverse=True),
        "draw": draw,
    }


def _since(row: HostRow) -> float:
    since = row.incident.began_at if row.incident else row.since
    return since.timestamp() if since else 0.0
