"""Answer programs: how hosts are, were, and answered in sum (contract §5). The predecessor's addresses do the same."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, sentence
from helpdesk.store import host_history, netmonitor
from helpdesk.store.casefold import fold
from helpdesk.store.host_history import Point
from helpdesk.store.netmonitor import HostRow
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import json_response
from helpdesk.web.core.services import services
from helpdesk.web.netmonitor import schemas

DAY = timedelta(days=1)
LONGEST_AGO = timedelta(days=2 * 366)
LONGEST_SUM = timedelta(days=366)
"""Of all hosts; what is older does not count, and the answer says since when."""
MOST_POINTS, POINTS = 1_000, 500
LONGEST_HOST = 500
LONGEST_MOMENT = 40
NO_MOMENT = sentence("Please give a moment such as 2026-01-31T12:00:00Z.")


async def status(request: Request) -> Response:
    """Tell how all hosts are."""
    now = services(request).clock()
    rows = await services(request).database.run(lambda db: netmonitor.overview(db, now))
    return json_response(request, schemas.status_to_dict(rows, now))


async def ping(request: Request) -> Response:
    """Tell how the last check of the `target` was. It is not probed for this."""
    now, wanted = services(request).clock(), _wanted(request)
    row = await services(request).database.run(lambda db: _find(netmonitor.overview(db, now), wanted))
    return json_response(request, schemas.ping_to_dict(row, now))


async def history(request: Request) -> Response:
    """Tell how a host answered `since` a moment, a day ago unless one is given."""
    now, wanted = services(request).clock(), _wanted(request)
    since, until = _moment(request, "since", now - DAY), _moment(request, "until", now)
    most = min(request_data.query_number(request.query_params, "limit", POINTS), MOST_POINTS)
    since, until = max(since, now - LONGEST_AGO), min(until, now)

    def work(db: Session) -> tuple[HostRow, Sequence[Point]]:
        row = _find(netmonitor.overview(db, now), wanted)
        return row, host_history.points(db, row.id, since, until, most) if since < until else []

    return json_response(request, schemas.history_to_dict(*await services(request).database.run(work)))


async def summary(request: Request) -> Response:
    """Tell how all hosts answered `since` a moment, a day ago unless one is given."""
    now = services(request).clock()
    since = max(_moment(request, "since", now - DAY), now - LONGEST_SUM)
    rows = await services(request).database.run(lambda db: netmonitor.overview(db, now))
    found = await services(request).netmonitor.summaries.read([it.id for it in rows], since, now)
    return json_response(request, schemas.summary_to_dict(since, rows, found))


def _wanted(request: Request) -> str:
    """Return the host that is asked for, by its name or address. Raises Invalid."""
    params = request.query_params
    name = "target" if "host" not in params and "target" in params else "host"
    return request_data.Fields(params).required_text(name, LONGEST_HOST).strip()


def _find(rows: Sequence[HostRow], wanted: str) -> HostRow:
    """Return the host with this name, else the first one with this address. Raises NotFound."""
    folded = fold(wanted)
    found = [it for it in rows if fold(it.name) == folded] or [it for it in rows if it.address == wanted]
    if not found:
        raise NotFound
    return found[0]


def _moment(request: Request, name: str, default: datetime) -> datetime:
    """Return a moment of the query; without a zone it is in UTC. Raises Invalid."""
    text = request_data.Fields(request.query_params).text(name, LONGEST_MOMENT).strip()
    return request_data.moment(name, text, UTC, NO_MOMENT) if text else default
