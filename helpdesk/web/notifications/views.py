"""Show a person's notifications: as a page, as JSON, and the newest in the widget that opens beside any page."""

from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, Unavailable, sentence
from helpdesk.notifications.kinds import READERS, TYPES
from helpdesk.notifications.links import ROOMS, path_of
from helpdesk.store import notifications
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.web.core import request_data, session
from helpdesk.web.core.faces import answer, choose, fragment_or_page, html, is_prefetch, json_response, see_other
from helpdesk.web.core.navigation import current_url
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import language
from helpdesk.web.notifications import preferences as notification_preferences
from helpdesk.web.notifications.render import Item, items, to_dict

LIMIT = 50  # for a request that names neither a page nor a limit
PER_PAGE = 25
MOST_IN_ANSWER = 100
IN_WIDGET = 20
NO_TYPE = sentence("There is no such type of notification.")


class NotificationQuery(NamedTuple):
    """The notifications that a request asks for. No type means any."""

    unread_only: bool
    type: str | None
    limit: int
    offset: int

    @property
    def page(self) -> int:
        return self.offset // self.limit + 1


class NotificationPage(NamedTuple):
    """The items of one page, and the counts of all pages."""

    query: NotificationQuery
    items: list[Item]
    total: int
    unread: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.query.limit))

    @property
    def groups(self) -> list[list[Item]]:
        """Group the items by what they are about, the group with the newest first."""
        groups: dict[tuple[str, int], list[Item]] = {}
        for item in self.items:
            groups.setdefault(item.group, []).append(item)
        return list(groups.values())


async def index(request: Request) -> Response:
    """Show this person's notifications, the newest first."""
    page = await find(request, _query(request))
    undo = request.query_params.get("undo", "")
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(page, language(request))),
        # The bell shows the count of the same moment as the list.
        page=lambda: html(request, "notifications/index.html", page=page, undo=undo, unread=page.unread),
    )


async def show(request: Request) -> Response:
    """Redirect to the task of a notification, to the request that the person sees of it, to the announcement, the host
    or the systems. All notifications about the same task are marked as read; of anything else only this one."""
    person, now = await current_user(request), services(request).clock()
    number, reads = request_data.path_id(request, "notification_id"), is_opened_by_person(request)

    def work(db: Session) -> NotificationRow | None:
        row = notifications.one(db, person.id, number)
        if row and reads and row.task_id:
            notifications.mark_task(db, person.id, row.task_id, now)
        elif row and reads:
            notifications.mark_read(db, person.id, number, now)
        return row

    row = await services(request).database.run(work, writes=reads)
    if row is None:
        raise NotFound
    if reads:
        services(request).wakeups.wake([person.id])
    return see_other(await _page_of(request, row))


async def _page_of(request: Request, row: NotificationRow) -> str:
    if row.task_id:
        return path_to(request, await _route(request, row.task_id), task_id=row.task_id)
    return path_of(row) if READERS.get(row.kind) in ROOMS else path_to(request, "admin:systems")


async def _route(request: Request, task_id: int) -> str:
    """Return the route of the page by which the person sees a task; the task's own, where that can't be known now."""
    signed_in, visible = await session.required(request), services(request).visible_tasks
    try:
        as_task = await visible.as_tasks(signed_in, [task_id])
        is_request = not as_task and await visible.as_requests(signed_in, [task_id])
    except Unavailable:
        return "tasks:show" if visible.actor(signed_in) else "requests:show"
    return "requests:show" if is_request else "tasks:show"


async def widget(request: Request) -> Response:
    """Show the widget; without htmx redirect to the page of all notifications."""
    return await fragment_or_page(request, lambda: widget_fragment(request), path_to(request, "notifications:index"))


async def widget_fragment(request: Request, undo: str = "") -> Response:
    """Render the widget, and nothing for people who switched it off. `undo` is the moment at which all were just marked
    as read."""
    chosen = await notification_preferences.chosen_by_person(request)
    if not chosen.in_widget and not undo:
        return Response(status_code=204)
    page = await find(request, NotificationQuery(False, None, IN_WIDGET, 0))
    before = min((item.row.id for item in page.items if not item.row.read_at), default=1) - 1
    context: dict[str, Any] = {"page": page, "unread": page.unread, "undo": undo, "before": before}
    return html(request, "notifications/_widget.html", sounds=chosen.sounds, **context)


async def item_fragment(request: Request, number: int, unread: int) -> Response:
    """Render a notification that was just marked as read, and how many are left."""
    person = await current_user(request)
    row = await services(request).database.run(lambda db: notifications.one(db, person.id, number))
    (item,) = await items(request, [row] if row else [])
    on_page = urlsplit(current_url(request)).path == path_to(request, "notifications:index")
    return html(request, "notifications/_marked_read.html", item=item, unread=unread, on_page=on_page, undo="")


def is_opened_by_person(request: Request) -> bool:
    """Return whether a person opens this address, from a page of ours or by typing it.

    That is not a HEAD request, a link on another site, a picture in a text, or a browser's prefetch. Programs send none
    of these headers.
    """
    headers = request.headers
    return (
        request.method == "GET"
        and headers.get("sec-fetch-site", "none") in ("none", "same-origin")
        and headers.get("sec-fetch-dest", "document") in ("document", "empty")
        and not is_prefetch(request)
    )


async def find(request: Request, query: NotificationQuery) -> NotificationPage:
    """Return the notifications that a query asks for."""
    person = await current_user(request)
    filters: dict[str, Any] = {"unread_only": query.unread_only, "type": query.type}

    def work(db: Session) -> tuple[list[NotificationRow], int, int]:
        rows = notifications.page(db, person.id, **filters, limit=query.limit, offset=query.offset)
        return rows, notifications.total(db, person.id, **filters), notifications.unread(db, [person.id])[person.id]

    rows, total, unread = await services(request).database.run(work)
    return NotificationPage(query, await items(request, rows), total, unread)


def _to_dict(page: NotificationPage, language: str) -> dict[str, Any]:
    """Return a page with all the names by which programs find the list and the counts."""
    query, listed = page.query, [to_dict(item, language) for item in page.items]
    pagination = {"page": query.page, "per_page": query.limit, "total": page.total, "pages": page.pages}
    counts = {"total_count": page.total, "unread_count": page.unread}
    return {"notifications": listed, "pagination": pagination, "data": {"notifications": listed, **counts}, **counts}


def _query(request: Request) -> NotificationQuery:
    """Read the query of the address. Raises Invalid."""
    params = request.query_params
    type = params.get("type") or None
    if type is not None and type not in TYPES.values():
        raise request_data.refusal("type", NO_TYPE)
    paged = choose(request, page=True, json=bool({"page", "per_page"} & set(params)))
    number = request_data.query_number
    limit = request_data.page_size(params, PER_PAGE if paged else LIMIT, MOST_IN_ANSWER)
    offset = (number(params, "page", 1) - 1) * limit if paged else number(params, "offset", 0, least=0)
    return NotificationQuery(request_data.Fields(params).flag("unread_only"), type, limit, offset)
