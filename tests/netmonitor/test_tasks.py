"""An incident opens one task and closes it, whatever breaks off in between."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from sqlmodel import Session

from helpdesk.errors import OutcomeUnknown, Unavailable
from helpdesk.netmonitor.author import Author
from helpdesk.netmonitor.tasks import NO_AUTHOR, NO_PROJECT, IncidentTasks, Refused, mark
from helpdesk.store import host_samples, monitored_hosts, people
from helpdesk.store.database import Database
from helpdesk.store.models.netmonitor import HostIncident, MonitoredHost
from helpdesk.store.models.tables import Task as TaskTable
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Task
from helpdesk.wiring import own_account
from tests.clocks import Clock
from tests.store.monitored import add_host
from tests.world import PEOPLE_IDS, EmbeddedWorld

ADMIN = PEOPLE_IDS["admin"]


class Desk:
    """Incidents in the store, and a backend whose calls a test may break."""

    def __init__(self, world: EmbeddedWorld, clock: Clock) -> None:
        self.world, self.clock, self.database = world, clock, world.database
        self.backend: Any = Breakable(world.backend)

    def process(self, project: str = "help", author: str = "anna") -> IncidentTasks:
        found = Author(self.database, author, own_account)
        return IncidentTasks(
            self.database,
            self.backend,
            found.find,
            project,
            lambda host: f"https://desk.example/netmonitor/{host}",
            "ru",
            self.clock.now().tzinfo,  # type: ignore[arg-type]
            self.clock.now,
            self.clock.ticks,
        )

    def incident(self, **values: Any) -> int:
        def add(db: Session) -> int:
            host_id = add_host(db, f"Шлюз {values.get('fault', 'silent')}")
            begun = {"host_id": host_id, "open_host_id": host_id, "began_at": self.clock.now(), "fault": "silent"}
            row = HostIncident(**{**begun, "opened_at": self.clock.now(), "task_state": "wanted", **values})
            db.add(row)
            db.flush()
            assert row.id
            return row.id

        return self.database.run_here(add, writes=True)

    def end(self, incident: int) -> None:
        def close(db: Session) -> None:
            row = db.get_one(HostIncident, incident)
            row.open_host_id, row.ended_at = None, self.clock.now()

        self.database.run_here(close, writes=True)

    def row(self, incident: int) -> HostIncident:
        return self.database.run_here(lambda db: db.get_one(HostIncident, incident))

    async def tasks(self, incident: int) -> list[Task]:
        anna = self.world.actor("anna")
        page = await self.world.backend.tasks(anna, TaskQuery(include_closed=True))
        rows = [it for it in page.rows if it.subject.endswith(f"({mark(incident)})")]
        return [await self.world.backend.task(anna, it.id) for it in rows]


class Breakable:
    """The backend, whose `breaks` fail: before they are made, or after. The `late` ones are made when a test does."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self.breaks: dict[str, str] = {}
        self.asked: list[str] = []
        self.late: list[Callable[[], Awaitable[Any]]] = []

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*values: Any, **named: Any) -> Any:
            self.asked.append(name)
            when = self.breaks.get(name)
            if when == "late":
                self.late.append(partial(getattr(self._backend, name), *values, **named))
                raise OutcomeUnknown(detail="the answer did not come")
            if when == "odd":
                raise ValueError("an odd answer")
            if when == "before":
                raise Unavailable(detail="it is down")
            answer = await getattr(self._backend, name)(*values, **named)
            if when == "after":
                raise OutcomeUnknown(detail="the answer did not come")
            if when == "killed":
                raise asyncio.CancelledError
            return answer

        return call


@pytest.fixture
def desk(embedded: EmbeddedWorld, clock: Clock) -> Desk:
    return Desk(embedded, clock)


