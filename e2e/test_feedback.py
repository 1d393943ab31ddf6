"""Every write says that it happened, also without JavaScript, and says it once."""

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.conftest import AsProgram


def test_a_comment_is_said_once(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"))["id"]
    steps.come_to(page, "anna", task)
    steps.add_comment(page, "Картридж заказан")
    expect(steps.toast(page, "Комментарий добавлен.")).to_be_visible()
    page.reload()
    assert steps.toast(page, "").count() == 0  # at once: a toast goes by itself
    page.goto("/tasks")
    page.go_back()
    expect(page.locator(f"#task-{task}")).to_be_visible()
    assert steps.toast(page, "").count() == 0


@pytest.mark.parametrize("javascript", [False], ids=["without JavaScript"], indirect=True)
def test_without_scripts_the_message_stands_above_the_page_and_covers_nothing(page: Page) -> None:
    steps.come_to(page, "anna", "/tasks/my-tasks")
    steps.open_own_menu(page)
    page.get_by_role("button", name="Тёмные").click()
    message, heading = steps.toast(page, "Ваш выбор сохранён."), page.get_by_role("heading", level=1)
    expect(message).to_be_visible()
    expect(message.get_by_role("button")).to_have_count(0)
    its, below = message.bounding_box(), heading.bounding_box()
    assert its and below and its["y"] + its["height"] <= below["y"]


def test_signing_out_is_said(page: Page) -> None:
    steps.come_to(page, "anna", "/users/logout")
    page.get_by_role("main").get_by_role("button", name="Выйти", exact=True).click()
    expect(steps.toast(page, "Вы вышли.")).to_be_visible()


def test_an_unknown_address_keeps_the_navigation(page: Page, announced: set[int]) -> None:
    announced.add(404)
    steps.come_to(page, "anna", "/nowhere")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link", name="Доска")).to_be_visible()
