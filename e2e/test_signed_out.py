"""Who has signed out leaves nothing to go back to in the browser."""

from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from e2e import steps
from e2e.conftest import BY_NAME, remembering
from tests.running import Helpdesk

SHOWN = """
addEventListener("pageshow", () => {
  const shown = JSON.parse(sessionStorage.getItem("shown") ?? "[]");
  sessionStorage.setItem("shown", JSON.stringify([...shown, document.querySelector("h1").textContent.trim()]));
});
"""
MOST_STEPS = 5


pytestmark = remembering


@pytest.fixture
def browser(remembering_browser: Browser) -> Browser:
    return remembering_browser


@pytest.fixture
def site(request: pytest.FixtureRequest, demo: Helpdesk) -> str:
    """Browsers obey `Clear-Site-Data` only by HTTPS and on the machine itself."""
    return demo.url.replace("127.0.0.1", request.param)


@pytest.fixture
def page(browser: Browser, site: str, javascript: bool) -> Iterator[Page]:
    """A visitor whose browser may complain: of a header that plain HTTP can't have, of a stream that has ended."""
    context = browser.new_context(base_url=site, locale="ru-RU", java_script_enabled=javascript)
    yield context.new_page()
    context.close()


def sign_in(page: Page) -> None:
    page.goto("/users/login")
    page.fill("[name=username]", "anna")
    page.fill("#password", "demo")
    page.click("form button.main")
    page.wait_for_url("**/")


def sign_out(page: Page) -> None:
    steps.open_own_menu(page)
    page.get_by_role("link", name="Выйти").click()
    page.locator("main button.main").click()
    expect(page.locator("#password")).to_be_visible()


def path(page: Page) -> str:
    """The address of a page without its port, which may contain the number of a task, too."""
    return page.url.split("/", 3)[3]


def go_back_to(page: Page, address: str) -> None:
    """Over the question whether to sign out; as people do, who see each page before they go on to the one before."""
    for _ in range(MOST_STEPS):
        if address in path(page):
            break
        with suppress(Error):  # what is shown has just become another page
            page.go_back(wait_until="commit")
        page.wait_for_load_state("networkidle")
    assert address in path(page), page.url
    expect(page.locator("#password")).to_be_visible()


@pytest.mark.parametrize(
    ("javascript", "site"),
    [(True, "127.0.0.1"), (True, BY_NAME), (False, "127.0.0.1")],
    ids=["with JavaScript", "with JavaScript by plain HTTP", "without JavaScript"],
    indirect=True,
)
def test_back_shows_nothing_of_who_has_signed_out(page: Page, demo: Helpdesk, javascript: bool) -> None:
    with closing(steps.program(demo.url, "anna")) as anna:
        task = steps.some_task(anna, status="Новая")
    page.add_init_script(SHOWN)
    sign_in(page)
    steps.open_task(page, task["id"])
    sign_out(page)
    if javascript:
        page.evaluate("sessionStorage.removeItem('shown')")
    go_back_to(page, f"{task['id']}")
    if javascript:
        shown = page.evaluate("JSON.parse(sessionStorage.getItem('shown'))")
        assert shown and not [it for it in shown if task["subject"] in it]


@pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
@pytest.mark.parametrize("site", ["127.0.0.1"], indirect=True)
def test_signing_out_leaves_drafts_and_the_theme(page: Page) -> None:
    sign_in(page)
    page.evaluate("localStorage.setItem('kept', 'a draft')")
    page.context.add_cookies([{"name": "theme", "value": "dark", "url": page.url}])
    sign_out(page)
    assert page.evaluate("localStorage.getItem('kept')") == "a draft"
    assert {it["name"] for it in page.context.cookies()} >= {"theme"}
