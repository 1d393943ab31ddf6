"""What happened that concerns one: as a page, and as JSON for programs."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, Sentence, sentence
from helpdesk.notifications.rules import TYPES
from helpdesk.store import notifications
from helpdesk.web import inputs, task_page
from helpdesk.web.api import notification_shape
from helpdesk.web.keeping import person_here
from helpdesk.web.rendering import data, html, is_htmx, language, path_to, see_other, services, spoken, wants_html
from helpdesk.web.telling import Told, told

LIMIT = 50  # of who names neither a page nor a limit
PER_PAGE = 25
IN_WIDGET = 20
SOUNDS = ("chime", "bell")
MOST = 100
READ = sentence("The notification was marked as read.")
ALL_READ = sentence("All notifications were marked as read.")
UNREAD_AGAIN = sentence("They are unread again.")
NO_TYPE = sentence("There is no such type of notification.")

T = TypeVar("T")


class Asked(NamedTuple):
    """Which notifications, and how many of them after how many others; no type means any."""

    unread_only: bool
    type: str | None
    limit: int
    offset: int

    @property
    def page(self) -> int:
        return self.offset // self.limit + 1

    def pages(self, total: int) -> int:
        return max(1, -(-total // self.limit))


class Found(NamedTuple):
    rows: list[Told]
    total: int
    unread: int


async def every(request: Request) -> Response:
    """This person's notifications, the newest first."""
    asked = _asked(request)
    found = await _find(request, asked)
    pages = asked.pages(found.total)
    if not wants_html(request):
        items = [notification_shape.notification(it, language(request)) for it in found.rows]
        pagination = {"page": asked.page, "per_page": asked.limit, "total": found.total, "pages": pages}
        return data(request, notification_shape.listed(items, pagination, found.unread))
    undo = request.query_params.get("undo", "")
    told: dict[str, Any] = {"asked": asked, "found": found, "by_task": _by_task(found), "pages": pages, "undo": undo}
    return html(request, "notifications/every.html", **told)


async def widget(request: Request) -> Response:
    """The newest beside whatever page a person is on, for scripts; for anybody else the page of all."""
    if not is_htmx(request):
        return see_other(path_to(request, "notifications:every"))
    return await _widget(request)


async def one(request: Request) -> Response:
    """Go to the task that a notification tells of; who goes there has read all that is told of it."""
    person, number, now = await person_here(request), _number(request), services(request).clock()
    reads = _is_gone_to(request)

    def work(db: Session) -> int | None:
        kept = notifications.one(db, person.id, number)
        if kept and reads:
            notifications.mark_task(db, person.id, kept.task_id, now)
        return kept and kept.task_id

    task_id = await services(request).database.run(work, writes=reads)
    if task_id is None:
        raise NotFound
    if reads:
        services(request).bell.ring([person.id])
    return see_other(task_page.address(request, task_id))


async def read(request: Request) -> Response:
    """Mark one as read; to do what is done already is no error. Raises NotFound, also for another person's."""
    number, now = _number(request), services(request).clock()
    is_there, unread = await _write(request, lambda db, person: notifications.mark_read(db, person, number, now))
    if not is_there:
        raise NotFound
    return await _item(request, number) if is_htmx(request) else _done(request, READ, unread)


async def read_all(request: Request) -> Response:
    """Mark all as read; the page that follows offers the way back."""
    now = services(request).clock()
    _, unread = await _write(request, lambda db, person: notifications.mark_all(db, person, now))
    way_back = f"{now.timestamp():.6f}"
    return (
        await _widget(request, way_back) if is_htmx(request) else _done(request, ALL_READ, unread, f"?undo={way_back}")
    )


async def undo(request: Request) -> Response:
    """Take back `read_all`: what was read at exactly that moment is unread again."""
    at = _moment(await inputs.read(request))
    _, unread = await _write(request, lambda db, person: notifications.unmark(db, person, at))
    return await _widget(request) if is_htmx(request) else _done(request, UNREAD_AGAIN, unread)


