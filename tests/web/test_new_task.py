"""A new task: by the page, with and without scripts, and by a program; no typed text and no file is lost."""

import re
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.web.conftest import HTML, HTMX, Client, Visit, seals
from tests.world import FIELD_IDS, NAMES, PEOPLE_IDS, PRIORITY_IDS, PROJECT_IDS, STATUS_IDS, EmbeddedWorld

NEW = "/tasks/new"
PLAN = ("план.txt", "первый этаж".encode(), "text/plain")
ROOM, WAY, AGREED, DAY = (f"cf_{FIELD_IDS[name]}" for name in ("Кабинет", "Способ связи", "Согласовано", "Дата замены"))
SAID = {
    "project_id": str(PROJECT_IDS["office"]),
    "tracker_id": "2",
    "subject": "Сломался стул <b>",
    "description": "У *окна*.\r\nОчень шатается.",
    "priority_id": str(PRIORITY_IDS["high"]),
    "assigned_to_id": str(PEOPLE_IDS["boris"]),
    "start_date": "2027-01-11",
    "due_date": "2027-01-15",
    "estimated_hours": "1,5",
    ROOM: "214-б",
    WAY: "Почта",
    AGREED: "1",
    DAY: "2027-02-01",
}
Answer = Any


def task_at(client: TestClient, answer: Answer) -> dict[str, Any]:
    """The task that a browser was sent to."""
    assert answer.status_code == 303, answer.text
    found: dict[str, Any] = client.get(f"/tasks/api{answer.headers['location'].replace('tasks', 'task')}").json()
    return found


def total(client: TestClient) -> int:
    number: int = client.get("/tasks").json()["pagination"]["total"]
    return number


def chosen(page: str, name: str) -> str:
    """What is selected in a select of the page."""
    select = re.search(rf'<select id="[\w-]+" name="{name}".*?</select>', page, re.DOTALL)
    assert select, name
    return next(iter(re.findall(r'value="([^"]*)" selected', select[0])), "")


def hidden(page: str, name: str) -> str:
    found = re.search(rf'type="hidden" name="{name}" value="([^"]*)"', page)
    return found[1] if found else ""


def test_the_texts_can_be_typed_before_a_project_is_chosen(visit: Visit) -> None:
    irina = visit("irina")
    page = irina.get(NEW, headers=HTML).text
    assert 'name="subject"' in page and 'name="description"' in page and 'name="priority_id"' not in page
    assert re.findall(r'<option value="\d+">(\w+)<', page) == ["help", "office"] and not chosen(page, "project_id")
    refused = irina.post(NEW, data={"subject": "Стол", "project_id": ""}, headers=HTML)
    assert refused.status_code == 422 and 'value="Стол"' in refused.text
    assert re.findall(r'<select id="(\w+)"[^>]* aria-invalid="true"[^>]* autofocus', refused.text) == ["project_id"]
    assert refused.text.count("There is no such project") == 1


def test_the_next_new_task_begins_in_the_project_of_the_last_one(visit: Visit) -> None:
    anna = visit("anna")
    anna.post(NEW, data=SAID, headers=HTML)
    page = anna.get(NEW, headers=HTML).text
    assert chosen(page, "project_id") == str(SAID["project_id"]) and 'name="priority_id"' in page
    other = anna.get(f"{NEW}?project_id={PROJECT_IDS['help']}", headers=HTML).text
    assert chosen(other, "project_id") == str(PROJECT_IDS["help"])
    anna.cookies.set("project", "999")
    assert not chosen(anna.get(NEW, headers=HTML).text, "project_id"), "one that is offered no more"


def test_then_the_form_of_that_place_is_there(visit: Visit) -> None:
    page = visit("irina").post("/tasks/new/form", data={"project_id": PROJECT_IDS["office"]}, headers=HTML).text
    assert chosen(page, "project_id") == str(PROJECT_IDS["office"]) and chosen(page, "tracker_id") == "1"
    assert chosen(page, "priority_id") == str(PRIORITY_IDS["normal"])
    for name in ("subject", "description", "start_date", "due_date", "estimated_hours", ROOM, WAY, AGREED, DAY):
        assert f'name="{name}"' in page, name
    assert 'name="assigned_to_id"' not in page and 'name="status_id"' not in page, "there is nothing to choose"
    assert 'name="assigned_to_id"' in visit("anna").get(f"{NEW}?project_id=2", headers=HTML).text