async def test_an_incident_opens_a_task_and_closes_it_with_a_comment(desk: Desk) -> None:
    incident, process = desk.incident(), desk.process()
    await process.step()
    await process.step()
    [task] = await desk.tasks(incident)
    assert task.row.subject == f"Шлюз silent: нет ответа (NM-{incident})" and task.row.author.name == "Анна Смирнова"
    assert "https://desk.example/netmonitor/" in task.description and "127.0.0.1" in task.description
    assert (desk.row(incident).task_id, desk.row(incident).task_state) == (task.id, "open")
    desk.clock.pass_(300)
    desk.end(incident)
    await process.step()
    await process.step()
    [task] = await desk.tasks(incident)
    [comment] = [it.notes for it in task.entries if it.notes]
    assert f"NM-{incident}" in comment and " 5 мин" in comment
    assert desk.row(incident).task_state == "closed" and not task.row.status.is_closed, "the workflow does not let her"


async def test_a_task_is_closed_where_the_workflow_lets_the_author(desk: Desk) -> None:
    incident, process, anna = desk.incident(), desk.process(), desk.world.actor("anna")
    await process.step()
    [task] = await desk.tasks(incident)
    desk.database.run_here(lambda db: set_status(db, task.id, desk.world.status("resolved")), writes=True)
    desk.end(incident)
    await process.step()
    closed = await desk.world.backend.task(anna, task.id)
    assert closed.row.status.is_closed and f"NM-{incident}" in closed.entries[-1].notes


def set_status(db: Session, task_id: int, status: int) -> None:
    db.get_one(TaskTable, task_id).status_id = status


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_task_is_opened_once_though_an_answer_did_not_come(desk: Desk, when: str) -> None:
    incident, process = desk.incident(), desk.process()
    desk.backend.breaks["create"] = when
    await process.step()
    desk.backend.breaks.clear()
    await process.step()
    assert len(await desk.tasks(incident)) == (when == "after"), "it waits a while"
    desk.clock.pass_(6)
    await process.step()
    assert len(await desk.tasks(incident)) == 1 and desk.row(incident).task_state == "open"


@pytest.mark.parametrize("call", ["create", "comment"])
async def test_a_write_that_ends_late_is_not_made_twice(desk: Desk, call: str) -> None:
    """The task system gave no answer, was asked whether it has written, and wrote only then."""
    incident, process = desk.incident(), desk.process()
    if call == "comment":
        await process.step()
        desk.end(incident)
    desk.backend.breaks[call] = "late"
    await process.step()
    desk.backend.breaks.clear()
    desk.clock.pass_(6)
    await process.step()
    await desk.backend.late[0]()
    for _ in range(100):
        desk.clock.pass_(6)
        await process.step()
    [task] = await desk.tasks(incident)
    assert len([it for it in task.entries if it.notes]) == (call == "comment")
    assert desk.row(incident).task_state == ("open" if call == "create" else "closed")


@pytest.mark.parametrize("call", ["create", "comment"])
async def test_a_write_that_never_ended_is_made_again_in_the_end(desk: Desk, call: str) -> None:
    incident, process = desk.incident(), desk.process()
    if call == "comment":
        await process.step()
        desk.end(incident)
    desk.backend.breaks[call] = "late"
    await process.step()
    desk.backend.breaks.clear()
    for _ in range(110):
        desk.clock.pass_(6)
        await process.step()
    [task] = await desk.tasks(incident)
    assert len([it for it in task.entries if it.notes]) == (call == "comment")
    assert desk.row(incident).task_state == ("open" if call == "create" else "closed")


async def test_a_write_noted_by_a_clock_that_was_ahead_is_waited_for(desk: Desk) -> None:
    incident, process = desk.incident(), desk.process()
    desk.clock.pass_(7200)
    desk.backend.breaks["create"] = "late"
    await process.step()
    desk.clock.pass_(-7200)
    desk.backend.breaks.clear()
    await desk.process().step()
    assert await desk.tasks(incident) == []
    desk.clock.pass_(301)
    await desk.process().step()
    assert len(await desk.tasks(incident)) == 1


