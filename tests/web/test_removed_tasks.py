"""A page learns that a task on it was deleted, here or elsewhere, or hidden from its person. Others learn nothing."""

import asyncio
import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from helpdesk.errors import LockedOut, Unavailable
from helpdesk.notifications.channels.sse.streams import Face, Stream, Streams
from helpdesk.services import Services
from helpdesk.store import feed_state
from helpdesk.store.models import tables
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.tasks.model import Actor
from helpdesk.web.live import removed_tasks
from helpdesk.web.live.events import Events
from helpdesk.web.live.removed_tasks import EVERY, FIRST
from helpdesk.web.live.task_viewers import TaskViewers
from tests.viewers import viewer
from tests.web.conftest import Visit
from tests.world import EmbeddedWorld

PAGE = Face("page", "en")


class Office:
    """A real embedded tracker behind a count of questions, a clock, and open pages."""

    def __init__(self, services: Services, world: EmbeddedWorld) -> None:
        self.now, self.world, self.services = datetime.now(UTC), world, services
        self.asked: list[frozenset[int]] = []
        self.fails: Exception | None = None
        self.streams: Streams[NotificationRow] = Streams(None, None, None, None)  # type: ignore[arg-type]  # nobody is woken here
        own = replace(services, clock=lambda: self.now, backend=self)  # type: ignore[arg-type]  # `seen` is all
        self.task_viewers = TaskViewers(own, self.streams, Events(None))  # type: ignore[arg-type]  # no fragment is made
        self.gone = self.task_viewers.removed

    async def seen(self, actor: Actor, task_ids: Collection[int]) -> Mapping[int, bool]:
        self.asked.append(frozenset(task_ids))
        if self.fails:
            raise self.fails
        return await self.world.backend.seen(actor, task_ids)

    async def open(self, login: str, *tasks: int, every: bool = False) -> Stream:
        actor = self.world.actor(login)
        stream = self.streams.open(actor.id, "s", PAGE, 0, viewer(actor, tasks, every))
        await self.task_viewers.catch_up(stream)
        return stream

    async def pass_(self, time: timedelta) -> None:
        """What is due by then is asked."""
        self.now += time
        while await self.gone.step() < removed_tasks.IDLE_SECONDS:
            pass

    async def delete(self, task: int) -> None:
        """Here: by our own page."""
        await self.world.backend.delete(self.world.actor("admin"), task)
        await self.services.suppression.deleted(task)
        self.now = datetime.now(UTC)

    def move_apart(self, task: int) -> None:
        """To a project that has no members."""

        def work(session: Session) -> None:
            session.add(tables.Project(id=99, identifier="apart", name="Отдельно"))
            session.flush()
            session.get_one(tables.Task, task).project_id = 99

        self.world.database.run_here(work, writes=True)


