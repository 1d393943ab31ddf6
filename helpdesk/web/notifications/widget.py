"""Show the newest notifications in the widget, which opens beside any page."""

from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.store import notifications
from helpdesk.web.core.faces import is_htmx
from helpdesk.web.core.responses import html, see_other
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import current_url, path_to
from helpdesk.web.notifications import preferences as notification_preferences
from helpdesk.web.notifications.render import items
from helpdesk.web.notifications.views import Asked, by_task_of, find

SHOWN = 20


async def widget(request: Request) -> Response:
    """Show the widget; without htmx redirect to the page of all notifications."""
    if not is_htmx(request):
        return see_other(path_to(request, "notifications:every"))
    return await fragment(request)


async def fragment(request: Request, undo: str = "") -> Response:
    """Render the widget. `undo` is the moment at which all were just marked as read."""
    found, chosen = await find(request, Asked(False, None, SHOWN, 0)), await notification_preferences.choice_of(request)
    unread_ids = [item.row.id for item in found.items if not item.row.read_at]
    shown: dict[str, Any] = {
        "unread": found.unread,
        "by_task": by_task_of(found),
        "undo": undo,
        "sounds": chosen.sounds,
    }
    return html(request, "notifications/_widget.html", **shown, before=min(unread_ids, default=1) - 1)


async def item(request: Request, number: int, unread: int) -> Response:
    """Render a notification that was just marked as read, and how many are left."""
    person, every = await current_user(request), path_to(request, "notifications:every")
    row = await services(request).database.run(lambda db: notifications.one(db, person.id, number))
    (shown,) = await items(request, [row] if row else [])
    on_page = urlsplit(current_url(request)).path == every
    return html(request, "notifications/_read.html", item=shown, unread=unread, on_page=on_page, undo="")
