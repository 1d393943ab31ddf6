"""Let administrators keep the hosts that are watched."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, sentence
from helpdesk.netmonitor import targets
from helpdesk.netmonitor.health import WAYS
from helpdesk.netmonitor.model import METHODS
from helpdesk.store import monitored_hosts
from helpdesk.store.host_fields import HostFields, names
from helpdesk.store.models.netmonitor import MonitoredHost
from helpdesk.store.monitored_hosts import OF_THE_SETTING, HostValues
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, html, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate

SAVED = sentence("The host was saved.")
REMOVED = sentence("The host was removed, with all that was measured of it.")
SURE = sentence("Please confirm that the host is removed.")
NEW = {
    "method": "icmp",
    **{name: usual for name, (_, _, usual) in targets.LIMITS.items() if usual is not None},
    "is_active": "1",
    "opens_task": "1",
}
Typed = Mapping[str, Any]
Refusal = Invalid | Conflict


async def index(request: Request) -> Response:
    """List all hosts; a POST adds one."""
    if request.method == "POST":
        return await _add(request)
    return await answer(request, json=lambda: _list_to_json(request), page=lambda: _list(request))


async def new(request: Request) -> Response:
    """Show the form of a new host."""
    return await _form(request, None, NEW)


async def edit(request: Request) -> Response:
    """Show the form of a host; a POST changes it, unless somebody else has changed it meanwhile."""
    host = await _load(request)
    if request.method == "POST":
        return await _change(request, host)
    return await answer(
        request,
        json=lambda: json_response(request, {"host": _to_dict(host)}),
        page=lambda: _form(request, host, _typed(host)),
    )


async def remove(request: Request) -> Response:
    """Ask whether to remove a host; a POST with `sure` does it. Raises NotFound, NotAllowed, Invalid."""
    host, person = await _load(request), await current_user(request)
    if request.method == "GET":
        return html(request, "netmonitor/remove.html", host=host, error=None)
    if not (await request_data.read(request)).flag("sure"):
        error = request_data.refusal("sure", SURE)
        page = partial(html, request, "netmonitor/remove.html", status_of(error), host=host, error=error)
        return await answer_refusal(request, error, page=page)
    now = services(request).clock()
    recipients = await stored(request, lambda db: monitored_hosts.remove(db, person.id, host.id or 0, now))
    services(request).wakeups.wake(recipients)
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, REMOVED)}),
        page=lambda: flash.redirect(request, path_to(request, "netmonitor:hosts"), REMOVED),
    )


async def _add(request: Request) -> Response:
    person, now = await current_user(request), services(request).clock()
    fields = (await request_data.read(request)).over(NEW)
    try:
        values = _values(fields)
        host = await stored(request, lambda db: monitored_hosts.add(db, person.id, values, now))
    except Invalid as error:
        return await answer_refusal(request, error, page=partial(_form, request, None, fields.values, error))
    return await _saved(request, host, 201)


async def _change(request: Request, host: MonitoredHost) -> Response:
    person, now, sent = await current_user(request), services(request).clock(), await request_data.read(request)
    owned = {name: it for name, it in _typed(host).items() if host.is_set and name in OF_THE_SETTING}
    fields = sent.over(_typed(host))
    fields = fields._replace(values={**fields.values, **owned})
    number = host.id or 0
    try:
        values, version = _values(fields), _version(fields)
        changed = await stored(request, lambda db: monitored_hosts.change(db, person.id, number, values, version, now))
    except Invalid as error:
        return await answer_refusal(request, error, page=partial(_form, request, host, fields.values, error))
    except Conflict as error:
        current = await _load(request)
        return await answer_refusal(request, error, page=partial(_form, request, current, fields.values, error))
    return await _saved(request, changed, 200)


def _values(fields: request_data.Fields) -> HostValues:
    """Read a host. Raises Invalid."""
    texts = {name: _text(fields, name) for name in names(HostFields)}
    flags = {name: fields.flag(name) for name in ("is_public", "is_active", "opens_task")}
    return HostValues(**asdict(targets.read(texts)) | flags)


def _text(fields: request_data.Fields, name: str) -> str:
    """Return a field as a form has it: programs may send numbers. Raises Invalid."""
    value = fields.values.get(name)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else fields.text(name)


def _version(fields: request_data.Fields) -> int | None:
    known = fields.version()
    return None if known is None else request_data.whole("lock_version", known)


async def _load(request: Request) -> MonitoredHost:
    """Return the host in the address. Raises NotFound."""
    number = request_data.path_id(request, "host_id")
    return await services(request).database.run(lambda db: monitored_hosts.one(db, number))


async def _saved(request: Request, host: MonitoredHost, status: int) -> Response:
    body = {"message": translate(request, SAVED), "host": _to_dict(host)}
    address = f"{path_to(request, 'netmonitor:hosts')}#host-{host.id}"
    return await answer(
        request,
        json=lambda: json_response(request, body, status),
        page=lambda: flash.redirect(request, address, SAVED),
    )


async def _all(request: Request) -> Sequence[MonitoredHost]:
    return await services(request).database.run(monitored_hosts.all)


async def _list_to_json(request: Request) -> Response:
    return json_response(request, {"hosts": [_to_dict(it) for it in await _all(request)]})


def _to_dict(host: MonitoredHost) -> Json:
    values = asdict(monitored_hosts.values(host))
    return {"id": host.id, **values, "is_set": host.is_set, "lock_version": str(host.version)}


def _typed(host: MonitoredHost) -> dict[str, Any]:
    """Return the values of a host as its form would send them."""
    values = asdict(monitored_hosts.values(host))
    return {name: ("1" if it else "") if isinstance(it, bool) else it for name, it in values.items()}


async def _list(request: Request) -> Response:
    hosts = await _all(request)
    way = services(request).netmonitor.ping_way
    ping_way = WAYS[way] if way else None
    return html(request, "netmonitor/hosts.html", hosts=hosts, METHODS=METHODS, ping_way=ping_way)


async def _form(request: Request, host: MonitoredHost | None, typed: Typed, error: Refusal | None = None) -> Response:
    """Show the form with the typed values. After a conflict it has the version that is there now."""
    groups = await services(request).database.run(monitored_hosts.groups)
    theirs = _theirs(host, typed) if host and isinstance(error, Conflict) else {}
    return html(
        request,
        "netmonitor/host.html",
        status_of(error) if error else 200,
        host=host,
        typed=typed,
        error=error,
        theirs=theirs,
        groups=groups,
        METHODS=METHODS,
        LIMITS=targets.LIMITS,
        owned=OF_THE_SETTING if host and host.is_set else (),
    )


def _theirs(host: MonitoredHost, typed: Typed) -> dict[str, Any]:
    """Return what the host has now where something else was typed."""
    return {
        name: it
        for name, it in _typed(host).items()
        if str("" if it is None else it) != str(typed.get(name) if typed.get(name) is not None else "")
    }
