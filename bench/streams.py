"""The cost of open event streams: `python -m bench.streams` opens thousands on a running helpdesk and writes
docs/streams.md anew."""

import argparse
import asyncio
import os
import platform
import shutil
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import urlsplit

from bench.crowd import Crowd, gather
from bench.many import seeded
from e2e import steps
from helpdesk.commands import raise_limit
from helpdesk.web.live.hub import HEARTBEAT_SECONDS
from tests.running import STORE, Helpdesk, running_demo

DOCUMENT = Path(__file__).parent.parent / "docs" / "streams.md"
TASKS = 1_000
PAGE, PROGRAM = "/notifications/stream", "/tasks/api/notifications/stream"
AT_ONCE = 50
LOOK_SECONDS = 0.005
IDLE_BEATS = 2
PATIENCE = 60.0
TOLD = b"event: new_notification"
HEAD = """\
# The cost of open streams

`python -m bench.streams` measured this on {now:%Y-%m-%d}: `helpdesk demo` on SQLite, one process, streams over bare
connections from another process of the same machine; {machine}, {cores} cores, Python {python}. Memory is what the
process has to itself (USS), less what it had before, without the kernel's buffers. An event is a comment on a task that
everybody watches: one row for each person. "Delivered" is the time from when these rows are in the store to when the
last stream has its event, measured {rounds} times; "CPU" is what the process used meanwhile. "In all" begins when the
comment is sent, so it includes the wait for the next poll of the feed (up to 3 s) and the query for the recipients.
"Idle" is the share of one core that heartbeats cost, one in {beat:.0f} s.
The goals are 40 KB a stream and delivery within 1 s. The load average shows what else ran on the machine.

| streams | people | kind | KB a stream | delivered s, median (range) | CPU s | in all s | idle % | load average |
|---|---|---|---|---|---|---|---|---|"""


class Listener(asyncio.Protocol):
    """One open stream: when its last event came, and of how many."""

    def __init__(self, request: bytes, begun: "asyncio.Future[None]") -> None:
        self.request, self.begun = request, begun
        self.told, self.at, self.ended = 0, 0.0, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if TOLD in data:
            self.told, self.at = self.told + data.count(TOLD), time.perf_counter()
        elif not self.begun.done() and b"event: unread" in data:
            self.begun.set_result(None)

    def connection_lost(self, _: Exception | None) -> None:
        self.ended = True
        if not self.begun.done():
            self.begun.set_exception(ConnectionError("refused"))


class Found(NamedTuple):
    """Of one crowd: bytes of a stream, seconds of each event on the clock and of the processor, the share of a core."""

    streams: int
    people: int
    kind: str
    weight: float
    told: list[float]
    spent: list[float]
    in_all: list[float]
    idle: float
    load: float

    def __str__(self) -> str:
        told = f"{median(self.told):.2f} ({min(self.told):.2f} to {max(self.told):.2f})"
        kind = "page" if self.kind == PAGE else "program"
        return (
            f"| {self.streams:,} | {self.people:,} | {kind} | {self.weight / 1024:.1f} | {told} "
            f"| {median(self.spent):.2f} | {median(self.in_all):.1f} | {self.idle * 100:.1f} | {self.load:.1f} |"
        )


async def measure(helpdesk: Helpdesk, crowd: Crowd, kind: str, streams: int, rounds: int) -> Found:
    pid, people = helpdesk.process.pid, len(crowd.cookies)
    async with opened(helpdesk.url, kind, crowd.cookies[:AT_ONCE]):
        pass  # what is made at the first stream, and kept, is not the streams' weight
    await asyncio.sleep(1)
    before, quiet = weight(pid), await idle(pid)
    async with opened(helpdesk.url, kind, [crowd.cookies[it % people] for it in range(streams)]) as listeners:
        busy = await idle(pid)
        after = weight(pid)
        told, spent, in_all = [], [], []
        for number in range(rounds):
            sent, kept = await comment(helpdesk, crowd, number)
            used = processor(pid)
            last = await everybody(listeners, number + 1)
            spent.append(processor(pid) - used)
            told.append(last - kept)
            in_all.append(last - sent)
    load = os.getloadavg()[0]
    return Found(streams, people, kind, (after - before) / streams, told, spent, in_all, busy - quiet, load)