def test_the_page_says_that_a_person_may_create_tasks_nowhere(visit: Visit) -> None:
    page = visit("stranger").get(NEW, headers=HTML)
    assert page.status_code == 200 and "You may not create tasks in any project." in page.text
    assert 'id="new-task"' not in page.text


def test_everything_said_is_in_the_task(anna: Client) -> None:
    task = task_at(anna, anna.post(NEW, data=SAID, files=[("files", PLAN), ("files", PLAN)], headers=HTML))
    assert (task["subject"], task["description"]) == (SAID["subject"], "У *окна*.\nОчень шатается.")
    assert (task["project"]["name"], task["data"]["tracker_name"]) == ("office", "incident")
    assert (task["priority"]["name"], task["assignee"]["name"]) == ("high", NAMES["boris"])
    assert (task["start_date"], task["due_date"], task["estimated_hours"]) == ("2027-01-11", "2027-01-15", 1.5)
    held = {each["id"]: each["value"] for each in task["custom_fields"]}
    assert [held[FIELD_IDS[name]] for name in ("Кабинет", "Способ связи", "Согласовано", "Дата замены")] == [
        "214-б", "Почта", "1", "2027-02-01"
    ]  # fmt: skip
    assert [file["filename"] for file in task["attachments"]] == ["план.txt", "план.txt"]


def test_htmx_is_led_to_the_task(visit: Visit) -> None:
    answer = visit("anna").post(NEW, data=SAID, headers=HTMX)
    assert answer.status_code == 200 and re.fullmatch(r"/tasks/\d+", answer.headers["hx-redirect"])


@pytest.mark.parametrize("headers", [HTML, HTMX], ids=["page", "fragment"])
def test_a_refused_new_task_comes_back_whole_with_its_files(anna: Client, headers: dict[str, str]) -> None:
    wrong = SAID | {"subject": " ", "due_date": "2027-01-01"}
    answer = anna.post(NEW, data=wrong, files=[("files", PLAN)], headers=headers)
    page = unescape(answer.text)
    assert answer.status_code == 422 and total(anna) == 0
    assert "Please fill this in." in page and "This must not be before the start date." in page
    assert "У *окна*.\nОчень шатается." in page and chosen(page, "assigned_to_id") == SAID["assigned_to_id"]
    assert chosen(page, WAY) == "Почта" and 'value="214-б"' in page and 'value="2027-01-01"' in page
    (seal,) = seals(page)
    task = task_at(anna, anna.post(NEW, data=SAID | {"staged": seal}, headers=HTML))
    assert [file["filename"] for file in task["attachments"]] == ["план.txt"]


def test_the_new_form_shows_that_files_are_too_large_and_keeps_the_rest(visit: Visit) -> None:
    anna = visit("anna", max_content_length=100_000)
    answer = anna.post(NEW, data=SAID, files=[("files", ("a.bin", b"0" * 200_000, ""))], headers=HTML)
    assert answer.status_code == 413 and "at most 98 KB together" in answer.text and total(anna) == 0
    assert "Очень шатается." in answer.text and not seals(answer.text)


def test_going_to_another_project_loses_nothing(anna: Client) -> None:
    typed = SAID | {"project_id": PROJECT_IDS["help"]}
    answer = anna.post("/tasks/new/form", data=typed, files=[("files", PLAN)], headers=HTML)
    page = unescape(answer.text)
    assert answer.status_code == 200 and "aria-invalid" not in page
    assert chosen(page, "project_id") == str(PROJECT_IDS["help"]) and chosen(page, "tracker_id") == "2"
    assert "У *окна*.\nОчень шатается." in page and chosen(page, WAY) == "Почта" and len(seals(page)) == 1
    again = unescape(anna.get(f"{NEW}?draft=1", headers=HTML).text)
    assert "Draft from" in again and "Очень шатается." in again and len(seals(again)) == 1
    assert chosen(again, "project_id") == str(PROJECT_IDS["help"])


