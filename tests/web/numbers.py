"""All numbers that one address leads to, and how they contradict one another: lists, statistics, boards, JSON."""

import re
from html import unescape
from typing import Any, NamedTuple

import httpx
from starlette.testclient import TestClient

from tests.web.conftest import HTML

SUMMARY = re.compile(r'<ul class="(?:summary|board-totals)".*?</ul>', re.S)
TOTAL = re.compile(r'<li><a href="([^"]+)"( aria-current="true")?><b[^>]*>(\d+)</b> ([^<]+)</a></li>')
LISTED = re.compile(r'<td><a href="([^"]+)">(\d+)</a>')
COUNT = re.compile(r"<strong>(\d+) tasks?</strong>")
NAMES = {
    "in all": "total",
    "open": "open",
    "new": "new",
    "being dealt with": "in_progress",
    "on hold": "on_hold",
    "closed": "closed",
    "overdue": "overdue",
}
UNCOUNTED = {"waiting for me", "of the chosen statuses"}
"""Tabs that only pages of lists have."""
PHASES = {"new": "new", "active": "in_progress", "waiting": "on_hold", "done": "closed"}


class Number(NamedTuple):
    """A number of a page: what it says that it counts, where it leads, and whether that is this page."""

    label: str
    number: int
    address: str
    is_current: bool = False


def summary(page: str) -> list[Number]:
    """The numbers above a list, a board or statistics, in their order."""
    match = SUMMARY.search(page)
    assert match, page
    return [
        Number(label, int(number), unescape(address), bool(current))
        for address, current, number, label in TOTAL.findall(match[0])
    ]


def link(page: str, text: str) -> str:
    match = re.search(rf'<a href="([^"]+)"[^>]*>{text}</a>', page)
    assert match, text
    return unescape(match[1])


class Numbers:
    """What one person is told at an address and where it leads; `wrong` says what does not agree.

    `total`: how many tasks the list at the address has.
    """

    def __init__(self, client: TestClient | httpx.Client) -> None:
        self.client = client
        self.wrong: list[str] = []
        self.total = 0

    def of(self, address: str) -> list[str]:
        """What does not agree about a list."""
        page = self.client.get(address, headers=HTML)
        self.total = total = self._total(address)
        if page.status_code == 303:
            self._equal("tasks of a search that leads to a task", total, 1)
            return self.wrong
        numbers = summary(page.text)
        (current,) = (it for it in numbers if it.is_current)
        self._equal(f"the present tab of {address}", current.number, total)
        self._equal(f"the count of {address}", int(COUNT.search(page.text)[1]), total)  # type: ignore[index]
        statistics = self._statistics(link(page.text, "statistics"))
        whole = current.label != "open"
        self._equal(f"the statistics of {address}", statistics["total" if whole else "open"], total)
        self._lead_there(numbers)
        if "status" not in address:  # the tabs count all statuses, statistics those of the filter
            self._compare(address, numbers, statistics)
        self._board(link(page.text, "as a board"), statistics)
        return self.wrong

    def _statistics(self, address: str) -> dict[str, Any]:
        statistics: dict[str, Any] = self.client.get(address).json()["statistics"]
        page = self.client.get(address, headers=HTML).text
        numbers = summary(page)
        lines = [Number("a line", int(number), unescape(listed)) for listed, number in LISTED.findall(page)]
        self._lead_there([*numbers, *lines])
        self._compare(address, numbers, statistics)
        self._sums(address, statistics)
        return statistics

    def _sums(self, address: str, counts: dict[str, Any]) -> None:
        self._equal(
            f"the parts of {address}",
            sum(counts[it] for it in ("new", "in_progress", "on_hold")),
            counts["open"],
        )
        self._equal(f"the whole of {address}", counts["open"] + counts["closed"], counts["total"])
        if counts["by_status"] is not None:
            self._equal(f"the statuses of {address}", sum(it["total"] for it in counts["by_status"]), counts["total"])
            for part in ("by_priority", "by_age"):
                self._equal(f"{part} of {address}", sum(it["open"] for it in counts[part]), counts["open"])

    def _board(self, address: str, counts: dict[str, Any]) -> None:
        answer = self.client.get(address).json()
        columns, counted = answer["columns"], answer["summary"]
        self._equal(f"the board {address}", counted, {name: counts[name] for name in counted})
        self._equal(f"the columns of {address}", sum(it["total"] for it in columns), counted["total"])
        for phase, name in PHASES.items():
            totals = sum(it["total"] for it in columns if it["phase"] == phase)
            self._equal(f"the {phase} columns of {address}", totals, counted[name])
        page = self.client.get(address, headers=HTML)
        if page.status_code == 303:
            self._equal("tasks of a search that leads to a task", counted["total"], 1)
            return
        numbers = summary(page.text)
        self._lead_there(numbers)
        self._compare(address, numbers, counted)

    def _compare(self, address: str, numbers: list[Number], counts: dict[str, Any]) -> None:
        for it in numbers:
            if it.label not in UNCOUNTED:
                self._equal(f"{it.label!r} of {address}", it.number, counts[NAMES[it.label]])

    def _lead_there(self, numbers: list[Number]) -> None:
        for it in numbers:
            self._equal(f"{it.label!r} at {it.address}", self._total(it.address), it.number)

    def _total(self, address: str) -> int:
        answer = self.client.get(address, headers={"Accept": "application/json"})
        total: int = answer.json()["pagination"]["total"]
        return total

    def _equal(self, subject: str, actual: object, expected: object) -> None:
        if actual != expected:
            self.wrong.append(f"{subject}: {actual} is not {expected}")