@asynccontextmanager
async def opened(url: str, path: str, cookies: list[str]) -> AsyncIterator[list[Listener]]:
    """A stream for each of these sessions, from when all of them have begun to the end of the block."""
    address, loop = urlsplit(url), asyncio.get_running_loop()
    at_once, transports = asyncio.Semaphore(AT_ONCE), []

    async def one(cookie: str) -> Listener:
        request = f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nCookie: session={cookie}\r\n\r\n"
        async with at_once:
            begun = loop.create_future()
            transport, listener = await loop.create_connection(
                lambda: Listener(request.encode(), begun), address.hostname, address.port
            )
            transports.append(transport)
            await asyncio.wait_for(begun, PATIENCE)
            return listener

    try:
        yield await asyncio.gather(*map(one, cookies))
    finally:
        for transport in transports:
            transport.close()


async def comment(helpdesk: Helpdesk, crowd: Crowd, number: int) -> tuple[float, float]:
    """When a comment was sent, and when what it tells was in the store."""
    store = helpdesk.folder / "data" / STORE
    with closing(sqlite3.connect(store)) as looking, closing(steps.program(helpdesk.url, "boris")) as boris:
        counted = "SELECT count(*) FROM notification"
        there = looking.execute(counted).fetchone()[0]
        sent = time.perf_counter()
        await asyncio.to_thread(steps.tell, boris, crowd.task, f"Готово, {number}.")
        until = sent + PATIENCE
        while looking.execute(counted).fetchone()[0] == there:
            if time.perf_counter() > until:
                raise TimeoutError("nobody was told")
            await asyncio.sleep(LOOK_SECONDS)
        return sent, time.perf_counter()


async def everybody(listeners: list[Listener], number: int) -> float:
    """When the last of them had its event of that number."""
    until = time.perf_counter() + PATIENCE
    while any(listener.told < number for listener in listeners):
        if time.perf_counter() > until or any(listener.ended for listener in listeners):
            missing = sum(listener.told < number for listener in listeners)
            raise TimeoutError(f"{missing} of {len(listeners)} streams heard nothing")
        await asyncio.sleep(LOOK_SECONDS)
    return max(listener.at for listener in listeners)


async def idle(pid: int) -> float:
    """The share of a core that the process takes while nothing happens."""
    began, spent = time.perf_counter(), processor(pid)
    await asyncio.sleep(IDLE_BEATS * HEARTBEAT_SECONDS)
    return (processor(pid) - spent) / (time.perf_counter() - began)


def processor(pid: int) -> float:
    """Seconds of the processor that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def weight(pid: int) -> int:
    """Bytes that a process has to itself."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))


def document(folder: Path, streams: int, rounds: int) -> Iterator[str]:
    yield HEAD.format(
        now=datetime.now(UTC),
        machine=platform.machine(),
        cores=os.cpu_count(),
        python=platform.python_version(),
        rounds=rounds,
        beat=HEARTBEAT_SECONDS,
    )
    (folder / "seeded").mkdir()
    seeded(folder / "seeded", TASKS)
    for place, (kind, people) in enumerate(((PAGE, streams // 10), (PAGE, streams), (PROGRAM, streams))):
        here = folder / str(place)
        shutil.copytree(folder / "seeded", here / "data")
        crowd = gather(here / "data", people)
        with running_demo(here, folder / "seeded") as helpdesk:
            yield str(asyncio.run(measure(helpdesk, crowd, kind, streams, rounds)))


if __name__ == "__main__":
    reader = argparse.ArgumentParser(prog="bench.streams", description=__doc__)
    reader.add_argument("--streams", type=int, default=5_000)
    reader.add_argument("--rounds", type=int, default=5)
    asked = reader.parse_args()
    raise_limit()
    kept = []
    with tempfile.TemporaryDirectory(prefix="helpdesk-bench-") as name:
        for line in document(Path(name), asked.streams, asked.rounds):
            print(line, flush=True)
            kept.append(line)
    DOCUMENT.write_text("\n".join(kept) + "\n", "utf-8")
