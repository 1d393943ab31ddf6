"""Whose pages are compared: where they are, and a session of anna's there."""

import re
from contextlib import closing
from typing import NamedTuple

import httpx
from playwright.sync_api import Browser, BrowserContext

from bench.redmine import Filled
from e2e import steps
from tests.running import Helpdesk

MY_TASKS = "/tasks/my-tasks"
MY_ISSUES = "/issues?set_filter=1&assigned_to_id=me&sort=updated_on%3Adesc"


MY_ISSUE = "/issues/{}.json?include=journals,attachments,allowed_statuses"


class Side(NamedTuple):
    """`cookie` is the name and `session` the value of what tells who asks; `change` is a task to be changed.

    `json` is the address of the task for programs, who bring the `key` instead when there is one.
    """

    told: str
    url: str
    cookie: str
    session: str
    list: str
    task: str
    json: str
    change: int
    key: str = ""

    def identity(self, path: str) -> str:
        """The header that says who asks for `path`."""
        by_key = self.key and path == self.json
        return f"X-Redmine-API-Key: {self.key}" if by_key else f"Cookie: {self.cookie}={self.session}"


def ours(told: str, helpdesk: Helpdesk, password: str, task: int, change: int) -> Side:
    """A helpdesk of ours."""
    with closing(steps.program(helpdesk.url, "anna", password)) as client:
        session = client.cookies["session"]
    return Side(told, helpdesk.url, "session", session, MY_TASKS, f"/tasks/{task}", f"/tasks/api/task/{task}", change)


def redmines_own(told: str, filled: Filled) -> Side:
    """Redmine's own pages, signed in by its own form."""
    redmine = filled.redmine
    with httpx.Client(base_url=redmine.url, timeout=60) as client:
        token = re.search(r'name="authenticity_token" value="([^"]+)"', client.get("/login").text)
        assert token, "no sign-in form"
        typed = {"authenticity_token": token[1], "username": "anna", "password": redmine.passwords["anna"]}
        client.post("/login", data=typed)
        session = client.cookies["Redmine"]
    task, json, key = f"/issues/{filled.issue}", MY_ISSUE.format(filled.issue), redmine.api_keys["anna"]
    return Side(told, redmine.url, "Redmine", session, MY_ISSUES, task, json, filled.change, key)


def window(browser: Browser, side: Side) -> BrowserContext:
    """A browser with an empty cache, signed in."""
    context = browser.new_context(base_url=side.url, locale="ru-RU")
    context.set_default_timeout(180_000)
    context.add_cookies([{"name": side.cookie, "value": side.session, "url": side.url}])
    return context
