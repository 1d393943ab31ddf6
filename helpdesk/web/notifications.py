"""What happened that concerns one: as a page, and as JSON for programs."""

from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, sentence
from helpdesk.notifications.rules import TYPES
from helpdesk.store import notifications
from helpdesk.web import inputs, task_page
from helpdesk.web.api import notification_shape
from helpdesk.web.keeping import person_here
from helpdesk.web.rendering import data, html, language, see_other, services, wants_html
from helpdesk.web.telling import Told, told

LIMIT = 50  # of who names neither a page nor a limit
PER_PAGE = 25
MOST = 100
NO_TYPE = sentence("There is no such type of notification.")


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
    found = await find(request, asked)
    pages = asked.pages(found.total)
    if not wants_html(request):
        items = [notification_shape.notification(it, language(request)) for it in found.rows]
        pagination = {"page": asked.page, "per_page": asked.limit, "total": found.total, "pages": pages}
        return data(request, notification_shape.listed(items, pagination, found.unread))
    undo = request.query_params.get("undo", "")
    told: dict[str, Any] = {"asked": asked, "found": found, "by_task": by_task_of(found), "pages": pages, "undo": undo}
    return html(request, "notifications/every.html", **told)


async def one(request: Request) -> Response:
    """Go to the task that a notification tells of; who goes there has read all that is told of it."""
    person, which, now = await person_here(request), number(request), services(request).clock()
    reads = _is_gone_to(request)

    def work(db: Session) -> int | None:
        kept = notifications.one(db, person.id, which)
        if kept and reads:
            notifications.mark_task(db, person.id, kept.task_id, now)
        return kept and kept.task_id

    task_id = await services(request).database.run(work, writes=reads)
    if task_id is None:
        raise NotFound
    if reads:
        services(request).bell.ring([person.id])
    return see_other(task_page.address(request, task_id))


def by_task_of(found: Found) -> dict[int, list[Told]]:
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


async def find(request: Request, asked: Asked) -> Found:
    person = await person_here(request)
    which: dict[str, Any] = {"unread_only": asked.unread_only, "type": asked.type}

    def work(db: Session) -> tuple[list[notifications.Kept], int, int]:
        rows = notifications.page(db, person.id, **which, limit=asked.limit, offset=asked.offset)
        return rows, notifications.total(db, person.id, **which), notifications.unread(db, [person.id])[person.id]

    rows, total, unread = await services(request).database.run(work)
    return Found(await told(request, rows), total, unread)


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


def number(request: Request) -> int:
    """The notification in the address. Raises NotFound for what can't be one."""
    number: int = request.path_params["notification_id"]
    if number > inputs.LARGEST_ID:
        raise NotFound
    return number
