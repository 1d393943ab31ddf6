"""Announcements that ask for attention on the start page, and the button that puts one away as read."""

from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import sentence
from helpdesk.store import announcements, notifications, post_reads, posts
from helpdesk.store.post_readers import reader_of
from helpdesk.store.posts import PostRow
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import answer, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate

SHOWN = 3
READ = sentence("The announcement is read. You find it among the announcements.")


class News(NamedTuple):
    """The first announcements that ask for attention, and how many more there are."""

    posts: list[PostRow]
    more: int


async def of_person(request: Request) -> News:
    """Return what asks for the attention of the signed-in person."""
    person, now = await current_user(request), services(request).clock()
    rows, total = await services(request).database.run(
        lambda db: posts.news(db, reader_of(person), person.id, now, SHOWN)
    )
    return News(rows, total - len(rows))


async def read(request: Request) -> Response:
    """Note that the person has read an announcement, and with it the notification of it. Raises NotFound."""
    person, now = await current_user(request), services(request).clock()
    post_id = request_data.path_id(request, "post_id")

    def work(db: Session) -> None:
        posts.one(db, reader_of(person), post_id, now)
        post_reads.note_read(db, post_id, person.id, now)
        notifications.mark_event(db, person.id, announcements.event_of(post_id), now)

    await stored(request, work)
    services(request).wakeups.wake([person.id])
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, READ)}),
        page=lambda: flash.redirect(request, path_to(request, "home"), READ),
    )