def test_a_choice_that_another_project_does_not_offer_is_not_made(visit: Visit) -> None:
    page = visit("anna").get(f"{NEW}?project_id=2&tracker_id=99&priority_id=99&assigned_to_id=99", headers=HTML).text
    assert chosen(page, "tracker_id") == "1" and chosen(page, "assigned_to_id") == ""
    assert chosen(page, "priority_id") == str(PRIORITY_IDS["normal"])


def test_a_link_can_fill_the_form_in(visit: Visit) -> None:
    page = visit("anna").get(f"{NEW}?project_id=2&subject=%3Ci%3E+стул&{ROOM}=7&parent_id=5", headers=HTML).text
    for value in ("&lt;i&gt; стул", "7", "5"):
        assert f'value="{value}"' in page
    assert visit("anna").get(f"{NEW}?project_id=nonsense&project_id=2", headers=HTML).status_code == 200


def test_a_draft_is_seen_before_it_fills_anything_and_can_be_thrown_away(anna: Client) -> None:
    typed = {"project_id": str(PROJECT_IDS["office"]), "subject": "Стул <b>", "description": "слово " * 100}
    by = re.search(r'name="typed_by" value="([^"]+)"', anna.get(NEW, headers=HTML).text)
    assert by
    assert anna.put("/drafts/tasks:new", data=typed | {"typed_by": by[1]}).json()["kept"]
    page = anna.get(f"{NEW}?project_id=1", headers=HTML).text
    assert 'id="new-task"' not in page and "Стул &lt;b&gt;" in page and "слово слово" in page and "Draft from" in page
    assert len(page) < len(anna.get(f"{NEW}?draft=1", headers=HTML).text), "its first words alone"
    (on,) = re.findall(rf'href="({NEW}[^"]*draft=1)"', page)
    assert on == f"{NEW}?project_id=1&amp;draft=1"
    form = anna.get(unescape(on), headers=HTML).text
    assert chosen(form, "project_id") == typed["project_id"], "the draft goes before the link"
    assert 'value="Стул &lt;b&gt;"' in form and "Discard the draft" in form
    assert 'value="Стул &lt;b&gt;"' in anna.get(NEW, headers=HTMX).text, "a script asks for the form"
    anna.post("/drafts/tasks:new/discard", data={"typed_by": by[1]}, headers=HTML)
    empty = anna.get(NEW, headers=HTML).text
    assert 'id="new-task"' in empty and "Стул" not in empty


@pytest.mark.parametrize("subject", ["Стол", "%20"])
def test_a_link_that_fills_the_form_in_asks_about_the_draft_first(anna: Client, subject: str) -> None:
    assert anna.put("/drafts/tasks:new", data={"subject": "Стул"}).json()["kept"]
    page = anna.get(f"{NEW}?subject={subject}", headers=HTML).text
    assert 'id="new-task"' not in page and "Стул" in page
    assert 'value="Стул"' in anna.get(f"{NEW}?subject={subject}&draft=1", headers=HTML).text


@pytest.mark.parametrize(
    ("page", "following"),
    [
        (f"{NEW}?project_id=2&tracker_id=2", f"{NEW}?project_id=2&tracker_id=2"),
        (f"{NEW}?project_id=2&draft=1", f"{NEW}?project_id=2"),
        (f"{NEW}?draft=1", NEW),
        ("//evil.example/?project_id=2", NEW),
        ("/tasks/7?project_id=2", NEW),
    ],
)
def test_beginning_anew_keeps_to_the_chosen_project(anna: Client, page: str, following: str) -> None:
    for headers in (
        HTML | {"Referer": f"http://testserver{page}"},
        HTMX | {"HX-Current-URL": f"http://testserver{page}"},
    ):
        assert anna.put("/drafts/tasks:new", data={"subject": "Стул"}).json()["kept"]
        answer = anna.post("/drafts/tasks:new/discard", headers=headers)
        assert (answer.status_code, answer.headers["location"]) == (303, following)


