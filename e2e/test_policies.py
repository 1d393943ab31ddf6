"""A real browser's cache and the answers that go without the policies of documents."""

import pytest
from playwright.sync_api import Page

from e2e import steps
from e2e.conftest import AsProgram

pytestmark = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)

ASK_AS_HTMX = """async (address) => {
    const answer = await fetch(address, { headers: { "HX-Request": "true", Accept: "text/html" } });
    await answer.text();
    return answer.headers.get("content-security-policy");
}"""


def test_a_page_has_its_policy_though_htmx_was_given_the_same_address_before(page: Page, as_program: AsProgram) -> None:
    address = f"/tasks/{steps.some_task(as_program('anna'))['id']}"
    steps.come_to(page, "anna", "/tasks/my-tasks")
    assert page.evaluate(ASK_AS_HTMX, address) is None
    opened = page.goto(address)
    assert opened and "default-src 'self'" in opened.headers["content-security-policy"]
    page.evaluate(ASK_AS_HTMX, address)  # now that the browser has a page with a policy, that one stays
    page.goto("/tasks/my-tasks")
    back = page.go_back()
    assert back and "default-src 'self'" in back.headers["content-security-policy"]


def test_a_picture_opened_by_itself_runs_nothing(page: Page) -> None:
    page.goto("/users/login")
    picture = page.locator("link[rel=icon]").get_attribute("href")
    assert picture
    opened = page.goto(picture)
    assert opened and opened.headers["content-security-policy"] == "sandbox; default-src 'none'"
    page.goto("about:blank")
