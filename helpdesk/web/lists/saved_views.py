"""Save lists and boards as views under names, one of which may be the start page."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sqlmodel import Session
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotFound, sentence
from helpdesk.people.model import Person
from helpdesk.store import saved_views
from helpdesk.store.saved_views import View
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import answer, answer_refusal, html, json_response, see_other
from helpdesk.web.core.guards import actor
from helpdesk.web.core.navigation import BOARD, LISTS, safe_path
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.lists import params as list_params
from helpdesk.web.lists.urls import Listing

SAVED = sentence("The view was saved.")
CHANGED = sentence("The view was changed.")
REMOVED = sentence("The view was deleted.")
TOO_MANY = sentence("You have %(most)s views already: delete one first.", most=saved_views.MOST_OF_PERSON)
NAME_TAKEN = sentence("You have a view of this name already.")
NO_LIST = sentence("This is no list of tasks here.")


async def index(request: Request) -> Response:
    """Show this person's views; with `?of=PATH` and a list's query also the form that saves that list. A POST saves."""
    if request.method == "POST":
        return await _create(request)
    return await answer(request, json=lambda: _all_to_json(request), page=lambda: _all_to_page(request))


async def _all_to_json(request: Request) -> Response:
    return json_response(request, {"views": [view._asdict() for view in await of_person(request)]})


async def _all_to_page(request: Request) -> Response:
    path = request.query_params.get("of", "")
    return await _page(request, await _listing(request, path, request.query_params) if path else None)


async def show(request: Request) -> Response:
    """Redirect to the list of a view; a POST renames the view (`name`) or makes it the start page or not (`start`)."""
    if request.method == "POST":
        return await _change(request)
    return await _to_list(request, await _view(request))


async def remove(request: Request) -> Response:
    view, person = await _view(request), await current_user(request)
    await _write(request, lambda db: saved_views.remove(db, person.id, view.id))
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, REMOVED)}),
        page=lambda: flash.redirect(request, path_to(request, "views:index"), REMOVED),
    )


async def start_page(request: Request, person: Person) -> str:
    """Return the address of the page that this person begins with: a view that was chosen, else the start page."""
    address = await services(request).database.run(lambda db: saved_views.start(db, person.id))
    return address or path_to(request, "home")


@idempotent
async def _create(request: Request) -> Response:
    fields, person = await request_data.read(request), await current_user(request)
    path, _, query = safe_path(fields.required_text("address", 3 * saved_views.LONGEST_ADDRESS)).partition("?")
    listing = await _listing(request, path, QueryParams(query))
    try:
        name = _name(fields)
        # The address as we make it ourselves, from the list's first page.
        address = request_data.clean("address", listing.link(), saved_views.LONGEST_ADDRESS)
        view = await _write(request, lambda db: saved_views.add(db, person.id, name, address))
    except Invalid as refusal:
        typed = {"name": fields.values.get("name")}
        return await answer_refusal(request, refusal, page=partial(_page, request, listing, typed, refusal))
    return await answer(
        request,
        json=lambda: json_response(request, {"view": view._asdict()}, 201),
        page=lambda: flash.redirect(request, view.address, SAVED),
    )


@idempotent
async def _change(request: Request) -> Response:
    view, person, fields = await _view(request), await current_user(request), await request_data.read(request)
    try:
        if "name" in fields.values:
            name = _name(fields)
            await _write(request, lambda db: saved_views.rename(db, person.id, view.id, name))
        if "start" in fields.values:
            start = view.id if fields.flag("start") else None
            await _write(request, lambda db: saved_views.choose_start(db, person.id, start))
    except Invalid as refusal:
        typed = {"id": view.id, "name": fields.values.get("name")}
        return await answer_refusal(request, refusal, page=partial(_page, request, None, typed, refusal))
    page = f"{path_to(request, 'views:index')}#view-{view.id}"
    return await answer(
        request, json=lambda: _changed_to_json(request), page=lambda: flash.redirect(request, page, CHANGED)
    )


async def _changed_to_json(request: Request) -> Response:
    return json_response(request, {"view": (await _view(request))._asdict()})


async def _to_list(request: Request, view: View) -> Response:
    """Redirect to the list of a view; programs get the view."""
    return await answer(
        request,
        json=lambda: json_response(request, {"view": view._asdict()}),
        page=lambda: see_other(view.address),
    )


async def _write(request: Request, work: Callable[[Session], Any]) -> Any:
    """Raises Invalid for a name that is taken and for one view too many."""
    try:
        return await stored(request, work)
    except saved_views.NameTaken as error:
        raise request_data.refusal("name", NAME_TAKEN) from error
    except saved_views.TooMany as error:
        raise request_data.refusal("name", TOO_MANY) from error


def _name(fields: request_data.Fields) -> str:
    return " ".join(fields.required_text("name", saved_views.LONGEST_NAME).split())


async def _listing(request: Request, path: str, params: QueryParams) -> Listing:
    """Return the list or board of an address. Raises Invalid for any other address: a view leads nobody elsewhere."""
    if path not in {path_to(request, name) for name in LISTS}:
        raise request_data.refusal("address", NO_LIST)
    vocabulary = await services(request).backend.vocabulary(await actor(request))
    if path == path_to(request, BOARD):
        return list_params.of_board(request, params, vocabulary)
    return list_params.of_address(request, path, params, vocabulary)


async def _view(request: Request) -> View:
    """Return the view in the address. Raises NotFound, also for another person's."""
    person, number = await current_user(request), request_data.path_id(request, "view_id")
    view = await services(request).database.run(lambda db: saved_views.one(db, person.id, number))
    if view is None:
        raise NotFound
    return view


async def of_person(request: Request) -> list[View]:
    """Return this person's views, by name."""
    person = await current_user(request)
    return await services(request).database.run(lambda db: saved_views.of_person(db, person.id))


async def _page(
    request: Request, listing: Listing | None, typed: Mapping[str, Any] | None = None, refusal: Invalid | None = None
) -> Response:
    """Render all views, each with its forms, and the form for a new one when a list is to be saved."""
    context = {"views": await of_person(request), "listing": listing, "typed": typed or {}, "error": refusal}
    return html(request, "views/index.html", 422 if refusal else 200, **context)