def test_a_page_deletes_no_draft_of_another_page(anna: Client) -> None:
    one, other = (hidden(anna.get(NEW, headers=HTML).text, "draft_id") for _ in range(2))
    assert one and one != other
    assert anna.put("/drafts/tasks:new", data={"subject": "Стул", "draft_id": one}).json()["kept"]
    assert anna.put("/drafts/tasks:new", data={"subject": "", "draft_id": other}).json()["kept"]
    assert anna.post(NEW, data=SAID | {"draft_id": other}, headers=HTML).status_code == 303
    going_on = anna.get(f"{NEW}?draft=1", headers=HTML).text
    assert 'value="Стул"' in going_on and hidden(going_on, "draft_id") == one
    refused = anna.post(NEW, data=SAID | {"draft_id": one, "subject": ""}, headers=HTML).text
    assert hidden(refused, "draft_id") == one
    anna.post(NEW, data=SAID | {"draft_id": one}, headers=HTML)
    assert "Draft from" not in anna.get(NEW, headers=HTML).text


def test_one_more_task_is_created_and_the_first_can_be_opened(anna: Client) -> None:
    for headers, place in ((HTML, "location"), (HTMX, "hx-redirect")):
        answer = anna.post(NEW, data=SAID | {"another": "1"}, headers=headers)
        following = answer.headers[place]
        assert following == f"{NEW}?project_id={SAID['project_id']}&tracker_id={SAID['tracker_id']}"
        page = anna.get(following, headers=HTML).text
        (created,) = re.findall(r'<p>Task #(\d+) was created. <a href="/tasks/\1">Open it</a></p>', page)
        assert anna.get(f"/tasks/api/task/{created}").json()["subject"] == SAID["subject"]
        assert chosen(page, "project_id") == SAID["project_id"] and chosen(page, "tracker_id") == SAID["tracker_id"]
        assert 'name="subject" value=""' in page and "Open it" not in anna.get(following, headers=HTML).text


@pytest.mark.parametrize("status", [422, 401])
def test_a_draft_is_offered_after_a_refusal_and_gone_after_success(anna: Client, visit: Visit, status: int) -> None:
    by = re.search(r'name="typed_by" value="([^"]+)"', anna.get(NEW, headers=HTML).text)
    assert by
    typed = SAID | {"subject": "", "typed_by": by[1]}
    answer = (anna if status == 422 else visit()).post(NEW, data=typed, headers=HTML)
    assert answer.status_code == status
    if status == 401:
        assert "Очень шатается." in answer.text
        return
    assert "Очень шатается." in anna.get(NEW, headers=HTML).text
    assert "Очень шатается." not in visit("boris").get(NEW, headers=HTML).text
    anna.post(NEW, data=SAID, headers=HTML)
    assert "Очень шатается." not in anna.get(NEW, headers=HTML).text


def test_sent_twice_one_task_is_made(anna: Client) -> None:
    first, second = (anna.post(NEW, data=SAID | {"idempotency_key": "once"}, headers=HTML) for _ in range(2))
    assert first.headers["location"] == second.headers["location"] and total(anna) == 1


def test_after_a_lost_answer_either_button_sends_the_form_again(anna: Client) -> None:
    for headers, place in ((HTML, "location"), (HTMX, "hx-redirect")):
        before, once = total(anna), SAID | {"idempotency_key": f"once {place}"}
        task = anna.post(NEW, data=once, headers=headers).headers[place]
        following = anna.post(NEW, data=once | {"another": "1"}, headers=headers).headers[place]
        assert following == f"{NEW}?project_id={SAID['project_id']}&tracker_id={SAID['tracker_id']}"
        assert f'<a href="{task}">Open it</a>' in anna.get(following, headers=HTML).text
        assert anna.post(NEW, data=once, headers=headers).headers[place] == task and total(anna) == before + 1


