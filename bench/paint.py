"""How soon something is seen on a slow line: Chromium with the line of a branch office, by the DevTools Protocol."""

from statistics import median
from typing import NamedTuple

from playwright.sync_api import Browser, Page

from e2e import steps
from e2e.network_log import NetworkLog, total

LINE = {"offline": False, "latency": 400, "downloadThroughput": 256_000 / 8, "uploadThroughput": 256_000 / 8}
FIRST_PAINT = """() => new Promise((seen) => new PerformanceObserver((list) => {
    for (const { name, startTime } of list.getEntries()) if (name === "first-contentful-paint") seen(startTime);
}).observe({ type: "paint", buffered: true }))"""


class Seen(NamedTuple):
    """Seconds to the first contentful paint: the median, the least, the most; and the median of bytes."""

    seconds: float
    least: float
    most: float
    size: int


def visits(browser: Browser, url: str, first: str, then: str, runs: int) -> tuple[Seen, Seen]:
    """`first` with an empty cache, and `then` from the same window afterwards; both signed in."""
    cold, warm = zip(*(_visit(browser, url, first, then) for _ in range(runs)), strict=True)
    return _seen(cold), _seen(warm)


def _visit(browser: Browser, url: str, first: str, then: str) -> tuple[tuple[float, int], tuple[float, int]]:
    context = browser.new_context(base_url=url, locale="ru-RU")
    page = context.new_page()
    steps.come_in(page, "anna")
    log = NetworkLog(page)
    log.cdp.send("Network.emulateNetworkConditions", LINE)
    found = _open(page, log, first), _open(page, log, then)
    context.close()
    return found


def _open(page: Page, log: NetworkLog, address: str) -> tuple[float, int]:
    page.goto(address)
    seconds = page.evaluate(FIRST_PAINT) / 1000
    return seconds, total(log.taken(address.partition("?")[0]))


def _seen(found: tuple[tuple[float, int], ...]) -> Seen:
    seconds = [one for one, _ in found]
    return Seen(median(seconds), min(seconds), max(seconds), int(median(size for _, size in found)))
