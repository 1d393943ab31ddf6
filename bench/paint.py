"""What a slow line carries and how soon something is seen: Chromium with the line of a branch office."""

from statistics import median
from typing import NamedTuple

from playwright.sync_api import Browser, Page

from bench.sides import Side, window
from e2e.network_log import NetworkLog, total

LINE = {"offline": False, "latency": 400, "downloadThroughput": 256_000 / 8, "uploadThroughput": 256_000 / 8}
FIRST_PAINT = """() => new Promise((seen) => new PerformanceObserver((list) => {
    for (const { name, startTime } of list.getEntries()) if (name === "first-contentful-paint") seen(startTime);
}).observe({ type: "paint", buffered: true }))"""


class Seen(NamedTuple):
    """Seconds to the first contentful paint: the median, the least, the most; medians of bytes and requests."""

    seconds: float
    least: float
    most: float
    size: int
    requests: int


Visit = tuple[float, int, int]


def visits(browser: Browser, side: Side, runs: int) -> dict[str, Seen]:
    """The list with an empty cache, the same again, and a task from there; after a first visit that is not counted."""
    _visit(browser, side, slow=False)
    found = [_visit(browser, side, slow=True) for _ in range(runs)]
    return {told: _seen([visit[told] for visit in found]) for told in found[0]}


def _visit(browser: Browser, side: Side, slow: bool) -> dict[str, Visit]:
    context = window(browser, side)
    page = context.new_page()
    log = NetworkLog(page)
    if slow:
        log.cdp.send("Network.emulateNetworkConditions", LINE)
    addresses = {"list, empty cache": side.list, "list again": side.list, "then a task": side.task}
    found = {told: _open(page, log, address) for told, address in addresses.items()}
    context.close()
    return found


def _open(page: Page, log: NetworkLog, address: str) -> Visit:
    page.goto(address, wait_until="networkidle")
    seconds = page.evaluate(FIRST_PAINT) / 1000
    answers = log.over_the_line()
    return seconds, total(answers), len(answers)


def _seen(found: list[Visit]) -> Seen:
    seconds, sizes, requests = zip(*found, strict=True)
    return Seen(median(seconds), min(seconds), max(seconds), int(median(sizes)), int(median(requests)))
