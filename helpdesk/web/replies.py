"""Reply templates: the page where they are kept. Own ones are everybody's to write, shared ones an administrator's."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotAllowed, NotFound, sentence
from helpdesk.people.model import Person
from helpdesk.store import replies
from helpdesk.store.replies import Reply
from helpdesk.web import inputs
from helpdesk.web.idempotency import once
from helpdesk.web.keeping import person_here
from helpdesk.web.rendering import data, html, path_to, see_other, services, spoken, wants_html
from helpdesk.web.variables import VARIABLES

LONGEST_NAME = 100
REMOVED = sentence("The reply template was deleted.")
TOO_MANY = sentence("There are %(most)s templates in this list already: delete one first.", most=replies.MOST)
NOT_YOURS = sentence("Only administrators change what everybody uses.")


class Wish(NamedTuple):
    name: str
    text: str
    shared: bool
    position: int | None


async def every(request: Request) -> Response:
    """The templates that this person may insert; a POST adds one."""
    if request.method == "POST":
        return await _create(request)
    if not wants_html(request):
        found = await _listed(request, await person_here(request))
        return data(request, {"replies": [reply._asdict() for reply in found]})
    return await _page(request, {})


async def one(request: Request) -> Response:
    """One template, to be edited; a POST does it."""
    if request.method == "POST":
        return await _change(request)
    reply = await _found(request)
    if not wants_html(request):
        return data(request, {"reply": reply._asdict()})
    _require_rights(await person_here(request), reply.shared)
    return _form(request, reply, reply._asdict())


async def remove(request: Request) -> Response:
    reply = await _found(request)
    _require_rights(await person_here(request), reply.shared)
    await services(request).database.run(lambda db: replies.remove(db, reply.id), writes=True)
    if not wants_html(request):
        return data(request, {"message": spoken(request, REMOVED)})
    return see_other(_address(request))


@once
async def _create(request: Request) -> Response:
    person, fields = await person_here(request), await inputs.read(request)
    try:
        wish = _wish(fields)
        _require_rights(person, wish.shared)
        owner = None if wish.shared else person.id
        reply = await _added(request, owner, wish)
    except Invalid as refusal:
        if not wants_html(request):
            raise
        return await _page(request, fields.values, refusal, 422)
    return _done(request, reply, 201)


async def _added(request: Request, owner: int | None, wish: Wish) -> Reply:
    try:
        return await services(request).database.run(
            lambda db: replies.add(db, owner, wish.name, wish.text), writes=True
        )
    except replies.TooMany as error:
        raise inputs.refusal("name", TOO_MANY) from error


async def _change(request: Request) -> Response:
    reply, fields = await _found(request), await inputs.read(request)
    _require_rights(await person_here(request), reply.shared)
    try:
        wish = _wish(fields)
    except Invalid as refusal:
        if not wants_html(request):
            raise
        return _form(request, reply, fields.values, refusal, 422)
    changed = reply._replace(name=wish.name, text=wish.text, position=wish.position or reply.position)
    await services(request).database.run(lambda db: replies.change(db, changed), writes=True)
    return _done(request, changed, 200)


def _wish(fields: inputs.Fields) -> Wish:
    position = fields.number("position") if "position" in fields.values else None
    name, text = fields.required_text("name", LONGEST_NAME), fields.required_text("text")
    return Wish(name, text, fields.flag("shared"), position)


async def _found(request: Request) -> Reply:
    """The template in the address. Raises NotFound, also for another person's."""
    person, number = await person_here(request), request.path_params["reply_id"]
    reply = None
    if number <= inputs.LARGEST_ID:
        reply = await services(request).database.run(lambda db: replies.one(db, person.id, number))
    if reply is None:
        raise NotFound
    return reply


def _require_rights(person: Person, shared: bool) -> None:
    if shared and not person.is_admin:
        raise NotAllowed(NOT_YOURS)


async def _listed(request: Request, person: Person) -> list[Reply]:
    return await services(request).database.run(lambda db: replies.of_person(db, person.id))


async def _page(request: Request, typed: Mapping[str, Any], why: Invalid | None = None, status: int = 200) -> Response:
    found = await _listed(request, await person_here(request))
    told = {"replies": found, "variables": VARIABLES, "typed": typed, "why": why, "reply": None}
    return html(request, "replies/every.html", status, **told)


def _form(
    request: Request, reply: Reply, typed: Mapping[str, Any], why: Invalid | None = None, status: int = 200
) -> Response:
    told = {"reply": reply, "variables": VARIABLES, "typed": typed, "why": why}
    return html(request, "replies/one.html", status, **told)


def _done(request: Request, reply: Reply, status: int) -> Response:
    if not wants_html(request):
        return data(request, {"reply": reply._asdict()}, status)
    return see_other(f"{_address(request)}#reply-{reply.id}")


def _address(request: Request) -> str:
    return path_to(request, "replies:every")
