"""Let administrators keep promises of time: how long the first answer and the solution of tasks may take."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.durations import in_words
from helpdesk.errors import Conflict, Invalid, sentence
from helpdesk.store import absences, people, promises
from helpdesk.store.models.promises import Promise
from helpdesk.store.promises import PromiseValues
from helpdesk.texts import squeezed
from helpdesk.web.admin.sections import section_page
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.promises import durations, places
from helpdesk.web.promises.places import Places

LONGEST_NAME, LONGEST_LOGIN = 100, 200
SAVED = sentence("The promise was saved.")
REMOVED = sentence("The promise was deleted.")
NO_TIMES = sentence("Promise an answer, a solution, or both.")
CHOICES = {"project_id": "projects", "tracker_id": "trackers", "priority_id": "priorities"}
TIMES = {"answer": "answer_minutes", "solution": "solution_minutes"}

Typed = Mapping[str, Any]
Refusal = Invalid | Conflict


class Listed(NamedTuple):
    """A promise with the login of the person to whom it escalates, empty for nobody."""

    row: Promise
    login: str = ""
    person: str = ""


async def index(request: Request) -> Response:
    """List the promises, and tell which one holds for the tasks of the address; a POST adds one."""
    if request.method == "POST":
        return await _add(request)
    return await answer(request, json=lambda: _list_to_json(request), page=lambda: _page(request))


async def edit(request: Request) -> Response:
    """Show the form of a promise; a POST changes it, unless somebody else has changed it meanwhile."""
    it = await _load(request)
    if request.method == "POST":
        return await _change(request, it)
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(it)),
        page=lambda: _form(request, it, _typed(it)),
    )


async def remove(request: Request) -> Response:
    """Delete a promise, unless somebody else has changed it meanwhile. Raises NotFound."""
    person, number = await current_user(request), request_data.path_id(request, "promise_id")
    version = (await request_data.read(request)).version()
    try:
        await stored(request, lambda db: promises.remove(db, person.id, number, version))
    except Conflict:
        it = await _load(request)
        return await _conflict(request, it, _typed(it))
    services(request).promises.forget()
    return await answer(
        request,
        json=lambda: _list_to_json(request),
        page=lambda: flash.redirect(request, path_to(request, "promises:index"), REMOVED),
    )


async def _add(request: Request) -> Response:
    person, fields = await current_user(request), await request_data.read(request)
    try:
        values = _values(fields, await places.load(request))
        row = await stored(request, lambda db: promises.add(db, person.id, values(db)))
    except Invalid as error:
        return await answer_refusal(request, error, page=partial(_page, request, fields.values, error))
    return await _saved(request, row, 201)


async def _change(request: Request, before: Listed) -> Response:
    person, fields = await current_user(request), (await request_data.read(request)).over(_typed(before))
    number, version = request_data.path_id(request, "promise_id"), fields.version()
    try:
        values = _values(fields, await places.load(request), before)
        row = await stored(request, lambda db: promises.change(db, person.id, number, values(db), version))
    except Invalid as error:
        return await answer_refusal(request, error, page=partial(_form, request, before, fields.values, error))
    except Conflict:
        return await _conflict(request, await _load(request), fields.values)
    return await _saved(request, row, 200)


async def _conflict(request: Request, current: Listed, typed: Typed) -> Response:
    error = Conflict(_to_dict(current))
    return await answer_refusal(request, error, page=partial(_form, request, current, typed, error))


def _values(
    fields: request_data.Fields, known: Places, before: Listed | None = None
) -> Callable[[Session], PromiseValues]:
    """Read a promise; the returned function finds the person of its login in the store. Both raise Invalid."""
    name = squeezed(fields.required_text("name", LONGEST_NAME))
    kept = before.row if before else None
    ids = {it: places.chosen(fields, it, getattr(known, of), getattr(kept, it, None)) for it, of in CHOICES.items()}
    times = {to: durations.read(fields, it, to, getattr(kept, to, None)) for it, to in TIMES.items()}
    if not any(times.values()):
        raise request_data.refusal("answer", NO_TIMES)
    login, is_active = squeezed(fields.text("escalate_to", LONGEST_LOGIN)), fields.flag("is_active")

    def values(session: Session) -> PromiseValues:
        same = before is not None and login == before.login
        to = (kept.escalate_to if kept else None) if same else _person_id(session, login)
        return PromiseValues(name=name, **ids, **times, escalate_to=to, is_active=is_active)

    return values


def _person_id(session: Session, login: str) -> int | None:
    if not login:
        return None
    try:
        return absences.find(session, login).id
    except Invalid as error:
        raise Invalid({"escalate_to": next(iter(error.fields.values()))}) from error


async def _load(request: Request) -> Listed:
    """Return the promise in the address. Raises NotFound."""
    number = request_data.path_id(request, "promise_id")
    return await services(request).database.run(lambda db: _listed(db, [promises.one(db, number)])[0])


async def _all(request: Request) -> Sequence[Listed]:
    return await services(request).database.run(lambda db: _listed(db, promises.all(db)))


def _listed(session: Session, rows: Sequence[Promise]) -> list[Listed]:
    found = people.with_ids(session, {it.escalate_to for it in rows if it.escalate_to is not None})
    known = {person.id: (person.login, person.full_name or person.login) for person, _ in found}
    return [Listed(it, *known.get(it.escalate_to, ())) for it in rows]


async def _saved(request: Request, row: Promise, status: int) -> Response:
    services(request).promises.forget()

    async def json() -> Response:
        it = (await services(request).database.run(lambda db: _listed(db, [row])))[0]
        return json_response(request, {"message": translate(request, SAVED), **_to_dict(it)}, status)

    address = f"{path_to(request, 'promises:index')}#promise-{row.id}"
    return await answer(request, json=json, page=lambda: flash.redirect(request, address, SAVED))


async def _list_to_json(request: Request) -> Response:
    """Answer with all promises; `holds` is that of the named project, type and priority, if one is named."""
    kept = await _all(request)
    body: Json = {"promises": [_to_dict(it) for it in kept]}
    if request.query_params.get("project_id"):
        found = await _holding(request, kept, await places.load(request))
        body["holds"] = _to_dict(found) if found else None
    return json_response(request, body)


async def _holding(request: Request, kept: Sequence[Listed], known: Places) -> Listed | None:
    """Return the promise that holds for the project, type and priority of the address. Raises Invalid."""
    params, numbers = request.query_params, []
    for name, of in CHOICES.items():
        number = request_data.whole(name, params.get(name) or "0")
        if number and number not in getattr(known, of):
            raise request_data.refusal(name, request_data.NO_CHOICE)
        numbers.append(number)
    project_id, tracker_id, priority_id = numbers
    rule = (await services(request).promises.book()).rule(project_id, tracker_id, priority_id)
    return next((it for it in kept if rule and it.row.id == rule.id), None)


def _to_dict(it: Listed) -> Json:
    row = it.row
    return {
        **{name: getattr(row, name) for name in ("id", "name", *CHOICES)},
        **{name: durations.written(getattr(row, column)) or None for name, column in TIMES.items()},
        **{column: getattr(row, column) for column in TIMES.values()},
        "escalate_to": it.login or None,
        "is_active": row.is_active,
        "lock_version": str(row.version),
    }


def _typed(it: Listed) -> dict[str, Any]:
    """Return the values of a promise as its form would send them."""
    row = it.row
    return {
        "name": row.name,
        **{name: getattr(row, name) for name in CHOICES},
        **{name: durations.written(getattr(row, column)) for name, column in TIMES.items()},
        "escalate_to": it.login,
        "is_active": "1" if row.is_active else "",
    }


async def _page(request: Request, typed: Mapping[str, Any] = {}, error: Invalid | None = None) -> Response:
    kept, known = await _all(request), await places.load(request)
    params: QueryParams = request.query_params
    asked = {name: params.get(name, "") for name in CHOICES} if params.get("project_id") else {}
    return section_page(
        request,
        "promises/index.html",
        status_of(error) if error else 200,
        promises=kept,
        asked=asked,
        holding=await _holding(request, kept, known) if asked else None,
        **_context(request, known, typed or {"is_active": "1"}, error),
    )


async def _form(request: Request, it: Listed, typed: Typed, error: Refusal | None = None) -> Response:
    """Show the form of a promise with the typed values. After a conflict it has the version that is there now."""
    theirs = _theirs(it, typed) if isinstance(error, Conflict) else {}
    return section_page(
        request,
        "promises/edit.html",
        status_of(error) if error else 200,
        it=it,
        **_context(request, await places.load(request), typed, error, theirs),
    )


def _context(
    request: Request, known: Places, typed: Typed, error: Refusal | None, theirs: Mapping[str, Any] = {}
) -> dict[str, Any]:
    return {
        "places": known,
        "typed": typed,
        "error": error,
        "theirs": theirs,
        "longest_name": LONGEST_NAME,
        "length": in_words,
        "has_clocks": services(request).promises.source is not None,
    }


def _theirs(it: Listed, typed: Typed) -> Typed:
    """Return what the promise has now where something else was typed."""
    return {name: now for name, now in _typed(it).items() if str(now or "") != str(typed.get(name) or "")}
