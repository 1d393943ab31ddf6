"""A model of an open board in a browser: it applies answers of the server as htmx and static/js/board do.

`arrange`, `sumTotals`, `place` and `updateTally` of board.js and `fetchPending` of live.js are repeated here line by
line: change both together.
"""

import math
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import httpx
from starlette.testclient import TestClient

from tests.web.conftest import HTML, HTMX
from tests.web.dom import Element, parsed, sent

SITE = "http://testserver"
SELECTOR = re.compile(r"#(?P<id>[\w-]+)|\.(?P<inside>\w+) \[data-status='(?P<status>\d+)'\]")
NOT_SWAPPED = {204, 304}


class ColumnView(NamedTuple):
    """A column as a person sees it: cards by lane, and its count."""

    cards: dict[str, list[int]]
    total: int
    tally: str
    folded: bool
    bare: bool


class Screen:
    """One person's board. `pending` are the tasks that the stream reported and that were not fetched yet."""

    def __init__(self, client: TestClient, address: str) -> None:
        self.client, self.address = client, address
        self.pending: set[int] = set()
        self.load()

    def load(self) -> None:
        answer = self.client.get(self.address, headers=HTML)
        assert answer.status_code == 200, answer.text
        self.page = parsed(answer.text)
        board = self.page.by_id("board")
        assert board
        self.board, self.stale = board, False
        self.pending.clear()

    # The view of a person

    def columns(self) -> dict[int, ColumnView]:
        columns = {}
        for head in self.board.of_class("column"):
            status = int(head["data-status"])
            cells = {it["id"].removeprefix("cards-"): it for it in self._cells(status)}
            (tally,) = head.of_class("tally")
            columns[status] = ColumnView(
                {at: [number_of(card) for card in cell.elements] for at, cell in cells.items()},
                int(tally["data-total"]),
                tally.text.removeprefix("Tasks: "),
                "folded" in head.classes,
                "bare" in head.classes,
            )
        return columns

    def numbers(self) -> dict[str, int]:
        """Return the numbers above the board by their labels."""
        (summary,) = self.page.of_class("board-totals")
        totals = (it.text.partition(" ") for it in summary.elements)
        return {label: int(number) for number, _, label in totals}

    def cards(self) -> list[Element]:
        return [card for card in self.board.of_class("card") if not card.within("folded")]

    def card_texts(self) -> dict[int, str]:
        """Return the text of each card without its age."""
        return {number_of(card): _text_of(card) for card in self.cards() if "open" not in card.classes}

    # The actions of a person

    def open(self, card: Element) -> None:
        self._tray(card)
        card.toggle("open", True)

    def close(self, card: Element) -> None:
        card.toggle("open", False)
        for tray in card.of_class("tray"):
            tray.remove()
        self.pending.add(number_of(card))

    def targets(self, card: Element) -> list[int]:
        """Return the statuses that the form of a card offers."""
        tray = self._tray(card)
        forms = tray.of_class("move") if tray else []
        return [int(it["value"]) for form in forms for it in form.all(lambda each: each.get("name") == "status_id")]

    def version(self, card: Element) -> str | None:
        """Return the version that the form of a card would send."""
        form = self._form(card, "move")
        return sent(form).get("lock_version") if form else None

    def move(self, card: Element, status: int) -> httpx.Response:
        """Send the card's own form, also with a status that it does not offer."""
        form = self._form(card, "move")
        fields = sent(form) if form else {"view": "card"}
        return self._submit(card, f"/tasks/{number_of(card)}/status", {**fields, "status_id": str(status)})

    def edit(self, card: Element, **changes: str) -> httpx.Response | None:
        """Send the form of a card's other fields, if this person has those fields there."""
        form = self._form(card, "quick")
        fields = sent(form) if form else {}
        if not set(changes) <= set(fields):
            return None
        return self._submit(card, f"/tasks/{number_of(card)}/card", {**fields, **changes})

    def undo(self) -> httpx.Response | None:
        toasts = self._by_id("toasts").elements
        form = toasts[-1].one(lambda each: each.tag == "form") if toasts else None
        if form is None:
            return None
        toasts[-1].remove()
        answer = self._post(form["action"], sent(form))
        self._swap(answer, self._by_id("incoming"), "innerHTML")
        return answer

    def more(self, status: int) -> bool:
        """Fetch more cards of a column; return False if there is no link for that."""
        link = self._by_id(f"more-{status}")
        if "hidden" in link.attributes or not link.get("hx-get"):
            return False
        cell = self._by_id(link["hx-target"].removeprefix("#"))
        known = [card for card in self._cards_of(status) if number_of(card) not in self.pending]
        url = httpx.URL(link["hx-get"]).copy_merge_params({"skip": str(len(known))})
        self._swap(self._get(str(url)), cell, link["hx-swap"])
        return True

    def fold(self, status: int) -> None:
        """Press the button that folds or opens a column."""
        button = self._by_id(f"fold-{status}")
        form = self._by_id(button["form"])
        answer = self._post(form["action"], {**sent(form), "status_id": button["value"]})
        if answer.headers.get("hx-refresh"):
            return self.load()
        self._swap(answer, form, form["hx-swap"])
        return None

    def fetch_pending(self) -> None:
        """Fetch the cards of pending tasks, as live.js does some moments after the stream reported them."""
        ids = [it for it in self.pending if not ((card := self._card(it)) and "open" in card.classes)]
        self.pending -= set(ids)
        if not ids:
            return
        url = httpx.URL(self.board["data-cards"], params=httpx.URL(self.address).params)
        url = url.copy_merge_params({"ids": ",".join(map(str, ids))})
        answer = self._get(str(url))
        assert answer.status_code == 200
        self._swap(answer, self.board, "none")

    # The work of scripts

    def _tray(self, card: Element) -> Element | None:
        if not card.of_class("tray"):
            for grip in card.of_class("grip"):  # who may edit nothing has none
                self._swap(self._get(grip["href"]), card, "beforeend")
        return next(iter(card.of_class("tray")), None)

    def _form(self, card: Element, kind: str) -> Element | None:
        tray = self._tray(card)
        return tray.one(lambda each: each.tag == "form" and kind in each.classes) if tray else None

    def _submit(self, card: Element, action: str, fields: dict[str, str]) -> httpx.Response:
        answer = self._post(action, fields)
        self._swap(answer, card, "outerHTML")
        for toast in self._by_id("toasts").elements[:-1]:
            if toast.one(lambda each: each.tag == "form"):
                toast.remove()
        return answer

    def _post(self, action: str, fields: dict[str, str]) -> httpx.Response:
        return self.client.post(action, data=fields, headers={**HTMX, "HX-Current-URL": SITE + self.address})

    def _get(self, url: str) -> httpx.Response:
        return self.client.get(url, headers={**HTMX, "HX-Current-URL": SITE + self.address})

    def _swap(self, answer: httpx.Response, target: Element, how: str) -> None:
        """Put partials into their targets and the rest into `target`; an answer of partials alone leaves `target`."""
        if answer.status_code in NOT_SWAPPED or answer.status_code >= 500:
            return
        whole = parsed(answer.text)
        partials = [each for each in whole.elements if each.tag == "hx-partial"]
        for partial in partials:
            partial.remove()
        if whole.elements or not partials:
            _put(whole.elements, target, how)
        for partial in partials:
            _put(partial.elements, self._by_selector(partial["hx-target"]), partial["hx-swap"])
        self._arrange()

    def _arrange(self) -> None:
        known: set[str] = set()
        for card in self.board.of_class("card"):
            if card.parent is None:
                continue
            before = card.before
            if card.parent.get("id") != f"cards-{card['data-at']}":
                self._place(card)
            elif card["id"] in known:
                card.remove()
            elif before and self._changed_at(card) > self._changed_at(before):
                self._place(card)
            known.add(card["id"])
        for tally in self.board.of_class("tally"):
            self._update_tally(tally)
        for it in self.page.all(lambda each: each.get("data-phases")):
            it.children = [str(self._sum_totals(it["data-phases"].split()))]
        for lane in self.board.of_class("lane"):
            for total in lane.of_class("faint"):
                total.children = [str(len(lane.of_class("card")))]
        if self.stale:
            self.load()

    def _sum_totals(self, phases: list[str]) -> int:
        heads = [it for it in self.board.of_class("column") if it.classes.intersection(phases)]
        return sum(int(it.of_class("tally")[0]["data-total"]) for it in heads)

    def _place(self, card: Element) -> None:
        cell = self.board.by_id(f"cards-{card['data-at']}")
        old = self._card(number_of(card), other_than=card)
        if cell is None and card["data-at"]:
            assert ("-" in card["data-at"]) == ("lanes" in self.board.classes), "only a new lane needs a reload"
            self.stale = True
            return
        if cell is None:
            card.remove()
        elif old and old.parent is cell and not self._changed_at(card) > self._changed_at(old):
            cell.insert(card, old)
        else:
            older = (each for each in cell.elements if not self._changed_at(each) > self._changed_at(card))
            cell.insert(card, next(older, None))
        if old:
            old.remove()

    def _changed_at(self, card: Element) -> float:
        on = float(self.board.get("data-on") or "nan")
        return on if math.isnan(on) else max(float(card.get("data-on") or 0), on)

    def _update_tally(self, tally: Element) -> None:
        status, total = int(tally["id"].removeprefix("count-")), int(tally["data-total"])
        length = len(self._cards_of(status))
        part = length < total and not tally.within("folded")
        tally.elements[1].children = [f"{length} {self.board['data-of']} "] if part else []
        more = self._by_id(f"more-{status}").attributes
        more.pop("hidden", None) if part else more.update(hidden="")
        for each in self.board.all(lambda it: it.get("data-status") == str(status)):
            each.toggle("bare", not length and total < 1)

    def _card(self, number: int, other_than: Element | None = None) -> Element | None:
        cards = (card for cell in self.board.of_class("cards") for card in cell.elements if card is not other_than)
        return next((card for card in cards if card["id"] == f"card-{number}"), None)

    def _cells(self, status: int) -> list[Element]:
        return [it for it in self.board.of_class("cards") if it["data-status"] == str(status)]

    def _cards_of(self, status: int) -> list[Element]:
        return [card for cell in self._cells(status) for card in cell.elements]

    def _by_id(self, name: str) -> Element:
        element = self.page.by_id(name)
        assert element, f"no element has the id {name}"
        return element

    def _by_selector(self, selector: str) -> Element:
        match = SELECTOR.fullmatch(selector)
        assert match, selector
        if match["id"]:
            return self._by_id(match["id"])
        within = self.page.all(lambda each: each.get("data-status") == match["status"] and each.within(match["inside"]))
        assert within, f"no element matches {selector}"
        return within[0]


def _put(elements: Iterable[Element], target: Element, how: str) -> None:
    elements = list(elements)
    if how == "outerHTML":
        target.replace(elements)
    elif how in ("innerHTML", "beforeend"):
        if how == "innerHTML":
            target.clear()
        for each in elements:
            target.insert(each)
    else:
        assert how == "none", how


def number_of(card: Element) -> int:
    return int(card["id"].removeprefix("card-"))


def _text_of(card: Element) -> str:
    return " ".join("".join(_timeless(card)).split())


def _timeless(element: Element) -> Iterator[str]:
    for each in element.children:
        if isinstance(each, str):
            yield each
        elif not each.classes & {"age", "tray"}:
            yield from _timeless(each)
