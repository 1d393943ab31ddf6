"""A row of a list, edited in its place."""

import re
from html import unescape

from starlette.testclient import TestClient

from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import NAMES, PEOPLE_IDS, PRIORITY_IDS, STATUS_IDS, EmbeddedWorld


def chosen(fragment: str) -> dict[str, str]:
    """What the fields of a row's form hold."""
    return {
        name: re.search(r'<option value="(\w*)" selected', options)[1]
        for name, options in re.findall(r'<select name="(\w+)"(.*?)</select>', fragment, re.DOTALL)
    }


def form(client: TestClient, number: int) -> dict[str, str]:
    """The row's form as a browser would send it."""
    fragment = client.get(f"/tasks/{number}/row?edit=1", headers=HTMX).text
    return dict(re.findall(r'type="hidden"[^>]* name="(\w+)" value="([^"]*)"', fragment)) | chosen(fragment)


def hidden(fragment: str, name: str) -> str:
    return unescape(re.search(rf'name="{name}" value="([^"]*)"', fragment)[1])


def test_each_row_links_to_its_form_and_without_htmx_to_the_task(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task("Принтер"), visit("anna")
    page = anna.get("/tasks/my-tasks", headers=HTML).text
    assert 'hx-target:inherited="closest tr" hx-swap:inherited="outerHTML show:none"' in page
    address = unescape(re.search(r'<a href="([^"]+)" hx-boost="true" aria-label="Edit"', page)[1])
    assert address == f"/tasks/{number}/row?edit=1"
    assert anna.get(address, headers=HTML).headers["location"] == f"/tasks/{number}"


def test_the_form_offers_only_permitted_choices(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task("Принтер"), visit("anna")
    row = anna.get(f"/tasks/{number}/row?edit=1", headers=HTMX).text
    assert row.lstrip().startswith("<tr") and "Принтер" in row
    assert chosen(row) == {
        "status_id": str(STATUS_IDS["new"]),
        "priority_id": str(PRIORITY_IDS["normal"]),
        "assignee_id": str(PEOPLE_IDS["anna"]),
    }
    statuses = re.search(r'<select name="status_id".*?</select>', row, re.DOTALL)[0]
    assert set(re.findall(r'value="(\d+)"', statuses)) == {
        str(STATUS_IDS[it]) for it in ("new", "in_progress", "rejected")
    }
    hers = visit("irina").get(f"/tasks/{number}/row?edit=1", headers=HTMX).text
    assert "priority_id" not in hers and "assignee_id" not in hers
    assert visit("stranger").get(f"/tasks/{number}/row?edit=1", headers=HTMX).status_code == 404


def test_several_fields_are_saved_at_once_and_the_row_is_shown(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task("Принтер"), visit("anna")
    sent = form(anna, number) | {
        "status_id": STATUS_IDS["in_progress"],
        "priority_id": PRIORITY_IDS["urgent"],
        "assignee_id": "",
    }
    answers = [anna.post(f"/tasks/{number}/row", data=sent, headers=HTMX) for _ in range(2)]
    assert answers[0].status_code == 200 and answers[0].text == answers[1].text
    row = answers[0].text
    assert row.lstrip().startswith("<tr") and "in_progress" in row and "urgent" in row and NAMES["irina"] in row
    assert "autofocus" in row and "The task was changed." in row
    data = anna.get(f"/tasks/api/task/{number}").json()["data"]
    assert (data["status_name"], data["priority_name"], data["assigned_to_id"]) == ("in_progress", "urgent", None)
    (entry,) = anna.get(f"/tasks/api/task/{number}/history").json()["history"]
    assert len(entry["changes"]) == 3


def test_cancelling_the_form_shows_the_present_row(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task("Принтер"), visit("anna")
    opened = anna.get(f"/tasks/{number}/row?edit=1", headers=HTMX).text
    leave = unescape(re.search(r'href="([^"]+)" hx-boost="true" data-leave', opened)[1])
    row = anna.get(leave, headers=HTMX).text
    listed = re.sub(r"\?list=[^\"]+", "", anna.get("/tasks/my-tasks", headers=HTML).text)
    assert row.strip().replace(" autofocus", "") in listed.replace(" autofocus", "")


def test_an_unchanged_row_says_that_nothing_was_changed(anna: Client, number: int) -> None:
    answer = anna.post(f"/tasks/{number}/row", data=form(anna, number), headers=HTMX)
    assert answer.status_code == 200 and "Nothing was changed" in answer.text and "<form" not in answer.text
    assert anna.get(f"/tasks/api/task/{number}/history").json()["history"] == []


def test_a_conflict_shows_the_present_values_and_keeps_the_choices(anna: Client, number: int, visit: Visit) -> None:
    sent = form(anna, number) | {"priority_id": PRIORITY_IDS["high"]}
    visit("boris").put(f"/tasks/api/task/{number}/priority", json={"priority_id": PRIORITY_IDS["urgent"]})
    answer = anna.post(f"/tasks/{number}/row", data=sent, headers=HTMX)
    assert answer.status_code == 409 and f"Now: new, urgent, {NAMES['anna']}." in answer.text
    assert chosen(answer.text)["priority_id"] == str(PRIORITY_IDS["high"])
    again = sent | {name: hidden(answer.text, name) for name in ("lock_version", "idempotency_key")}
    assert anna.post(f"/tasks/{number}/row", data=again, headers=HTMX).status_code == 200
    assert anna.get(f"/tasks/api/task/{number}").json()["data"]["priority_name"] == "high"


def test_a_refusal_appears_in_the_row_and_nothing_is_written(anna: Client, number: int) -> None:
    sent = form(anna, number) | {"priority_id": PRIORITY_IDS["urgent"], "status_id": STATUS_IDS["closed"]}
    answer = anna.post(f"/tasks/{number}/row", data=sent, headers=HTMX)
    assert answer.status_code == 422 and "The workflow does not allow this status now." in answer.text
    assert answer.text.lstrip().startswith('<tr class="editing"')
    for name in re.findall(r'aria-describedby="([^"]+)"', answer.text):
        assert f'id="{name}"' in answer.text
    wrong = anna.post(f"/tasks/{number}/row", data=sent | {"status_id": "x"}, headers=HTMX)
    assert wrong.status_code == 422 and "whole number" in wrong.text
    assert anna.get(f"/tasks/api/task/{number}").json()["data"]["priority_name"] == "normal"


def test_a_change_without_the_right_is_forbidden(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, irina = embedded.new_task(status="in_progress"), visit("irina")
    forbidden = irina.post(f"/tasks/{number}/row", data={"priority_id": PRIORITY_IDS["urgent"]}, headers=HTMX)
    assert forbidden.status_code == 403 and "You are not allowed" in forbidden.text
    assert "<tr" not in forbidden.text


def test_without_htmx_the_form_leads_to_the_task_and_a_program_gets_json(anna: Client, number: int) -> None:
    sent = {"priority_id": PRIORITY_IDS["urgent"]}
    answer = anna.post(f"/tasks/{number}/row", data=sent, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{number}")
    body = anna.post(f"/tasks/{number}/row", json={"status_id": STATUS_IDS["in_progress"]}).json()
    assert body["success"] and body["status"]["name"] == "in_progress" and body["priority"]["name"] == "urgent"
    same = anna.post(f"/tasks/{number}/row", json={"status_id": STATUS_IDS["in_progress"]})
    assert (same.status_code, same.json()["error"]) == (400, "unchanged")
    refused = anna.post(f"/tasks/{number}/row", data={"status_id": STATUS_IDS["rejected"]}, headers=HTML)
    assert refused.status_code == 422


def test_a_form_of_one_field_may_be_answered_with_the_row(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task("Принтер"), visit("anna")
    sent = {"view": "row", "status_id": STATUS_IDS["in_progress"]}
    row = anna.post(f"/tasks/{number}/status", data=sent, headers=HTMX)
    assert row.status_code == 200 and row.text.lstrip().startswith("<tr") and NAMES["irina"] in row.text
    refused = anna.post(f"/tasks/{number}/status", data=sent | {"status_id": STATUS_IDS["closed"]}, headers=HTMX)
    assert refused.status_code == 422 and refused.text.lstrip().startswith('<tr class="editing"')
    assert anna.post(f"/tasks/{number}/status", data=sent, headers=HTML).status_code == 303


def test_a_row_that_is_gone_or_edited_is_as_wide_as_the_table(visit: Visit, embedded: EmbeddedWorld) -> None:
    number = embedded.new_task(author="irina")
    for login in ("anna", "irina"):
        client = visit(login)
        columns = client.get("/tasks", headers=HTML).text.count('<th scope="col"')
        for task, edit in ((number + 100, ""), (number, "?edit=1")):
            row = client.get(f"/tasks/{task}/row{edit}", headers=HTMX).text
            assert f'colspan="{columns - 1}"' in row, (login, edit)
