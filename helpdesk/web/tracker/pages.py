"""What all pages of the set-up share: when they are there, their navigation, and how they answer a write."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextvars import copy_context
from functools import partial, wraps
from typing import Any, TypeVar

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, HelpdeskError, Invalid, NotFound, Sentence, sentence
from helpdesk.store import locks
from helpdesk.store.tracker import edits
from helpdesk.threads import Threads
from helpdesk.web.admin.sections import Section, section_page
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, json_response
from helpdesk.web.core.guards import Handler
from helpdesk.web.core.request_data import Fields
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user

T = TypeVar("T")
Work = Callable[[Session], T]
Prepare = Callable[[Fields, int], Work[T]]
"""Makes the work of a write from the body and the id of who sends it. It may raise Invalid."""

PARTS = (
    Section("tracker:index", sentence("Projects")),
    Section("tracker:roles", sentence("Roles")),
    Section("tracker:workflow", sentence("Workflow")),
    Section("tracker:statuses", sentence("Statuses")),
    Section("tracker:priorities", sentence("Priorities")),
    Section("tracker:types", sentence("Types")),
    Section("tracker:fields", sentence("Custom fields")),
    Section("tracker:setup", sentence("First steps")),
)
SAVED = sentence("It was saved.")
DELETED = sentence("It was deleted.")
MOST_CHOICES = 1_000
THREADS = Threads(2)

Fact = tuple[Sentence, str | Sentence]
"""What is stored in a field: its label, and its value in words."""


def embedded(handler: Handler) -> Handler:
    """Answer only where the helpdesk stores the tasks itself. Raises NotFound where Redmine does."""

    @wraps(handler)
    async def here(request: Request) -> Response:
        if services(request).settings.redmine_url is not None:
            raise NotFound
        return await handler(request)

    return here


async def page(
    request: Request, template: str, error: HelpdeskError | None = None, theirs: Iterable[Fact] = (), **context: Any
) -> Response:
    """Render a page of the set-up in a thread: hundreds of projects or moves would hold up others on the event loop.

    After a conflict `theirs` are the stored values that differ from the typed ones.
    """
    shown = list(theirs) if isinstance(error, Conflict) else []
    status = status_of(error) if error else 200
    context |= {"parts": PARTS, "current": _current(request), "error": error, "theirs": shown}
    render = partial(section_page, request, template, status, **context)
    return await THREADS.run(copy_context().run, render)


def _current(request: Request) -> str:
    """Return the route of the part that the page belongs to: a single project belongs to the projects."""
    addresses = {path_to(request, it.route): it.route for it in PARTS}
    return addresses[max((it for it in addresses if request.url.path.startswith(it)), key=len)]


async def load(request: Request, work: Work[T]) -> T:
    """Read the store."""
    return await services(request).database.run(work)


async def write(
    request: Request,
    prepare: Prepare[T],
    *,
    refused: Callable[[Mapping[str, Any], HelpdeskError], Response | Awaitable[Response]],
    json: Callable[[T], Json],
    path: Callable[[T], str],
    message: Sentence = SAVED,
    status: int = 200,
) -> Response:
    """Do a write, and lead to the page at `path`; a refusal shows the form again with what was typed."""
    fields, person = await request_data.read(request), await current_user(request)
    try:
        result = await stored(request, prepare(fields, person.id))
    except (Invalid, Conflict) as error:
        refusal = error
        return await answer_refusal(request, refusal, page=lambda: refused(fields.values, refusal))
    services(request).color_cache.forget()
    return await answer(
        request,
        json=lambda: json_response(request, json(result), status),
        page=lambda: flash.redirect(request, path(result), message),
    )


def changing(
    number: int,
    one: Callable[[Session, int], Any],
    read: Callable[[Fields, int], T],
    change: Callable[[Session, T, str | None, int], T],
) -> Prepare[T]:
    """Return how to make the work that changes the row with this number as a body says.

    The body is read over the stored row, so that programs may send only what they change. Every writer takes this lock
    before it reads anything.
    """

    def prepare(fields: Fields, actor: int) -> Work[T]:
        mark = fields.version()

        def work(db: Session) -> T:
            locks.everybody(db)
            return change(db, read(fields.over(one(db, number)._asdict()), number), mark, actor)

        return work

    return prepare


def to_dict(row: Any) -> Json:
    """Return a row for programs, with the mark that they send back to change it."""
    return {**row._asdict(), "lock_version": mark_of(row)}


def mark_of(row: Any) -> str:
    return edits.mark_of(row._asdict())


def many(values: Mapping[str, Any], name: str) -> list[str]:
    """Return the values of a name as texts, to show a refused form again."""
    value = values.get(name)
    listed = value if isinstance(value, list) else [] if value is None else [value]
    return [str(it) for it in listed]


def ids(fields: Fields, name: str) -> list[int]:
    """Return the ids of a name. Raises Invalid."""
    return [request_data.whole(name, it) for it in fields.all_values(name, MOST_CHOICES)]


def place_of(fields: Fields) -> int | None:
    """Return the place in a list that was asked for; None when none was. Raises Invalid."""
    return fields.number("position") if "position" in fields.values else None


def number(fields: Fields, name: str) -> int | None:
    """Return an id that may be absent. Raises Invalid."""
    return fields.number(name) if name in fields.values else None


def differing(facts: Sequence[tuple[Fact, bool]]) -> list[Fact]:
    """Return the facts whose flag says that something else was typed."""
    return [fact for fact, differs in facts if differs]
