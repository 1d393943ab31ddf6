"""All open tasks of a person go to a colleague in batches: each once, whatever breaks off in between."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select, update

from helpdesk.errors import Unavailable
from helpdesk.services import Services
from helpdesk.store import leases
from helpdesk.store.blobs import Blobs
from helpdesk.store.models import tables
from helpdesk.store.models.tables import AuditRecord, Person
from helpdesk.tasks import bulk
from helpdesk.tasks.embedded.backend import EmbeddedBackend
from helpdesk.tasks.model import Actor, Edit, Task, Written
from tests.web.conftest import HTML, HTMX, Visit, notes
from tests.web.dom import Element, parsed
from tests.world import PEOPLE_IDS, EmbeddedWorld

ADDRESS = "/users/hand-over"
OF_ANNA = f"/admin/people/{PEOPLE_IDS['anna']}/hand-over"
COMMENT = "Передаю: ухожу в отпуск"


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "HANDED_AT_ONCE", 5)
    monkeypatch.setattr(bulk, "PARALLEL", 2)


def many(world: EmbeddedWorld, count: int) -> list[int]:
    """So many open tasks of anna's, a third of them in another project, and a closed one."""
    world.new_task(status="closed")
    return [world.new_task(project="office" if it % 3 == 0 else "help") for it in range(count)]


def assignees(visit: Visit, numbers: list[int]) -> set[str]:
    admin = visit("admin")
    return {admin.get(f"/tasks/api/task/{it}").json()["assignee"]["name"] for it in numbers}


def form_of(page: str) -> tuple[Element, dict[str, str]]:
    """The form that goes on, and its values."""
    (form,) = parsed(page).all(lambda it: it.tag == "form" and it.get("hx-trigger") == "load, submit")
    return form, {it["name"]: it.get("value") or "" for it in form.all(lambda it: it.tag == "input")}


def open_tasks(visit: Visit) -> int:
    return int(visit("anna").get(ADDRESS).json()["open_tasks"])


def test_the_page_counts_by_project_and_the_batches_hand_over_all(visit: Visit, embedded: EmbeddedWorld) -> None:
    numbers, anna = many(embedded, 7), visit("anna")
    assert anna.get(ADDRESS).json()["projects"] == [{"name": "help", "tasks": 4}, {"name": "office", "tasks": 3}]
    assert "Open tasks: 7" in anna.get(ADDRESS, headers=HTML).text
    sent = {"to": "boris", "comment": COMMENT, "idempotency_key": "first"}
    first = anna.post(ADDRESS, data=sent, headers=HTML)
    assert first.status_code == 200 and "5 of 7 tasks went to Борис Кузнецов so far" in first.text
    assert anna.post(ADDRESS, data=sent, headers=HTML).text == first.text, "sent twice, done once"
    form, values = form_of(first.text)
    last = anna.post(form["action"], data=values, headers=HTMX)
    assert "Tasks that went to Борис Кузнецов: 7" in last.text and "Everything was handed over" in last.text
    assert "<html" not in last.text and 'hx-trigger="load' not in last.text
    assert assignees(visit, numbers) == {"Борис Кузнецов"} and open_tasks(visit) == 0
    boris = visit("boris")
    assert all(notes(boris, it) == [COMMENT] for it in numbers)
    assert "nothing to hand over" in anna.get(ADDRESS, headers=HTML).text


def test_what_the_taker_may_not_have_stays_and_is_told_with_its_reason(visit: Visit, embedded: EmbeddedWorld) -> None:
    """irina may be assigned nowhere, and in the warehouse she is not even a member."""
    many(embedded, 6)
    anna = visit("anna")
    page = anna.post(ADDRESS, data={"to": "irina", "comment": COMMENT}, headers=HTML).text
    _, values = form_of(page)
    page = anna.post(ADDRESS, data=values, headers=HTML).text
    assert "Not handed over: 6" in page and page.count("This person can&#39;t be assigned here.") == 6
    assert open_tasks(visit) == 6 and notes(anna, 2) == []
    told = anna.post(ADDRESS, json={"to": "irina", "comment": COMMENT}).json()
    assert (told["failed_count"], told["successful_count"], told["remaining"], told["skip"]) == (5, 0, 1, 5)
    assert told["failed"][0]["error"] == "invalid"
    told = anna.post(ADDRESS, json={"to": "irina", "comment": COMMENT, "skip": told["skip"]}).json()
    assert (told["failed_count"], told["remaining"]) == (1, 0)


