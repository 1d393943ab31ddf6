"""What journeys share: a browser, a helpdesk of the journey's own, and a page that is watched for complaints."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from e2e import axe, html
from e2e.steps import program
from e2e.watching import Announced, collect, unexpected
from tests.running import Helpdesk

pytest_plugins = ["tests.servers.fixtures", "tests.helpdesks", "e2e.firefox_tabs"]

CHROMIUM = Path("/usr/bin/chromium")
# The same engine without the window around it, which costs three times what the pages do.
HEADLESS = Path("/usr/bin/chromium-headless-shell")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 8_000

AsProgram = Callable[[str], httpx.Client]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for all journeys of a worker.

    For the package, not the session: while Playwright is there its event loop counts as running in this thread, and
    the asynchronous tests that the worker may get afterwards want one of their own.
    """
    if not CHROMIUM.exists():
        # Not at the top: pytest wants to be the first to load a plugin that it is told of.
        from tests.servers.fixtures import unavailable

        unavailable("no Chromium: run scripts/install-test-services")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        quickest = HEADLESS if HEADLESS.exists() else CHROMIUM
        browser = playwright.chromium.launch(executable_path=quickest, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def html_faults(browser: Browser) -> Iterator[html.Faults]:
    with html.validator(browser) as faults:
        yield faults


@pytest.fixture
def site(demo: Helpdesk) -> str:
    """The address of the helpdesk that the page is open on; a module with another one overrides this."""
    return demo.url


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def javascript(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def announced() -> Announced:
    """What the browser's console may and must complain of: a journey adds the statuses that it provokes."""
    return set()


@pytest.fixture
def page(browser: Browser, site: str, javascript: bool, announced: Announced) -> Iterator[Page]:
    """A fresh visitor's page; at the end nothing unannounced was complained of and what is shown is accessible."""
    context = browser.new_context(base_url=site, locale="ru-RU", java_script_enabled=javascript)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    complaints = collect(context)
    yield page
    # axe needs the page's own timers, so it can only look where scripts run.
    faults = axe.faults(page) if javascript and page.url != "about:blank" else []
    context.close()
    assert unexpected(complaints, announced) == []
    assert faults == []


@pytest.fixture
def as_program(site: str) -> Iterator[AsProgram]:
    """Somebody's program, signed in over the JSON face: for what colleagues do meanwhile, and for asking what is so."""
    opened: list[httpx.Client] = []

    def come(login: str) -> httpx.Client:
        opened.append(program(site, login))
        return opened[-1]

    yield come
    for client in opened:
        client.close()
