"""A change of status: how long it takes, by us and by Redmine alone, and what a browser exchanges for it."""

import re
import time
from collections.abc import Callable, Sequence
from secrets import token_urlsafe
from statistics import median
from typing import NamedTuple

import httpx
from playwright.sync_api import Browser, expect

from bench.redmine import Filled
from bench.sides import Side, window
from e2e import steps
from e2e.network_log import NetworkLog, total

HTMX = {"HX-Request": "true", "Accept": "text/html", "Accept-Encoding": "br"}


class Waits(NamedTuple):
    """Milliseconds: the median, the least, and what 95 of 100 do not exceed."""

    p50: float
    least: float
    p95: float


Change = Callable[[int], object]


def waits(changes: Sequence[Change], times: int) -> list[Waits]:
    """Let each of `changes` choose one and the other status, one after another; the first time is not counted."""
    found: list[list[float]] = [[] for _ in changes]
    for number in range(times + 1):
        for place, change in enumerate(changes):
            began = time.perf_counter()
            change(number % 2)
            found[place] += [(time.perf_counter() - began) * 1000] if number else []
    return [Waits(median(each), min(each), sorted(each)[int(len(each) * 0.95) - 1]) for each in found]


def by_us(side: Side, statuses: tuple[int, int]) -> Change:
    """The form of the task's page, as htmx sends it: with the version that the page had."""
    client = httpx.Client(base_url=side.url, cookies={side.cookie: side.session}, headers=HTMX, timeout=60)
    known = version(client.get(f"/tasks/{side.change}"))

    def change(which: int) -> None:
        nonlocal known
        form = {
            "status_id": str(statuses[which]),
            "idempotency_key": token_urlsafe(12),
            "lock_version": known,
        }
        known = version(client.post(f"/tasks/{side.change}/status", data=form))

    return change


def version(answer: httpx.Response) -> str:
    """What the forms of an answer know as the present version. Raises HTTPStatusError when there is none."""
    answer.raise_for_status()
    found = re.search(r'name="lock_version" value="([^"]+)"', answer.text)
    assert found, "an answer without a version"
    return found[1]


def by_redmine(filled: Filled, statuses: tuple[int, int]) -> Change:
    """A program's PUT by the person's own key, which answers with nothing."""
    key = {"X-Redmine-API-Key": filled.redmine.api_keys["anna"]}
    client = httpx.Client(base_url=filled.redmine.url, headers=key, timeout=60)

    def change(which: int) -> None:
        wish = {"issue": {"status_id": statuses[which]}}
        client.put(f"/issues/{filled.change}.json", json=wish).raise_for_status()

    return change


def on_our_page(browser: Browser, side: Side, to: str) -> tuple[int, int]:
    """Bytes and requests of a change on a task's page that is open."""
    context = window(browser, side)
    page = context.new_page()
    steps.open_task(page, side.change)
    log = NetworkLog(page)
    steps.change(page, "status", to)
    expect(steps.fact(page, "status")).to_have_text(to)
    answers = log.over_the_line()
    context.close()
    return total(answers), len(answers)


def on_redmines_page(browser: Browser, side: Side, to: str) -> tuple[int, int]:
    """The same on Redmine's own page: open its form, choose, send, be shown the page again."""
    context = window(browser, side)
    page = context.new_page()
    page.goto(f"/issues/{side.change}", wait_until="networkidle")
    log = NetworkLog(page)
    page.locator("#content .icon-edit").first.click()
    page.locator("#issue_status_id").select_option(label=to)
    page.wait_for_load_state("networkidle")
    page.locator("#issue-form [type=submit]").first.click()
    expect(page.locator("#flash_notice")).to_be_visible()
    page.wait_for_load_state("networkidle")
    answers = log.over_the_line()
    context.close()
    return total(answers), len(answers)
