"""What streams are given, whatever wakes them and in whatever order they come and go."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.notifications.channels.sse.streams import (
    MOST_STREAMS,
    MOST_WAITING,
    Face,
    Stream,
    Streams,
)
from helpdesk.store.notifications import PEOPLE_AT_ONCE
from helpdesk.tasks.model import Actor
from tests.soak import examples
from tests.viewers import viewer

PAGE, PROGRAM = Face("page", "ru"), Face("program", "en")


class Row(NamedTuple):
    id: int
    person_id: int


class Rows:
    """A store in memory, which counts how often it was read and what was written of it."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.reads = 0
        self.written: list[tuple[Face, int]] = []
        self.streams: Streams[Row] = Streams(self._read, self._unread, self._write, self._count)

    def add(self, *people: int) -> None:
        for person in people:
            self.rows.append(Row(len(self.rows) + 1, person))

    async def _read(self, lasts: Mapping[int, int]) -> Iterable[Row]:
        self.reads += 1
        await asyncio.sleep(0)
        return [row for row in self.rows if row.id > lasts.get(row.person_id, 10**9)]

    async def _unread(self, people: Collection[int]) -> Mapping[int, int]:
        await asyncio.sleep(0)
        return {person: sum(row.person_id == person for row in self.rows) for person in people}

    def _write(self, face: Face, row: Row, unread: int) -> bytes:
        self.written.append((face, row.id))
        return f"{face.kind} {row.id} of {unread}".encode()

    def _count(self, face: Face, unread: int) -> bytes:
        return f"unread {unread}".encode()


@pytest.fixture
def store() -> Rows:
    return Rows()


async def given_to(stream: Stream) -> list[str]:
    """All that waits, and that nothing follows."""
    stream.give(b"mark")
    found = []
    while (piece := await stream.next()) not in (b"mark", None):
        assert piece is not None
        found.append(piece.decode())
    return found


async def test_one_read_serves_all_streams_and_each_event_is_written_once_for_a_face(store: Rows) -> None:
    anna = [store.streams.open(1, "s", face, 0) for face in (PAGE, PAGE, PROGRAM)]
    boris, irina = store.streams.open(2, "t", PAGE, 0), store.streams.open(3, "u", PAGE, 0)
    store.add(1, 2, 1)
    await store.streams.wake([1, 2, 9])
    assert [await given_to(stream) for stream in anna] == [["page 1 of 2", "page 3 of 2"]] * 2 + [
        ["program 1 of 2", "program 3 of 2"]
    ]
    assert (await given_to(boris), await given_to(irina), store.reads) == (["page 2 of 1"], [], 1)
    assert len(store.written) == 5


async def test_a_crowd_is_woken_by_few_reads_and_others_have_their_turn_between(store: Rows) -> None:
    turns = 0
    crowd = range(1, 3 * PEOPLE_AT_ONCE)
    streams = [store.streams.open(person, "s", PAGE, 0) for person in crowd]
    store.add(*crowd)
    waking = asyncio.create_task(store.streams.wake(crowd))
    while not waking.done():
        turns += 1
        await asyncio.sleep(0)
    assert store.reads == 3 and turns > 3
    assert [await given_to(stream) for stream in streams] == [[f"page {person} of 1"] for person in crowd]


async def test_a_stream_without_news_sends_the_count_and_an_absent_person_costs_nothing(store: Rows) -> None:
    store.add(1)
    stream = store.streams.open(1, "s", PAGE, 1)
    await store.streams.wake([1])
    assert await given_to(stream) == ["unread 1"]
    await store.streams.wake([2, 3])
    assert store.reads == 1


async def test_a_stream_that_comes_back_is_given_what_it_missed(store: Rows) -> None:
    store.add(1, 1, 2, 1)
    there = store.streams.open(1, "s", PAGE, 4)
    back = store.streams.open(1, "s", PAGE, 1)
    await store.streams.catch_up(back)
    assert await given_to(back) == ["page 2 of 3", "page 4 of 3"]
    assert await given_to(there) == ["unread 3"]


async def test_a_stream_that_comes_back_in_the_middle_of_a_wake_up_misses_nothing(store: Rows) -> None:
    store.add(1, 1, 1)
    store.streams.open(1, "s", PAGE, 3)
    store.add(1)
    waking = asyncio.create_task(store.streams.wake([1]))
    await asyncio.sleep(0)  # it reads what lies above 3
    back = store.streams.open(1, "s", PAGE, 1)
    await waking
    await store.streams.catch_up(back)
    assert await given_to(back) == ["page 2 of 4", "page 3 of 4", "page 4 of 4"]


async def test_a_line_that_is_too_slow_is_ended_and_the_others_go_on(store: Rows) -> None:
    slow, quick = store.streams.open(1, "s", PAGE, 0), store.streams.open(1, "s", PAGE, 0)
    for _ in range(MOST_WAITING + 1):
        store.add(1)
        await store.streams.wake([1])
        assert await quick.next()
    assert await slow.next() is None


async def test_one_stream_too_many_ends_the_oldest(store: Rows) -> None:
    streams = [store.streams.open(1, "s", PAGE, 0) for _ in range(MOST_STREAMS + 2)]
    assert len(store.streams) == MOST_STREAMS
    assert [await stream.next() for stream in streams[:2]] == [None, None]
    assert await given_to(streams[2]) == []


async def test_a_session_that_is_over_ends_its_streams_with_a_farewell(store: Rows) -> None:
    over, going = store.streams.open(1, "over", PAGE, 0), store.streams.open(1, "going", PAGE, 0)
    assert store.streams.sessions == {"over", "going"}
    store.streams.end_sessions({"over"}, b"bye")
    assert [await over.next(), await over.next()] == [b"bye", None]
    store.streams.broadcast(lambda face: b"alive")
    assert await going.next() == b"alive"
    assert store.streams.sessions == {"going"}


