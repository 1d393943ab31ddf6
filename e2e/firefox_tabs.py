"""Pytest fixtures of Firefox's tabs, and how one comes in there."""

from collections.abc import Callable, Iterator

import pytest

from e2e import firefox
from e2e.firefox import FIREFOX, Firefox, Tab
from e2e.watching import Announced, unexpected

NewTab = Callable[[], Tab]


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    if not FIREFOX.exists():
        # Not at the top: pytest wants to be the first to load a plugin that it is told of.
        from tests.servers.fixtures import unavailable

        unavailable("no Firefox: run scripts/install-test-services")
    with firefox.running_firefox(tmp_path_factory.mktemp("firefox")) as driven:
        yield driven


@pytest.fixture
def new_tab(driven: Firefox, site: str, announced: Announced) -> Iterator[NewTab]:
    """Tabs of a fresh visitor; at the end nothing unannounced was complained of."""
    driven.events.clear()
    visitor = driven.ask("browser.createUserContext")["userContext"]
    yield lambda: Tab(driven, visitor, site)
    driven.ask("browser.removeUserContext", userContext=visitor)
    assert unexpected(firefox.complaints(driven.told()), announced) == []


def come_in(tab: Tab, address: str = "/tasks/my-tasks") -> Tab:
    """Sign in as anna, on the way to that page."""
    tab.go(address)
    tab.write("[name=username]", "anna")
    tab.write("#password", "demo")
    tab.press("main form .main", "Войти")
    tab.sees(".me summary", "Анна Светлова")
    # Keys count when the scripts have run, which is after the page is seen.
    firefox.until(lambda: bool(tab.value("() => document.readyState === 'complete'")), "the page is complete")
    return tab
