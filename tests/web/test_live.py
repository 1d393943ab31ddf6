"""Streams of a helpdesk that really runs: what somebody does is told to whom it concerns, and to nobody else."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from e2e import steps
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.web.live.hub import HEARTBEAT_SECONDS
from tests.listening import STREAM, listening, until
from tests.running import STORE, Helpdesk, running_demo
from tests.servers.process import end

Program = Callable[[str], httpx.Client]


@pytest.fixture
def helpdesk(tmp_path: Path, seeded: Path) -> Iterator[Helpdesk]:
    with running_demo(tmp_path, seeded) as running:
        yield running


@pytest.fixture
def program(helpdesk: Helpdesk) -> Iterator[Program]:
    """`program("anna")` is a client of hers, signed in."""
    with ExitStack() as opened:
        yield lambda login: opened.enter_context(closing(steps.program(helpdesk.url, login)))


def first_task(client: httpx.Client) -> int:
    number: int = client.get("/tasks/my-tasks").json()["tasks"][0]["id"]
    return number


def test_a_comment_notifies_the_assignee_once_and_nobody_else(program: Program) -> None:
    anna, boris, stranger = program("anna"), program("boris"), program("stranger")
    task = first_task(anna)
    with (
        listening(anna, STREAM) as hers,
        listening(anna, "/notifications/stream") as page,
        listening(boris, "/notifications/stream?tasks=7777") as his,
        listening(stranger, STREAM) as others,
    ):
        said = boris.post(f"/tasks/api/task/{task}/comments", json={"comment": "Готово, <b>проверьте</b>."})
        said.raise_for_status()
        told = until(hers, "new_notification")
        shape = json.loads(told["data"])
        assert (shape["issue_id"], shape["type"], shape["unread_count"]) == (task, "comment", 1)
        assert told["id"] == str(shape["id"]) and "проверьте" in shape["message"]
        shown = until(page, "new_notification")
        assert shown["id"] == told["id"] and f'id="notification-{shape["id"]}"' in shown["data"]
        assert "<b>проверьте" not in shown["data"]
        anna.put(f"/tasks/api/notifications/{shape['id']}/read").raise_for_status()
        for each in (his, others):
            assert all(event.get("event") != "new_notification" for event in list(each.queue))
    listed = anna.get("/tasks/api/notifications").json()
    assert (listed["total_count"], listed["unread_count"]) == (1, 0)
    with listening(anna, STREAM, **{"Last-Event-ID": str(shape["id"] - 1)}) as again:
        assert json.loads(until(again, "new_notification")["data"])["id"] == shape["id"]


def test_a_notification_read_in_one_place_is_counted_down_in_the_others(program: Program) -> None:
    phone, office, boris = program("anna"), program("anna"), program("boris")
    with listening(office, STREAM) as told:
        boris.post(f"/tasks/api/task/{first_task(phone)}/comments", json={"comment": "Готово."}).raise_for_status()
        number = json.loads(until(told, "new_notification")["data"])["id"]
        phone.put(f"/tasks/api/notifications/{number}/read").raise_for_status()
        # Sooner than the heart beats, which tells the count, too.
        assert json.loads(until(told, "unread", HEARTBEAT_SECONDS / 2)["data"]) == {"unread_count": 0}


def test_a_process_that_ends_ends_its_streams_without_noise(helpdesk: Helpdesk, program: Program) -> None:
    anna = program("anna")
    with listening(anna, "/notifications/stream") as told:
        end(helpdesk.process)
        assert until(told, "end")
    log = (helpdesk.folder / "helpdesk.log").read_text()
    assert "Traceback" not in log and "without completing" not in log


def test_signing_out_elsewhere_ends_the_stream(program: Program) -> None:
    anna, other = program("anna"), program("anna")
    with listening(anna, "/notifications/stream") as told:
        other.post("/users/logout", json={"everywhere": True}).raise_for_status()
        assert until(told, "session_ended")
        assert until(told, "end")


def test_a_shown_task_sends_its_visible_changes(program: Program) -> None:
    anna, boris, irina, stranger = program("anna"), program("boris"), program("irina"), program("stranger")
    hers = irina.get("/tasks", params={"author_id": "me", "status": "В работе"}).json()["tasks"]
    task = hers[0]["id"]
    screen = f"/notifications/stream?tasks=7777,{task}"
    with (
        listening(boris, screen) as page,
        listening(boris, f"/tasks/api/notifications/stream?tasks={task}") as program,
        listening(irina, screen) as asker,
        listening(stranger, screen) as others,
        listening(boris, "/notifications/stream?tasks=7777") as elsewhere,
    ):
        said = anna.post(f"/tasks/api/task/{task}/comments", json={"comment": "Между нами.", "private": True})
        said.raise_for_status()
        statuses = anna.get(f"/tasks/api/task/{task}/statuses").json()
        new = statuses["available_statuses"][-1]
        anna.put(f"/tasks/api/task/{task}/status", json={"status_id": new["id"]}).raise_for_status()
        first, second = (json.loads(until(page, "task_changed")["data"]) for _ in range(2))
        assert (first["task_id"], second["task_id"]) == (task, task) and first["version"] != second["version"]
        told = json.loads(until(program, "task_status_changed")["data"])
        assert (told["task_id"], told["old_status"], told["new_status"], told["updated_by"]) == (
            task,
            statuses["current_status"]["name"],
            new["name"],
            "Анна Светлова",
        )
        assert json.loads(until(asker, "task_changed")["data"]) == second, "she hears of no private comment"
        for each in (others, elsewhere):
            assert all(event.get("event") != "task_changed" for event in list(each.queue))


def test_somebody_whose_address_stands_in_a_task_hears_of_its_public_part(helpdesk: Helpdesk, program: Program) -> None:
    anna, boris, stranger = program("anna"), program("boris"), program("stranger")
    task = first_task(anna)
    ask_as(helpdesk, task, "Тимур <stranger@example.test>")
    assert stranger.get(f"/tasks/api/task/{task}").status_code == 404
    with (
        listening(stranger, f"/notifications/stream?tasks={task}") as page,
        listening(stranger, STREAM) as told,
    ):
        steps.tell(boris, task, "Между нами.", private=True)
        steps.tell(boris, task, "Готово, проверьте.")
        assert json.loads(until(page, "task_changed")["data"])["task_id"] == task
        shape = json.loads(until(told, "new_notification")["data"])
        assert (shape["issue_id"], shape["unread_count"]) == (task, 1) and "Готово" in shape["message"]
        assert all(event.get("event") != "task_changed" for event in list(page.queue)), "of one comment, not of two"
    opened = stranger.get(f"/notifications/{shape['id']}", headers={"Accept": "text/html"}, follow_redirects=False)
    assert opened.headers["location"] == f"/requests/{task}"
    ask_as(helpdesk, task, "timur@example.test")
    assert "Готово" not in json.dumps(stranger.get("/tasks/api/notifications").json(), ensure_ascii=False)
    assert stranger.get(f"/requests/{task}").status_code == 404


def ask_as(helpdesk: Helpdesk, task: int, addresses: str) -> None:
    """Let these addresses stand in a task as those of who asked for it."""
    database = Database(f"sqlite:///{helpdesk.folder / 'data' / STORE}")
    change = sa.update(tables.Task).where(tables.Task.id == task).values(requester=addresses)
    database.run_here(lambda db: db.execute(change), writes=True)
    database.close()


def test_a_change_while_a_page_was_on_the_way_is_sent_when_its_stream_opens(program: Program) -> None:
    anna, boris = program("anna"), program("boris")
    with listening(anna, "/tasks/api/notifications/stream") as told:
        task = steps.some_task(anna)["id"]
        steps.tell(boris, task, "Пока страница идёт.")
        until(told, "new_notification")
        with (
            listening(anna, f"/notifications/stream?tasks={task}") as late,
            listening(boris, "/notifications/stream?tasks=7777") as elsewhere,
        ):
            assert json.loads(until(late, "task_changed")["data"])["task_id"] == task
            assert all(event.get("event") != "task_changed" for event in list(elsewhere.queue))


def test_a_program_that_names_no_tasks_gets_the_status_changes_of_its_notifications(program: Program) -> None:
    anna, boris = program("anna"), program("boris")
    with listening(anna, "/tasks/api/notifications/stream") as told:
        task = steps.some_task(anna, status="Новая")["id"]
        boris.put(f"/tasks/api/task/{task}/status", json={"status_id": 2}).raise_for_status()
        assert json.loads(until(told, "new_notification")["data"])["type"] == "status_change"
        changed = json.loads(until(told, "task_status_changed")["data"])
        assert (changed["task_id"], changed["old_status"], changed["new_status"]) == (task, "Новая", "В работе")


def test_tasks_that_cannot_be_are_refused(program: Program) -> None:
    anna = program("anna")
    assert anna.get("/tasks/api/notifications/stream?tasks=1,x").status_code == 422
