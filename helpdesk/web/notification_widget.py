"""The widget: what is new beside whatever page one is on, as fragments for htmx and scripts."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.store import notifications as kept
from helpdesk.web import notification_preferences
from helpdesk.web.keeping import person_here
from helpdesk.web.notifications import Asked, by_task_of, find
from helpdesk.web.rendering import html, is_htmx, path_to, see_other, services
from helpdesk.web.telling import told

SHOWN = 20


async def widget(request: Request) -> Response:
    """The newest beside whatever page a person is on, for scripts; for anybody else the page of all."""
    if not is_htmx(request):
        return see_other(path_to(request, "notifications:every"))
    return await fragment(request)


async def fragment(request: Request, undo: str = "") -> Response:
    """The newest; `undo` is the moment in which all were just marked as read."""
    found, chosen = await find(request, Asked(False, None, SHOWN, 0)), await notification_preferences.choice_of(request)
    fresh = [row.kept.id for row in found.rows if not row.kept.read_at]
    shown: dict[str, Any] = {"found": found, "by_task": by_task_of(found), "undo": undo, "sounds": chosen.sounds}
    return html(request, "notifications/_widget.html", **shown, before=min(fresh, default=1) - 1)


async def item(request: Request, number: int) -> Response:
    """One notification of this person's by itself."""
    person = await person_here(request)
    row = await services(request).database.run(lambda db: kept.one(db, person.id, number))
    (shown,) = await told(request, [row] if row else [])
    return html(request, "notifications/_item.html", told=shown)
