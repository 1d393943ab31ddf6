"""Drafts: the text of a form is kept for its person until the form was sent.

A form carries its owner in `typed_by`: the signed id of the person for whom the page was made. So a text is neither
sent in the name of somebody else who signed in meanwhile in the same browser, nor put into that person's drafts; and
`handoff.py` knows the owner when the session has ended. A draft's place is its form: `task:7:comments`, `tasks:new`,
`request:7:show`, `call:7:note`, `post:7:edit`, `assessment:7:main`; a new task from a call has its own: `tasks:new:7`.
"""

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import wraps
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from helpdesk.errors import HelpdeskError, NotAllowed, NotFound, sentence
from helpdesk.people.model import Person
from helpdesk.store import drafts, idempotency, locks
from helpdesk.tasks.model import Actor, Entry, Task
from helpdesk.texts import is_blank
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import choose, json_response
from helpdesk.web.core.guards import Handler, actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user, sign, unsign

log = logging.getLogger(__name__)

PLACE = re.compile(
    r"(?P<room>task|request|call|post|assessment)(?::(?P<number>[1-9]\d{0,9})|s):(?P<form>[a-z_]+)(?::(?P<entry_id>[1-9]\d{0,9}))?",
    re.ASCII,
)
TASK, REQUEST, CALL, POST, ASSESSMENT = "task", "request", "call", "post", "assessment"
NUMBERS = {TASK: "task_id", REQUEST: "task_id", CALL: "call_id", POST: "post_id", ASSESSMENT: "task_id"}
"""The name of the number in the addresses of a room."""
BESIDE = {(TASK, "new"): "call"}
"""The field of a form without a number in its address whose number tells its drafts apart."""
OWNER = "typed by"
TEXTS = ("comment", "subject", "description", "word", "message", "title", "content", "remark")
"""The names of texts; a number may follow, as in `remark-7`."""
WITH_PAGES = {"edit", "entry", "mail"}
DRAFT_ID = drafts.DRAFT_ID
NOT_KEPT = {
    "idempotency_key",
    "lock_version",
    "typed_by",
    "password",
    "next",
    "view",
    "reply",
    "at",
    "carried",
    "quick",
}
CLOCKS_DIFFER = timedelta(minutes=10)  # between the backend and us, and for a slow line
MOST_CHARACTERS = request_data.LONGEST_TEXT + 2_000
ANOTHERS_PAGE = sentence(
    "This page was opened by somebody else who was signed in here. Nothing was saved. Please open it anew."
)


async def save(request: Request) -> Response:
    """Save the whole form as a script of the page sends it; an empty text deletes the draft."""
    person, fields = await person_typing(request), await request_data.read(request)
    is_kept = await keep(request, person.id, request.path_params["place"], fields.values)
    return json_response(request, {"kept": is_kept})


def keeps_draft(handler: Handler) -> Handler:
    """Keep the text of a browser's form as a draft when it is refused or fails; delete the draft when it succeeds."""

    async def keeping(request: Request) -> Response:
        await person_typing(request)
        succeeded = False
        try:
            response = await handler(request)
            succeeded = response.status_code < 400
            return response
        finally:
            try:
                await (_sent if succeeded else _failed)(request)
            except HelpdeskError:  # the form's own answer says more
                log.warning("a draft could not be changed", extra={"path": request.url.path}, exc_info=True)

    @belongs_to(handler.__name__)
    @wraps(handler)
    async def guarded(request: Request) -> Response:
        return await choose(request, json=handler, page=keeping)(request)

    return guarded


def belongs_to(form: str, room: str = TASK) -> Callable[[Handler], Handler]:
    """Mark a handler that gets the texts of a `form` in a room: so their place among drafts is known."""

    def mark(handler: Handler) -> Handler:
        handler.draft_form = (room, form)  # type: ignore[attr-defined]  # read by place_of and address_of
        return handler

    return mark


def place_of(request: Request, values: Mapping[str, Any]) -> str:
    """Return the place of this request's text among the drafts; empty for an address that keeps none."""
    room, form = getattr(request.scope.get("endpoint"), "draft_form", (TASK, None))
    if form is None:
        return ""
    number, entry = (request.path_params.get(name) for name in (NUMBERS[room], "entry_id"))
    if (room, form) in BESIDE:
        entry = request_data.an_id(str(values.get(BESIDE[room, form]) or "")) or None
    return (f"{room}:{number}:{form}" if number else f"{room}s:{form}") + (f":{entry}" if entry else "")


def parts(place: str) -> tuple[dict[str, int], str, str]:
    """Return the ids in a place, of a task or call and of a comment, its form, and its room. Raises NotFound."""
    match = PLACE.fullmatch(place)
    if not match:
        raise NotFound
    found = {NUMBERS[match["room"]]: match["number"], "entry_id": match["entry_id"]}
    ids = {name: int(number) for name, number in found.items() if number}
    if any(number > request_data.LARGEST_ID for number in ids.values()):
        raise NotFound
    return ids, match["form"], match["room"]


def address_of(request: Request, place: str) -> str:
    """Return the address that the form of `place` is sent to. Raises NotFound for a place that no form has."""
    ids, form, room = parts(place)
    if (room, form) in BESIDE and NUMBERS[room] not in ids:
        ids = {}
    if not any(_takes(route, room, form, ids) for route in request.app.routes):
        raise NotFound
    return path_to(request, f"{room}s:{form}", **ids)


