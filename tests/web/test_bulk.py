"""Many tasks at once, told one by one."""

import re
from html import unescape

import pytest

from tests.web.conftest import HTML, HTMX, Visit
from tests.world import PEOPLE_IDS, PRIORITY_IDS, PROJECT_IDS, STATUS_IDS, EmbeddedWorld


def state(visit: Visit, number: int) -> tuple[str, str, int | None]:
    data = visit("admin").get(f"/tasks/api/task/{number}").json()["data"]
    return data["status_name"], data["priority_name"], data["assigned_to_id"]


def test_json_has_the_outcome_of_each_update(visit: Visit, embedded: EmbeddedWorld) -> None:
    first, second, forbidden = (embedded.new_task() for _ in range(3))
    updates = [
        {"task_id": first, "status_id": STATUS_IDS["in_progress"], "comment": "Беру"},
        {"task_id": second, "priority_id": PRIORITY_IDS["urgent"], "assignee_id": None},
        {"task_id": forbidden, "status_id": STATUS_IDS["closed"]},
        {"task_id": 99_999, "status_id": STATUS_IDS["in_progress"]},
    ]
    answer = visit("anna").put("/tasks/api/tasks/bulk", json={"updates": updates})
    body = answer.json()
    assert answer.status_code == 200 and body["success"] is True
    assert (body["successful_count"], body["failed_count"]) == (2, 2)
    assert [each.get("error") for each in body["results"]] == [None, None, "transition_not_allowed", "not_found"]
    assert [each["task_id"] for each in body["results"]] == [first, second, forbidden, 99_999]
    assert state(visit, first)[0] == "in_progress" and state(visit, second)[1:] == ("urgent", None)


@pytest.mark.parametrize(
    "body",
    [{}, {"updates": 5}, {"updates": [5]}, {"updates": [{}]}, {"updates": [{"task_id": "x"}]},
     {"updates": [{"task_id": 1, "status_id": "x"}]}, {"updates": [{"task_id": 1}] * 101}],
)  # fmt: skip
def test_a_body_without_a_list_of_updates_is_refused(visit: Visit, embedded: EmbeddedWorld, body: object) -> None:
    embedded.new_task()
    assert visit("anna").put("/tasks/api/tasks/bulk", json=body).status_code == 422


def test_the_lists_form_changes_the_ticked_tasks_and_shows_each_outcome(visit: Visit, embedded: EmbeddedWorld) -> None:
    first, second, third = embedded.new_task(), embedded.new_task(status="resolved"), embedded.new_task()
    anna = visit("anna")
    page = anna.get("/tasks?sort=id", headers=HTML).text
    assert page.count('name="task_id"') == 3 and 'name="next" value="/tasks?sort=id"' in page
    asked = anna.get(f"/tasks/bulk?next=/tasks?sort=id&task_id={first}&task_id={second}", headers=HTML).text
    assert asked.count('name="task_id"') == 2 and 'name="next" value="/tasks?sort=id"' in asked
    assert f'<option value="{PEOPLE_IDS["boris"]}">' in asked and 'name="status_id"' in asked
    form = {
        "task_id": [first, second],
        "status_id": STATUS_IDS["in_progress"],
        "priority_id": "",
        "assignee_id": PEOPLE_IDS["boris"],
        "comment": "Передаю",
        "next": "/tasks?sort=id",
        "idempotency_key": "k",
    }
    answer = anna.post("/tasks/bulk", data=form, headers=HTML)
    assert answer.status_code == 200 and "Changed: 2 of 2." in answer.text and 'href="/tasks?sort=id"' in answer.text
    assert state(visit, first) == state(visit, second) == ("in_progress", "normal", PEOPLE_IDS["boris"])
    assert state(visit, third)[0] == "new"
    assert anna.post("/tasks/bulk", data=form, headers=HTML).text == answer.text
    history = anna.get(f"/tasks/api/task/{first}/history").json()["history"]
    assert [entry["notes"] for entry in history] == ["Передаю"]


def test_a_refused_update_has_a_reason_and_the_others_are_made(visit: Visit, embedded: EmbeddedWorld) -> None:
    mine, others = embedded.new_task(), embedded.new_task(project="warehouse", author="boris")
    form = {"task_id": [mine, others, 77_777], "assignee_id": "none"}
    page = visit("anna").post("/tasks/bulk", data=form, headers=HTML).text
    assert "Changed: 2 of 3." in page and "#77777</a>: There is nothing here" in page
    refused = visit("irina").post(
        "/tasks/bulk", data={"task_id": mine, "assignee_id": PEOPLE_IDS["anna"]}, headers=HTML
    )
    assert "Changed: 0 of 1." in refused.text and "You are not allowed" in refused.text


@pytest.mark.parametrize("form", [{}, {"task_id": 1}, {"status_id": 2}, {"task_id": "x", "status_id": 2}])
def test_a_form_without_tasks_or_changes_is_refused(
    visit: Visit, embedded: EmbeddedWorld, form: dict[str, object]
) -> None:
    embedded.new_task()
    assert visit("anna").post("/tasks/bulk", data=form, headers=HTML).status_code == 422


