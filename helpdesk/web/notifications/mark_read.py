"""Mark notifications as read and undo that, for forms, the widget and programs."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, Sentence, sentence
from helpdesk.store import notifications
from helpdesk.web.core import path_params, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import is_htmx, wants_html
from helpdesk.web.core.responses import json_response, see_other
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import path_to, translate
from helpdesk.web.notifications import widget

READ = sentence("The notification was marked as read.")
ALL_READ = sentence("All notifications were marked as read.")
UNREAD_AGAIN = sentence("They are unread again.")

T = TypeVar("T")


async def read(request: Request) -> Response:
    """Mark one as read; one that is read already is no error. Raises NotFound, also for another person's."""
    which, now = path_params.number(request, "notification_id"), services(request).clock()

    def mark(db: Session, person: int) -> None:
        if not notifications.mark_read(db, person, which, now):
            raise NotFound

    _, unread = await _write(request, mark)
    return await widget.item(request, which, unread) if _by_widget(request) else _done(request, READ, unread)


async def read_all(request: Request) -> Response:
    """Mark all as read; the page that follows offers to undo it."""
    now = services(request).clock()
    _, unread = await _write(request, lambda db, person: notifications.mark_all(db, person, now))
    undo_at = f"{now.timestamp():.6f}"
    if _by_widget(request):
        return await widget.fragment(request, undo_at)
    return _done(request, ALL_READ, unread, f"?undo={undo_at}")


async def undo(request: Request) -> Response:
    """Undo `read_all`: mark as unread what was read at exactly that moment."""
    at = _moment(await request_data.read(request))
    _, unread = await _write(request, lambda db, person: notifications.unmark(db, person, at))
    return await widget.fragment(request) if _by_widget(request) else _done(request, UNREAD_AGAIN, unread)


def _by_widget(request: Request) -> bool:
    """Return whether a fragment is wanted, which is never so at the addresses for programs."""
    return is_htmx(request) and wants_html(request)


async def _write(request: Request, work: Callable[[Session, int], T]) -> tuple[T, int]:
    """Run `work` for the current user, update the user's other pages, and return its result and the unread count."""
    person = await current_user(request)

    def both(db: Session) -> tuple[T, int]:
        return work(db, person.id), notifications.unread(db, [person.id])[person.id]

    written = await stored(request, both)
    services(request).wakeups.wake([person.id])
    return written


def _done(request: Request, says: Sentence, unread: int, query: str = "") -> Response:
    if wants_html(request):
        return see_other(path_to(request, "notifications:every") + query)
    return json_response(request, {"message": translate(request, says), "unread_count": unread})


def _moment(fields: request_data.Fields) -> datetime:
    """Read the moment at which all were marked as read. Raises Invalid."""
    try:
        return datetime.fromtimestamp(float(fields.required_text("at", 30)), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise request_data.refusal("at", sentence("This must be a time.")) from error