async def person_typing(request: Request) -> Person:
    """Return the person who sends a form. Raises NotAllowed when the form belongs to somebody else."""
    person = await current_user(request)
    if owner_id(request, (await request_data.read(request)).values) not in (None, person.id):
        raise NotAllowed(ANOTHERS_PAGE)
    return person


async def form_owner(request: Request) -> str:
    """Return the value of a form's field `typed_by`: the signed id of the person for whom its page is made."""
    return sign(request, OWNER, str((await current_user(request)).id))


def owner_id(request: Request, values: Mapping[str, Any]) -> int | None:
    """Return the id of the form's owner; None without a signature of ours."""
    person_id = unsign(request, OWNER, values.get("typed_by", ""))
    return int(person_id) if person_id else None


async def keep(request: Request, person_id: int, place: str, values: Mapping[str, Any]) -> bool:
    """Make a text the draft of `place`; an empty text deletes the draft.

    Return False when the same form was sent with success meanwhile: on a slow line a draft may arrive after its form.
    An error page reads `request.state.draft_kept`.
    Raises Invalid for what can't be stored, NotFound for a place that no form has.
    """
    fields, now = draft_fields(values), services(request).clock()
    key = idempotency.Key(person_id, f"POST {address_of(request, place)}", str(values.get("idempotency_key", "")))

    def work(db: Session) -> bool:
        locks.person(db, person_id)  # its form is sent before this, or after it and then deletes the draft
        first = idempotency.read(db, key)
        if first and first.status > idempotency.UNKNOWN:
            return False
        if fields:
            drafts.save(db, person_id, place, fields, now)
        else:
            drafts.delete(db, person_id, place, _draft_id(values))
        return True

    written = await services(request).database.run(work, writes=True)
    request.state.draft_kept = written and bool(fields)
    return written


def draft_fields(values: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """Return the fields that make a draft; none without a text. Raises Invalid for a value that can't be stored."""
    typed = {name: value for name, value in values.items() if name not in NOT_KEPT and isinstance(value, str | list)}
    if all(is_blank(str(value)) for name, value in typed.items() if name.partition("-")[0] in TEXTS):
        return {}
    fields = {name: _clean(name, value) for name, value in typed.items()}
    request_data.clean("comment", "".join(f"{name}{value}" for name, value in fields.items()), MOST_CHARACTERS)
    return fields


async def of_task(request: Request, task: Task) -> dict[str, drafts.StoredDraft]:
    """Return the unsent drafts of the signed-in person for the forms of a task, by form."""
    query = query_of_task(request, await current_user(request), task)
    return unsent(task, await services(request).database.run(query), await actor(request))


def query_of_task(request: Request, person: Person, task: Task) -> Callable[[Session], list[drafts.StoredDraft]]:
    """Return the query for this person's drafts of the forms of a task."""
    now = services(request).clock()
    return lambda db: drafts.with_prefix(db, person.id, f"task:{task.id}:", now)


def unsent(task: Task, rows: Iterable[drafts.StoredDraft], who: Actor) -> dict[str, drafts.StoredDraft]:
    """Return drafts by form, without those whose text is in the history."""
    start = f"task:{task.id}:"
    return {draft.place.removeprefix(start): draft for draft in rows if not was_sent(draft, task.entries, who.id)}


def was_sent(draft: drafts.StoredDraft, entries: Iterable[Entry], person_id: int) -> bool:
    """Tell whether the history has the draft's comment as this person's, of about the time of the draft.

    Such a draft stays when the answer to its form was lost.
    """
    comment, since = draft.fields.get("comment", ""), draft.updated_at - CLOCKS_DIFFER
    text = comment.strip() if isinstance(comment, str) else ""
    own = (entry for entry in entries if entry.author and entry.author.id == person_id and entry.created_on >= since)
    return bool(text) and any(entry.notes.strip() == text for entry in own)


async def of_place(request: Request, place: str) -> drafts.StoredDraft | None:
    """Return the draft of the signed-in person for one place."""
    person, now = await current_user(request), services(request).clock()
    rows = await services(request).database.run(lambda db: drafts.with_prefix(db, person.id, place, now))
    return next((draft for draft in rows if draft.place == place), None)


async def _sent(request: Request) -> None:
    person, values = await person_typing(request), (await request_data.read(request)).values
    place, own = place_of(request, values), _draft_id(values)
    await services(request).database.run(lambda db: drafts.delete(db, person.id, place, own), writes=True)


async def _failed(request: Request) -> None:
    """Keep the text. Without a text the old draft stays, since a choice alone is quickly made again."""
    person, values = await person_typing(request), (await request_data.read(request)).values
    if draft_fields(values):
        await keep(request, person.id, place_of(request, values), values)


def _draft_id(values: Mapping[str, Any]) -> str:
    return str(values.get(DRAFT_ID, ""))


def _clean(name: str, value: str | list[Any]) -> str | list[str]:
    if isinstance(value, list):
        return [request_data.clean(name, str(each)) for each in value]
    return request_data.clean(name, value)


def _takes(route: BaseRoute, room: str, form: str, ids: Mapping[str, int]) -> bool:
    return (
        isinstance(route, Route)
        and route.name == f"{room}s:{form}"
        and getattr(route.endpoint, "draft_form", None) == (room, form)
        and route.param_convertors.keys() == ids.keys()
    )
