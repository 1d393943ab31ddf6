"""The task: reading it, and every change that anna may make."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.watching import Announced

IN_PROGRESS = {"status": "В работе"}

with_javascript = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


@contextmanager
def one_document(page: Page, javascript: bool) -> Iterator[None]:
    """What is done in the block leaves the document where it is when there are scripts, and loads another when not."""
    steps.mark(page)
    yield
    assert steps.is_marked(page) is javascript


def keeps_focus(button: Locator, javascript: bool) -> None:
    """With scripts the button pressed stays under the fingers; without them the browser opens another page."""
    if javascript:
        expect(button).to_be_focused()


def test_a_task_is_opened_from_the_list_and_read(page: Page, as_program: AsProgram) -> None:
    client = as_program("anna")
    task = next(it for it in steps.tasks(client, sort="priority")["tasks"] if len(steps.history(client, it["id"])) > 2)
    told, text = steps.history(client, task["id"]), client.get(f"/tasks/api/task/{task['id']}").json()["description"]
    steps.come_to(page, "anna", "/tasks/my-tasks?sort=priority")
    page.get_by_role("link", name=task["subject"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(task["subject"])
    first_words = " ".join(re.findall(r"\w+", text.partition(" ")[0]))
    expect(page.get_by_role("region", name="Описание")).to_contain_text(first_words)
    expect(steps.entries(page)).to_contain_text([entry["author"]["name"] for entry in told])
    expect(steps.entries(page).locator(".task-changes > span")).to_have_text(
        [it for entry in told for it in entry["changes"]]
    )
    expect(steps.fact(page, "status")).to_have_text(task["status"])


def test_a_task_is_answered_and_resolved_by_one_press(page: Page, as_program: AsProgram, javascript: bool) -> None:
    client = as_program("anna")
    task = steps.some_task(client, **IN_PROGRESS)
    steps.come_to(page, "anna", task["id"])
    with one_document(page, javascript):
        steps.answer_and(page, "Заменили катушку, печатает.", "Решена")
        expect(steps.fact(page, "status")).to_have_text("Решена")
        expect(steps.entries(page).last).to_contain_text("Статус: В работе → Решена")
        expect(steps.entries(page).last).to_contain_text("Заменили катушку, печатает.")
        if javascript:
            expect(steps.toast(page, "Комментарий добавлен, задача изменена.")).to_be_visible()
            expect(page.locator("body")).not_to_be_focused()
    expect(steps.comment_box(page)).to_have_value("")
    *_, entry = steps.history(client, task["id"])
    assert (entry["notes"], entry["changes"]) == ("Заменили катушку, печатает.", ["Статус: В работе → Решена"])


@with_javascript
def test_one_goes_on_typing_after_an_answer_with_another_status(page: Page, as_program: AsProgram) -> None:
    """Its button is gone with the status."""
    task = steps.some_task(as_program("anna"), **IN_PROGRESS)
    steps.come_to(page, "anna", task["id"])
    for status in ("Приостановлена", "В работе"):
        steps.answer_and(page, "Ждём.", status)
        expect(steps.fact(page, "status")).to_have_text(status)
        expect(steps.comment_box(page)).to_be_focused()


@with_javascript
def test_after_a_conflict_the_control_that_was_saved_has_the_focus(
    page: Page, as_program: AsProgram, announced: Announced
) -> None:
    announced.add(409)
    client = as_program("anna")
    task = next(it for it in steps.tasks(client, **IN_PROGRESS)["tasks"] if it["priority"] not in ("Срочный", "Низкий"))
    page.route("**/changed?*", lambda route: route.abort())  # the page does not hear of it before the choice
    steps.come_to(page, "anna", task["id"])
    steps.change_elsewhere(as_program("boris"), task["id"], "priority", "Срочный")
    steps.change(page, "priority", "Низкий")
    page.get_by_role("button", name="Сохранить моё").click()
    expect(steps.fact(page, "priority")).to_have_text("Низкий")
    expect(steps.control(page, "priority")).to_be_focused()


def test_only_statuses_that_the_workflow_allows_are_offered(
    page: Page, as_program: AsProgram, javascript: bool
) -> None:
    client = as_program("anna")
    task = steps.some_task(client, **IN_PROGRESS)
    steps.come_to(page, "anna", task["id"])
    offered = steps.control(page, "status").locator("option")
    expect(offered).to_have_text(["В работе", "Запрошено уточнение", "Приостановлена", "Решена"])
    with one_document(page, javascript):
        steps.change(page, "status", "Решена")
        expect(steps.fact(page, "status")).to_have_text("Решена")
    expect(offered).to_have_text(["В работе", "Решена", "Закрыта"])


def test_a_priority_is_changed_without_a_comment(page: Page, as_program: AsProgram, javascript: bool) -> None:
    client = as_program("anna")
    task = next(it for it in steps.tasks(client, **IN_PROGRESS)["tasks"] if it["priority"] != "Срочный")
    steps.come_to(page, "anna", task["id"])
    with one_document(page, javascript):
        button = steps.change(page, "priority", "Срочный")
        expect(steps.fact(page, "priority")).to_have_text("Срочный")
        expect(steps.entries(page).last).to_contain_text(f"Приоритет: {task['priority']} → Срочный")
        keeps_focus(button, javascript)
    assert steps.notes(client, task["id"])[-1] == ""


def test_a_task_is_handed_over_with_a_comment(page: Page, as_program: AsProgram, javascript: bool) -> None:
    task = steps.some_task(as_program("anna"), **IN_PROGRESS)
    steps.come_to(page, "anna", task["id"])
    with one_document(page, javascript):
        steps.comment_form(page).locator(".compose-send summary").click()
        steps.comment_form(page).get_by_label("и передать").select_option(label="Борис Громов")
        button = steps.add_comment(page, "Борис, это по твоей части.")
        expect(steps.fact(page, "assignee")).to_have_text("Борис Громов")
        expect(steps.entries(page).last).to_contain_text("Исполнитель: Анна Светлова → Борис Громов")
        expect(steps.entries(page).last).to_contain_text("Борис, это по твоей части.")
        keeps_focus(button, javascript)
    with one_document(page, javascript):
        steps.change(page, "assignee", "никто")
        expect(steps.fact(page, "assignee")).to_have_text("никто")


def test_one_change_follows_another_on_the_same_page(page: Page, as_program: AsProgram, javascript: bool) -> None:
    """The version that each form carries is renewed with every answer: nobody conflicts with herself."""
    task = steps.some_task(as_program("anna"), **IN_PROGRESS)
    steps.come_to(page, "anna", task["id"])
    count = steps.entries(page).count()
    with one_document(page, javascript):
        steps.change(page, "status", "Приостановлена")
        expect(steps.fact(page, "status")).to_have_text("Приостановлена")
        steps.change(page, "assignee", "Борис Громов")
        expect(steps.fact(page, "assignee")).to_have_text("Борис Громов")
        steps.add_comment(page, "Ждём поставщика.")
        expect(steps.entries(page).last).to_contain_text("Ждём поставщика.")
        steps.change(page, "status", "В работе")
        expect(steps.fact(page, "status")).to_have_text("В работе")
    expect(steps.entries(page)).to_have_count(count + 4)


def test_a_comment_is_added(page: Page, as_program: AsProgram, javascript: bool) -> None:
    client = as_program("anna")
    task, other = steps.tasks(client, **IN_PROGRESS)["tasks"][:2]
    steps.come_to(page, "anna", task["id"])
    with one_document(page, javascript):
        button = steps.add_comment(page, f"Похоже на #{other['id']}: **то же самое**.")
        link = steps.entries(page).last.get_by_role("link", name=f"#{other['id']}")
        expect(link).to_have_attribute("href", f"/tasks/{other['id']}")
        expect(steps.entries(page).last.locator("strong").filter(has_text="то же самое")).to_be_visible()
        keeps_focus(button, javascript)
    expect(steps.comment_box(page)).to_have_value("")
    expect(steps.entries(page).last.get_by_text("внутренний комментарий")).to_have_count(0)
    if javascript:
        expect(steps.toast(page, "Комментарий добавлен.")).to_be_visible()
    else:
        expect(page).to_have_url(re.compile(r"#entry-\d+$"))


def test_a_private_comment_is_added_and_marked(page: Page, as_program: AsProgram, javascript: bool) -> None:
    client = as_program("anna")
    task = steps.some_task(client, **IN_PROGRESS)
    steps.come_to(page, "anna", task["id"])
    with one_document(page, javascript):
        steps.add_comment(page, "Заявителю пока не говорим.", private=True)
        expect(steps.entries(page).last).to_contain_text("Заявителю пока не говорим.")
        expect(steps.entries(page).last.get_by_text("внутренний комментарий")).to_be_visible()
    expect(steps.comment_form(page).get_by_label("Внутренний комментарий")).not_to_be_checked()
    assert steps.history(client, task["id"])[-1]["private"] is True


def test_pressing_without_a_choice_changes_nothing_and_says_so(
    page: Page, as_program: AsProgram, javascript: bool
) -> None:
    task = steps.some_task(as_program("anna"), **IN_PROGRESS)
    steps.come_to(page, "anna", task["id"])
    count = steps.entries(page).count()
    with one_document(page, javascript):
        if javascript:
            page.locator("form[id^=fields-]").evaluate("(it) => it.requestSubmit()")
            expect(steps.toast(page, "Ничего не изменилось")).to_be_visible()
        else:
            page.locator(".task-save").click()
    expect(steps.entries(page)).to_have_count(count)
    expect(steps.fact(page, "status")).to_have_text("В работе")


def test_a_task_of_somebody_else_is_taken_by_one_press(page: Page, as_program: AsProgram, javascript: bool) -> None:
    client = as_program("anna")
    boris = next(it for it in steps.tasks(client, assigned_to_id="any", per_page=100)["tasks"] if takes(client, it))
    steps.come_to(page, "anna", boris["id"])
    with one_document(page, javascript):
        page.get_by_role("button", name="Взять себе").click()
        expect(steps.fact(page, "assignee")).to_have_text("Анна Светлова")
        if javascript:
            expect(page.locator("body")).not_to_be_focused()
    expect(page.get_by_role("button", name="Взять себе")).to_have_count(0)
    assert client.get(f"/tasks/api/task/{boris['id']}").json()["assignee"]["name"] == "Анна Светлова"


@with_javascript
def test_a_choice_that_could_not_be_saved_is_saved_by_its_button(
    page: Page, as_program: AsProgram, announced: Announced
) -> None:
    announced.update({"net::ERR_CONNECTION_RESET", "htmx: htmx:error: Failed to fetch TypeError: Failed to fetch"})
    client = as_program("anna")
    task = steps.some_task(client, **IN_PROGRESS)
    steps.come_to(page, "anna", task["id"])
    page.route("**/fields", lambda route: route.abort("connectionreset"))
    save = page.locator(".task-save")
    expect(save).to_be_hidden()
    steps.control(page, "status").select_option(label="Решена")
    expect(save).to_be_visible()
    page.unroute("**/fields")
    save.click()
    expect(steps.entries(page).last).to_contain_text("Статус: В работе → Решена")
    expect(save).to_be_hidden()
    assert len([it for it in steps.history(client, task["id"]) if "Статус: В работе → Решена" in it["changes"]]) == 1


@with_javascript
def test_a_choice_without_the_script_that_saves_it_has_its_button(
    page: Page, as_program: AsProgram, announced: Announced
) -> None:
    announced.add("net::ERR_CONNECTION_RESET")
    task = steps.some_task(as_program("anna"), **IN_PROGRESS)
    page.route("**/lazy*.js", lambda route: route.abort("connectionreset"))
    steps.come_to(page, "anna", task["id"])
    steps.control(page, "status").select_option(label="Решена")
    page.locator(".task-save").click()
    expect(steps.fact(page, "status")).to_have_text("Решена")
    expect(steps.entries(page).last).to_contain_text("Статус: В работе → Решена")


@with_javascript
def test_a_button_pressed_while_a_choice_is_saved_is_not_lost(page: Page, as_program: AsProgram) -> None:
    client = as_program("anna")
    task = next(it for it in steps.tasks(client, assigned_to_id="any", per_page=100)["tasks"] if takes(client, it))
    steps.come_to(page, "anna", task["id"])
    held: list[Route] = []
    page.route("**/fields", lambda route: held.append(route), times=1)
    steps.control(page, "priority").select_option(index=0 if task["priority"] == "Срочный" else 3)
    expect(page.locator(".task-fields")).to_contain_class("htmx-request")
    page.get_by_role("button", name="Взять себе").click()
    held[0].continue_()
    expect(steps.fact(page, "assignee")).to_have_text("Анна Светлова")
    now = client.get(f"/tasks/api/task/{task['id']}").json()
    assert now["assignee"]["name"] == "Анна Светлова" and now["priority"]["name"] != task["priority"]


def takes(client: httpx.Client, task: dict[str, Any]) -> bool:
    """Whether anna may be assigned a task that is somebody else's."""
    number = task["id"]
    whole, offered = client.get(f"/tasks/api/task/{number}").json(), client.get(f"/tasks/api/task/{number}/assignees")
    return "Анна Светлова" not in str(whole["assignee"]) and "Анна Светлова" in str(offered.json())


def test_changes_of_different_fields_merge(page: Page, as_program: AsProgram, javascript: bool) -> None:
    client = as_program("anna")
    task = next(it for it in steps.tasks(client, **IN_PROGRESS)["tasks"] if it["priority"] != "Срочный")
    steps.come_to(page, "anna", task["id"])
    steps.change_elsewhere(as_program("boris"), task["id"], "priority", "Срочный")
    steps.answer_and(page, "Готово.", "Решена")
    expect(steps.fact(page, "status")).to_have_text("Решена")
    expect(steps.fact(page, "priority")).to_have_text("Срочный")
    expect(steps.entries(page).filter(has_text="Срочный").last).to_contain_text("Борис Громов")


@with_javascript
def test_control_and_enter_sends_an_answer(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"), **IN_PROGRESS)
    steps.come_to(page, "anna", task["id"])
    steps.comment_box(page).fill("С клавиатуры.")
    steps.comment_box(page).press("Control+Enter")
    expect(steps.entries(page).last).to_contain_text("С клавиатуры.")
    expect(steps.comment_box(page)).to_have_value("")
    expect(steps.comment_box(page)).to_be_focused()
