"""Two people change one task by forms and programs: merged values, and the conflict in each face."""

import re

import pytest

from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.web.dom import parsed
from tests.world import NAMES, PEOPLE_IDS, PRIORITY_IDS, STATUS_IDS, EmbeddedWorld

BUSY, REJECTED = STATUS_IDS["in_progress"], STATUS_IDS["rejected"]
HIGH, LOW = PRIORITY_IDS["high"], PRIORITY_IDS["low"]


def held(visit: Visit, number: int) -> tuple[int, int]:
    told = visit("admin").get(f"/tasks/api/task/{number}").json()["data"]
    return told["status_id"], told["priority_id"]


@pytest.mark.parametrize("headers", [HTML, HTMX])
def test_forms_of_different_fields_merge(visit: Visit, embedded: EmbeddedWorld, headers: dict[str, str]) -> None:
    number, anna, boris = embedded.new_task(), visit("anna"), visit("boris")
    known = anna.get(f"/tasks/api/task/{number}").json()["lock_version"]
    boris.put(f"/tasks/api/task/{number}/status", json={"status_id": BUSY, "comment": "Взял"}).raise_for_status()
    form = {"priority_id": HIGH, "lock_version": known}
    answer = anna.post(f"/tasks/{number}/priority", data=form, headers=headers)
    assert answer.status_code == (303 if headers == HTML else 200) and held(visit, number) == (BUSY, HIGH)
    if headers == HTMX:
        assert "Взял" in answer.text and "in_progress" in answer.text


@pytest.mark.parametrize("address", ["row", "card"])
def test_a_field_left_alone_in_a_row_or_card_is_not_changed(
    visit: Visit, embedded: EmbeddedWorld, address: str
) -> None:
    number, anna, boris = embedded.new_task(), visit("anna"), visit("boris")
    asked = f"/tasks/{number}/{address}" + ("?edit=1" if address == "row" else "")
    shown = anna.get(asked, headers=HTMX).text
    seen = re.search(r'name="seen" value="([^"]+)"', shown)
    version = re.search(r'name="lock_version" value="([^"]+)"', shown)
    assert seen and version
    form = {
        "status_id": STATUS_IDS["new"],
        "priority_id": PRIORITY_IDS["normal"],
        "assignee_id": PEOPLE_IDS["anna"],
        "seen": seen[1].replace("&#34;", '"'),
        "lock_version": version[1],
        "view": "card" if address == "card" else "",
    }
    if address == "card":
        del form["status_id"]
    boris.put(f"/tasks/api/task/{number}/status", json={"status_id": BUSY}).raise_for_status()
    boris.put(f"/tasks/api/task/{number}/assignee", json={"assignee_id": PEOPLE_IDS["boris"]}).raise_for_status()
    answer = anna.post(f"/tasks/{number}/{address}", data=form | {"priority_id": HIGH}, headers=HTMX)
    assert answer.status_code == 200 and held(visit, number) == (BUSY, HIGH)
    told = anna.get(f"/tasks/api/task/{number}").json()
    assert told["assignee"]["id"] == PEOPLE_IDS["boris"]
    boris.put(f"/tasks/api/task/{number}/priority", json={"priority_id": PRIORITY_IDS["urgent"]}).raise_for_status()
    again = anna.post(f"/tasks/{number}/{address}", data=form | {"priority_id": LOW}, headers=HTMX)
    assert again.status_code == 409 and NAMES["boris"] in again.text and "Priority: high → urgent." in again.text
    assert f'<option value="{PEOPLE_IDS["boris"]}" selected' in again.text, "what was left alone is theirs"
    assert f'<option value="{LOW}" selected' in again.text, "what was chosen is mine"


def test_an_untouched_form_changes_nothing_after_changes_of_others(anna: Client, number: int, visit: Visit) -> None:
    shown = anna.get(f"/tasks/{number}/row?edit=1", headers=HTMX).text
    values = dict(re.findall(r'name="(seen|lock_version)" value="([^"]+)"', shown))
    visit("boris").put(f"/tasks/api/task/{number}/status", json={"status_id": BUSY}).raise_for_status()
    form = {"status_id": STATUS_IDS["new"], **values, "seen": values["seen"].replace("&#34;", '"')}
    answer = anna.post(f"/tasks/{number}/row", data=form, headers=HTMX)
    assert answer.status_code == 200 and "Nothing was changed" in answer.text
    assert held(visit, number)[0] == BUSY


@pytest.mark.parametrize("spoilt", ["", "{", "[]", "1", '{"status_id": 7}', "[" * 5_000, '{"status_id": {"a": []}}'])
def test_a_spoilt_memory_of_a_form_is_none(anna: Client, number: int, visit: Visit, spoilt: str) -> None:
    answer = anna.post(f"/tasks/{number}/row", data={"status_id": BUSY, "seen": spoilt}, headers=HTMX)
    assert answer.status_code == 200 and held(visit, number)[0] == BUSY


