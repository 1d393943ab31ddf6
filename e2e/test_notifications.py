"""The page of notifications, with scripts and without."""

from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram


def test_notifications_are_seen_opened_marked_and_taken_back(page: Page, as_program: AsProgram) -> None:
    boris, anna = as_program("boris"), as_program("anna")
    first, second = steps.tasks(anna)["tasks"][:2]
    for task in (first, second):
        steps.tell(boris, task["id"], "Посмотрите, пожалуйста.")
    steps.wait_for_unread(anna, 2)
    steps.come_in(page, "anna")
    page.goto("/tasks/my-tasks")
    count = page.locator("[data-unread]")
    expect(count).to_have_text("2")
    page.goto("/notifications")
    main = page.get_by_role("main")
    main.get_by_role("link", name=f"#{first['id']}").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"#{first['id']}")
    expect(count).to_have_text("1")
    page.goto("/notifications")
    main.get_by_role("button", name="Отметить все прочитанными").click()
    expect(count).to_have_text("")
    main.get_by_role("button", name="Вернуть непрочитанными").click()
    expect(count).to_have_text("1")
    main.get_by_role("button", name="Прочитано").click()
    expect(count).to_have_text("")
