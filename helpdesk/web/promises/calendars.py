"""Let administrators keep business calendars: the hours in which promises of time are reckoned."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, sentence
from helpdesk.store import business_calendars
from helpdesk.store.business_calendars import StoredCalendar
from helpdesk.web.admin.sections import section_page
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, day, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.promises import calendar_form, places

SAVED = sentence("The calendar was saved.")
REMOVED = sentence("The calendar was deleted.")
WORKDAYS = 5

Typed = Mapping[str, Any]
Refusal = Invalid | Conflict


async def index(request: Request) -> Response:
    """List the calendars; a POST adds one."""
    if request.method == "POST":
        return await _add(request)
    return await answer(request, json=lambda: _list_to_json(request), page=lambda: _page(request))


async def edit(request: Request) -> Response:
    """Show the form of a calendar; a POST changes it, unless somebody else has changed it meanwhile."""
    kept = await _load(request)
    if request.method == "POST":
        return await _change(request, kept)
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(kept)),
        page=lambda: _form(request, kept, calendar_form.written(kept.values)),
    )


async def remove(request: Request) -> Response:
    """Delete a calendar, unless somebody else has changed it meanwhile. Raises NotFound."""
    person, number = await current_user(request), request_data.path_id(request, "calendar_id")
    version = (await request_data.read(request)).version()
    try:
        await stored(request, lambda db: business_calendars.remove(db, person.id, number, version))
    except Conflict:
        it = await _load(request)
        return await _conflict(request, it, calendar_form.written(it.values))
    services(request).promises.forget()
    return await answer(
        request,
        json=lambda: _list_to_json(request),
        page=lambda: flash.redirect(request, path_to(request, "promises:calendars"), REMOVED),
    )


async def _add(request: Request) -> Response:
    person, fields = await current_user(request), await request_data.read(request)
    try:
        values = calendar_form.read(fields, (await places.load(request)).projects)
        kept = await stored(request, lambda db: business_calendars.add(db, person.id, values))
    except Invalid as error:
        return await answer_refusal(request, error, page=partial(_page, request, fields.values, error))
    return await _saved(request, kept, 201)


async def _change(request: Request, before: StoredCalendar) -> Response:
    person = await current_user(request)
    fields = (await request_data.read(request)).over(calendar_form.written(before.values))
    version = fields.version()
    try:
        values = calendar_form.read(fields, (await places.load(request)).projects, before.values.project_ids)
        kept = await stored(request, lambda db: business_calendars.change(db, person.id, before.id, values, version))
    except Invalid as error:
        return await answer_refusal(request, error, page=partial(_form, request, before, fields.values, error))
    except Conflict:
        return await _conflict(request, await _load(request), fields.values)
    return await _saved(request, kept, 200)


async def _conflict(request: Request, current: StoredCalendar, typed: Typed) -> Response:
    error = Conflict(_to_dict(current))
    return await answer_refusal(request, error, page=partial(_form, request, current, typed, error))


async def _load(request: Request) -> StoredCalendar:
    """Return the calendar in the address. Raises NotFound."""
    number = request_data.path_id(request, "calendar_id")
    return await services(request).database.run(lambda db: business_calendars.one(db, number))


async def _saved(request: Request, kept: StoredCalendar, status: int) -> Response:
    services(request).promises.forget()
    body = {"message": translate(request, SAVED), **_to_dict(kept)}
    address = f"{path_to(request, 'promises:calendars')}#calendar-{kept.id}"
    return await answer(
        request,
        json=lambda: json_response(request, body, status),
        page=lambda: flash.redirect(request, address, SAVED),
    )


async def _list_to_json(request: Request) -> Response:
    kept = await services(request).database.run(business_calendars.all)
    return json_response(request, {"calendars": [_to_dict(it) for it in kept]})


def _to_dict(kept: StoredCalendar) -> Json:
    values = kept.values
    return {
        "id": kept.id,
        "name": values.name,
        "timezone": values.timezone,
        **{f"hours_{place}": it for place, it in enumerate(values.hours.split(";"), 1)},
        "is_default": values.is_default,
        "days": [{"day": day(it.day), "hours": it.hours, "name": it.name} for it in values.days],
        "project_ids": list(values.project_ids),
        "lock_version": str(kept.version),
    }


def _new(request: Request) -> dict[str, Any]:
    usual = {f"hours_{place}": calendar_form.USUAL_DAY for place in range(1, WORKDAYS + 1)}
    return {"timezone": services(request).settings.timezone.key, **usual}


async def _page(request: Request, typed: Mapping[str, Any] = {}, error: Invalid | None = None) -> Response:
    return section_page(
        request,
        "promises/calendars.html",
        status_of(error) if error else 200,
        calendars=await services(request).database.run(business_calendars.all),
        **await _context(request, typed or _new(request), error),
    )


async def _form(request: Request, kept: StoredCalendar, typed: Typed, error: Refusal | None = None) -> Response:
    """Show the form of a calendar with the typed values. After a conflict it has the version that is there now."""
    return section_page(
        request,
        "promises/calendar.html",
        status_of(error) if error else 200,
        it=kept,
        **await _context(request, typed, error, _theirs(kept, typed) if isinstance(error, Conflict) else {}),
    )


async def _context(
    request: Request, typed: Typed, error: Refusal | None, theirs: Mapping[str, Any] = {}
) -> dict[str, Any]:
    chosen = typed.get("project_ids") or []
    return {
        "places": await places.load(request),
        "typed": typed,
        "chosen": {str(it) for it in (chosen if isinstance(chosen, list) else [chosen])},
        "error": error,
        "theirs": theirs,
        "week": calendar_form.WEEK,
    }


def _theirs(kept: StoredCalendar, typed: Typed) -> Typed:
    """Return what the calendar has now where something else was typed."""
    now = calendar_form.written(kept.values)
    return {name: it for name, it in now.items() if _as_text(it) != _as_text(typed.get(name))}


def _as_text(value: Any) -> str:
    """Return a value as text, the same for one and for a list of one, and for any ends of lines."""
    values = value if isinstance(value, list) else [value]
    return ",".join(str(it or "").replace("\r\n", "\n") for it in values)