def test_the_description_can_be_looked_at(anna: Client) -> None:
    fragment = anna.post("/tasks/new/preview", data=SAID | {"description": "**жирно** <script>"}, headers=HTMX).text
    assert "<strong>жирно</strong>" in fragment and "<script>" not in fragment
    page = anna.post("/tasks/new/preview", data=SAID, files=[("files", PLAN)], headers=HTML).text
    assert "<em>окна</em>" in page and len(seals(page)) == 1 and total(anna) == 0


def test_going_back_to_a_step_shows_the_form(visit: Visit) -> None:
    for step in ("form", "preview"):
        answer = visit("anna").get(f"/tasks/new/{step}", headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, NEW)


# Programs


@pytest.mark.parametrize("address", [NEW, "/tasks/api/task"])
def test_a_program_makes_a_task(visit: Visit, embedded: EmbeddedWorld, address: str) -> None:
    wish = {
        "subject": "Стул",
        "project_id": 2,
        "assigned_to_id": PEOPLE_IDS["boris"],
        "priority_id": PRIORITY_IDS["urgent"],
        "estimated_hours": 2,
        "due_date": "2027-01-15",
        "custom_fields": [{"id": FIELD_IDS["Кабинет"], "value": "7"}],
    }
    answer = visit("anna").post(address, json=wish)
    told = answer.json()
    assert answer.status_code == 201 and told["success"] and told["message"] == "The task was created."
    assert set(told["data"]) == {"task_id", "subject", "status", "assigned_to", "project", "created_on"}
    assert (told["data"]["status"], told["data"]["assigned_to"]) == ("new", NAMES["boris"])
    held = visit("anna").get(f"/tasks/api/task/{told['data']['task_id']}").json()
    assert (held["due_date"], held["priority"]["name"], held["custom_fields"][0]["value"]) == (
        "2027-01-15",
        "urgent",
        "7",
    )


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"project_id": 2}, "subject"),
        ({"subject": "Стул"}, "project_id"),
        ({"subject": "Стул", "project_id": None}, "project_id"),
        ({"subject": "Стул", "project_id": "x"}, "project_id"),
        ({"subject": "Стул", "project_id": 99}, "project_id"),
        ({"subject": "Стул", "project_id": 2, "tracker_id": 99}, "tracker_id"),
        ({"subject": "Стул", "project_id": 2, "assigned_to_id": PEOPLE_IDS["stranger"]}, "assigned_to_id"),
        ({"subject": "Стул", "project_id": 2, "status_id": STATUS_IDS["closed"]}, "status_id"),
        ({"subject": "Стул", "project_id": 2, "due_date": "завтра"}, "due_date"),
        ({"subject": "Стул", "project_id": 2, "estimated_hours": -1}, "estimated_hours"),
        ({"subject": "Стул", "project_id": 2, "parent_id": 99}, "parent_id"),
        ({"subject": "Стул", "project_id": 2, "description": 7}, "description"),
    ],
)
def test_a_program_gets_errors_by_field(anna: Client, wish: dict[str, Any], field: str) -> None:
    answer = anna.post("/tasks/api/task", json=wish)
    assert answer.status_code == 422 and list(answer.json()["errors"]) == [field] and total(anna) == 0


def test_fields_that_one_may_not_set_are_refused(visit: Visit) -> None:
    wish = {"subject": "Стул", "project_id": 2, "assigned_to_id": PEOPLE_IDS["anna"]}
    answer = visit("irina").post("/tasks/api/task", json=wish)
    assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")


def test_a_program_gets_the_fields_of_a_new_task(anna: Client) -> None:
    assert [each["name"] for each in anna.get(NEW).json()["projects"]] == ["help", "office", "warehouse"]
    told = anna.get(f"{NEW}?project_id=2").json()
    assert told["required"] == ["subject"] and told["default_priority_id"] == PRIORITY_IDS["normal"]
    way = next(each for each in told["custom_fields"] if each["name"] == "Способ связи")
    assert [option["value"] for option in way["options"]] == ["Телефон", "Почта", "Лично"]
