"""Keep all open event streams of this process, and send each notification of a person to each of the person's streams
once, in order.

The rows in the store are the truth. A wake-up reads the rows above the last one that a stream was sent, with one query
for some hundred people. So a lost wake-up loses nothing.

Wake-ups overlap, and an earlier one may finish reading after a later one. So each has a number, and an unread count
read by an earlier one is never sent after that of a later one.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from itertools import count, islice
from typing import Generic, NamedTuple, Protocol, TypeVar

from helpdesk.people.model import SignedIn
from helpdesk.store.notifications import PEOPLE_AT_ONCE
from helpdesk.tasks.model import Actor

log = logging.getLogger(__name__)

MOST_FAILURES = 2
MOST_STREAMS = 20
"""Streams of one person at a time. One more ends the oldest."""
MOST_WAITING = 200
"""Pieces that wait for a slow connection. A stream with more is ended: its browser reconnects and resumes."""


class Row(Protocol):
    """What the streams need of a notification."""

    @property
    def id(self) -> int: ...

    @property
    def person_id(self) -> int: ...


R = TypeVar("R", bound=Row)


class Face(NamedTuple):
    """The form in which events are written: for pages or for programs, in a language."""

    kind: str
    language: str


class TaskViewer(NamedTuple):
    """A person with tasks on the screen, by their numbers in the backend. With `every` any task may appear there.

    Without an `actor` the person has no identity in the backend, and sees requests alone.
    """

    signed_in: SignedIn
    actor: Actor | None
    tasks: frozenset[int]
    every: bool = False

    def of(self, tasks: Collection[int]) -> Collection[int]:
        """Return those of these tasks that this viewer wants to hear of."""
        return tasks if self.every else self.tasks.intersection(tasks)


class Stream:
    """One of a person's streams, in a session. `last` is the id of the last row that it was given. A stream with a
    viewer also gets the changes of the tasks on the screen."""

    def __init__(self, person_id: int, session: str, face: Face, last: int, viewer: TaskViewer | None = None) -> None:
        self.person_id, self.session, self.face, self.last = person_id, session, face, last
        self.viewer = viewer
        self.is_over = False
        self.when_over: Callable[[], object] | None = None
        # The keys of the events that it got while it was new: its opening and a round may read the same event.
        self.given_early: set[str] | None = set() if viewer else None
        # An asyncio.Queue would need four times the memory of everything else in a stream.
        self._waiting: list[bytes | None] = []
        self._wanted: asyncio.Future[None] | None = None

    async def next(self) -> bytes | None:
        """Return what to send now; None when the stream has ended."""
        while not self._waiting:
            self._wanted = asyncio.get_running_loop().create_future()
            await self._wanted
        return self._waiting.pop(0)

    def give(self, piece: bytes) -> None:
        if self.is_over or not piece:
            return
        if len(self._waiting) < MOST_WAITING:
            self._put(piece)
        else:
            self.end()

    def end(self, farewell: bytes = b"") -> None:
        """End the stream after the farewell, and drop what still waits. `when_over` is called at once, because the
        sender may be blocked."""
        if self.when_over and not self.is_over:
            self.when_over()
        self.is_over = True
        self._waiting.clear()
        if farewell:
            self._put(farewell)
        self._put(None)

    def _put(self, piece: bytes | None) -> None:
        self._waiting.append(piece)
        if self._wanted and not self._wanted.done():
            self._wanted.set_result(None)


class Streams(Generic[R]):
    """`read` returns the rows above an id for each of several people, in rising order; `unread` returns their unread
    counts; `written` turns a row into the event of a face, and `counted` a count."""

    def __init__(
        self,
        read: Callable[[Mapping[int, int]], Awaitable[Iterable[R]]],
        unread: Callable[[Collection[int]], Awaitable[Mapping[int, int]]],
        written: Callable[[Face, R, int], bytes],
        counted: Callable[[Face, int], bytes],
    ) -> None:
        self._read, self._unread, self._written, self._counted_as = read, unread, written, counted
        self._of: dict[int, list[Stream]] = defaultdict(list)
        self._numbers = count(1)
        self._counted: dict[int, tuple[int, int]] = {}
        self._all_ended = False

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))

    @property
    def sessions(self) -> frozenset[str]:
        """Return the sessions that have open streams."""
        return frozenset(stream.session for streams in self._of.values() for stream in streams)

    @property
    def people(self) -> list[int]:
        """Return the people who have streams here."""
        return list(self._of)

    def open(self, person_id: int, session: str, face: Face, last: int, viewer: TaskViewer | None = None) -> Stream:
        """Open a stream that gets what comes from now on. `catch_up` then gives it what came before."""
        stream, present = Stream(person_id, session, face, last, viewer), self._of[person_id]
        for oldest in present[: max(0, len(present) - MOST_STREAMS + 1)]:
            oldest.end()
            present.remove(oldest)
        present.append(stream)
        if self._all_ended:
            stream.end()
        return stream

    def close(self, stream: Stream) -> None:
        stream.is_over = True
        present = self._of.get(stream.person_id, [])
        if stream in present:
            present.remove(stream)
        if not present:
            self._of.pop(stream.person_id, None)
            self._counted.pop(stream.person_id, None)

    async def catch_up(self, stream: Stream) -> None:
        """Give a stream what it has missed."""
        await self.wake([stream.person_id])

    async def wake(self, people: Iterable[int]) -> None:
        """Give the streams of these people their new rows, or their unread count when there are none.

        After each read other tasks have their turn: writing for thousands of people takes half a second. An error with
        some people is raised at the end, when the others have got their rows. After MOST_FAILURES the cause is not with
        these people, and the next wake-up tries again.
        """
        left, failed = iter([person for person in people if self._of.get(person)]), list[Exception]()
        while len(failed) < MOST_FAILURES and (some := list(islice(left, PEOPLE_AT_ONCE))):
            try:
                await self._wake(some)
            except Exception as error:
                failed.append(error)
        if failed:
            raise failed[0]

    async def _wake(self, people: Iterable[int]) -> None:
        here = {person: tuple(self._of[person]) for person in people if self._of.get(person)}
        if not here:
            return
        number = next(self._numbers)
        lasts = {person: min(stream.last for stream in streams) for person, streams in here.items()}
        rows, unread = await self._read(lasts), await self._unread(lasts.keys())
        self._note(number, unread)
        made: dict[tuple[Face, int], bytes] = {}
        served: set[Stream] = set()
        for row in rows:
            # Only streams that were open before the read: one opened since may lack earlier rows.
            for stream in [it for it in here[row.person_id] if it.last < row.id]:
                stream.last = row.id
                key = stream.face, row.id
                if key not in made:
                    made[key] = self._event(stream.face, row)
                stream.give(made[key])
                served.add(stream)
        for stream in [it for streams in here.values() for it in streams if it not in served]:
            latest, unread_count = self._counted.get(stream.person_id, (number, 0))
            if latest == number:  # else a later wake-up has sent a newer count
                stream.give(self._counted_as(stream.face, unread_count))

    def _note(self, number: int, unread: Mapping[int, int]) -> None:
        """Keep the counts of this wake-up, unless a later one has read newer ones."""
        for person, unread_count in unread.items():
            if person in self._of and number > self._counted.get(person, (0, 0))[0]:
                self._counted[person] = number, unread_count

    def _event(self, face: Face, row: R) -> bytes:
        """Write a row as an event. A row that fails is left out, so that the person's other rows still come."""
        try:
            return self._written(face, row, self._counted.get(row.person_id, (0, 0))[1])
        except Exception:
            log.exception("a notification could not be written for a stream", extra={"notification": row.id})
            return b""

    def showing(self, tasks: Collection[int]) -> Mapping[int, list[tuple[TaskViewer, Stream]]]:
        """Return, for each of these tasks, the streams that have it on the screen."""
        viewers: dict[int, list[tuple[TaskViewer, Stream]]] = defaultdict(list)
        for stream in self._all():
            if viewer := stream.viewer:
                for task in viewer.of(tasks):
                    viewers[task].append((viewer, stream))
        return viewers

    @property
    def has_task_viewers(self) -> bool:
        return any(stream.viewer for streams in self._of.values() for stream in streams)

    @property
    def viewing(self) -> list[Stream]:
        """Return the streams that have tasks on the screen."""
        return [stream for stream in self._all() if stream.viewer]

    def broadcast(self, written: Callable[[Face], bytes]) -> None:
        """Give every stream the same event, such as the status of the feed."""
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
        """End all streams because the process ends. A stream opened later ends at once."""
        self._all_ended = True
        for stream in self._all():
            stream.end()
        self._of.clear()
        self._counted.clear()

    def _all(self) -> list[Stream]:
        return [stream for streams in self._of.values() for stream in streams]
