"""An event stream as a response: what is sent, and every way in which it ends."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from helpdesk.app import create_app
from helpdesk.errors import TooLarge
from helpdesk.notifications.channels.sse.streams import MOST_STREAMS, Face, Stream, Streams
from helpdesk.services import Services
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.web.live import sse_response
from helpdesk.web.live.events import PAGE, Events
from helpdesk.web.live.hub import Live
from helpdesk.web.live.sse_response import EventStream
from helpdesk.web.notifications import render as notification_render

FACE = Face("program", "en")
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"connection", b"close"),
        (b"content-type", b"text/event-stream; charset=utf-8"),
    ],
}
END = {"type": "http.response.body", "body": b"", "more_body": False}


async def nothing(*_: object) -> Any:
    return {}


class Exchange:
    """One request for a stream; `sent` holds the messages of the response, `received` what the client does."""

    def __init__(self, method: str = "GET", **state: object) -> None:
        self.streams: Streams[Any] = Streams(nothing, nothing, lambda *_: b"", lambda *_: b"")
        self.sent: list[Message] = []
        self.has_sent, self.opened = asyncio.Event(), 0
        self.received: asyncio.Queue[Message | Exception] = asyncio.Queue()
        live = cast(Live, SimpleNamespace(streams=self.streams, catch_up=nothing))
        scope = {"type": "http", "method": method, "state": state}
        self.answering = asyncio.create_task(EventStream(live, self.open, b"first")(scope, self.receive, self.send))

    def open(self) -> Stream:
        self.opened += 1
        return self.streams.open(1, "session", FACE, 0)

    async def receive(self) -> Message:
        message = await self.received.get()
        if isinstance(message, Exception):
            raise message
        return message

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        self.has_sent.set()

    async def until_sent(self, body: bytes) -> None:
        async with asyncio.timeout(20):
            while all(message.get("body") != body for message in self.sent):
                self.has_sent.clear()
                await self.has_sent.wait()

    async def until_over(self) -> None:
        async with asyncio.timeout(20):
            await self.answering
        assert len(self.streams) == 0


async def test_events_are_sent_as_they_are_given_and_nothing_besides() -> None:
    exchange = Exchange()
    await exchange.until_sent(b"first")
    exchange.streams.broadcast(lambda _: b"event: feed\ndata: {}\n\n")
    await exchange.until_sent(b"event: feed\ndata: {}\n\n")
    exchange.streams.end_sessions({"session"}, b"farewell")
    await exchange.until_over()
    bodies = [
        {"type": "http.response.body", "body": body, "more_body": True}
        for body in (b"first", b"event: feed\ndata: {}\n\n", b"farewell")
    ]
    assert exchange.sent == [START, *bodies, END]


async def test_head_gets_the_headers_of_a_stream_and_opens_none() -> None:
    exchange = Exchange("HEAD")
    await exchange.until_over()
    assert exchange.sent == [START, END] and exchange.opened == 0


@pytest.mark.parametrize("left", [{"type": "http.disconnect"}, TooLarge()], ids=["it leaves", "it sends too much"])
async def test_a_stream_ends_when_its_client(left: Message | Exception) -> None:
    exchange = Exchange()
    await exchange.until_sent(b"first")
    assert len(exchange.streams) == 1
    exchange.received.put_nowait(left)
    await exchange.until_over()
    assert exchange.sent[-1] == END


async def test_a_stream_ends_when_the_process_is_to_end() -> None:
    exchange = Exchange()
    await exchange.until_sent(b"first")
    exchange.streams.end_all()
    await exchange.until_over()
    assert exchange.sent[-1] == END


async def test_a_stream_that_is_cancelled_is_closed() -> None:
    exchange = Exchange()
    await exchange.until_sent(b"first")
    exchange.answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await exchange.until_over()
    assert len(exchange.streams) == 0


async def test_no_task_outlives_a_stream() -> None:
    before = asyncio.all_tasks()
    exchange = Exchange()
    await exchange.until_sent(b"first")
    assert len(asyncio.all_tasks() - before) == 2  # the one that sends and the one that waits for the client to leave
    exchange.streams.end_all()
    await exchange.until_over()
    async with asyncio.timeout(20):
        while asyncio.all_tasks() - before:
            await asyncio.sleep(0)


async def test_a_stream_that_is_ended_while_nobody_reads_it_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse_response, "FAREWELL_SECONDS", 0.0)
    held_up, aborted = asyncio.Event(), asyncio.Event()

    class Unread(Exchange):
        async def send(self, message: Message) -> None:
            if message.get("body"):  # more than the line takes
                held_up.set()
                await aborted.wait()

    exchange = Unread(abort=aborted.set)
    async with asyncio.timeout(20):
        await held_up.wait()
        for _ in range(MOST_STREAMS):
            exchange.open()
        await exchange.answering
    assert len(exchange.streams) == MOST_STREAMS


# Events of the streams as bytes


AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ROW = NotificationRow(
    2, "entry.1", "comment", "commented", 5, 1, "Стул", "Борис", "", "", "Это <b>7</b>", False, "chime", AT, 7, AT
)


@pytest.fixture
def events(services: Services) -> Events:
    app = create_app(services)
    with TestClient(app):
        found: Events = app.app.state.services.live.events  # type: ignore[attr-defined]  # inside the edge
    return found


@pytest.mark.parametrize("language", ["ru", "en"])
def test_an_event_rendered_once_for_many_is_what_each_would_get(events: Events, language: str) -> None:
    face = Face(PAGE, language)
    for row, unread in ((ROW, 3), (ROW._replace(id=8, person_id=3), 77), (ROW._replace(id=9, excerpt="Другое"), 1)):
        assert events.new_row(face, row, unread) == events.item(face, notification_render.in_full(row), unread)
    assert events._for_many.cache_info()[:2] == (1, 2)