async def test_when_the_process_ends_all_end(store: Rows) -> None:
    streams = [store.streams.open(person, "s", PAGE, 0) for person in (1, 2)]
    store.streams.end_all()
    assert [await stream.next() for stream in streams] == [None, None]
    assert len(store.streams) == 0
    assert await store.streams.open(1, "s", PAGE, 0).next() is None


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.sampled_from(("add", "wake", "open", "close")), max_size=40))
def test_every_stream_is_given_every_row_once_in_order(acts: list[str]) -> None:
    """Also when wakings overlap: one reads while another gives."""

    async def run() -> None:
        store, opened, wakings = Rows(), [], []
        for act in acts:
            if act == "add":
                store.add(1)
            elif act == "wake":
                wakings.append(asyncio.create_task(store.streams.wake([1])))
                await asyncio.sleep(0)
            elif act == "open":
                begun = len(store.rows) // 2
                opened.append((begun, store.streams.open(1, "s", PAGE, begun)))
                wakings.append(asyncio.create_task(store.streams.catch_up(opened[-1][1])))
            elif opened:
                store.streams.close(opened.pop(0)[1])
        await asyncio.gather(*wakings)
        await store.streams.wake([1])
        for begun, stream in opened:
            if stream in store.streams._all():
                rows = [int(told.split()[1]) for told in await given_to(stream) if told.startswith("page")]
                assert rows == list(range(begun + 1, len(store.rows) + 1))

    asyncio.run(run())


async def test_a_message_to_all_is_rendered_once_for_each_face(store: Rows) -> None:
    written = list[Face]()
    streams = [store.streams.open(person, "s", face, 0) for person in (1, 2) for face in (PAGE, PROGRAM)]

    def state(face: Face) -> bytes:
        written.append(face)
        return face.kind.encode()

    store.streams.broadcast(state)
    assert [await given_to(stream) for stream in streams] == [["page"], ["program"]] * 2
    assert written == [PAGE, PROGRAM]


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.sampled_from(("wake", "read", "count", "change")), max_size=30), st.randoms(use_true_random=False))
def test_a_count_that_was_read_earlier_never_follows_a_later_one(acts: list[str], random: Random) -> None:
    """Whatever the order in which the reads of several wake-ups come back. The truth only grows here."""

    async def run() -> None:
        truth, reads = 0, list[asyncio.Future[None]]()

        async def read(lasts: Mapping[int, int]) -> Iterable[Row]:
            return []

        async def unread(people: Collection[int]) -> Mapping[int, int]:
            found = dict.fromkeys(people, truth)
            reads.append(asyncio.get_running_loop().create_future())
            await reads[-1]
            return found

        streams: Streams[Row] = Streams(read, unread, lambda *_: b"", lambda _, number: str(number).encode())
        stream, wakings = streams.open(1, "s", PAGE, 0), list[asyncio.Task[None]]()
        for act in [*acts, "change", "wake"]:
            if act == "wake":
                wakings.append(asyncio.create_task(streams.wake([1])))
            elif act == "change":
                truth += 1
            elif reads:
                reads.pop(random.randrange(len(reads))).set_result(None)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        for left in reads:
            left.set_result(None)
        await asyncio.gather(*wakings)
        told = [int(it) for it in await given_to(stream)]
        assert told == sorted(told) and told[-1] == truth

    asyncio.run(run())


async def test_a_notification_that_cannot_be_written_keeps_no_other_one_back(store: Rows) -> None:
    written = store.streams._written

    def broken(face: Face, row: Row, unread: int) -> bytes:
        if row.id == 1:
            raise RuntimeError("a template's fault")
        return written(face, row, unread)

    store.streams._written = broken
    anna, boris = store.streams.open(1, "s", PAGE, 0), store.streams.open(2, "t", PAGE, 0)
    store.add(1, 1, 2)
    await store.streams.wake([1, 2])
    assert (await given_to(anna), await given_to(boris)) == (["page 2 of 2"], ["page 3 of 1"])


async def test_a_part_of_a_crowd_that_cannot_be_woken_keeps_no_other_one_asleep(store: Rows) -> None:
    crowd = range(1, 2 * PEOPLE_AT_ONCE + 1)
    read, reads = store.streams._read, iter([True, False])

    async def fails_once(lasts: Mapping[int, int]) -> Iterable[Row]:
        if next(reads):
            raise RuntimeError("of this part")
        return await read(lasts)

    store.streams._read = fails_once
    streams = [store.streams.open(person, "s", PAGE, 0) for person in crowd]
    store.add(*crowd)
    with pytest.raises(RuntimeError, match="of this part"):
        await store.streams.wake(crowd)
    assert await given_to(streams[0]) == [] and await given_to(streams[-1]) == [f"page {crowd[-1]} of 1"]


async def test_onlookers_are_found_by_their_tasks(store: Rows) -> None:
    anna, boris = (viewer(Actor(it, f"person{it}", False), {7, it}) for it in (1, 2))
    first, second = (store.streams.open(it.actor.id, "s", PAGE, 0, it) for it in (anna, boris) if it.actor)
    assert not Rows().streams.has_task_viewers and store.streams.has_task_viewers
    store.streams.open(3, "s", PAGE, 0)
    assert store.streams.showing({7, 2, 9}) == {7: [(anna, first), (boris, second)], 2: [(boris, second)]}
    store.streams.close(second)
    assert store.streams.showing({7, 2}) == {7: [(anna, first)]}
