"""Let administrators set windows of maintenance, in which failures open no incident."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotFound, Sentence, sentence
from helpdesk.store import host_maintenance, monitored_hosts
from helpdesk.store.host_maintenance import Window, WindowValues
from helpdesk.store.models.netmonitor import MonitoredHost
from helpdesk.texts import one_line, trimmed
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, html, json_response, moment
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate

LONGEST_REASON, LONGEST_GROUP, LONGEST_MOMENT = 200, 100, 40
LONGEST, AHEAD = timedelta(days=31), timedelta(days=366)
ALL, GROUP, HOST = "all", "group:", "host:"
ADDED = sentence("The window was set.")
ENDED = sentence("The window was ended.")
NO_MOMENT = sentence("Please enter a day and a time.")
OVER = sentence("This must be later than the beginning, and not be over.")
TOO_LONG = sentence("A window is at most 31 days long.")
TOO_FAR = sentence("Choose a time within a year.")


class Listing(NamedTuple):
    """The windows, and the choices for a new one."""

    open: Sequence[Window]
    ended: Sequence[Window]
    hosts: Sequence[MonitoredHost]
    groups: Sequence[str]


async def index(request: Request) -> Response:
    """List the windows; a POST sets one."""
    if request.method == "POST":
        return await _add(request)
    return await answer(request, json=lambda: _to_json(request), page=lambda: _page(request))


async def end(request: Request) -> Response:
    """End a window now. Raises NotFound."""
    person, now = await current_user(request), services(request).clock()
    number = request_data.path_id(request, "window_id")
    await stored(request, lambda db: host_maintenance.end(db, person.id, number, now))
    return await _done(request, ENDED, 200)


async def _add(request: Request) -> Response:
    person, now = await current_user(request), services(request).clock()
    fields = await request_data.read(request)
    try:
        values = _values(request, fields, now)
        await stored(request, lambda db: host_maintenance.add(db, person.id, values, now))
    except (Invalid, NotFound) as error:
        refusal = error if isinstance(error, Invalid) else request_data.refusal("of", request_data.NO_CHOICE)
        return await answer_refusal(request, refusal, page=partial(_page, request, fields.values, refusal))
    return await _done(request, ADDED, 201)


def _values(request: Request, fields: request_data.Fields, now: datetime) -> WindowValues:
    """Read a window: it begins now unless a time is given. Raises Invalid."""
    of = fields.text("of", len(GROUP) + LONGEST_GROUP) or ALL
    begins = _moment(request, fields, "begins_at") if fields.text("begins_at") else now
    ends = _moment(request, fields, "ends_at")
    if ends <= max(begins, now):
        raise request_data.refusal("ends_at", OVER)
    if begins > now + AHEAD:
        raise request_data.refusal("begins_at", TOO_FAR)
    if ends - begins > LONGEST:
        raise request_data.refusal("ends_at", TOO_LONG)
    reason = trimmed(one_line(fields.required_text("reason", LONGEST_REASON)))
    return WindowValues(_host_id(of), of.removeprefix(GROUP) if of.startswith(GROUP) else "", begins, ends, reason)


def _host_id(of: str) -> int | None:
    """Return the host of a window, None for those of a group or of all hosts. Raises Invalid."""
    if of == ALL or (of.startswith(GROUP) and of != GROUP):
        return None
    number = request_data.an_id(of.removeprefix(HOST)) if of.startswith(HOST) else request_data.NO_ID
    if number == request_data.NO_ID:
        raise request_data.refusal("of", request_data.NO_CHOICE)
    return number


def _moment(request: Request, fields: request_data.Fields, name: str) -> datetime:
    """Return a moment in UTC; without a zone it is one of TIMEZONE. Raises Invalid."""
    text = fields.required_text(name, LONGEST_MOMENT).strip()
    return request_data.moment(name, text, services(request).settings.timezone, NO_MOMENT)


async def _load(request: Request) -> Listing:
    now = services(request).clock()

    def work(db: Session) -> Listing:
        windows = host_maintenance.open(db, now), host_maintenance.ended(db, now)
        return Listing(*windows, monitored_hosts.all(db), monitored_hosts.groups(db))

    return await services(request).database.run(work)


async def _done(request: Request, message: Sentence, status: int) -> Response:
    async def json() -> Response:
        listing = await _load(request)
        body = {"message": translate(request, message), "windows": [_to_dict(it) for it in listing.open]}
        return json_response(request, body, status)

    address = path_to(request, "netmonitor:maintenance")
    return await answer(request, json=json, page=lambda: flash.redirect(request, address, message))


async def _to_json(request: Request) -> Response:
    listing = await _load(request)
    body = {"windows": [_to_dict(it) for it in listing.open], "ended": [_to_dict(it) for it in listing.ended]}
    return json_response(request, body)


def _to_dict(it: Window) -> Json:
    return {
        "id": it.row.id,
        "host_id": it.row.host_id,
        "host": it.host,
        "group": it.row.group_name,
        "begins_at": moment(it.row.begins_at),
        "ends_at": moment(it.row.ends_at),
        "reason": it.row.reason,
        "made_by": it.maker,
    }


async def _page(request: Request, typed: Mapping[str, Any] = {}, error: Invalid | None = None) -> Response:
    context = {"listing": await _load(request), "typed": typed, "error": error, "longest_reason": LONGEST_REASON}
    return html(
        request,
        "netmonitor/maintenance.html",
        status_of(error) if error else 200,
        **context,
        now=services(request).clock(),
        zone=services(request).settings.timezone.key,
    )
