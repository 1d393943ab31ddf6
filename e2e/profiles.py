"""Browser profiles that are emptied and used again: a new one costs a journey as much as three pages.

Each journey has tabs of its own, and nothing of what earlier ones left: no cookies, stored data or cached files. What
goes on is the process that draws pages, with the scripts that it has compiled; a tab that stays open keeps it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page

from e2e.watching import collect

PATIENCE_MS = 8_000
# What a journey does to its profile by these can not be undone, or not for certain.
LASTING = ("add_init_script", "expose_binding", "expose_function", "grant_permissions", "on", "route", "set_offline")


class Profile:
    """One in use. `complaints` are what its console has said in this journey."""

    def __init__(self, browser: Browser, site: str, javascript: bool) -> None:
        self.site = site
        self.context = browser.new_context(base_url=site, locale="ru-RU", java_script_enabled=javascript)
        self.context.set_default_timeout(PATIENCE_MS)
        self.complaints = collect(self.context)
        self.changed = False
        self._keeper = self.context.new_page()
        self._session = self.context.new_cdp_session(self._keeper)
        for name in LASTING:
            self._notice(name)

    def _change(self, *_: object) -> None:
        self.changed = True
        self._keeper.close()  # it would get what the journey does to all pages, such as the end of its network

    def _notice(self, name: str) -> None:
        method = getattr(self.context, name)

        def noticed(*arguments: Any, **more: Any) -> Any:
            self._change()
            return method(*arguments, **more)

        setattr(self.context, name, noticed)

    def pages(self) -> list[Page]:
        """Return the tabs of the journey."""
        return [page for page in self.context.pages if page is not self._keeper]

    def empty(self) -> None:
        """Close the tabs and forget all that was stored."""
        for page in self.pages():
            page.close()
        self.context.clear_cookies()
        self._session.send("Storage.clearDataForOrigin", {"origin": self.site, "storageTypes": "all"})
        self._session.send("Network.clearBrowserCache")
        self.complaints.clear()


class Profiles:
    """Those of one browser that may be used again: one for pages with scripts, one for pages without."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._kept: dict[bool, Profile] = {}

    @contextmanager
    def visit(self, browser: Browser, site: str, javascript: bool) -> Iterator[Profile]:
        """Give an empty profile. It is kept for others afterwards if it is of this browser and nothing lasts in it."""
        profile = self._kept.pop(javascript, None) if browser is self._browser else None
        if profile and profile.site != site:
            profile.context.close()
            profile = None
        profile = profile or Profile(browser, site, javascript)
        try:
            yield profile
            if not profile.changed and browser is self._browser:
                profile.empty()
                self._kept[javascript] = profile
        finally:
            if profile is not self._kept.get(javascript):
                profile.context.close()
