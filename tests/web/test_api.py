"""The JSON faces, as contract.md writes them."""

import re

import pytest

from helpdesk.errors import NotAllowed
from helpdesk.people.model import SignedIn
from helpdesk.services import Services
from helpdesk.tasks.model import Actor
from tests.web.conftest import HTML, Client, Visit
from tests.world import NAMES, PEOPLE_IDS, PRIORITY_IDS, STATUS_IDS, EmbeddedWorld

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
LIST = {"success", "tasks", "pagination", "filters", "filter_ids"}
ROW = {
    "id", "subject", "status", "status_id", "priority", "priority_id", "project", "project_id", "tracker", "due_date",
    "assigned_to", "assigned_to_id", "author", "created_on", "updated_on",
}  # fmt: skip
TASK = {
    "success", "id", "subject", "description", "status", "priority", "assignee", "author", "project", "created_on",
    "updated_on", "start_date", "due_date", "done_ratio", "attachments", "lock_version", "data", "execution_time",
    "custom_fields", "is_private", "estimated_hours", "spent_hours", "parent", "children", "relations", "watchers",
    "watched",
}  # fmt: skip
DATA = {
    "id", "subject", "description", "status_id", "status_name", "priority_id", "priority_name", "project_id",
    "project_name", "tracker_id", "tracker_name", "assigned_to_id", "assigned_to_name", "start_date", "due_date",
    "done_ratio", "created_on", "updated_on", "closed_on", "attachments",
}  # fmt: skip


def test_my_tasks_as_programs_know_them(visit: Visit, embedded: EmbeddedWorld) -> None:
    number = embedded.new_task("Принтер", priority="high")
    answer = visit("anna").get("/tasks/my-tasks").json()
    assert set(answer) == {*LIST, "execution_time"} and answer["success"] is True
    assert answer["filters"] == {"status": None, "priority": None, "project": None, "search": None}
    assert answer["filter_ids"] == {"status_id": [], "priority_id": [], "project_id": []}
    assert answer["pagination"] == {"page": 1, "per_page": 25, "total": 1, "pages": 1}
    (row,) = answer["tasks"]
    assert set(row) == ROW and MOMENT.fullmatch(row["updated_on"])
    assert (row["id"], row["status"], row["priority_id"]) == (number, "new", PRIORITY_IDS["high"])
    assert (row["assigned_to"], row["author"]) == (NAMES["anna"], NAMES["irina"])


@pytest.mark.parametrize(
    "asked",
    [
        "status_id=2&status_id=3",
        "status_id=2,3",
        "status=in_progress,resolved",
        "status=IN_PROGRESS",
        "priority_id=3",
        "priority=high&limit=5",
        "project_id=1",
        "project=help",
        "search=принтёр",
        "search=%23{number}",
        "closed=yes&status=in_progress",
    ],
)
def test_filters_by_id_and_by_name_repeated_or_in_a_list(visit: Visit, embedded: EmbeddedWorld, asked: str) -> None:
    number = embedded.new_task("Принтер", status="in_progress", priority="high")
    embedded.new_task("Сканер", project="office")
    answer = visit("anna").get(f"/tasks/my-tasks?{asked.format(number=number)}").json()
    assert [row["id"] for row in answer["tasks"]] == [number]


def test_the_filters_of_a_list_are_returned_by_name_and_by_number(visit: Visit, embedded: EmbeddedWorld) -> None:
    asked = "status=IN_PROGRESS&status_id=3,77&project_id=2&priority=nothing&search=%231"
    answer = visit("anna").get(f"/tasks/my-tasks?{asked}").json()
    assert answer["filter_ids"] == {"status_id": [3, 77, 2], "priority_id": [], "project_id": [2]}
    named = {"status": "resolved,in_progress", "priority": None, "project": "office", "search": "#1"}
    assert answer["filters"] == named


