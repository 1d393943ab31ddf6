"""Show a person's notifications, as a page and as JSON."""

from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, sentence
from helpdesk.notifications.kinds import TYPES
from helpdesk.store import notifications
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.web.core import path_params, request_data
from helpdesk.web.core.faces import wants_html
from helpdesk.web.core.responses import html, json_response, see_other
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import language, path_to
from helpdesk.web.notifications import schemas as notification_schemas
from helpdesk.web.notifications.render import Item, items

LIMIT = 50  # for a request that names neither a page nor a limit
PER_PAGE = 25
MOST = 100
NO_TYPE = sentence("There is no such type of notification.")


class Asked(NamedTuple):
    """Which notifications a request wants. No type means any."""

    unread_only: bool
    type: str | None
    limit: int
    offset: int

    @property
    def page(self) -> int:
        return self.offset // self.limit + 1

    def pages(self, total: int) -> int:
        return max(1, -(-total // self.limit))


class Result(NamedTuple):
    """The items of one page, and the counts of all pages."""

    items: list[Item]
    total: int
    unread: int


async def every(request: Request) -> Response:
    """Show this person's notifications, the newest first."""
    asked = _asked(request)
    found = await find(request, asked)
    pages = asked.pages(found.total)
    if not wants_html(request):
        shown = [notification_schemas.notification(it, language(request)) for it in found.items]
        pagination = {"page": asked.page, "per_page": asked.limit, "total": found.total, "pages": pages}
        return json_response(request, notification_schemas.listed(shown, pagination, found.unread))
    undo = request.query_params.get("undo", "")
    context: dict[str, Any] = {"asked": asked, "by_task": by_task_of(found), "pages": pages, "undo": undo}
    # The bell shows the count of the same moment as the list.
    return html(request, "notifications/every.html", **context, unread=found.unread)


async def one(request: Request) -> Response:
    """Redirect to the task of a notification, and mark all notifications about that task as read."""
    person, which, now = (
        await current_user(request),
        path_params.number(request, "notification_id"),
        services(request).clock(),
    )
    reads = _is_gone_to(request)

    def work(db: Session) -> int | None:
        row = notifications.one(db, person.id, which)
        if row and reads:
            notifications.mark_task(db, person.id, row.task_id, now)
        return row and row.task_id

    task_id = await services(request).database.run(work, writes=reads)
    if task_id is None:
        raise NotFound
    if reads:
        services(request).wakeups.wake([person.id])
    return see_other(path_to(request, "tasks:show", task_id=task_id))


def by_task_of(found: Result) -> dict[int, list[Item]]:
    """Group notifications by task, the task with the newest first."""
    by_task: dict[int, list[Item]] = {}
    for item in found.items:
        by_task.setdefault(item.row.task_id, []).append(item)
    return by_task


def _is_gone_to(request: Request) -> bool:
    """Return whether a person opens this address, from a page of ours or by typing it.

    That is not a HEAD request, a link on another site, a picture in a text, or a browser's prefetch. Programs send none
    of these headers.
    """
    of = request.headers
    return (
        request.method == "GET"
        and of.get("sec-fetch-site", "none") in ("none", "same-origin")
        and of.get("sec-fetch-dest", "document") in ("document", "empty")
        and "prefetch" not in of.get("sec-purpose", "")
    )


async def find(request: Request, asked: Asked) -> Result:
    """Return the notifications that a request wants."""
    person = await current_user(request)
    which: dict[str, Any] = {"unread_only": asked.unread_only, "type": asked.type}

    def work(db: Session) -> tuple[list[NotificationRow], int, int]:
        rows = notifications.page(db, person.id, **which, limit=asked.limit, offset=asked.offset)
        return rows, notifications.total(db, person.id, **which), notifications.unread(db, [person.id])[person.id]

    rows, total, unread = await services(request).database.run(work)
    return Result(await items(request, rows), total, unread)


def _asked(request: Request) -> Asked:
    """Read the query of the address. Raises Invalid."""
    given = request_data.Fields(request.query_params)
    type = request.query_params.get("type") or None
    if type is not None and type not in TYPES.values():
        raise request_data.refusal("type", NO_TYPE)
    paged = wants_html(request) or {"page", "per_page"} & set(request.query_params)
    name = "limit" if "limit" in request.query_params else "per_page"
    limit = min(_whole(request, name, PER_PAGE if paged else LIMIT, 1), MOST)
    offset = (_whole(request, "page", 1, 1) - 1) * limit if paged else _whole(request, "offset", 0, 0)
    return Asked(given.flag("unread_only"), type, limit, offset)


def _whole(request: Request, name: str, usual: int, least: int) -> int:
    text = request.query_params.get(name, "")
    number = request_data.whole(name, text) if text else usual
    if number < least:
        raise request_data.refusal(name, sentence("This must be %(least)s or more.", least=least))
    return number
