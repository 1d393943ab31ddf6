"""All open event streams of this process: what a person is told goes to each of them, once, in order.

Whatever wakes them, rows of the store are the truth: a wake-up reads, with one query for some hundred of the people it
names, what lies above the last row that a stream of theirs was given. So a wake-up that is lost loses nothing.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from itertools import islice
from typing import Generic, NamedTuple, Protocol, TypeVar

from helpdesk.tasks.model import Actor

PEOPLE_AT_ONCE = 256
"""Woken by one read; then others have their turn: to write for thousands of people takes half a second."""
MOST_STREAMS = 20
"""Of one person at a time; whoever opens one more ends the oldest."""
MOST_WAITING = 200
"""Pieces that wait for a slow line. A stream with more is ended: its browser comes back and reads on from its last."""


class Row(Protocol):
    """What the streams must know of a notification."""

    @property
    def id(self) -> int: ...

    @property
    def person_id(self) -> int: ...


R = TypeVar("R", bound=Row)


class Face(NamedTuple):
    """For whom events are written: a page or a program, in a language."""

    kind: str
    language: str


class Onlooker(NamedTuple):
    """Who has which tasks on the screen, by the tracker's numbers; `every` says that any task may appear there."""

    actor: Actor
    tasks: frozenset[int]
    every: bool = False

    def of(self, tasks: Collection[int]) -> Collection[int]:
        """Those of these tasks of which this one wants to hear."""
        return tasks if self.every else self.tasks.intersection(tasks)


class Stream:
    """One of a person's streams, in a session. `last` is the number of the last row it was given; an onlooker's is
    also told what becomes of the tasks on the screen."""

    def __init__(self, person_id: int, session: str, face: Face, last: int, onlooker: Onlooker | None = None) -> None:
        self.person_id, self.session, self.face, self.last = person_id, session, face, last
        self.onlooker = onlooker
        # No asyncio.Queue: it is four times as heavy as all else that is kept of a stream.
        self._waiting: list[bytes | None] = []
        self._wanted: asyncio.Future[None] | None = None

    async def next(self) -> bytes | None:
        """What to send now; None when the stream has ended."""
        while not self._waiting:
            self._wanted = asyncio.get_running_loop().create_future()
            await self._wanted
        return self._waiting.pop(0)

    def give(self, piece: bytes) -> None:
        if len(self._waiting) < MOST_WAITING:
            self._put(piece)
        else:
            self.end()

    def end(self, farewell: bytes = b"") -> None:
        """After the farewell; what still waits is dropped."""
        self._waiting.clear()
        if farewell:
            self._put(farewell)
        self._put(None)

    def _put(self, piece: bytes | None) -> None:
        self._waiting.append(piece)
        if self._wanted and not self._wanted.done():
            self._wanted.set_result(None)


class Streams(Generic[R]):
    """`read` tells rows above a number, for each of several people, in rising order; `unread` counts of those people;
    `written` is a row as the event of a face, `counted` a count as one."""

    def __init__(
        self,
        read: Callable[[Mapping[int, int]], Awaitable[Iterable[R]]],
        unread: Callable[[Collection[int]], Awaitable[Mapping[int, int]]],
        written: Callable[[Face, R, int], bytes],
        counted: Callable[[Face, int], bytes],
    ) -> None:
        self._read, self._unread, self._written, self._counted = read, unread, written, counted
        self._of: dict[int, list[Stream]] = defaultdict(list)
        self._all_ended = False

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))

    @property
    def sessions(self) -> frozenset[str]:
        """Those that streams are open in."""
        return frozenset(stream.session for streams in self._of.values() for stream in streams)

    @property
    def people(self) -> list[int]:
        """Those who have streams here."""
        return list(self._of)

    def open(self, person_id: int, session: str, face: Face, last: int, onlooker: Onlooker | None = None) -> Stream:
        """A stream that is given what comes from now on; `catch_up` then gives it what came before."""
        stream, present = Stream(person_id, session, face, last, onlooker), self._of[person_id]
        for oldest in present[: max(0, len(present) - MOST_STREAMS + 1)]:
            oldest.end()
            present.remove(oldest)
        present.append(stream)
        if self._all_ended:
            stream.end()
        return stream

    def close(self, stream: Stream) -> None:
        present = self._of.get(stream.person_id, [])
        if stream in present:
            present.remove(stream)
        if not present:
            self._of.pop(stream.person_id, None)

    async def catch_up(self, stream: Stream) -> None:
        """Give it what it has missed."""
        await self.wake([stream.person_id])

    async def wake(self, people: Iterable[int]) -> None:
        """Give the streams of these people what is new; those who have nothing new their count."""
        left = iter([person for person in people if self._of.get(person)])
        while some := list(islice(left, PEOPLE_AT_ONCE)):
            await self._wake(some)

    async def _wake(self, people: Iterable[int]) -> None:
        here = {person: tuple(self._of[person]) for person in people if self._of.get(person)}
        if not here:
            return
        lasts = {person: min(stream.last for stream in streams) for person, streams in here.items()}
        rows, unread = await self._read(lasts), await self._unread(lasts.keys())
        made: dict[tuple[Face, int], bytes] = {}
        told: set[Stream] = set()
        for row in rows:
            # Of those that were open before the read alone: one that came since may lack what lies before these rows.
            for stream in [it for it in here[row.person_id] if it.last < row.id]:
                stream.last = row.id
                key = stream.face, row.id
                made[key] = made.get(key) or self._written(stream.face, row, unread.get(row.person_id, 0))
                stream.give(made[key])
                told.add(stream)
        for stream in [it for streams in here.values() for it in streams if it not in told]:
            stream.give(self._counted(stream.face, unread.get(stream.person_id, 0)))

    def showing(self, tasks: Collection[int]) -> Mapping[int, list[tuple[Onlooker, Stream]]]:
        """Which streams have an onlooker of each of these tasks."""
        found: dict[int, list[tuple[Onlooker, Stream]]] = defaultdict(list)
        for stream in self._all():
            if onlooker := stream.onlooker:
                for task in onlooker.of(tasks):
                    found[task].append((onlooker, stream))
        return found

    @property
    def has_onlookers(self) -> bool:
        return any(stream.onlooker for stream in self._all())

    def tell_all(self, written: Callable[[Face], bytes]) -> None:
        """The same for everybody: a sign of life, the state of the feed."""
        made: dict[Face, bytes] = {}
        for stream in self._all():
            made[stream.face] = made.get(stream.face) or written(stream.face)
            stream.give(made[stream.face])

    def end_sessions(self, ended: Collection[str], farewell: bytes) -> None:
        """End the streams of sessions that are over."""
        for stream in [it for it in self._all() if it.session in ended]:
            stream.end(farewell)
            self.close(stream)

    def end_all(self) -> None:
        """The process ends: those that come from now on end at once."""
        self._all_ended = True
        for stream in self._all():
            stream.end()
        self._of.clear()

    def _all(self) -> list[Stream]:
        return [stream for streams in self._of.values() for stream in streams]
