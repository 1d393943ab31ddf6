"""What a browser's own network log says of a page: every answer with all its bytes, headers counted."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Page

PATIENCE_SECONDS = 10.0
FILES_OF_PAGE = """() => [...document.querySelectorAll("link[href], script[src], use")]
    .map((it) => new URL(it.src || it.getAttribute("href"), document.baseURI)).map((it) => it.pathname)"""


class Answer(NamedTuple):
    """`size`: bytes that came over the line; 0 for what the browser had."""

    path: str
    status: int
    size: int


class NetworkLog:
    """Listens to `page` from now on, by the Chrome DevTools Protocol (Network.loadingFinished, encodedDataLength)."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.cdp = page.context.new_cdp_session(page)
        self.begun: dict[str, tuple[str, int]] = {}
        self.open: set[str] = set()
        self.answers: list[Answer] = []
        self.cdp.on("Network.requestWillBeSent", self._sent)
        self.cdp.on("Network.responseReceived", self._begun)
        self.cdp.on("Network.loadingFinished", self._finished)
        self.cdp.on("Network.loadingFailed", lambda event: self.open.discard(event["requestId"]))
        self.cdp.send("Network.enable")

    def taken(self, *awaited: str) -> list[Answer]:
        """What came since the last time, as soon as the files that the page names, and those awaited, are among it."""
        wanted = {*self.page.evaluate(FILES_OF_PAGE), *awaited}
        return self._take(lambda: wanted - {answer.path for answer in self.answers})

    def over_the_line(self, *awaited: str) -> list[Answer]:
        """What came since the last time and was not in the browser's cache, as soon as the awaited paths are among it
        and no request is without its answer."""
        self.page.wait_for_timeout(20)
        found = self._take(lambda: {*awaited} - {answer.path for answer in self.answers} or self.open)
        return [answer for answer in found if answer.size]

    def _take(self, missing: Callable[[], set[str]]) -> list[Answer]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while lacks := missing():
            assert time.monotonic() < deadline, f"never came: {lacks}"
            self.page.wait_for_timeout(20)  # lets the events come in
        found, self.answers = self.answers, []
        return found

    def _sent(self, event: dict[str, Any]) -> None:
        if event["type"] == "Document":
            self.open.clear()  # the end of what the page before asked for may not be reported
        if event["type"] != "EventSource":
            self.open.add(event["requestId"])

    def _begun(self, event: dict[str, Any]) -> None:
        response = event["response"]
        self.begun[event["requestId"]] = (urlsplit(response["url"]).path, response["status"])

    def _finished(self, event: dict[str, Any]) -> None:
        """What began before we listened, such as the mark of the page before, is not counted."""
        self.open.discard(event["requestId"])
        if event["requestId"] in self.begun:
            path, status = self.begun[event["requestId"]]
            self.answers.append(Answer(path, status, int(event["encodedDataLength"])))


def total(answers: list[Answer]) -> int:
    return sum(answer.size for answer in answers)


def told(what: str, answers: list[Answer]) -> str:
    """A line to print: the sum, and what it is made of."""
    parts = ", ".join(f"{answer.path} {answer.size}" for answer in answers if answer.size)
    return f"{what}: {total(answers)} B in {sum(1 for it in answers if it.size)} requests ({parts})"