def test_a_program_gets_my_tasks_and_never_what_i_asked_for(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, irina = embedded.new_task("Принтер", author="irina"), visit("irina")
    assert irina.get("/tasks/my-tasks").json()["tasks"] == []
    asked = irina.get("/tasks/my-tasks?author_id=me").json()["tasks"]
    assert [row["id"] for row in asked] == [number] and "Принтер" in irina.get("/tasks/my-tasks", headers=HTML).text


def test_tasks_of_an_account_are_for_oneself_and_administrators(
    visit: Visit, services: Services, embedded: EmbeddedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number is the account's, even where the tracker knows the person by another one."""
    number, in_tracker = embedded.new_task("Принтер"), {"anna": "anna", "boris": "anna", "irina": "anna"}

    def identify(found: SignedIn) -> Actor:
        if found.person.login == "stranger":
            raise NotAllowed
        return embedded.actor(in_tracker.get(found.person.login, found.person.login))

    monkeypatch.setitem(vars(services), "identify", identify)
    for login, wanted, status, tasks in (
        ("boris", "boris", 200, [number]),
        ("boris", "anna", 403, None),
        ("admin", "boris", 200, [number]),
        ("admin", "stranger", 200, []),
        ("admin", "admin", 200, []),
    ):
        answer = visit(login).get(f"/api/user/{PEOPLE_IDS[wanted]}/tasks?assigned_to_id=3")
        assert answer.status_code == status
        if tasks is not None:
            assert [row["id"] for row in answer.json()["tasks"]] == tasks and set(answer.json()) > {*LIST, "user"}
            told = {"id": PEOPLE_IDS[wanted], "username": wanted, "full_name": NAMES[wanted]}
            assert answer.json()["user"] == told
    for missing in (77, 0, 2**31):
        assert visit("admin").get(f"/api/user/{missing}/tasks").status_code == 404
        assert visit("anna").get(f"/api/user/{missing}/tasks").status_code == 403


def test_limit_is_per_page_and_pages_are_counted(visit: Visit, embedded: EmbeddedWorld) -> None:
    for _ in range(3):
        embedded.new_task()
    answer = visit("anna").get("/tasks/my-tasks?limit=2&page=2").json()
    assert answer["pagination"] == {"page": 2, "per_page": 2, "total": 3, "pages": 2} and len(answer["tasks"]) == 1


def test_a_task_in_both_of_its_shapes(visit: Visit, embedded: EmbeddedWorld) -> None:
    number = embedded.new_task("Принтер", description="Зажевал")
    for address in (f"/tasks/api/task/{number}", f"/tasks/{number}"):
        task = visit("anna").get(address, headers={"Accept": "*/*"}).json()
        assert set(task) == TASK and set(task["data"]) == DATA
        assert set(task["status"]) == {"id", "name", "color"} and re.fullmatch("#[0-9a-f]{6}", task["status"]["color"])
        assert task["assignee"] == {"id": PEOPLE_IDS["anna"], "name": NAMES["anna"], "email": "anna@example.test"}
        assert task["data"]["status_name"] == "new" and task["data"]["assigned_to_id"] == PEOPLE_IDS["anna"]


def test_choices_are_those_of_the_workflow(anna: Client, number: int) -> None:
    answer = anna.get(f"/tasks/api/task/{number}/statuses").json()
    assert answer["current_status"] == {"id": STATUS_IDS["new"], "name": "new"} and answer["task_id"] == number
    assert [each["name"] for each in answer["available_statuses"]] == ["new", "in_progress", "rejected"]
    assert answer["total_available"] == 3
    assert len(anna.get(f"/tasks/api/task/{number}/priorities").json()["available_priorities"]) == len(PRIORITY_IDS)
    assignees = anna.get(f"/tasks/api/task/{number}/assignees").json()
    assert {each["id"] for each in assignees["available_assignees"]} == {PEOPLE_IDS["anna"], PEOPLE_IDS["boris"]}
    assert assignees["current_assignee"]["id"] == PEOPLE_IDS["anna"]


def test_a_status_is_put(anna: Client, number: int) -> None:
    before = anna.get(f"/tasks/api/task/{number}").json()["lock_version"]
    body = {"status_id": STATUS_IDS["in_progress"], "comment": "Взяла", "lock_version": before, "notify_users": False}
    answer = anna.put(f"/tasks/api/task/{number}/status", json=body).json()
    assert (answer["old_status_id"], answer["new_status_id"], answer["new_status_name"]) == (1, 2, "in_progress")
    assert answer["task"]["status"]["name"] == "in_progress" and answer["task_id"] == answer["task"]["id"] == number
    assert answer["data"] == {  # nobody shall be told
        "task_id": number,
        "old_status": "new",
        "new_status": "in_progress",
        "comment_added": True,
        "notifications_sent": 0,
    }
    assert MOMENT.fullmatch(answer["updated_at"]) and answer["lock_version"] != before and answer["message"]


def test_priority_and_assignee_are_put_after_the_same_pattern(anna: Client, number: int) -> None:
    urgent = anna.put(f"/tasks/api/task/{number}/priority", json={"priority_id": PRIORITY_IDS["urgent"]}).json()
    assert (urgent["new_priority_name"], urgent["data"]["comment_added"]) == ("urgent", False)
    nobody = anna.put(f"/tasks/api/task/{number}/assignee", json={"assignee_id": None}).json()
    assert (nobody["old_assignee_id"], nobody["new_assignee_id"]) == (PEOPLE_IDS["anna"], None)
    assert nobody["task"]["assignee"] is None


@pytest.mark.parametrize("address", ["comments", "comment"])
def test_a_comment_is_posted(anna: Client, number: int, visit: Visit, address: str) -> None:
    answer = anna.post(f"/tasks/api/task/{number}/{address}", json={"comment": "Готово", "private": "yes"})
    assert answer.status_code == 201
    assert answer.json()["comment"]["notes"] == "Готово" and answer.json()["comment"]["private"] is True
    assert visit("irina").get(f"/tasks/api/task/{number}/history").json()["history"] == []


def test_a_comment_without_a_change_is_told_as_one(visit: Visit, embedded: EmbeddedWorld) -> None:
    body = {"status_id": STATUS_IDS["new"], "comment": "жду"}
    answer = visit("anna").put(f"/tasks/api/task/{embedded.new_task()}/status", json=body).json()
    assert answer["message"] == "The comment was added." and answer["data"]["comment_added"] is True


def test_the_history_is_shown_in_words_oldest_first(anna: Client, number: int) -> None:
    anna.put(f"/tasks/api/task/{number}/status", json={"status_id": STATUS_IDS["in_progress"]})
    anna.post(f"/tasks/api/task/{number}/comments", json={"comment": "Готово"})
    change, comment = anna.get(f"/tasks/api/task/{number}/history").json()["history"]
    assert change["changes"] == ["Status: new → in_progress"] and comment["notes"] == "Готово"
    russian = anna.get(f"/tasks/api/task/{number}/history", headers={"Accept-Language": "ru"}).json()["history"]
    assert russian[0]["changes"] == ["Статус: new → in_progress"]


def test_refusals_have_codes_fields_and_sentences(anna: Client, number: int) -> None:
    address = f"/tasks/api/task/{number}/status"
    for body, status, code in (
        ({"status_id": STATUS_IDS["new"]}, 400, "unchanged"),
        ({"status_id": STATUS_IDS["closed"]}, 422, "transition_not_allowed"),
        ({"status_id": "abc"}, 422, "invalid"),
        ({"status_id": True}, 422, "invalid"),
        ({"status_id": None}, 422, "invalid"),
        ({}, 422, "invalid"),
        ({"status_id": 2, "lock_version": "0"}, 409, "conflict"),
    ):
        answer = anna.put(address, json=body, headers={"X-Request-ID": "mine-1"})
        told = answer.json()
        assert (answer.status_code, told["status_code"], told["error"]) == (status, status, code)
        assert told["success"] is False and told["message"] and told["request_id"] == "mine-1"
        assert ("errors" in told) == (status == 422) and ("current" in told) == (status == 409)
    assert list(anna.put(address, json={}).json()["errors"]) == ["status_id"]
    assert told["current"]["status"]["name"] == "new"
    assert anna.get(f"/tasks/api/task/{number}/history").json()["history"] == []


def test_an_invisible_task_is_404_and_a_forbidden_change_403(number: int, visit: Visit) -> None:
    body = {"priority_id": PRIORITY_IDS["low"]}
    for login, status, code in (("stranger", 404, "not_found"), ("irina", 403, "not_allowed")):
        answer = visit(login).put(f"/tasks/api/task/{number}/priority", json=body)
        assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert visit().get(f"/tasks/api/task/{number}").json()["error"] == "not_signed_in"
