"""The board as people use it: by mouse, finger, keys, or plain forms."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx
from playwright.sync_api import CDPSession, Locator, Page, expect


class Move(NamedTuple):
    """A task of anna's with what the workflow says: where it is, where it may go and come back from, and where not."""

    task: int
    home: int
    target: int
    forbidden: int


def some_move(client: httpx.Client, tasks: list[int]) -> Move:
    """The first of these tasks that may go somewhere whence it may come back, and not everywhere."""
    every = [it["id"] for it in client.get("/api/redmine/statuses").raise_for_status().json()["statuses"]]
    for task in tasks:
        told = client.get(f"/tasks/api/task/{task}/statuses").raise_for_status().json()
        home, offered = told["current_status"]["id"], [it["id"] for it in told["available_statuses"]]
        targets = [it for it in offered if it != home]
        refused = [it for it in every if it not in offered]
        if targets and refused:
            return Move(task, home, targets[0], refused[0])
    raise AssertionError("no task has a choice")


def there_and_back(client: httpx.Client, move: Move) -> None:
    """Somebody else moves the task, and takes it back."""
    for status in (move.target, move.home):
        address = f"/tasks/api/task/{move.task}/status"
        client.put(address, json={"status_id": status}).raise_for_status()


def status_of(client: httpx.Client, task: int) -> int:
    found: int = client.get(f"/tasks/api/task/{task}").raise_for_status().json()["status"]["id"]
    return found


def card(page: Page, task: int) -> Locator:
    return page.locator(f"#card-{task}")


def column(page: Page, status: int) -> Locator:
    return page.locator(f".cards[data-status='{status}']")


def stands_in(page: Page, task: int, status: int) -> None:
    """Waits until a card is in a column, and nothing is being done to it."""
    expect(column(page, status).locator(f"#card-{task}:not([aria-busy])")).to_have_count(1)


def total(page: Page, status: int) -> int:
    return int(page.locator(f"#count-{status} b").inner_text())


def numbers_agree(page: Page) -> None:
    """Waits until each number above the board is the sum of the columns of its phases."""
    numbers = page.locator("[data-phases]")
    assert numbers.count()
    for number in numbers.all():
        columns = ",".join(f".column.{phase} .tally" for phase in (number.get_attribute("data-phases") or "").split())
        told = sum(int(it.get_attribute("data-total") or 0) for it in page.locator(columns).all())
        expect(number).to_have_text(str(told))


def is_alone(page: Page, focused: Locator) -> None:
    """Waits until no task is beside the board, nor in its address, and the focus is where it was before."""
    expect(page.locator("#panel")).to_be_hidden()
    expect(page).to_have_url(re.compile("/tasks/board$"))
    expect(focused).to_be_focused()


def knows_where(page: Page) -> None:
    """Waits until the board shows where the card in hand may not go."""
    expect(page.locator(".cards.no").first).to_be_visible()


def middle(of: Locator, top: float = 30) -> tuple[float, float]:
    while not (box := of.bounding_box()):  # a card is put anew just now
        expect(of).to_be_visible()
    return box["x"] + box["width"] / 2, box["y"] + min(top, box["height"] / 2)


class Mouse:
    """Take, wait until the board knows where the card may go, do something meanwhile, and drop."""

    @contextmanager
    def holding(self, page: Page, task: int, to: int) -> Iterator[None]:
        page.mouse.move(*middle(card(page, task)))
        page.mouse.down()
        x, y = middle(card(page, task))
        page.mouse.move(x + 10, y + 10, steps=3)
        knows_where(page)
        yield
        page.mouse.move(*middle(column(page, to)), steps=5)
        page.mouse.up()

    @contextmanager
    def above(self, page: Page, task: int, to: int) -> Iterator[None]:
        """Take, hold it above a column, look, and drop."""
        page.mouse.move(*middle(card(page, task)))
        page.mouse.down()
        page.mouse.move(*middle(column(page, to)), steps=5)
        knows_where(page)
        yield
        page.mouse.up()


class Touch:
    @contextmanager
    def holding(self, page: Page, task: int, to: int) -> Iterator[None]:
        session = page.context.new_cdp_session(page)
        x, y = middle(card(page, task))
        self._send(session, "touchStart", x, y)
        expect(page.locator(f"#card-{task}.held")).to_have_count(1)
        knows_where(page)
        yield
        end = middle(column(page, to))
        for part in range(1, 6):
            self._send(session, "touchMove", x + (end[0] - x) * part / 5, y + (end[1] - y) * part / 5)
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        session.detach()

    def swipe(self, page: Page, task: int, by: float) -> None:
        """Draw the finger upwards at once, as one scrolls."""
        session = page.context.new_cdp_session(page)
        x, y = middle(card(page, task))
        self._send(session, "touchStart", x, y)
        for part in range(1, 11):
            self._send(session, "touchMove", x, y - by * part / 10)
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        session.detach()

    def _send(self, session: CDPSession, kind: str, x: float, y: float) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})


class Keys:
    @contextmanager
    def holding(self, page: Page, task: int, to: int) -> Iterator[None]:
        card(page, task).locator(".subject").focus()
        page.keyboard.press("Space")
        knows_where(page)
        yield
        for key in ("ArrowLeft", "ArrowRight"):
            while not self._over(page, task, to) and self._steps(page, task, key):
                pass
        page.keyboard.press("Space")

    def _over(self, page: Page, task: int, to: int) -> bool:
        return column(page, to).locator(f"#card-{task}").count() == 1

    def _steps(self, page: Page, task: int, key: str) -> bool:
        """Whether the card went to another column."""
        before = self._at(page, task)
        page.keyboard.press(key)
        return self._at(page, task) != before

    def _at(self, page: Page, task: int) -> Any:
        return card(page, task).evaluate("(card) => card.parentNode.id")


WAYS: dict[str, Callable[[], Mouse | Touch | Keys]] = {"mouse": Mouse, "touch": Touch, "keys": Keys}


def open_tray(page: Page, task: int) -> Locator:
    """What can be done to a card: on the card with scripts, on a page of its own without."""
    card(page, task).get_by_role("link", name="Переместить или изменить").click()
    tray = page.locator(".tray")
    expect(tray).to_be_visible()
    return tray
