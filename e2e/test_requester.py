"""The whole way of a request, as the employee who asks for help goes it."""

import re

from playwright.sync_api import FilePayload, Page, expect

from e2e import steps
from e2e.conftest import AsProgram
from e2e.test_new_task import choose_project, create

SUBJECT = "Не открывается папка отдела"
SCREEN: FilePayload = {"name": "ошибка.txt", "mimeType": "text/plain", "buffer": "отказано в доступе".encode()}
ANSWER, SECRET = "Права вернули, проверьте.", "Опять их сисадмин."


def sees_nothing_of_staff(page: Page) -> None:
    """No ticks, pencils or bar for many tasks, no grips, no internal comments, no templates of the staff."""
    for name in ("task_id", "private", "reply"):
        expect(page.locator(f"main [name={name}]")).to_have_count(0)
    expect(page.locator(".list-edit, #bulk, .grip, .inside")).to_have_count(0)
    expect(page.get_by_text(SECRET)).to_have_count(0)


def open_from_notification(page: Page, number: int) -> None:
    page.goto("/notifications")
    sees_nothing_of_staff(page)
    page.get_by_role("main").get_by_role("link", name=f"#{number}", exact=True).click()
    expect(page.locator(f"#task-{number}")).to_be_visible()
    sees_nothing_of_staff(page)


def test_a_request_goes_its_whole_way(page: Page, as_program: AsProgram, javascript: bool) -> None:
    irina, anna = as_program("irina"), as_program("anna")
    status = page.locator("[id^=status-][id$=-fact]")
    steps.come_to(page, "irina", "/tasks/new")
    choose_project(page, "Служба поддержки", javascript)
    page.get_by_label("Тема").fill(SUBJECT)
    page.get_by_label("Файлы").set_input_files([SCREEN])
    create(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(SUBJECT)
    expect(page.locator(".task-attachments li")).to_have_text("ошибка.txt")
    expect(page.locator(".task-facts select")).to_have_count(0)
    sees_nothing_of_staff(page)
    number = int(re.findall(r"/tasks/(\d+)", page.url)[0])

    page.goto("/tasks/my-tasks?author_id=me")
    expect(steps.subjects(page).first).to_have_text(SUBJECT)
    sees_nothing_of_staff(page)
    page.goto("/tasks/board?author_id=me")
    expect(page.locator(f"#card-{number}")).to_be_visible()
    sees_nothing_of_staff(page)
    for address in ("/replies", f"/tasks/{number}"):
        page.goto(address)
        expect(page.get_by_text("Принято в работу")).to_have_count(0)

    steps.change_elsewhere(anna, number, "assignee", "Анна Светлова")
    steps.change_elsewhere(anna, number, "status", "В работе")
    secret = {"comment": SECRET, "private": True}
    anna.post(f"/tasks/api/task/{number}/comments", json=secret).raise_for_status()
    steps.tell(anna, number, ANSWER)
    steps.wait_for_unread(irina, 3)
    open_from_notification(page, number)
    expect(status).to_contain_text("В работе")
    expect(steps.entries(page).last).to_contain_text(ANSWER)
    steps.add_comment(page, "Одна папка ещё закрыта.")
    expect(steps.entries(page).last).to_contain_text("Одна папка ещё закрыта.")

    steps.change_elsewhere(anna, number, "status", "Решена")
    steps.wait_for_unread(irina, 1)
    open_from_notification(page, number)
    expect(steps.fact(page, "status")).to_have_text("Решена")
    steps.answer_and(page, "Всё-таки не открывается.", "В работе")
    expect(steps.entries(page).last).to_contain_text("Решена → В работе")
    expect(status).to_contain_text("В работе")
    assert steps.notes(anna, number)[-1] == "Всё-таки не открывается."
