"""Open the event streams of pages and programs: first the missed events, then the new ones (contract §6)."""

import asyncio

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.netmonitor.access import may_see
from helpdesk.notifications.channels.sse.streams import Face, Stream, TaskViewer
from helpdesk.people.model import SignedIn
from helpdesk.people.rights import AGENT
from helpdesk.store import notifications
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.web.core import request_data, session
from helpdesk.web.core.guards import holds
from helpdesk.web.core.navigation import may_have_tasks
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import language
from helpdesk.web.live import events
from helpdesk.web.live.sse_response import EventStream
from helpdesk.web.notifications.render import items

MOST_ON_SCREEN = 400
EVERY_TASK = 0
"""Sent by pages on which any task may appear."""
WRITTEN_AT_ONCE = 25
"""Events for a stream that reconnects, before other requests have their turn."""


async def page(request: Request) -> Response:
    """Stream fragments to a page."""
    return await _open(request, events.PAGE)


async def program(request: Request) -> Response:
    """Stream JSON to a program."""
    return await _open(request, events.TASK_VIEWER if request.query_params.get("tasks") else events.PROGRAM)


async def _open(request: Request, kind: str) -> Response:
    signed_in = await session.required(request)
    live = services(request).live
    face, viewer = Face(kind, language(request)), _viewer(request, signed_in)
    has_tasks = may_have_tasks(request)
    missed, last = await _missed(request, signed_in.person.id)
    replayed = []
    for number, item in enumerate(await items(request, missed)):
        if number % WRITTEN_AT_ONCE == 0:
            await asyncio.sleep(0)
        replayed.append(live.events.item(face, item, request.state.unread))
    begins = missed[0].id - 1 if missed else last
    first = [events.hello(begins), live.state(face), live.events.unread(face, request.state.unread), *replayed]

    def open_stream() -> Stream:
        stream = live.streams.open(signed_in.person.id, signed_in.mark, face, last, viewer)
        if kind == events.PAGE and holds(signed_in.person, AGENT):
            live.agent_pages.watch(stream)
        if kind == events.PAGE and may_see(signed_in.person, services(request).settings.netmonitor_access, has_tasks):
            live.monitor_pages.watch(stream)
        return stream

    return EventStream(live, open_stream, b"".join(first))


def _viewer(request: Request, signed_in: SignedIn) -> TaskViewer | None:
    """Return the viewer of the tasks in `?tasks=1,2`. Raises Invalid.

    With EVERY_TASK, or with too many tasks, it views every task: a page should rather get too much than too little.
    """
    ids = [it for it in request.query_params.get("tasks", "").split(",") if it]
    tasks = frozenset(request_data.whole("tasks", it) for it in ids[-MOST_ON_SCREEN:])
    every = EVERY_TASK in tasks or str(EVERY_TASK) in ids or len(ids) > MOST_ON_SCREEN
    actor = services(request).visible_tasks.actor(signed_in)
    return TaskViewer(signed_in, actor, tasks - {EVERY_TASK}, every) if ids else None


async def _missed(request: Request, person_id: int) -> tuple[list[NotificationRow], int]:
    """Return the rows after the last one that the client had, and the id to go on from. Raises Invalid.

    Of very many rows only the newest are returned; the page of notifications has them all. A client that names no id
    gets no rows.
    """
    sent = request.headers.get("last-event-id") or request.query_params.get("after") or ""
    after = request_data.whole("after", sent) if sent else None

    def work(db: Session) -> tuple[list[NotificationRow], int]:
        if after is None:
            return [], notifications.newest(db, person_id)
        rows = notifications.after(db, {person_id: after})
        return rows, max([after, *(row.id for row in rows)])

    return await services(request).database.run(work)
