"""Let administrators keep the categories of requests: what requesters choose from, and where each leads."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, NotFound, sentence
from helpdesk.requests.model import Places
from helpdesk.store import request_categories
from helpdesk.store.models.tables import RequestCategory
from helpdesk.store.request_categories import CategoryValues
from helpdesk.texts import one_line
from helpdesk.web.admin.sections import section_page
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate

LONGEST_NAME, LONGEST_HINT = 100, 200
SAVED = sentence("The category was saved.")
REMOVED = sentence("The category was deleted.")
NO_PROJECT = sentence("There is no such project here.")
NO_TRACKER = sentence("There is no such type here.")
MOVED = sentence("The order was saved.")
TOO_MANY = sentence("There are %(most)s categories already.", most=request_categories.MOST)
DIRECTIONS = {"up": -1, "down": 1}
Refusal = Invalid | Conflict


async def index(request: Request) -> Response:
    """List all categories in their order; a POST adds one."""
    if request.method == "POST":
        return await _add(request)
    return await answer(request, json=lambda: _list_to_json(request), page=lambda: _page(request))


async def edit(request: Request) -> Response:
    """Show the form of a category; a POST changes it, unless somebody else has changed it meanwhile."""
    if request.method == "POST":
        return await _change(request)
    category = await _load(request)
    typed = _typed(category)
    places = await services(request).requests.places()
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(category, places)),
        page=lambda: _form(request, category, typed),
    )


async def move(request: Request) -> Response:
    """Move a category one place up or down. Raises Invalid, NotFound."""
    person, number = await current_user(request), request_data.path_id(request, "category_id")
    to = (await request_data.read(request)).text("to")
    if to not in DIRECTIONS:
        raise request_data.refusal("to", request_data.NO_CHOICE)
    await stored(request, lambda db: request_categories.move(db, person.id, number, DIRECTIONS[to]))
    return await answer(
        request,
        json=lambda: _list_to_json(request),
        page=lambda: flash.redirect(request, path_to(request, "admin:categories"), MOVED),
    )


async def delete(request: Request) -> Response:
    """Delete a category. Raises NotFound."""
    person, number = await current_user(request), request_data.path_id(request, "category_id")
    await stored(request, lambda db: request_categories.remove(db, person.id, number))
    return await answer(
        request,
        json=lambda: _list_to_json(request),
        page=lambda: flash.redirect(request, path_to(request, "admin:categories"), REMOVED),
    )


async def _add(request: Request) -> Response:
    person, fields = await current_user(request), await request_data.read(request)
    try:
        values = await _values(request, fields)
        category = await stored(request, lambda db: request_categories.add(db, person.id, values))
    except (Invalid, request_categories.TooMany) as error:
        refusal = error if isinstance(error, Invalid) else request_data.refusal("name", TOO_MANY)
        return await answer_refusal(request, refusal, page=partial(_page, request, fields.values, refusal))
    return await _saved(request, category, 201)


async def _change(request: Request) -> Response:
    person, fields = await current_user(request), await request_data.read(request)
    number, version = request_data.path_id(request, "category_id"), fields.version()
    try:
        values = await _values(request, fields, await _load(request))
        changed = await stored(request, lambda db: request_categories.change(db, person.id, number, values, version))
    except (Invalid, Conflict) as error:
        refusal, current = error, await _load(request)
        return await answer_refusal(request, refusal, page=partial(_form, request, current, fields.values, refusal))
    return await _saved(request, changed, 200)


async def _values(request: Request, fields: request_data.Fields, kept: RequestCategory | None = None) -> CategoryValues:
    """Read a category. Raises Invalid, also for a project or a type where no request can be created; one that is
    switched off may lead to another project that there is, or to where it led."""
    project_id = fields.number("project_id")
    tracker_id = fields.number("tracker_id") if "tracker_id" in fields.values else None
    if project_id is None:
        raise request_data.refusal("project_id", sentence("Please fill this in."))
    name, hint = fields.required_text("name", LONGEST_NAME), fields.text("hint", LONGEST_HINT)
    is_active = fields.flag("is_active")
    if is_active:
        await services(request).requests.require_place(project_id, tracker_id)
    elif kept is None or (kept.project_id, kept.tracker_id) != (project_id, tracker_id):
        _require_known(await services(request).requests.places(), project_id, tracker_id)
    return CategoryValues(one_line(name).strip(), one_line(hint).strip(), project_id, tracker_id, is_active)


def _require_known(places: Places, project_id: int, tracker_id: int | None) -> None:
    if project_id not in {it.id for it in places.projects}:
        raise request_data.refusal("project_id", NO_PROJECT)
    if tracker_id is not None and tracker_id not in {it.id for it in places.trackers}:
        raise request_data.refusal("tracker_id", NO_TRACKER)


async def _load(request: Request) -> RequestCategory:
    """Return the category in the address. Raises NotFound."""
    number = request_data.path_id(request, "category_id")
    category = await services(request).database.run(lambda db: request_categories.one(db, number))
    if category is None:
        raise NotFound
    return category


async def _saved(request: Request, category: RequestCategory, status: int) -> Response:
    async def json() -> Response:
        told = _to_dict(category, await services(request).requests.places())
        return json_response(request, {"message": translate(request, SAVED), **told}, status)

    address = f"{path_to(request, 'admin:categories')}#category-{category.id}"
    return await answer(request, json=json, page=lambda: flash.redirect(request, address, SAVED))


async def _list_to_json(request: Request) -> Response:
    categories = await services(request).database.run(request_categories.all)
    places = await services(request).requests.places()
    return json_response(request, {"categories": [_to_dict(each, places) for each in categories]})


def _to_dict(category: RequestCategory, places: Places) -> Json:
    return {
        **{name: getattr(category, name) for name in ("id", "position", *CategoryValues._fields)},
        "leads_nowhere": category.project_id not in places.open,
        "lock_version": request_categories.version(category),
    }


def _typed(category: RequestCategory) -> Mapping[str, Any]:
    """Return the values of a category as its form would send them."""
    values = {name: getattr(category, name) for name in CategoryValues._fields}
    return {**values, "is_active": "1" if category.is_active else ""}


async def _page(request: Request, typed: Mapping[str, Any] = {}, error: Invalid | None = None) -> Response:
    return section_page(
        request,
        "admin/categories.html",
        status_of(error) if error else 200,
        categories=await services(request).database.run(request_categories.all),
        **await _context(request, typed or {"is_active": "1"}, error),
    )


async def _form(
    request: Request, category: RequestCategory, typed: Mapping[str, Any], error: Refusal | None = None
) -> Response:
    """Show the form of a category with the typed values. After a conflict it has the version that is there now."""
    return section_page(
        request,
        "admin/category.html",
        status_of(error) if error else 200,
        category=category,
        version=request_categories.version(category),
        **await _context(request, typed, error),
    )


async def _context(request: Request, typed: Mapping[str, Any], error: Refusal | None) -> dict[str, Any]:
    places = await services(request).requests.places()
    return {
        "places": places,
        "projects": {project.id: project.name for project in places.projects},
        "trackers": {tracker.id: tracker.name for tracker in places.trackers},
        "typed": typed,
        "error": error,
        "longest_name": LONGEST_NAME,
        "longest_hint": LONGEST_HINT,
    }
