"""The page of notifications, with scripts and without."""

import re

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram


def test_notifications_are_seen_opened_marked_and_taken_back(page: Page, as_program: AsProgram) -> None:
    boris, anna = as_program("boris"), as_program("anna")
    first, second = steps.tasks(anna)["tasks"][:2]
    for task in (first, second):
        steps.tell(boris, task["id"], "Посмотрите, пожалуйста.")
    steps.wait_for_unread(anna, 2)
    steps.come_to(page, "anna", "/tasks/my-tasks")
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


WITH_SCRIPTS = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


def told(page: Page, number: int) -> None:
    """Bell, title and page say so."""
    expect(page.locator("[data-unread]")).to_have_text(str(number or ""))
    expect(page).to_have_title(re.compile(rf"^\({number}\) " if number else r"^[^(]"))
    expect(page.locator("#how-many")).to_contain_text(re.compile(rf"^\s*{number} непрочитан"))


@WITH_SCRIPTS
def test_bell_title_and_page_agree_after_reading_though_no_stream_comes_through(
    page: Page, as_program: AsProgram
) -> None:
    boris, anna = as_program("boris"), as_program("anna")
    first, second = steps.tasks(anna)["tasks"][:2]
    for task in (first, first, second):
        steps.tell(boris, task["id"], "Посмотрите, пожалуйста.")
    steps.wait_for_unread(anna, 3)
    steps.come_in(page, "anna")
    page.route("**/notifications/stream*", lambda route: route.fulfill(status=204))
    page.goto("/notifications")
    told(page, 3)
    main = page.get_by_role("main")
    main.get_by_role("button", name="Прочитано").first.click()
    told(page, 2)
    main.get_by_role("button", name="Отметить все прочитанными").click()
    told(page, 0)
    main.get_by_role("button", name="Вернуть непрочитанными").click()
    told(page, 2)


@WITH_SCRIPTS
def test_the_page_follows_what_is_read_and_what_comes_elsewhere(page: Page, as_program: AsProgram) -> None:
    boris, anna = as_program("boris"), as_program("anna")
    task = steps.tasks(anna)["tasks"][0]
    steps.tell(boris, task["id"], "Посмотрите, пожалуйста.")
    steps.wait_for_unread(anna, 1)
    steps.come_to(page, "anna", "/notifications")
    told(page, 1)
    anna.put("/tasks/api/notifications/read-all")
    told(page, 0)
    expect(page.locator("main .unread")).to_have_count(0)
    steps.tell(boris, task["id"], "И ещё раз.")
    told(page, 1)
    expect(page.locator("main .unread")).to_have_count(1)


@WITH_SCRIPTS
def test_going_back_to_a_page_shows_the_present_count(page: Page, as_program: AsProgram) -> None:
    boris, anna = as_program("boris"), as_program("anna")
    task = steps.tasks(anna)["tasks"][0]
    steps.tell(boris, task["id"], "Посмотрите, пожалуйста.")
    steps.wait_for_unread(anna, 1)
    steps.come_in(page, "anna")
    page.route("**/notifications/stream*", lambda route: route.fulfill(status=204))
    page.goto("/notifications")
    told(page, 1)
    page.goto("/tasks/statistics")
    anna.put("/tasks/api/notifications/read-all")
    page.go_back()
    told(page, 0)
