"""The page of reply templates. Everybody writes personal ones, administrators write shared ones, staff see them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotAllowed, NotFound, sentence
from helpdesk.store import reply_templates
from helpdesk.store.reply_templates import Reply
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import answer, answer_refusal, html, json_response
from helpdesk.web.core.guards import ADMINISTRATORS_ONLY, actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.replies.variables import VARIABLES

LONGEST_NAME = 100
SAVED = sentence("The reply template was saved.")
REMOVED = sentence("The reply template was deleted.")
TOO_MANY = sentence(
    "There are %(most)s templates in this list already: delete one first.", most=reply_templates.MOST_IN_LIST
)


class ReplyInput(NamedTuple):
    name: str
    text: str
    shared: bool
    position: int | None


async def index(request: Request) -> Response:
    """List the templates that this person may insert; a POST adds one."""
    if request.method == "POST":
        return await _create(request)
    return await answer(request, json=lambda: _list_to_json(request), page=lambda: _page(request, {}))


async def edit(request: Request) -> Response:
    """Show one template in a form; a POST changes it."""
    if request.method == "POST":
        return await _change(request)
    reply = await _load(request)

    async def page() -> Response:
        await _require_rights(request, reply.shared)
        return _form(request, reply, reply._asdict())

    return await answer(request, json=lambda: json_response(request, {"reply": reply._asdict()}), page=page)


async def remove(request: Request) -> Response:
    reply = await _load(request)
    await _require_rights(request, reply.shared)
    await stored(request, lambda db: reply_templates.remove(db, reply.id))
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, REMOVED)}),
        page=lambda: flash.redirect(request, path_to(request, "replies:index"), REMOVED),
    )


@idempotent
async def _create(request: Request) -> Response:
    person, fields = await current_user(request), await request_data.read(request)
    try:
        typed = _input(fields)
        await _require_rights(request, typed.shared)
        owner = None if typed.shared else person.id
        reply = await stored(request, lambda db: reply_templates.add(db, owner, typed.name, typed.text))
    except (Invalid, reply_templates.TooMany) as error:
        refusal = error if isinstance(error, Invalid) else request_data.refusal("name", TOO_MANY)
        return await answer_refusal(request, refusal, page=lambda: _page(request, fields.values, refusal, 422))
    return await _saved(request, reply, 201)


async def _change(request: Request) -> Response:
    reply, fields = await _load(request), await request_data.read(request)
    await _require_rights(request, reply.shared)
    try:
        name, text, _, position = _input(fields)
    except Invalid as error:
        refusal = error
        return await answer_refusal(request, refusal, page=lambda: _form(request, reply, fields.values, refusal, 422))
    changed = await stored(request, lambda db: reply_templates.change(db, reply.id, name, text, position or None))
    if changed is None:
        raise NotFound
    return await _saved(request, changed, 200)


def _input(fields: request_data.Fields) -> ReplyInput:
    position = fields.number("position") if "position" in fields.values else None
    name, text = fields.required_text("name", LONGEST_NAME), fields.required_text("text")
    return ReplyInput(name, text, fields.flag("shared"), position)


async def _load(request: Request) -> Reply:
    """Return the template in the address. Raises NotFound, also for another person's."""
    person, number = await current_user(request), request_data.path_id(request, "reply_id")
    staff = await _is_staff(request)
    reply = await services(request).database.run(lambda db: reply_templates.one(db, person.id, number, staff))
    if reply is None:
        raise NotFound
    return reply


async def _load_all(request: Request) -> list[Reply]:
    person, staff = await current_user(request), await _is_staff(request)
    return await services(request).database.run(lambda db: reply_templates.of_person(db, person.id, staff))


async def _is_staff(request: Request) -> bool:
    """Tell whether this person sees the shared templates."""
    person = await current_user(request)
    return person.is_admin or (await services(request).backend.vocabulary(await actor(request))).may_edit


async def _require_rights(request: Request, shared: bool) -> None:
    if shared and not (await current_user(request)).is_admin:
        raise NotAllowed(ADMINISTRATORS_ONLY)


async def _list_to_json(request: Request) -> Response:
    return json_response(request, {"replies": [reply._asdict() for reply in await _load_all(request)]})


async def _page(
    request: Request, typed: Mapping[str, Any], error: Invalid | None = None, status: int = 200
) -> Response:
    context = {
        "replies": await _load_all(request),
        "variables": VARIABLES,
        "typed": typed,
        "error": error,
        "reply": None,
    }
    return html(request, "replies/index.html", status, **context)


def _form(
    request: Request, reply: Reply, typed: Mapping[str, Any], error: Invalid | None = None, status: int = 200
) -> Response:
    context = {"reply": reply, "variables": VARIABLES, "typed": typed, "error": error}
    return html(request, "replies/edit.html", status, **context)


async def _saved(request: Request, reply: Reply, status: int) -> Response:
    return await answer(
        request,
        json=lambda: json_response(request, {"reply": reply._asdict()}, status),
        page=lambda: flash.redirect(request, f"{path_to(request, 'replies:index')}#reply-{reply.id}", SAVED),
    )
