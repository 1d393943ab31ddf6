"""The event streams of pages and of programs: what one missed, then what comes (contract §6)."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotSignedIn
from helpdesk.notifications.channels.streams import Face, Onlooker, Stream
from helpdesk.people.model import SignedIn
from helpdesk.store import notifications
from helpdesk.store.notifications import Kept
from helpdesk.web import events, inputs, session
from helpdesk.web.event_stream import EventStream
from helpdesk.web.guards import actor
from helpdesk.web.live import Live
from helpdesk.web.rendering import language, services
from helpdesk.web.telling import told

MOST_REPLAYED = 500
"""Of what was missed the newest; the page of notifications has it all."""
MOST_ON_SCREEN = 200
EVERY_TASK = 0
"""Named by pages on which any task may appear."""


async def page(request: Request) -> Response:
    """Fragments for the pages of a browser."""
    return await _open(request, events.PAGE)


async def program(request: Request) -> Response:
    """JSON for programs."""
    return await _open(request, events.ONLOOKER if request.query_params.get("tasks") else events.PROGRAM)


async def _open(request: Request, kind: str) -> Response:
    found = await session.current(request)
    if found is None:
        raise NotSignedIn
    live: Live = request.app.state.live
    face, onlooker = Face(kind, language(request)), await _onlooker(request)
    missed, last = await _missed(request, found)
    replayed = [live.events.told(face, it, request.state.unread) for it in await told(request, missed)]
    begins = missed[0].id - 1 if missed else last
    first = [events.hello(begins), live.state(face), live.events.unread(face, request.state.unread), *replayed]

    def opened() -> Stream:
        return live.streams.open(found.person.id, found.mark, face, last, onlooker)

    return EventStream(live, opened, b"".join(first))


async def _onlooker(request: Request) -> Onlooker | None:
    """Of the tasks that `?tasks=1,2` names, or of every task that the person sees. Raises Invalid."""
    named = [it for it in request.query_params.get("tasks", "").split(",") if it]
    tasks = frozenset(inputs.whole("tasks", it) for it in named[:MOST_ON_SCREEN])
    return Onlooker(await actor(request), tasks, EVERY_TASK in tasks) if tasks else None


async def _missed(request: Request, found: SignedIn) -> tuple[list[Kept], int]:
    """The rows after the one that the browser had last, and the number to go on from. Raises Invalid.

    Who names none hears of what is to come.
    """
    person = found.person.id
    named = request.headers.get("last-event-id") or request.query_params.get("after") or ""
    after = inputs.whole("after", named) if named else None

    def work(db: Session) -> tuple[list[Kept], int]:
        if after is None:
            return [], notifications.newest(db, person)
        rows = notifications.after(db, {person: after})
        return rows[-MOST_REPLAYED:], max([after, *(row.id for row in rows)])

    return await services(request).database.run(work)
