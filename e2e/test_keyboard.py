"""The whole job without a mouse."""

import re

from playwright.sync_api import Locator, Page, expect

from e2e import steps
from e2e.conftest import AsProgram

FARTHEST = 60


def tab_to(page: Page, wanted: Locator, farthest: int = FARTHEST) -> None:
    """Press Tab until `wanted` has the focus."""
    expect(wanted).to_be_visible()
    for _ in range(farthest):
        page.keyboard.press("Tab")
        if wanted.evaluate("(it) => it === document.activeElement"):
            return
    raise AssertionError(f"{farthest} tabs do not lead to {wanted}")


def skip_to_the_content(page: Page) -> None:
    """The first thing that Tab meets on a page leads past its header."""
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="К содержимому")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#main$"))


def test_anna_signs_in_opens_a_task_and_changes_its_status_by_keys_alone(page: Page, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"), status="В работе")
    page.goto("/tasks/my-tasks")
    expect(page.get_by_label("Логин или почта")).to_be_focused()
    page.keyboard.type("anna")
    page.keyboard.press("Tab")
    page.keyboard.type("demo")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Мои задачи")).to_be_visible()

    skip_to_the_content(page)
    tab_to(page, page.get_by_role("link", name=task["subject"]))
    page.keyboard.press("Enter")
    expect(page.locator(f"#task-{task['id']}")).to_be_visible()

    skip_to_the_content(page)
    its = steps.control(page, "status")
    tab_to(page, its)
    page.keyboard.press("ArrowDown")
    chosen = its.locator("option:checked").inner_text()
    assert chosen != "В работе"
    save = page.locator(".task-save")
    if save.is_visible():
        tab_to(page, save)
    page.keyboard.press("Enter")
    expect(steps.entries(page).last).to_contain_text(f"Статус: В работе → {chosen}")
    expect(steps.fact(page, "status")).to_have_text(chosen)


def test_the_first_task_is_eight_tabs_away(page: Page) -> None:
    """Past the header, then past the tabs and filters of the list."""
    steps.come_to(page, "anna", "/tasks")
    skip_to_the_content(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="К списку задач")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, steps.subjects(page).first, farthest=6)