def test_a_program_gets_the_author_and_the_value_of_each_conflict(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna, boris = embedded.new_task(), visit("anna"), visit("boris")
    known = anna.get(f"/tasks/api/task/{number}").json()["lock_version"]
    theirs = {"subject": "Стол", "description": "Сломан", "due_date": "2040-01-31"}
    boris.put(f"/tasks/api/task/{number}", json=theirs).raise_for_status()
    mine = {"subject": "Стул", "description": "Скрипит", "done_ratio": 30, "lock_version": known}
    answer = anna.put(f"/tasks/api/task/{number}", json=mine)
    told = answer.json()
    assert (answer.status_code, told["error"], told["current"]["subject"]) == (409, "conflict", "Стол")
    assert [(it["field"], it["new"], it["author"]["name"]) for it in told["current"]["conflicts"]] == [
        ("subject", "Стол", NAMES["boris"]),
        ("description", None, NAMES["boris"]),
    ]
    assert all(re.fullmatch(r"[\d-]+T[\d:]+Z", it["changed_on"]) for it in told["current"]["conflicts"])
    assert "Subject: Не печатает принтер → Стол (Борис Кузнецов)" in told["message"]
    assert anna.get(f"/tasks/api/task/{number}").json()["done_ratio"] == 0
    apart = anna.put(f"/tasks/api/task/{number}", json={"done_ratio": 30, "lock_version": known})
    assert apart.status_code == 200 and apart.json()["subject"] == "Стол"


def test_a_merge_that_would_be_unsound_or_forbidden_is_refused_as_that(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna, boris = embedded.new_task(), visit("anna"), visit("boris")
    known = anna.get(f"/tasks/api/task/{number}").json()["lock_version"]
    boris.put(f"/tasks/api/task/{number}", json={"start_date": "2040-02-01"}).raise_for_status()
    answer = anna.put(f"/tasks/api/task/{number}", json={"due_date": "2040-01-01", "lock_version": known})
    assert answer.status_code == 422 and list(answer.json()["errors"]) == ["due_date"]
    for status in (REJECTED, STATUS_IDS["closed"]):
        wish = {"status_id": status, "lock_version": known}
        boris.put(f"/tasks/api/task/{number}/status", json={"status_id": BUSY})
        assert anna.put(f"/tasks/api/task/{number}/status", json=wish).json()["error"] == "conflict"


def test_the_edit_form_names_the_author_of_a_conflicting_change(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna, boris = embedded.new_task("Стул"), visit("anna"), visit("boris")
    known = anna.get(f"/tasks/api/task/{number}").json()["lock_version"]
    boris.put(f"/tasks/api/task/{number}", json={"subject": "Стол"}).raise_for_status()
    visit("irina").post(f"/tasks/api/task/{number}/comments", json={"comment": "А когда?"}).raise_for_status()
    for headers in (HTML, HTMX):
        answer = anna.post(f"/tasks/{number}/edit", data={"subject": "Табурет", "lock_version": known}, headers=headers)
        fault = parsed(answer.text).of_class("fault")[0].text
        assert answer.status_code == 409 and NAMES["boris"] in fault and "Subject: Стул → Стол." in fault
        assert NAMES["irina"] not in fault


def test_the_form_of_a_field_names_the_author_of_its_change_and_not_of_the_last_comment(
    anna: Client, number: int, visit: Visit
) -> None:
    known = anna.get(f"/tasks/api/task/{number}").json()["lock_version"]
    visit("boris").put(f"/tasks/api/task/{number}/status", json={"status_id": BUSY}).raise_for_status()
    visit("irina").post(f"/tasks/api/task/{number}/comments", json={"comment": "А когда?"}).raise_for_status()
    form = {"status_id": REJECTED, "lock_version": known}
    answer = anna.post(f"/tasks/{number}/status", data=form, headers=HTMX)
    box = re.search(r'<div class="fault".*?</div>', answer.text, re.DOTALL)
    assert answer.status_code == 409 and box and NAMES["boris"] in box[0] and NAMES["irina"] not in box[0]


def test_a_comment_needs_no_version_and_is_refused_for_none(anna: Client, number: int) -> None:
    for known in ("0", "99", "чушь"):
        answer = anna.post(f"/tasks/{number}/comments", data={"comment": known, "lock_version": known}, headers=HTMX)
        assert answer.status_code == 200
        said = {"status_id": STATUS_IDS["new"], "comment": f"и {known}", "lock_version": known}
        assert anna.put(f"/tasks/api/task/{number}/status", json=said).status_code == 200
    assert len(anna.get(f"/tasks/api/task/{number}/history").json()["history"]) == 6


def test_comment_added_is_about_own_comments(anna: Client, number: int, visit: Visit) -> None:
    known = anna.get(f"/tasks/api/task/{number}").json()["lock_version"]
    visit("boris").post(f"/tasks/api/task/{number}/comments", json={"comment": "Моё"}).raise_for_status()
    told = anna.put(f"/tasks/api/task/{number}/status", json={"status_id": BUSY, "lock_version": known}).json()
    assert told["data"]["comment_added"] is False
