"""A page asks for the news after a change; a row asks for its present state."""

from datetime import UTC, date, datetime, timedelta

from helpdesk.tasks.model import Choices, Priority, Ref, Status, Task, TaskRow, Written
from helpdesk.web.tasks.page import changed_facts, facts
from tests.web.conftest import HTML, HTMX, Visit
from tests.world import NAMES, EmbeddedWorld


def test_a_current_page_gets_nothing_and_an_older_one_the_author_of_the_change(
    visit: Visit, embedded: EmbeddedWorld
) -> None:
    task, anna, boris = embedded.new_task("Стул"), visit("anna"), visit("boris")
    seen = anna.get(f"/tasks/api/task/{task}").json()["lock_version"]
    asked = f"/tasks/{task}/changed?since="
    assert anna.get(asked + seen, headers=HTMX).status_code == 204
    boris.post(f"/tasks/api/task/{task}/comments", json={"comment": "Готово"}).raise_for_status()
    shown = anna.get(asked + seen, headers=HTMX)
    assert shown.status_code == 200 and "Борис Кузнецов changed this task" in shown.text and "Готово" not in shown.text


def test_new_entries_come_without_the_forms_that_somebody_types_in(visit: Visit, embedded: EmbeddedWorld) -> None:
    task, anna = embedded.new_task("Стул"), visit("anna")
    visit("boris").post(f"/tasks/api/task/{task}/comments", json={"comment": "Готово"}).raise_for_status()
    shown = anna.get(f"/tasks/{task}/changed?show=1", headers=HTMX).text
    assert "Готово" in shown and f'hx-target="#facts-{task}:not(:has(.typed))"' in shown
    assert "Готово" not in anna.get(f"/tasks/{task}/changed?show=1&history=changes", headers=HTMX).text


def test_an_invisible_task_reveals_nothing(visit: Visit, embedded: EmbeddedWorld) -> None:
    task = embedded.new_task("Стул")
    there, nowhere = (visit("stranger").get(f"/tasks/{it}/changed?since=", headers=HTMX) for it in (task, 7777))
    assert there.status_code == 404 and (there.text, there.status_code) == (nowhere.text, nowhere.status_code)
    answer = visit("anna").get(f"/tasks/{task}/changed", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{task}")


def test_a_row_that_comes_by_itself_takes_no_focus(visit: Visit, embedded: EmbeddedWorld) -> None:
    task, anna = embedded.new_task("Стул"), visit("anna")
    assert "autofocus" in anna.get(f"/tasks/{task}/row?by=author", headers=HTMX).text
    assert "autofocus" not in anna.get(f"/tasks/{task}/row?by=author&live=1", headers=HTMX).text


def test_a_task_that_is_gone_says_so_on_its_page_and_in_a_list(visit: Visit, embedded: EmbeddedWorld) -> None:
    task, anna = embedded.new_task("Стул"), visit("anna")
    visit("admin").delete(f"/tasks/api/task/{task}").raise_for_status()
    page = anna.get(f"/tasks/{task}/changed?since=1", headers=HTMX)
    asked = anna.get(f"/tasks/{task}/changed?show=1", headers=HTMX)
    row = anna.get(f"/tasks/{task}/row?by=assignee&live=1", headers=HTMX)
    for answer in (page, asked, row):
        assert answer.status_code == 404 and "This task was deleted, or you do not see it any more." in answer.text
        assert "#toasts" not in answer.text
    assert page.text.strip().startswith("<p") and "What you typed is still here" in page.text
    assert 'hx-target="[data-changed]"' in asked.text
    assert row.text.strip().startswith("<tr") and f">{task}</td>" in row.text and "name=" not in row.text


def test_an_own_change_is_shown_without_a_notice(visit: Visit, embedded: EmbeddedWorld) -> None:
    task, anna, boris = embedded.new_task("Стул"), visit("anna"), visit("boris")
    seen = anna.get(f"/tasks/api/task/{task}").json()["lock_version"]
    mine = anna.post(f"/tasks/api/task/{task}/comments", json={"comment": "Моё"}).json()["comment"]["id"]
    asked = f"/tasks/{task}/changed?since={seen}&entry="
    shown = anna.get(f"{asked}0", headers=HTMX).text
    assert "changed this task" not in shown and "Моё" in shown and f'hx-target="#attachments-{task}"' in shown
    boris.post(f"/tasks/api/task/{task}/comments", json={"comment": "Готово"}).raise_for_status()
    anna.post(f"/tasks/api/task/{task}/comments", json={"comment": "И снова моё"}).raise_for_status()
    for last in ("0", str(mine), "", "x", "9" * 30):
        told = anna.get(f"{asked}{last}", headers=HTMX)
        assert told.status_code == 200 and NAMES["anna"] not in told.text
        assert "Борис Кузнецов changed this task" in told.text
    now = anna.get(f"/tasks/api/task/{task}").json()["lock_version"]
    assert anna.get(f"{asked}0&since={now}", headers=HTMX).status_code == 204


# What a task's page sums up, and which of it is sent after a write


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROW = TaskRow(7, "Принтер", Status(1, "new"), Priority(2, "normal"), Ref(1, "help"), Ref(1, "bug"), None, None, None,
              NOON, NOON)  # fmt: skip
TASK = Task(ROW, "", None, 0, None, (), (), Choices(), "1")
LATER = ROW._replace(status=Status(2, "in progress"), updated_on=NOON + timedelta(hours=1))


def names(of: Task) -> list[str]:
    return [fact.name for fact in facts(of)]


def test_attributes_without_a_value_are_left_out() -> None:
    assert names(TASK) == ["status", "priority", "assignee", "updated_on"]
    assert names(TASK._replace(start_date=date(2026, 11, 20), done_ratio=10))[3:5] == ["start_date", "done_ratio"]


def test_only_facts_that_a_write_changed_are_sent() -> None:
    told = changed_facts(Written(TASK, TASK._replace(row=LATER)))
    assert told and [fact.name for fact in told] == ["status", "updated_on"]
    assert changed_facts(Written(TASK, TASK)) == ()


def test_all_facts_are_sent_when_one_came_or_went() -> None:
    begun = TASK._replace(row=LATER, done_ratio=10)
    assert changed_facts(Written(TASK, begun)) is None and changed_facts(Written(begun, TASK)) is None