async def _item(request: Request, number: int) -> Response:
    person = await person_here(request)
    kept = await services(request).database.run(lambda db: notifications.one(db, person.id, number))
    rows = await told(request, [kept] if kept else [])
    return html(request, "notifications/_item.html", told=rows[0])


async def _widget(request: Request, undo: str = "") -> Response:
    found = await _find(request, Asked(False, None, IN_WIDGET, 0))
    fresh = [row.kept.id for row in found.rows if not row.kept.read_at]
    told: dict[str, Any] = {"found": found, "by_task": _by_task(found), "undo": undo, "sounds": SOUNDS}
    return html(request, "notifications/_widget.html", **told, before=min(fresh, default=1) - 1)


def _by_task(found: Found) -> dict[int, list[Told]]:
    """Grouped by task, those with the newest first."""
    by_task: dict[int, list[Told]] = {}
    for row in found.rows:
        by_task.setdefault(row.kept.task_id, []).append(row)
    return by_task


def _is_gone_to(request: Request) -> bool:
    """Whether a person opens this address, from a page of ours or by typing it.

    Not who merely asks where it leads, not what another site's page leads to or a picture in a text makes the browser
    fetch, and not a browser that fetches beforehand what may be opened. Programs send none of these headers.
    """
    of = request.headers
    return (
        request.method == "GET"
        and of.get("sec-fetch-site", "none") in ("none", "same-origin")
        and of.get("sec-fetch-dest", "document") in ("document", "empty")
        and "prefetch" not in of.get("sec-purpose", "")
    )


async def _find(request: Request, asked: Asked) -> Found:
    person = await person_here(request)
    which: dict[str, Any] = {"unread_only": asked.unread_only, "type": asked.type}

    def work(db: Session) -> tuple[list[notifications.Kept], int, int]:
        rows = notifications.page(db, person.id, **which, limit=asked.limit, offset=asked.offset)
        return rows, notifications.total(db, person.id, **which), notifications.unread(db, [person.id])[person.id]

    rows, total, unread = await services(request).database.run(work)
    return Found(await told(request, rows), total, unread)


async def _write(request: Request, work: Callable[[Session, int], T]) -> tuple[T, int]:
    """What `work` says for the person who is here, and what is unread after it; the person's other pages hear of it."""
    person = await person_here(request)

    def both(db: Session) -> tuple[T, int]:
        return work(db, person.id), notifications.unread(db, [person.id])[person.id]

    written = await services(request).database.run(both, writes=True)
    services(request).bell.ring([person.id])
    return written


def _done(request: Request, says: Sentence, unread: int, query: str = "") -> Response:
    if wants_html(request):
        return see_other(path_to(request, "notifications:every") + query)
    return data(request, {"message": spoken(request, says), "unread_count": unread})


def _asked(request: Request) -> Asked:
    """From the address. Raises Invalid."""
    given = inputs.Fields(request.query_params)
    type = request.query_params.get("type") or None
    if type is not None and type not in TYPES.values():
        raise inputs.refusal("type", NO_TYPE)
    paged = wants_html(request) or {"page", "per_page"} & set(request.query_params)
    name = "limit" if "limit" in request.query_params else "per_page"
    limit = min(_whole(request, name, PER_PAGE if paged else LIMIT, 1), MOST)
    offset = (_whole(request, "page", 1, 1) - 1) * limit if paged else _whole(request, "offset", 0, 0)
    return Asked(given.flag("unread_only"), type, limit, offset)


def _whole(request: Request, name: str, usual: int, least: int) -> int:
    text = request.query_params.get(name, "")
    number = inputs.whole(name, text) if text else usual
    if number < least:
        raise inputs.refusal(name, sentence("This must be %(least)s or more.", least=least))
    return number


def _number(request: Request) -> int:
    """The notification in the address. Raises NotFound for what can't be one."""
    number: int = request.path_params["notification_id"]
    if number > inputs.LARGEST_ID:
        raise NotFound
    return number


def _moment(fields: inputs.Fields) -> datetime:
    """When all were marked, as the page was told. Raises Invalid."""
    try:
        return datetime.fromtimestamp(float(fields.required_text("at", 30)), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise inputs.refusal("at", sentence("This must be a time.")) from error