class Steered(EmbeddedBackend):
    """Each of these is called with the number of a task when that is about to be read or changed, or has been."""

    reading: Callable[[int], Any] = staticmethod(lambda _: None)
    changing: Callable[[int], Any] = staticmethod(lambda _: None)
    changed: Callable[[int], Any] = staticmethod(lambda _: None)

    async def task(self, actor: Actor, task_id: int) -> Task:
        self.reading(task_id)
        return await super().task(actor, task_id)

    async def change(self, actor: Actor, task_id: int, edit: Edit) -> Written:
        self.changing(task_id)
        written = await super().change(actor, task_id, edit)
        self.changed(task_id)
        return written


class Killed(BaseException):
    """What no code of ours catches."""


@pytest.fixture
def steered(services: Services) -> Steered:
    assert isinstance(services.backend, Steered)
    return services.backend


@pytest.fixture
def services(services: Services, tmp_path: Path) -> Services:
    return replace(services, backend=Steered(services.database.for_backend(), Blobs(tmp_path / "files")))


def raising(error: BaseException, at: int) -> Callable[[int], None]:
    def work(number: int) -> None:
        if number == at:
            raise error

    return work


@pytest.mark.parametrize("when", ["changing", "changed"])
def test_a_run_that_was_killed_is_continued_by_running_it_again(
    visit: Visit,
    services: Services,
    embedded: EmbeddedWorld,
    steered: Steered,
    when: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process dies before or after the write of one task; the lease that it leaves behind ends by itself."""
    numbers, who = many(embedded, 5), embedded.actor("anna")
    monkeypatch.setattr(bulk, "PARALLEL", 1)  # the threads of a killed process would be dead
    setattr(steered, when, raising(Killed(), numbers[2]))
    what = bulk.HandOver(PEOPLE_IDS["anna"], PEOPLE_IDS["boris"], COMMENT)
    name, now = f"hand-over:{PEOPLE_IDS['anna']}", services.clock()
    services.database.run_here(lambda db: leases.take(db, name, "killed", now, 30), writes=True)
    with pytest.raises(BaseExceptionGroup):
        asyncio.run(bulk.hand_over(steered, who, what, 0))
    setattr(steered, when, lambda _: None)
    again = visit("anna").post(ADDRESS, json={"to": "boris", "comment": COMMENT})
    assert (again.status_code, again.json()["error"]) == (409, "conflict")
    services.database.run_here(lambda db: leases.release(db, name, "killed", now), writes=True)
    visit("anna").post(ADDRESS, json={"to": "boris", "comment": COMMENT}).raise_for_status()
    assert assignees(visit, numbers) == {"Борис Кузнецов"}
    boris = visit("boris")
    assert {it: notes(boris, it) for it in numbers} == {it: [COMMENT] for it in numbers}


def test_two_at_once_leave_one_comment_on_each(visit: Visit, embedded: EmbeddedWorld) -> None:
    numbers = many(embedded, 5)
    with ThreadPoolExecutor(2) as pool:
        body = {"to": "boris", "comment": COMMENT}
        sent = pool.map(lambda it: it[0].post(it[1], json=body), [(visit("anna"), ADDRESS), (visit("admin"), OF_ANNA)])
        assert {it.status_code for it in sent} <= {200, 409}
    visit("anna").post(ADDRESS, json={"to": "boris", "comment": COMMENT})
    boris = visit("boris")
    assert all(notes(boris, it) == [COMMENT] for it in numbers)


@pytest.mark.parametrize(("moment", "failed"), [("reading", []), ("changing", ["conflict"])])
def test_a_task_that_goes_to_somebody_else_meanwhile_is_left_alone(
    visit: Visit, embedded: EmbeddedWorld, steered: Steered, moment: str, failed: list[str]
) -> None:
    first, second = many(embedded, 2)

    def take(number: int) -> None:
        if number == second:
            setattr(steered, moment, lambda _: None)
            give = update(tables.Task).where(col(tables.Task.id) == second)
            values = {"assignee_id": PEOPLE_IDS["irina"], "version": 2}
            embedded.database.run_here(lambda db: db.exec(give.values(**values)), writes=True)

    setattr(steered, moment, take)
    told = visit("anna").post(ADDRESS, json={"to": "boris", "comment": COMMENT}).json()
    assert ([it["error"] for it in told["failed"]], told["successful_count"]) == (failed, 1)
    assert assignees(visit, [second]) == {"Ирина Соколова"} and notes(visit("admin"), second) == []


def test_a_slow_task_system_ends_a_batch_early_and_the_next_goes_on(
    visit: Visit, embedded: EmbeddedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = many(embedded, 3)
    monkeypatch.setattr(bulk, "HANDING_SECONDS", -1.0)
    told = visit("anna").post(ADDRESS, json={"to": "boris", "comment": COMMENT}).json()
    assert (told["successful_count"], told["remaining"]) == (0, 3)
    monkeypatch.undo()
    told = visit("anna").post(ADDRESS, json={"to": "boris", "comment": COMMENT}).json()
    assert (told["successful_count"], told["remaining"]) == (3, 0) and assignees(visit, numbers) == {"Борис Кузнецов"}


def test_one_task_that_fails_stops_none_of_the_others(visit: Visit, embedded: EmbeddedWorld, steered: Steered) -> None:
    numbers = many(embedded, 5)
    steered.changing = raising(Unavailable(), numbers[2])
    told = visit("anna").post(ADDRESS, json={"to": "boris", "comment": COMMENT}).json()
    assert told["successful_count"] == 4 and [it["task_id"] for it in told["failed"]] == [numbers[2]]


def test_an_administrator_hands_over_the_tasks_of_a_disabled_account_as_oneself(
    visit: Visit, services: Services, embedded: EmbeddedWorld
) -> None:
    numbers, admin = many(embedded, 2), visit("admin")
    disabled = update(Person).where(col(Person.id) == PEOPLE_IDS["anna"]).values(is_active=False)
    services.database.run_here(lambda db: db.exec(disabled), writes=True)
    page = admin.get(OF_ANNA, headers=HTML).text
    assert "Hand over the tasks of Анна Смирнова" in page and 'class="sections"' in page
    done = admin.post(OF_ANNA, data={"to": "boris", "comment": COMMENT}, headers=HTML).text
    assert "Everything was handed over" in done and 'class="sections"' in done
    history = admin.get(f"/tasks/api/task/{numbers[0]}/history").json()["history"]
    assert history[-1]["author"]["name"] == "Алла Админ"

    def acts(db: Session) -> list[tuple[str, int | None]]:
        about = select(AuditRecord.action, AuditRecord.person_id).where(AuditRecord.actor_id == PEOPLE_IDS["admin"])
        return [tuple(row) for row in db.exec(about.order_by(col(AuditRecord.id)))]

    assert services.database.run_here(acts)[-3:] == [
        ("hand_over", PEOPLE_IDS["anna"]),
        ("task_changed", None),
        ("task_changed", None),
    ]
    assert admin.get("/admin/people/77/hand-over").status_code == 404


@pytest.mark.parametrize("to", ["", "nobody", "anna", "x" * 201, ["boris"], None])
def test_a_wrong_taker_is_refused_and_nothing_changes(visit: Visit, embedded: EmbeddedWorld, to: object) -> None:
    many(embedded, 1)
    anna = visit("anna")
    refused = anna.post(ADDRESS, json={"to": to, "comment": COMMENT})
    assert refused.status_code == 422 and list(refused.json()["errors"]) == ["to"]
    assert anna.post(ADDRESS, data={"to": str(to), "comment": COMMENT}, headers=HTML).status_code == 422
    assert open_tasks(visit) == 1


@pytest.mark.parametrize("sent", [{"skip": -1}, {"skip": "x"}, {"skip": 10**30}, {"comment": "x" * 2_001}])
def test_wrong_numbers_and_long_comments_are_refused(
    visit: Visit, embedded: EmbeddedWorld, sent: dict[str, Any]
) -> None:
    many(embedded, 1)
    assert visit("anna").post(ADDRESS, json={"to": "boris", "comment": COMMENT} | sent).status_code == 422
    broken = {"to": "boris", "comment": COMMENT, "sealed": "WzEsMl0.made.up"}
    assert visit("anna").post(ADDRESS, data=broken, headers=HTML).status_code == 200, "a foreign seal counts nothing"
