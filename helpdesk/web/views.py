"""Saved views: lists of tasks that a person keeps under names, one of which may be the start page."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlmodel import Session
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotFound, sentence
from helpdesk.people.model import Person
from helpdesk.store import views
from helpdesk.store.views import View
from helpdesk.web import board_address, inputs, list_inputs
from helpdesk.web.guards import actor
from helpdesk.web.idempotency import once
from helpdesk.web.keeping import person_here
from helpdesk.web.listing import BOARD, LISTS, Listing
from helpdesk.web.rendering import data, html, path_to, same_site, see_other, services, spoken, wants_html

REMOVED = sentence("The view was deleted.")
TOO_MANY = sentence("You have %(most)s views already: delete one first.", most=views.MOST)
NAME_TAKEN = sentence("You have a view of this name already.")
NO_LIST = sentence("This is no list of tasks here.")


async def every(request: Request) -> Response:
    """This person's views, and with `?of=PATH` and a list's questions the form that saves that list; a POST does."""
    if request.method == "POST":
        return await _create(request)
    if not wants_html(request):
        return data(request, {"views": [view._asdict() for view in await listed(request)]})
    path = request.query_params.get("of", "")
    return await _page(request, await _list(request, path, request.query_params) if path else None)


async def one(request: Request) -> Response:
    """The list that a view is of; a POST renames the view (`name`) or makes it the start page or not (`start`)."""
    if request.method == "POST":
        return await _change(request)
    view = await _found(request)
    return see_other(view.address) if wants_html(request) else data(request, {"view": view._asdict()})


async def remove(request: Request) -> Response:
    view, person = await _found(request), await person_here(request)
    await _write(request, lambda db: views.remove(db, person.id, view.id))
    return see_other(_here(request)) if wants_html(request) else data(request, {"message": spoken(request, REMOVED)})


async def first_page(request: Request, person: Person) -> str:
    """Where this person begins: the view chosen for that, else one's own tasks."""
    chosen = await services(request).database.run(lambda db: views.start(db, person.id))
    return chosen or path_to(request, "tasks:my_tasks")


@once
async def _create(request: Request) -> Response:
    fields, person = await inputs.read(request), await person_here(request)
    path, _, query = same_site(fields.required_text("address", 3 * views.LONGEST_ADDRESS)).partition("?")
    asked = await _list(request, path, QueryParams(query))
    try:
        name, kept = _name(fields), _kept(asked)
        view = await _write(request, lambda db: views.add(db, person.id, name, kept))
    except Invalid as refusal:
        if not wants_html(request):
            raise
        return await _page(request, asked, {"name": fields.values.get("name")}, refusal)
    return see_other(view.address) if wants_html(request) else data(request, {"view": view._asdict()}, 201)


@once
async def _change(request: Request) -> Response:
    view, person, fields = await _found(request), await person_here(request), await inputs.read(request)
    try:
        if "name" in fields.values:
            name = _name(fields)
            await _write(request, lambda db: views.rename(db, person.id, view.id, name))
        if "start" in fields.values:
            chosen = view.id if fields.flag("start") else None
            await _write(request, lambda db: views.choose_start(db, person.id, chosen))
    except Invalid as refusal:
        if not wants_html(request):
            raise
        return await _page(request, None, {"id": view.id, "name": fields.values.get("name")}, refusal)
    if not wants_html(request):
        return data(request, {"view": (await _found(request))._asdict()})
    return see_other(f"{_here(request)}#view-{view.id}")


async def _write(request: Request, work: Callable[[Session], Any]) -> Any:
    """Raises Invalid for a name that is taken and for one view too many."""
    try:
        return await services(request).database.run(work, writes=True)
    except views.NameTaken as error:
        raise inputs.refusal("name", NAME_TAKEN) from error
    except views.TooMany as error:
        raise inputs.refusal("name", TOO_MANY) from error


def _name(fields: inputs.Fields) -> str:
    return " ".join(fields.required_text("name", views.LONGEST_NAME).split())


async def _list(request: Request, path: str, asked: QueryParams) -> Listing:
    """The list of an address. Raises Invalid for what is no list of ours: nobody is led elsewhere by a view."""
    if path not in {path_to(request, name) for name in LISTS}:
        raise inputs.refusal("address", NO_LIST)
    words = await services(request).tracker.vocabulary(await actor(request))
    on_board = path == path_to(request, BOARD)
    return (
        board_address.read(request, asked, words) if on_board else list_inputs.of_address(request, path, asked, words)
    )


def _kept(asked: Listing) -> str:
    """The list's address as we make it ourselves, from its first page."""
    return inputs.clean("address", asked.link(), views.LONGEST_ADDRESS)


async def _found(request: Request) -> View:
    """The view in the address. Raises NotFound, also for another person's."""
    person, number = await person_here(request), request.path_params["view_id"]
    view = None
    if number <= inputs.LARGEST_ID:
        view = await services(request).database.run(lambda db: views.one(db, person.id, number))
    if view is None:
        raise NotFound
    return view


async def listed(request: Request) -> list[View]:
    """This person's views, by name."""
    person = await person_here(request)
    return await services(request).database.run(lambda db: views.of_person(db, person.id))


async def _page(
    request: Request, asked: Listing | None, typed: Mapping[str, Any] | None = None, why: Invalid | None = None
) -> Response:
    """All views, each with its forms, and the form for a new one when a list is to be saved."""
    told = {"views": await listed(request), "asked": asked, "typed": typed or {}, "why": why}
    return html(request, "views/every.html", 422 if why else 200, **told)


def _here(request: Request) -> str:
    return path_to(request, "views:every")
