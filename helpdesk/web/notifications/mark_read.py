"""Mark notifications as read and undo that, for forms, the widget and programs."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, OutcomeUnknown, Sentence, StoreUnavailable, sentence
from helpdesk.store import announcements, notifications
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import Respond, answer, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.notifications import views

MARKED_READ = sentence("The notification was marked as read.")
ALL_READ = sentence("All notifications were marked as read.")
UNREAD_AGAIN = sentence("They are unread again.")


async def read(request: Request) -> Response:
    """Mark one as read; one that is read already is no error. Raises NotFound, also for another person's."""
    number, now = request_data.path_id(request, "notification_id"), services(request).clock()

    def mark(db: Session, person_id: int) -> None:
        if not notifications.mark_read(db, person_id, number, now):
            raise NotFound

    unread = await _write(request, mark)
    return await _answer(request, MARKED_READ, unread, lambda: views.item_fragment(request, number, unread))


async def read_of_task(request: Request, task_id: int) -> None:
    """Mark the notifications about a task as read when a person opens its page, from wherever."""
    if not request.state.unread or not views.is_opened_by_person(request):
        return
    await _read_of_page(request, lambda db, person_id, now: notifications.mark_task(db, person_id, task_id, now))


async def read_of_post(request: Request, post_id: int) -> None:
    """Mark the notification of an announcement as read when a person opens its page, from wherever."""
    if not request.state.unread or not views.is_opened_by_person(request):
        return
    event = announcements.event_of(post_id)
    await _read_of_page(request, lambda db, person_id, now: notifications.mark_event(db, person_id, event, now))


async def _read_of_page(request: Request, mark: Callable[[Session, int, datetime], int]) -> None:
    now, person = services(request).clock(), await current_user(request)

    def work(db: Session) -> int:
        return mark(db, person.id, now)

    with suppress(StoreUnavailable, OutcomeUnknown):  # the page is shown all the same
        if read := await services(request).database.run(work, writes=True):
            request.state.unread -= read
            services(request).wakeups.wake([person.id])


async def read_all(request: Request) -> Response:
    """Mark all as read; the page that follows offers to undo it."""
    now = services(request).clock()
    unread = await _write(request, lambda db, person_id: notifications.mark_all(db, person_id, now))
    undo_at = f"{now.timestamp():.6f}"
    query_string = f"?undo={undo_at}"
    return await _answer(request, ALL_READ, unread, lambda: views.widget_fragment(request, undo_at), query_string)


async def undo(request: Request) -> Response:
    """Undo `read_all`: mark as unread what was read at exactly that moment."""
    at = _moment(await request_data.read(request))
    unread = await _write(request, lambda db, person_id: notifications.unmark(db, person_id, at))
    return await _answer(request, UNREAD_AGAIN, unread, lambda: views.widget_fragment(request))


async def _write(request: Request, work: Callable[[Session, int], object]) -> int:
    """Run `work` for the current user, update the user's other pages, and return the unread count."""
    person = await current_user(request)

    def work_and_count(db: Session) -> int:
        work(db, person.id)
        return notifications.unread(db, [person.id])[person.id]

    unread = await stored(request, work_and_count)
    services(request).wakeups.wake([person.id])
    return unread


async def _answer(request: Request, message: Sentence, unread: int, fragment: Respond, query: str = "") -> Response:
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, message), "unread_count": unread}),
        page=lambda: flash.redirect(request, path_to(request, "notifications:index") + query, message),
        fragment=fragment,
    )


def _moment(fields: request_data.Fields) -> datetime:
    """Read the moment at which all were marked as read. Raises Invalid."""
    try:
        return datetime.fromtimestamp(float(fields.required_text("at", 30)), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise request_data.refusal("at", sentence("This must be a time.")) from error