def test_htmx_gets_a_toast_that_names_the_refused_by_subject(visit: Visit, embedded: EmbeddedWorld) -> None:
    first, forbidden = embedded.new_task("Принтер"), embedded.new_task("Сканер", status="resolved")
    form = {"task_id": [first, forbidden, 77_777], "status_id": STATUS_IDS["rejected"], "idempotency_key": "k"}
    answer = visit("anna").post("/tasks/bulk", data=form, headers=HTMX)
    assert answer.status_code == 200 and "<main" not in answer.text and "Changed: 1 of 3." in answer.text
    assert f'data-refused="{forbidden} 77777"' in answer.text and 'class="toast bad"' in answer.text
    assert f"#{forbidden} Сканер</a>: The workflow does not allow" in answer.text and "Принтер" not in answer.text
    (key,) = re.findall(r'hx-target="#bulk \[name=idempotency_key\]".*?value="([^"]+)"', answer.text)
    assert key != "k"


@pytest.mark.parametrize(
    ("form", "message"), [({"status_id": 2}, "select the tasks"), ({"task_id": 1}, "choose a status")]
)
def test_htmx_is_told_in_the_form_what_is_missing(
    visit: Visit, embedded: EmbeddedWorld, form: dict[str, object], message: str
) -> None:
    embedded.new_task()
    answer = visit("anna").post("/tasks/bulk", data=form, headers=HTMX)
    assert answer.status_code == 422 and answer.text.lstrip().startswith('<p class="fault">') and message in answer.text


def test_the_form_is_a_page_for_ticked_tasks_and_a_fragment_for_the_list(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task(), visit("anna")
    fragment = anna.get(f"/tasks/bulk?task_id={number}", headers=HTMX).text
    assert "<main" not in fragment and 'name="task_id"' not in fragment and 'id="bulk"' in fragment
    nothing = anna.get("/tasks/bulk?next=/tasks&task_id=99999", headers=HTML).text
    assert "select the tasks that you mean" in nothing and "<select" not in nothing and 'href="/tasks"' in nothing
    assert anna.get("/tasks/bulk?task_id=x", headers=HTML).status_code == 422
    assert "<select" not in visit("stranger").get(f"/tasks/bulk?task_id={number}", headers=HTML).text


def undo(page: str) -> list[str]:
    return [unescape(it) for it in re.findall(r'name="undo" value="([^"]+)"', page)]


@pytest.mark.parametrize("headers", [HTML, HTMX], ids=["page", "toast"])
def test_a_change_of_many_is_taken_back(visit: Visit, embedded: EmbeddedWorld, headers: dict[str, str]) -> None:
    free, hers = embedded.new_task(assignee=None), embedded.new_task(priority="high")
    changed_since, anna = embedded.new_task(), visit("anna")
    before = [state(visit, it) for it in (free, hers)]
    form = {
        "task_id": [free, hers, changed_since],
        "priority_id": PRIORITY_IDS["urgent"],
        "assignee_id": PEOPLE_IDS["boris"],
    }
    taken = undo(anna.post("/tasks/bulk", data=form, headers=headers).text)
    assert len(taken) == 3 and state(visit, free) == state(visit, hers) == ("new", "urgent", PEOPLE_IDS["boris"])
    visit("boris").put(f"/tasks/api/task/{changed_since}/priority", json={"priority_id": PRIORITY_IDS["low"]})
    answer = anna.post("/tasks/bulk", data={"undo": taken}, headers=headers)
    assert "Taken back: 2 of 3." in answer.text and f"#{changed_since} " in answer.text and not undo(answer.text)
    assert [state(visit, it) for it in (free, hers)] == before
    assert state(visit, changed_since) == ("new", "low", PEOPLE_IDS["boris"])


def test_a_comment_alone_can_not_be_taken_back(visit: Visit, embedded: EmbeddedWorld) -> None:
    page = visit("anna").post("/tasks/bulk", data={"task_id": embedded.new_task(), "comment": "Смотрю"}, headers=HTML)
    assert "Changed: 1 of 1." in page.text and not undo(page.text)


@pytest.mark.parametrize("text", ["", "x", "task_id=x", "task_id=1&status_id=x", "status_id=2"])
def test_a_made_up_undo_is_refused(visit: Visit, embedded: EmbeddedWorld, text: str) -> None:
    embedded.new_task()
    assert visit("anna").post("/tasks/bulk", data={"undo": text}, headers=HTML).status_code == 422


def test_programs_can_read_statuses_and_projects(visit: Visit) -> None:
    statuses = visit("anna").get("/api/redmine/statuses").json()["statuses"]
    assert [each["name"] for each in statuses if each["is_closed"]] == ["closed", "rejected"]
    assert [each["name"] for each in statuses if each["is_default"]] == ["new"]
    assert all(set(each) == {"id", "name", "color", "is_default", "is_closed"} for each in statuses)
    project = {"id": PROJECT_IDS["help"], "name": "help", "identifier": "help", "description": ""}
    assert visit("irina").get("/api/redmine/projects").json()["projects"] == [
        project,
        project | {"id": PROJECT_IDS["office"], "name": "office", "identifier": "office"},
    ]


def test_updates_of_one_task_are_made_in_their_order(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, statuses = embedded.new_task(), ("in_progress", "resolved", "closed", "in_progress", "waiting")
    updates = [{"task_id": number, "status_id": STATUS_IDS[name]} for name in statuses]
    body = visit("anna").put("/tasks/api/tasks/bulk", json={"updates": updates}).json()
    assert body["successful_count"] == len(statuses) and state(visit, number)[0] == "waiting"