@pytest.fixture(autouse=True)
def no_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tracker is never left alone for long: no test waits for it."""
    monkeypatch.setattr(removed_tasks, "SHARE", 0)


@pytest.fixture
def office(services: Services, embedded: EmbeddedWorld) -> Office:
    return Office(services, embedded)


def told(stream: Stream) -> list[int]:
    """The tasks that it was told are gone; that is taken away."""
    pieces, stream._waiting = stream._waiting, []
    shapes = [json.loads(piece.split(b"data: ")[1]) for piece in pieces if piece]
    return [it["task_id"] for it in shapes if it.get("version") == "gone"]


async def test_a_task_deleted_elsewhere_is_announced_when_it_is_asked_for_and_only_then(office: Office) -> None:
    first, second = office.world.new_task(), office.world.new_task()
    page = await office.open("anna", first, second)
    await office.pass_(FIRST)
    assert told(page) == [] and office.asked == [{first, second}]
    await office.world.backend.delete(office.world.actor("admin"), first)
    await office.pass_(EVERY / 2)
    assert told(page) == [] and len(office.asked) == 1
    await office.pass_(EVERY / 2)
    assert told(page) == [first]
    await office.pass_(EVERY)
    assert told(page) == [] and office.asked[-1] == {second}


async def test_a_task_deleted_here_is_announced_at_once_to_its_viewers_and_to_nobody_else(office: Office) -> None:
    task = office.world.new_task()
    hers, his = await office.open("anna", task), await office.open("stranger", task)
    board, nosy = await office.open("boris", every=True), await office.open("stranger", every=True)
    await office.pass_(FIRST)
    assert (told(hers), told(his)) == ([], [task]), "as for a number that there never was"
    office.gone.add_seen(board, task)
    await office.delete(task)
    late = await office.open("stranger", task)
    await office.task_viewers.run_round()
    assert (told(hers), told(board)) == ([task], [task])
    assert told(his) == told(nosy) == told(late) == []
    await office.task_viewers.run_round()
    await office.pass_(EVERY)
    assert told(hers) == told(board) == []


async def test_a_task_moved_to_an_invisible_project_is_gone_for_those_who_do_not_see_it(office: Office) -> None:
    task = office.world.new_task()
    hers, admins = await office.open("anna", task), await office.open("admin", task)
    await office.pass_(FIRST)
    office.move_apart(task)
    office.gone.check_soon(hers, task)
    await office.pass_(timedelta(0))
    assert (told(hers), told(admins)) == ([task], [])


async def test_an_invisible_event_has_the_task_asked_for_at_once(office: Office) -> None:
    task = office.world.new_task()
    page = await office.open("irina", task)
    await office.pass_(FIRST)
    office.gone.check_soon(page, task)
    await office.pass_(timedelta(0))
    assert len(office.asked) == 2 and told(page) == [], "a private comment: she sees the task"
    office.gone.check_soon(page, 7777)
    await office.pass_(timedelta(0))
    assert len(office.asked) == 2, "of a task that she was never known to see nothing is asked"


@pytest.mark.parametrize("error", [Unavailable(), LockedOut(), RuntimeError()], ids=lambda it: type(it).__name__)
async def test_a_tracker_that_does_not_answer_makes_nothing_go(office: Office, error: Exception) -> None:
    task = office.world.new_task()
    page = await office.open("anna", task)
    office.fails = error
    await office.pass_(FIRST)
    assert told(page) == [] and len(office.asked) == 1
    office.fails = None
    await office.world.backend.delete(office.world.actor("admin"), task)
    await office.pass_(EVERY)
    assert told(page) == [task]


async def test_all_pages_of_a_person_are_asked_for_together(office: Office) -> None:
    first, second = office.world.new_task(), office.world.new_task()
    pages = [await office.open("anna", task) for task in (first, second)]
    await office.pass_(FIRST)
    assert office.asked == [{first, second}]
    office.streams.close(pages[0])
    await office.pass_(EVERY)
    assert office.asked[1:] == [{second}]
    office.streams.close(pages[1])
    await office.pass_(EVERY)
    assert len(office.asked) == 2 and not office.gone._viewers


async def test_a_page_that_goes_while_it_is_asked_for_harms_nothing(office: Office) -> None:
    task = office.world.new_task()
    page = await office.open("anna", task)
    office.now += FIRST
    asking = asyncio.create_task(office.gone.step())
    await asyncio.sleep(0)
    office.streams.close(page)
    await asking
    assert told(page) == []


async def test_however_many_people_wait_the_tracker_is_left_alone_most_of_the_time(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    moments = iter([100.0, 102.5])
    monkeypatch.setattr(office.gone, "ticks", lambda: next(moments))
    await office.open("anna", office.world.new_task())
    office.now += FIRST
    assert await office.gone.step() == 2.5 * removed_tasks.SHARE


def test_a_deletion_by_a_page_or_a_program_is_kept_for_pages_that_show_the_task(
    visit: Visit, services: Services, embedded: EmbeddedWorld
) -> None:
    first, second = embedded.new_task(), embedded.new_task()
    admin = visit("admin")
    assert admin.post(f"/tasks/{first}/delete", headers={"Accept": "text/html"}).status_code == 303
    assert admin.delete(f"/tasks/api/task/{second}").status_code == 200
    acts = services.database.run_here(lambda db: feed_state.processed_since(db, datetime(2000, 1, 1, tzinfo=UTC)))
    assert [it.key for it in acts] == [f"gone.{first}", f"gone.{second}"]


async def test_a_clock_that_is_put_back_keeps_nobody_from_being_asked_for(office: Office) -> None:
    task = office.world.new_task()
    page = await office.open("anna", task)
    await office.pass_(FIRST)
    await office.world.backend.delete(office.world.actor("admin"), task)
    await office.pass_(-timedelta(hours=1))
    assert told(page) == [task]
