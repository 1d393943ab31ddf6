"""One task for programs: details, custom fields, links, comments, watching, deleting."""

import json

import pytest

from helpdesk.tasks.fields import detail_name
from helpdesk.web.tasks.task_input import READERS
from tests.web.conftest import Client, Visit
from tests.world import FIELD_IDS, NAMES, PEOPLE_IDS, PROJECT_IDS, EmbeddedWorld

ROOM, WAY, AGREED = (FIELD_IDS[name] for name in ("Кабинет", "Способ связи", "Согласовано"))


def address(number: int) -> str:
    return f"/tasks/api/task/{number}"


def test_a_task_tells_all_that_hangs_on_it(visit: Visit, embedded: EmbeddedWorld) -> None:
    whole = embedded.new_task("Переезд")
    number, part = embedded.new_task(parent=whole), embedded.new_task("Часть")
    embedded.relate(number, part, "blocks")
    embedded.spend(number, 1.5)
    anna = visit("anna")
    anna.put(f"{address(number)}/watch")
    task = anna.get(address(number)).json()
    status = {"id": 1, "name": "new", "color": task["status"]["color"]}
    assert task["parent"] == {"id": whole, "subject": "Переезд", "status": status} and task["spent_hours"] == 1.5
    assert task["relations"] == [{"kind": "blocks", "id": part, "subject": "Часть", "status": status}]
    assert [child["id"] for child in anna.get(address(whole)).json()["children"]] == [number]
    assert [each["name"] for each in task["watchers"]] == [NAMES["anna"]] and task["watched"] is True
    assert task["custom_fields"][0] == {"id": ROOM, "name": "Кабинет", "value": None}


def test_details_and_custom_fields_are_put_and_the_task_comes_back(
    anna: Client, number: int, embedded: EmbeddedWorld
) -> None:
    body = {
        "subject": "  Печатает\nполосами ",
        "description": "Пятна",
        "tracker_id": 2,
        "start_date": "2026-11-02",
        "due_date": "2026-11-20",
        "done_ratio": 40,
        "estimated_hours": "2,5",
        "parent_id": f"#{embedded.new_task()}",
        "custom_fields": [{"id": ROOM, "value": "214"}, {"id": WAY, "value": ["Почта"]}, {"id": AGREED, "value": True}],
        "comment": "Уточнила",
        "lock_version": anna.get(address(number)).json()["lock_version"],
    }
    answer = anna.put(address(number), json=body)
    task = answer.json()
    assert answer.status_code == 200 and task["success"] and task["message"] == "The task was changed."
    assert (task["subject"], task["description"], task["data"]["tracker_id"]) == ("Печатает полосами", "Пятна", 2)
    assert (task["start_date"], task["due_date"], task["done_ratio"]) == ("2026-11-02", "2026-11-20", 40)
    assert task["estimated_hours"] == 2.5 and task["parent"]["id"] == number + 1
    assert [each["value"] for each in task["custom_fields"]] == ["214", "Почта", "1", None, None]
    (entry,) = anna.get(f"{address(number)}/history").json()["history"]
    assert entry["notes"] == "Уточнила"
    told = set(entry["changes"])
    assert {"Due date: 20.11.2026", "Кабинет: 214", "Согласовано: yes", "Description: the text was changed"} <= told
    assert task["lock_version"] != body["lock_version"]
    emptied = anna.put(address(number), json={"due_date": None, "custom_fields": [{"id": ROOM, "value": ""}]}).json()
    assert (emptied["due_date"], emptied["custom_fields"][0]["value"]) == (None, None)


@pytest.mark.parametrize(
    ("written", "hours"), [("1:30", 1.5), ("2h", 2), ("1h30", 1.5), ("90m", 1.5), ("0,25", 0.25), (1 / 3, 1 / 3)]
)
def test_hours_are_taken_as_redmine_takes_them(
    visit: Visit, embedded: EmbeddedWorld, written: object, hours: float
) -> None:
    answer = visit("anna").put(address(embedded.new_task()), json={"estimated_hours": written})
    assert (answer.status_code, answer.json()["estimated_hours"]) == (200, hours)


def test_errors_of_all_fields_are_reported_at_once(anna: Client, number: int) -> None:
    for body, fields in (
        ({"due_date": "завтра", "estimated_hours": "долго", "done_ratio": "x"}, "done_ratio due_date estimated_hours"),
        ({"subject": " ", "done_ratio": 101}, "done_ratio subject"),
        ({"custom_fields": [{"id": AGREED, "value": "да"}, {"id": WAY, "value": "1"}]}, f"cf_{WAY} cf_{AGREED}"),
        ({"subject": 7, "parent_id": [1]}, "parent_id subject"),
        ({"custom_fields": [{"id": ROOM, "value": {}}]}, f"cf_{ROOM}"),
        ({"custom_fields": ["x"]}, "custom_fields"),
        ({"custom_fields": [{"id": "x", "value": ""}]}, "custom_fields"),
        ({"custom_fields": [{"id": 1}]}, "custom_fields"),
        ({"custom_fields": {"id": 1}}, "custom_fields"),
        ({"parent_id": number}, "parent_id"),
        ({"estimated_hours": True}, "estimated_hours"),
        ({"estimated_hours": 10**39}, "estimated_hours"),
        ({"estimated_hours": [1]}, "estimated_hours"),
        ({"is_private": "maybe"}, "is_private"),
        ({"start_date": "2026-11-02", "due_date": "2026-11-01"}, "due_date"),
    ):  # fmt: skip
        answer = anna.put(address(number), json=body)
        assert answer.status_code == 422 and sorted(answer.json()["errors"]) == fields.split(), body
    assert anna.get(f"{address(number)}/history").json()["history"] == []


