"""The task: reading it, and every change that anna may make."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, expect

from e2e import steps
from e2e.conftest import AsProgram

IN_PROGRESS = {"status": "В работе"}


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
    expect(page.get_by_role("heading", level=1)).to_have_text(f"#{task['id']} {task['subject']}")
    first_words = " ".join(re.findall(r"\w+", text.partition(" ")[0]))
    expect(page.get_by_role("region", name="Описание")).to_contain_text(first_words)
    expect(steps.entries(page).locator(".by strong")).to_have_text([entry["author"]["name"] for entry in told])
    expect(steps.entries(page).locator(".changes li")).to_have_text([it for entry in told for it in entry["changes"]])
    expect(steps.fact(page, "status")).to_have_text(task["status"])


def test_a_status_is_changed_with_a_comment(page: Page, as_program: AsProgram, javascript: bool) -> None:
    client = as_program("anna")
    task = steps.some_task(client, **IN_PROGRESS)
    steps.come_to(page, "anna", task["id"])
    with one_document(page, javascript):
        button = steps.change(page, "status", "Решена", "Заменили катушку, печатает.")
        expect(steps.fact(page, "status")).to_have_text("Решена")
        expect(steps.entries(page).last).to_contain_text("Статус: В работе → Решена")
        expect(steps.entries(page).last).to_contain_text("Заменили катушку, печатает.")
        keeps_focus(button, javascript)
    expect(steps.form(page, "status").locator("textarea")).to_have_value("")
    if javascript:
        expect(steps.toast(page, "Статус изменён.")).to_be_visible()
    assert steps.notes(client, task["id"])[-1] == "Заменили катушку, печатает."


def test_only_statuses_that_the_workflow_allows_are_offered(
    page: Page, as_program: AsProgram, javascript: bool
) -> None:
    client = as_program("anna")
    task = steps.some_task(client, **IN_PROGRESS)
    steps.come_to(page, "anna", task["id"])
    offered = steps.form(page, "status").locator("option")
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
        button = steps.change(page, "assignee", "Борис Громов", "Борис, это по твоей части.")
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
    expect(steps.entries(page).last.get_by_text("приватный")).to_have_count(0)
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
        expect(steps.entries(page).last.get_by_text("приватный")).to_be_visible()
    expect(steps.comment_form(page).get_by_label("приватный")).not_to_be_checked()
    assert steps.history(client, task["id"])[-1]["private"] is True


def test_pressing_without_a_choice_changes_nothing_and_says_so(
    page: Page, as_program: AsProgram, javascript: bool
) -> None:
    task = steps.some_task(as_program("anna"), **IN_PROGRESS)
    steps.come_to(page, "anna", task["id"])
    count = steps.entries(page).count()
    with one_document(page, javascript):
        steps.change(page, "status", "В работе")
        if javascript:
            expect(steps.toast(page, "Ничего не изменилось")).to_be_visible()
    expect(steps.entries(page)).to_have_count(count)
