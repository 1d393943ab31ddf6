"""Notifications are marked as read, and that is taken back: by forms, by the widget and by programs."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, Sentence, sentence
from helpdesk.store import notifications
from helpdesk.web import inputs, notification_widget
from helpdesk.web.keeping import person_here
from helpdesk.web.notifications import number
from helpdesk.web.rendering import data, is_htmx, path_to, see_other, services, spoken, wants_html

READ = sentence("The notification was marked as read.")
ALL_READ = sentence("All notifications were marked as read.")
UNREAD_AGAIN = sentence("They are unread again.")

T = TypeVar("T")


async def read(request: Request) -> Response:
    """Mark one as read; to do what is done already is no error. Raises NotFound, also for another person's."""
    which, now = number(request), services(request).clock()
    is_there, unread = await _write(request, lambda db, person: notifications.mark_read(db, person, which, now))
    if not is_there:
        raise NotFound
    return await notification_widget.item(request, which) if _by_widget(request) else _done(request, READ, unread)


async def read_all(request: Request) -> Response:
    """Mark all as read; the page that follows offers the way back."""
    now = services(request).clock()
    _, unread = await _write(request, lambda db, person: notifications.mark_all(db, person, now))
    way_back = f"{now.timestamp():.6f}"
    if _by_widget(request):
        return await notification_widget.fragment(request, way_back)
    return _done(request, ALL_READ, unread, f"?undo={way_back}")


async def undo(request: Request) -> Response:
    """Take back `read_all`: what was read at exactly that moment is unread again."""
    at = _moment(await inputs.read(request))
    _, unread = await _write(request, lambda db, person: notifications.unmark(db, person, at))
    return await notification_widget.fragment(request) if _by_widget(request) else _done(request, UNREAD_AGAIN, unread)


def _by_widget(request: Request) -> bool:
    """Whether a fragment is wanted: at the addresses for programs never, whoever asks."""
    return is_htmx(request) and wants_html(request)


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


def _moment(fields: inputs.Fields) -> datetime:
    """When all were marked, as the page was told. Raises Invalid."""
    try:
        return datetime.fromtimestamp(float(fields.required_text("at", 30)), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise inputs.refusal("at", sentence("This must be a time.")) from error