async def test_an_incident_that_ended_while_its_task_was_opened_gets_none(desk: Desk) -> None:
    incident, process = desk.incident(), desk.process()
    desk.backend.breaks["create"] = "late"
    await process.step()
    desk.backend.breaks.clear()
    desk.end(incident)
    for _ in range(110):
        desk.clock.pass_(6)
        await process.step()
    assert await desk.tasks(incident) == [] and desk.row(incident).task_state == ""


async def test_an_odd_answer_holds_up_no_other_incident(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    first, second = desk.incident(), desk.incident(fault="refused")
    process, create = desk.process(), desk.world.backend.create

    async def odd(actor: Any, new: Any) -> Task:
        if mark(first) in new.subject:
            raise ValueError("an odd answer")
        return await create(actor, new)

    with pytest.MonkeyPatch.context() as monkey:
        monkey.setattr(desk.world.backend, "create", odd)
        await process.step()
    assert len(await desk.tasks(second)) == 1
    assert "ValueError" in caplog.text


async def test_a_store_whose_answer_is_lost_ends_no_watch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    incident, process = desk.incident(), desk.process()

    def lost(*_: object, **__: object) -> None:
        raise OutcomeUnknown(detail="the connection broke")

    with monkeypatch.context() as broken:
        broken.setattr(desk.database, "run", lost)
        await process.step()
    await process.step()
    assert len(await desk.tasks(incident)) == 1


async def test_what_another_process_wrote_meanwhile_is_left_alone(desk: Desk) -> None:
    """This one was held up between reading an incident and noting its step, for longer than its lease."""
    incident, slow, quick = desk.incident(), desk.process(), desk.process()
    place = slow.place

    async def late() -> Any:
        desk.clock.pass_(121)
        await quick.step()
        return await place()

    with pytest.MonkeyPatch.context() as monkey:
        monkey.setattr(slow, "place", late)
        await slow.step()
    [task] = await desk.tasks(incident)
    assert (desk.row(incident).task_id, desk.row(incident).task_state) == (task.id, "open")


async def test_a_slow_backend_leads_to_no_second_task(desk: Desk) -> None:
    """All incidents together take longer than the lease, and another process steps in between."""
    faults = ("silent", "refused", "slow", "name", "status", "words", "certificate", "nonsense")
    incidents = [desk.incident(fault=it) for it in faults]
    one, two, create = desk.process(), desk.process(), desk.world.backend.create

    async def slow(*values: Any) -> Task:
        desk.clock.pass_(25)
        await two.step()
        return await create(*values)

    with pytest.MonkeyPatch.context() as monkey:
        monkey.setattr(desk.world.backend, "create", slow)
        for _ in range(3):
            await one.step()
    assert [len(await desk.tasks(it)) for it in incidents] == [1] * 8


async def test_a_process_that_is_killed_leaves_one_task_and_one_comment(desk: Desk) -> None:
    """Cancelled between the backend's write and ours, as a kill does."""
    incident = desk.incident()
    desk.backend.breaks["create"] = "killed"
    with pytest.raises(asyncio.CancelledError):
        await desk.process().step()
    assert desk.row(incident).task_state == "opening"
    desk.backend.breaks.clear()
    desk.clock.pass_(121)  # the lease of the killed one is over
    second = desk.process()
    await second.step()
    [task] = await desk.tasks(incident)
    assert desk.row(incident).task_id == task.id
    desk.end(incident)
    desk.backend.breaks["comment"] = "killed"
    with pytest.raises(asyncio.CancelledError):
        await second.step()
    assert desk.row(incident).task_state == "closing"
    desk.backend.breaks.clear()
    desk.clock.pass_(121)
    await desk.process().step()
    [task] = await desk.tasks(incident)
    assert len([it for it in task.entries if it.notes]) == 1 and desk.row(incident).task_state == "closed"


async def test_of_two_processes_one_writes(desk: Desk) -> None:
    incidents = [desk.incident(fault=fault) for fault in ("silent", "refused", "slow")]
    one, two = desk.process(), desk.process()
    await asyncio.gather(one.step(), two.step())
    await asyncio.gather(two.step(), one.step())
    assert [len(await desk.tasks(it)) for it in incidents] == [1, 1, 1]


async def test_a_process_that_has_lost_the_lease_stops(desk: Desk) -> None:
    """Its first call took so long that another has begun with the rest."""
    incidents = [desk.incident(fault=fault) for fault in ("silent", "refused", "slow")]
    slow, quick, create = desk.process(), desk.process(), desk.world.backend.create

    async def late(*values: Any) -> Task:
        monkey.undo()
        desk.clock.pass_(121)
        await quick.step()
        return await create(*values)

    with pytest.MonkeyPatch.context() as monkey:
        monkey.setattr(desk.world.backend, "create", late)
        await slow.step()
    assert [len(await desk.tasks(it)) for it in incidents[1:]] == [1, 1]


async def test_an_incident_that_is_over_before_needs_no_task(desk: Desk) -> None:
    incident = desk.incident()
    desk.end(incident)
    await desk.process().step()
    assert await desk.tasks(incident) == [] and desk.row(incident).task_state == ""


@pytest.mark.parametrize("way", ["switched off", "removed"])
async def test_a_host_that_is_not_watched_any_more_is_not_said_to_answer(desk: Desk, way: str) -> None:
    incident, process = desk.incident(), desk.process()
    await process.step()
    [task] = await desk.tasks(incident)
    desk.database.run_here(lambda db: set_status(db, task.id, desk.world.status("resolved")), writes=True)
    host_id = desk.row(incident).host_id or 0
    desk.clock.pass_(300)

    def end(db: Session) -> None:
        if way == "removed":
            monitored_hosts.remove(db, ADMIN, host_id, desk.clock.now())
        else:
            db.get_one(MonitoredHost, host_id).is_active = False
            db.flush()
            host_samples.end_unwatched(db, desk.clock.now())

    desk.database.run_here(end, writes=True)
    await process.step()
    await process.step()
    [task] = await desk.tasks(incident)
    [comment] = [it.notes for it in task.entries if it.notes]
    assert "не проверяется" in comment and not task.row.status.is_closed
    kept = desk.database.run_here(lambda db: db.get(HostIncident, incident))
    assert kept is None if way == "removed" else kept and kept.task_state == "closed"


async def test_a_backend_that_is_down_is_asked_ever_less_and_given_up(desk: Desk) -> None:
    incident, process = desk.incident(), desk.process()
    desk.backend.breaks["vocabulary"] = "before"
    for _ in range(600):
        desk.clock.pass_(3)
        await process.step()
    assert 5 < len(desk.backend.asked) < 15
    desk.clock.pass_(86_400)
    await process.step()
    assert desk.row(incident).task_state == "failed"


async def test_a_task_that_was_deleted_is_closed(desk: Desk) -> None:
    incident, process = desk.incident(), desk.process()
    await process.step()
    [task] = await desk.tasks(incident)
    await desk.world.backend.delete(desk.world.actor("admin"), task.id)
    desk.end(incident)
    await process.step()
    assert desk.row(incident).task_state == "closed"


@pytest.mark.parametrize(
    ("project", "author", "reason"),
    [
        ("no such", "anna", NO_PROJECT),
        ("help", "nobody", NO_AUTHOR),
        ("help", "stranger", NO_PROJECT),
        ("help", "boris", NO_AUTHOR),
    ],
)
async def test_a_wrong_setting_is_told(
    desk: Desk, project: str, author: str, reason: object, database: Database
) -> None:
    database.run_here(lambda db: people.disable(db, "boris"), writes=True)
    with pytest.raises(Refused) as refused:
        await desk.process(project, author).place()
    assert refused.value.reason == reason
