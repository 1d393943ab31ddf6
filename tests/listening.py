"""Listening to event streams as a program does."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Queue
from typing import Any

import httpx

WAIT = 30.0  # for a machine that is busy
STREAM = "/tasks/api/notifications/stream"
Event = dict[str, Any]


@contextmanager
def listening(client: httpx.Client, path: str, **headers: str) -> Iterator["Queue[Event]"]:
    """The events of a stream as they come; what it begins with has come when the block begins."""
    told: Queue[Event] = Queue()
    with client.stream("GET", path, headers=headers, timeout=WAIT) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in answer.headers
        reading = threading.Thread(target=_read, args=(answer, told), daemon=True)
        reading.start()
        try:
            until(told, "unread")
            yield told
        finally:
            # The reader ends before the connection is closed: a new one, of the same number in this process, would
            # get what it still reads and writes.
            line = answer.extensions["network_stream"].get_extra_info("socket")
            with suppress(OSError):  # it has ended by itself
                socket.socket.shutdown(line, socket.SHUT_RDWR)  # not TLS's own, which would take its keys away
            reading.join()


def _read(answer: httpx.Response, told: "Queue[Event]") -> None:
    event: Event = {}
    try:
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if line:
                event[name] = event[name] + value if name == "data" and name in event else value
            elif event:
                told.put(event)
                event = {}
    except (httpx.HTTPError, httpx.StreamError):
        pass
    told.put({"event": "end"})


def until(told: "Queue[Event]", name: str, seconds: float = WAIT) -> Event:
    """The next event of a name. Raises queue.Empty when nothing comes any more."""
    while (event := told.get(timeout=seconds)).get("event") != name:
        pass
    return event