def test_no_value_of_a_detail_brings_the_server_down(anna: Client, number: int) -> None:
    for name in map(detail_name, READERS):
        for value in ([], {}, 10**30, -1, 1.5, float("nan"), True, "\0", "\ud800", "9" * 70_000, "٣"):
            headers = {"Content-Type": "application/json"}
            answer = anna.put(address(number), content=json.dumps({name: value}), headers=headers)
            assert answer.status_code in (200, 400, 422), (name, value)


def test_refusals_of_a_put_have_their_codes_and_write_nothing(visit: Visit, embedded: EmbeddedWorld) -> None:
    number = embedded.new_task("Стул")
    for login, body, status, code in (
        ("anna", {"subject": "Стул"}, 400, "unchanged"),
        ("anna", {}, 400, "unchanged"),
        ("anna", {"subject": "Стол", "lock_version": "0"}, 409, "conflict"),
        ("anna", {"custom_fields": [{"id": 4_711, "value": "x"}]}, 403, "not_allowed"),
        ("irina", {"subject": "Стол"}, 403, "not_allowed"),
        ("irina", {"subject": "Стол", "comment": "пожалуйста"}, 403, "not_allowed"),
        ("stranger", {"subject": "Стол"}, 404, "not_found"),
    ):
        answer = visit(login).put(address(number), json=body)
        assert (answer.status_code, answer.json()["error"]) == (status, code), body
    assert visit("anna").get(address(number)).json()["subject"] == "Стул"
    assert visit("anna").get(f"{address(number)}/history").json()["history"] == []
    assert visit("anna").put(address(number), json={"subject": "Стул", "comment": "жду"}).status_code == 200


def test_a_task_is_watched_by_put_and_not_any_more_by_delete(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, irina = embedded.new_task(), visit("irina")
    for method, watched in (("PUT", True), ("PUT", True), ("DELETE", False), ("DELETE", False)):
        answer = irina.request(method, f"{address(number)}/watch").json()
        assert answer["success"] and answer["message"] and answer["watched"] is watched
        assert [each["id"] for each in answer["watchers"]] == [PEOPLE_IDS["irina"]] * watched
    assert visit("stranger").put(f"{address(number)}/watch").status_code == 404


def test_a_comment_is_edited_and_deleted(anna: Client, number: int, visit: Visit) -> None:
    body = {"comment": "между нами", "private": True}
    entry = anna.post(f"{address(number)}/comments", json=body).json()["comment"]["id"]
    edited = anna.put(f"{address(number)}/comments/{entry}", json={"comment": "только нам", "private": False}).json()
    assert (edited["comment"]["notes"], edited["comment"]["private"]) == ("только нам", True)
    assert anna.put(f"{address(number)}/comments/{entry}", json={"comment": " "}).status_code == 422
    assert anna.put(f"{address(number)}/comments/{entry}", json={"comment": "только нам"}).status_code == 400
    for login, status in (("boris", 403), ("irina", 404), ("stranger", 404)):
        for method in ("PUT", "DELETE"):
            answer = visit(login).request(method, f"{address(number)}/comments/{entry}", json={"comment": "x"})
            assert answer.status_code == status
    gone = anna.delete(f"{address(number)}/comments/{entry}").json()
    assert gone["success"] and gone["comment"] is None
    assert anna.get(f"{address(number)}/history").json()["history"] == []
    for missing in (entry, 0, 99_999_999_999):
        assert anna.delete(f"{address(number)}/comments/{missing}").status_code == 404


def test_deleting_a_task_needs_the_right(visit: Visit, embedded: EmbeddedWorld) -> None:
    number = embedded.new_task(project=next(iter(PROJECT_IDS)))
    for login, status in (("anna", 403), ("stranger", 404)):
        assert visit(login).delete(address(number)).status_code == status
    admin = visit("admin")
    answers = [admin.delete(address(number), headers={"Idempotency-Key": "once"}) for _ in range(2)]
    assert [answer.json()["success"] for answer in answers] == [True, True] and answers[0].json()["message"]
    assert admin.get(address(number)).status_code == 404 and admin.delete(address(number)).status_code == 404


def test_an_unknown_method_of_a_task_is_answered_with_the_known_ones(visit: Visit, embedded: EmbeddedWorld) -> None:
    answer = visit("anna").patch(address(embedded.new_task()))
    assert answer.status_code == 405 and set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "PUT", "DELETE"}
