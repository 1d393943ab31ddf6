"""The browser remembers a page for going back, which it does not do when a stream or a channel is left open."""

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import steps
from e2e.conftest import AsProgram, remembering

REMEMBERED = "addEventListener('pageshow', ({ persisted }) => document.documentElement.dataset.persisted = persisted)"

pytestmark = [
    remembering,
    pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True),
]


@pytest.fixture
def browser(remembering_browser: Browser) -> Browser:
    return remembering_browser


def test_a_page_that_one_comes_back_to_is_live_again(page: Page, as_program: AsProgram) -> None:
    boris, task = as_program("boris"), steps.some_task(as_program("anna"), status="Новая")
    page.add_init_script(REMEMBERED)
    steps.come_to(page, "anna", task["id"])
    expect(page.locator("#fresh")).to_have_text("на связи")
    page.goto("/tasks/statistics")
    steps.tell(boris, task["id"], "Пока вас не было.")
    expect(page.locator(".bell [data-unread]")).to_have_text("1")
    page.go_back(wait_until="commit")  # a page that is remembered is not loaded again
    expect(page.locator("html")).to_have_attribute("data-persisted", "true")
    expect(page.locator("#fresh")).to_have_text("на связи")
    expect(page.locator(".bell [data-unread]")).to_have_text("1")
    expect(page.locator(".happened")).to_contain_text("Борис Громов")
    steps.tell(boris, task["id"], "И снова.")
    expect(page.locator(".bell [data-unread]")).to_have_text("2")
