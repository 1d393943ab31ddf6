"""What journeys share: a browser, a helpdesk of the journey's own, and a page that is watched for complaints."""

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from e2e import axe, html, steps, watching
from e2e.boards import Move, some_move
from e2e.looking import Look, looking
from e2e.profiles import PATIENCE_MS, Profile, Profiles
from e2e.watching import Announced, unexpected
from tests.running import Helpdesk

pytest_plugins = ["tests.servers.fixtures", "tests.helpdesks", "e2e.firefox_tabs"]

CHROMIUM = Path("/usr/bin/chromium")
# The same engine without the window around it, which costs three times what the pages do.
HEADLESS = Path("/usr/bin/chromium-headless-shell")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--in-process-gpu",  # it draws by the processor anyhow
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--renderer-process-limit=1",  # for each profile: to begin a process takes longer than to show a page
]
BY_NAME = "helpdesk.example"
FOLDER = Path(__file__).parent / "failed"
FAILED = pytest.StashKey[bool]()

remembering = pytest.mark.xdist_group("remembering")
"""One worker has the browser that remembers pages."""

AsProgram = Callable[[str], httpx.Client]


@pytest.fixture(scope="package")
def own_browser() -> Iterator[Browser]:
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
def browser(own_browser: Browser) -> Browser:
    """The browser that `page` is of; a module with another one overrides this."""
    return own_browser


@pytest.fixture(scope="package")
def remembering_browser(own_browser: Browser) -> Iterator[Browser]:
    """One that keeps pages as they were for going back, which Playwright's own switch forbids, and knows the machine
    by a name, too. Journeys that use it are `remembering`.
    """
    remembering = own_browser.browser_type.launch(
        executable_path=CHROMIUM,
        args=[*ARGUMENTS, f"--host-resolver-rules=MAP {BY_NAME} 127.0.0.1"],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield remembering
    remembering.close()


@pytest.fixture(scope="package")
def profiles(own_browser: Browser) -> Profiles:
    return Profiles(own_browser)


@pytest.fixture(scope="package")
def html_faults(own_browser: Browser) -> Iterator[html.Faults]:
    with html.validator(own_browser) as faults:
        yield faults


@pytest.fixture(scope="session")
def seen(shared_folder: Path) -> axe.Seen:
    return axe.Seen(shared_folder / "seen-by-axe")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Look at every page and its states first: journeys show little then that axe has not seen."""
    looking = ("test_every_page.py", "test_states.py", "test_channel_states.py")
    items.sort(key=lambda item: item.path.parent == FOLDER.parent and item.path.name not in looking)


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let fixtures know at their end whether the journey failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@contextmanager
def traced(context: BrowserContext, journey: pytest.Item) -> Iterator[None]:
    """Leave Playwright's trace of a journey that failed in e2e/failed/, where its pages are pictured, too.

    Open it by `playwright show-trace`. It has no copies of the pages, which would slow every journey down.
    """
    context.tracing.start(screenshots=False, snapshots=False, sources=True)
    try:
        yield
    except Exception:
        journey.stash[FAILED] = True
        raise
    finally:
        context.tracing.stop(path=f"{_left(journey)}.zip" if journey.stash.get(FAILED, False) else None)


def _pictured(profile: Profile, journey: pytest.Item) -> None:
    for number, page in enumerate(profile.pages()):
        with suppress(Error):  # a page that has crashed can not be shown
            page.screenshot(path=f"{_left(journey)}-{number}.png", full_page=True)


def _left(journey: pytest.Item) -> Path:
    return FOLDER / re.sub(r"\W+", "_", journey.nodeid.removeprefix("e2e/"))


@pytest.fixture
def page(
    browser: Browser,
    profiles: Profiles,
    site: str,
    javascript: bool,
    announced: Announced,
    seen: axe.Seen,
    request: pytest.FixtureRequest,
) -> Iterator[Page]:
    """A fresh visitor's page; at the end nothing unannounced was complained of and what is shown is accessible."""
    with profiles.visit(browser, site, javascript) as profile, traced(profile.context, request.node):
        page = profile.context.new_page()
        yield page
        # axe needs the page's own timers, so it can only look where scripts run.
        faults = axe.new_faults(page, seen) if javascript and page.url != "about:blank" else []
        if javascript:
            watching.finish(profile.pages())
        if faults or request.node.stash.get(FAILED, False):
            _pictured(profile, request.node)
        for it in profile.pages():
            it.close()
        assert unexpected(profile.complaints, announced) == []
        assert faults == []


@pytest.fixture
def look(page: Page, html_faults: html.Faults, seen: axe.Seen) -> Iterator[Look]:
    faults: list[str] = []
    yield looking(page, html_faults, seen, faults)
    assert not faults, "\n".join(faults)


@pytest.fixture
def as_program(site: str) -> Iterator[AsProgram]:
    """Somebody's program, signed in over the JSON face: for what colleagues do meanwhile, and for asking what is so."""
    opened: list[httpx.Client] = []

    def come(login: str) -> httpx.Client:
        opened.append(steps.program(site, login))
        return opened[-1]

    yield come
    for client in opened:
        client.close()


@pytest.fixture
def anna(as_program: AsProgram) -> httpx.Client:
    return as_program("anna")


@pytest.fixture
def move(anna: httpx.Client) -> Move:
    """A task in progress, and a column that it may go to."""
    return some_move(anna, [it["id"] for it in steps.tasks(anna, status="В работе")["tasks"]])
