"""After any moves of several people each board equals the backend: the open ones, and a reloaded one.

A model of the scripts applies the answers of the server to the page; journeys in e2e/ have real browsers.
"""

import asyncio
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from helpdesk.services import Services
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import TaskRow
from tests.web.board_screen import Screen, number_of
from tests.web.conftest import Visit
from tests.web.dom import Element
from tests.world import PEOPLE_IDS, PRIORITY_IDS, PROJECT_IDS, STATUS_IDS, EmbeddedWorld

SOAK = bool(os.environ.get("SOAK"))
EXAMPLES, STEPS = (60, 40) if SOAK else (3, 20)  # the first example of Hypothesis is always the simplest
PHASES = tuple(it for it in Phase if SOAK or it is not Phase.shrink)  # which takes minutes
ANY = "assigned_to_id=any"
STATUSES, PRIORITIES = list(STATUS_IDS.values()), list(PRIORITY_IDS.values())


class Board(NamedTuple):
    """The address of a board, and the same query for the backend without statuses."""

    login: str
    query_string: str
    query: TaskQuery
    lane: Callable[[TaskRow], int] | None = None
    statuses: tuple[int, ...] = tuple(STATUSES)

    @property
    def address(self) -> str:
        return f"/tasks/board?{self.query_string}"

    @property
    def size(self) -> int:
        """Return the number of cards that a column shows at first."""
        return int(httpx.URL(self.address).params.get("per_page", "25"))

    def at(self, row: TaskRow) -> str:
        return f"{row.status.id}-{self.lane(row)}" if self.lane else f"{row.status.id}"


HERS = TaskQuery(("me",))


def assignee(row: TaskRow) -> int:
    return row.assignee.id if row.assignee else 0


BOARDS = {
    "anna": (
        Board("anna", "assigned_to_id=me&per_page=2", HERS),
        Board("anna", f"{ANY}&per_page=2&closed=1", TaskQuery()),
        Board("anna", f"{ANY}&per_page=3&status_id=1,2,3", TaskQuery(), statuses=(1, 2, 3)),
    ),
    "boris": (
        Board("boris", f"{ANY}&per_page=3&project_id=1", TaskQuery(project_ids=(PROJECT_IDS["help"],))),
        Board("boris", f"{ANY}&per_page=2&priority_id=3,4", TaskQuery(priority_ids=(3, 4))),
    ),
    "admin": (
        Board("admin", f"{ANY}&lanes=assignee&per_page=2", TaskQuery(), assignee),
        Board("admin", f"{ANY}&lanes=priority", TaskQuery(), lambda it: it.priority.id),
    ),
    "irina": (Board("irina", "author_id=me&per_page=2", TaskQuery(authors=("me",))), Board("irina", ANY, TaskQuery())),
}  # fmt: skip
OFFICES = [{login: boards[number % len(boards)] for login, boards in BOARDS.items()} for number in range(3)]
PEOPLE = st.sampled_from(list(BOARDS))
PICKED = st.integers(0, 30)
STEP = st.one_of(
    st.tuples(st.just("moves"), PEOPLE, PICKED, PICKED),
    st.tuples(st.just("moves"), PEOPLE, PICKED, PICKED),
    st.tuples(st.just("forces"), PEOPLE, PICKED, st.sampled_from(STATUSES)),
    st.tuples(st.just("opens"), PEOPLE, PICKED),
    st.tuples(st.just("closes"), PEOPLE),
    st.tuples(st.just("prefers"), PEOPLE, PICKED, st.sampled_from(PRIORITIES)),
    st.tuples(st.just("assigns"), PEOPLE, PICKED, st.sampled_from(["anna", "boris", ""])),
    st.tuples(st.just("comments"), PEOPLE, PICKED),
    st.tuples(st.just("undoes"), PEOPLE),
    st.tuples(st.just("looks"), PEOPLE),
    st.tuples(st.just("wants_more"), PEOPLE, PICKED),
    st.tuples(st.just("wants_more"), PEOPLE, PICKED),
    st.tuples(st.just("folds"), PEOPLE, PICKED),
    st.tuples(st.just("loads"), PEOPLE),
    st.tuples(st.just("puts"), PEOPLE, PICKED, st.sampled_from(["status", "priority", "assignee", "comment"]), PICKED),
    st.tuples(st.just("creates"), PEOPLE),
)
ACTS = {"moves", "forces", "prefers", "assigns", "comments", "undoes", "folds", "wants_more"}


@dataclass
class Office:
    """Several people, each with an open board, and the backend that they all work with."""

    world: EmbeddedWorld
    clients: dict[str, TestClient]
    boards: dict[str, Board]
    tasks: list[int] = field(default_factory=list)
    screens: dict[str, Screen] = field(default_factory=dict)
    seen: dict[int, datetime] = field(default_factory=dict)
    moved: dict[str, tuple[int, int]] = field(default_factory=dict)

    def begin(self, tasks: list[tuple[str, str, str, str]]) -> None:
        self.tasks = [
            self.world.new_task(project=project, assignee=assignee or None, status=status, author=author)
            for project, assignee, status, author in tasks
        ]
        self.screens = {login: Screen(self.clients[login], board.address) for login, board in self.boards.items()}

    def report_changes(self) -> None:
        """Report every change to every page, also to that of its author, as the stream does."""
        changed = {row.id for row in self.rows(TaskQuery(), "admin") if self.seen.get(row.id) != row.updated_on}
        for screen in self.screens.values():
            screen.pending |= changed
        self.remember()

    def remember(self) -> None:
        self.seen = {row.id: row.updated_on for row in self.rows(TaskQuery(), "admin")}

    def rows(self, query: TaskQuery, login: str, *statuses: int) -> tuple[TaskRow, ...]:
        """Return the tasks of a query, the newest first."""
        query = query._replace(status_ids=statuses, include_closed=True, per_page=100)
        return asyncio.run(self.world.backend.tasks(self.world.actor(login), query)).rows

    def now(self, number: int) -> tuple[str, int]:
        """Return the version and the status of a task."""
        task = self.clients["admin"].get(f"/tasks/api/task/{number}").json()
        return task["lock_version"], task["status"]["id"]

    # Steps

    def does(self, name: str, login: str, *more: int | str, at_once: bool) -> None:
        """Make a step. With `at_once` the board is up to date before, and by the answer alone also after it."""
        if at_once:
            self.catches_up(login)
        getattr(self, name)(login, *more)
        if at_once:
            self.assert_equals(login, self.screens[login])
        self.report_changes()

    def catches_up(self, login: str) -> None:
        self.closes(login)
        self.screens[login].fetch_pending()

    def moves(self, login: str, card: int, to: int) -> None:
        """Move a card. It conflicts if the task was changed after its form was loaded."""
        if (chosen := self._card(login, card)) and (targets := self.screens[login].targets(chosen)):
            stale = self.screens[login].version(chosen) != self.now(number_of(chosen))[0]
            assert self._move(login, chosen, targets[to % len(targets)]) == (409 if stale else 200)

    def forces(self, login: str, card: int, status: int) -> None:
        """Move a card to any status, also to one that the form does not offer."""
        if chosen := self._card(login, card):
            assert self._move(login, chosen, status) in (200, 403, 409, 422)

    def opens(self, login: str, card: int) -> None:
        if chosen := self._card(login, card):
            self.screens[login].open(chosen)

    def closes(self, login: str) -> None:
        for card in self.screens[login].board.of_class("open"):
            self.screens[login].close(card)

    def prefers(self, login: str, card: int, priority: int) -> None:
        self._edits(login, card, priority_id=str(priority))

    def assigns(self, login: str, card: int, to: str) -> None:
        self._edits(login, card, assignee_id=str(PEOPLE_IDS[to]) if to else "")

    def comments(self, login: str, card: int) -> None:
        self._edits(login, card, comment="Смотрю.")

    def undoes(self, login: str) -> None:
        """Undo the last move, unless somebody changed the task meanwhile."""
        number, before = self.moved.get(login, (self.tasks[0], 0))
        _, after = self.now(number)
        answer = self.screens[login].undo()
        assert answer is None or answer.status_code in (200, 409)
        if answer and answer.status_code == 200:
            assert self.now(number)[1] == before
            self.moved[login] = number, after

    def looks(self, login: str) -> None:
        self.screens[login].fetch_pending()

    def wants_more(self, login: str, column: int) -> None:
        screen = self.screens[login]
        knows_all = not screen.pending and not screen.board.of_class("open")
        if columns := [status for status, it in screen.columns().items() if " of " in it.tally]:
            chosen = columns[column % len(columns)]
            if screen.more(chosen) and knows_all:
                view = screen.columns()[chosen]
                assert sum(map(len, view.cards.values())) == view.total

    def folds(self, login: str, column: int) -> None:
        """Fold or open a column, once or twice."""
        screen = self.screens[login]
        columns = [status for status, it in screen.columns().items() if it.total] or list(screen.columns())
        chosen = columns[column % len(columns)]
        # A card that waits to be looked at stands where it was, so its new column lacks it until then.
        knows_all = not screen.pending
        for _ in range(2 if column % 3 else 1):
            screen.fold(chosen)
            now = screen.columns()[chosen]
            wanted = 0 if now.folded else min(now.total, self.boards[login].size)
            assert not knows_all or sum(map(len, now.cards.values())) == wanted

    def loads(self, login: str) -> None:
        self.screens[login].load()

    def puts(self, login: str, task: int, field: str, value: int) -> None:
        """Change a task by the API."""
        number, values = self.tasks[task % len(self.tasks)], {"status": STATUSES, "priority": PRIORITIES}
        if field == "comment":
            self.clients[login].post(f"/tasks/api/task/{number}/comments", json={"comment": "Смотрю."})
        else:
            among = values.get(field, [PEOPLE_IDS["anna"], PEOPLE_IDS["boris"], None])
            body = {f"{field}_id": among[value % len(among)]}
            self.clients[login].put(f"/tasks/api/task/{number}/{field}", json=body)

    def creates(self, login: str) -> None:
        self.tasks.append(self.world.new_task(author=login))

    def _move(self, login: str, card: Element, to: int) -> int:
        number, (_, before) = number_of(card), self.now(number_of(card))
        status = self.screens[login].move(card, to).status_code
        if status == 200 and before != to:
            self.moved[login] = number, before
        return status

    def _edits(self, login: str, card: int, **changes: str) -> None:
        if chosen := self._card(login, card):
            answer = self.screens[login].edit(chosen, **changes)
            assert answer is None or answer.status_code in (200, 409, 422)

    def _card(self, login: str, number: int) -> Element | None:
        cards = self.screens[login].cards()
        return cards[number % len(cards)] if cards else None

    # Assertions

    def assert_equals(self, login: str, screen: Screen) -> None:
        """Assert that each column shows the newest tasks of its status in order, each in its lane, and their number."""
        board, columns = self.boards[login], screen.columns()
        assert tuple(columns) == board.statuses
        for status, column in columns.items():
            rows = self.rows(board.query, login, status)
            shown = sum(map(len, column.cards.values()))
            tally = f"{shown} of {len(rows)}" if shown < len(rows) and not column.folded else f"{len(rows)}"
            assert (column.total, column.tally, column.bare) == (len(rows), tally, not rows), status
            if not column.folded:
                there: dict[str, list[int]] = {}
                for row in rows[:shown]:
                    there.setdefault(board.at(row), []).append(row.id)
                assert {at: cards for at, cards in column.cards.items() if cards} == there, status
        totals = {name: columns[number].total for name, number in STATUS_IDS.items() if number in columns}
        done = totals.pop("closed", 0) + totals.pop("rejected", 0)
        numbers = screen.numbers()
        assert (numbers["in all"], numbers.get("closed", 0)) == (sum(totals.values()) + done, done)
        assert numbers.get("new", 0) == totals.pop("new", 0) and numbers["being dealt with"] == sum(totals.values())


@pytest.fixture
def new_office(
    visit: Visit, services: Services, embedded: EmbeddedWorld, tmp_path: Path
) -> Callable[[dict[str, Board]], Office]:
    """Return a function that makes an office with a store as it was at first."""
    clients = {login: visit(login) for login in BOARDS}
    store, backup = Path(str(services.database.engine.url.database)), tmp_path / "backup.db"
    with services.database.engine.connect() as connection:
        connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(store, backup)

    def make(boards: dict[str, Board]) -> Office:
        for database in (services.database, embedded.database):
            database.close()
        for file in store.parent.glob(f"{store.name}-*"):
            file.unlink()
        shutil.copy(backup, store)
        return Office(embedded, clients, boards)

    return make


TASKS = st.lists(
    st.tuples(
        st.sampled_from(["help", "help", "office"]),
        st.sampled_from(["anna", "boris", "anna", ""]),
        st.sampled_from(["in_progress", "new", "in_progress", "new", "in_progress", "waiting", "closed"]),
        st.sampled_from(["irina", "irina", "boris"]),
    ),
    min_size=1 if SOAK else 10,
    max_size=14,
)


@pytest.mark.soak
@pytest.mark.parametrize("boards", OFFICES, ids=["one office", "another", "a third"])
@settings(suppress_health_check=list(HealthCheck), max_examples=EXAMPLES, deadline=None, phases=PHASES)
@given(
    tasks=TASKS,
    steps=st.lists(st.tuples(STEP, st.booleans()), min_size=1 if SOAK else STEPS, max_size=STEPS),
)
def test_each_board_equals_the_backend_after_any_moves_of_several_people(
    new_office: Callable[[dict[str, Board]], Office],
    boards: dict[str, Board],
    tasks: list[tuple[str, str, str, str]],
    steps: list[tuple[tuple[str, ...], bool]],
) -> None:
    office = new_office(boards)
    office.begin(tasks)
    office.remember()
    for (name, *arguments), at_once in steps:
        office.does(name, *arguments, at_once=at_once and name in ACTS)
    for login, screen in office.screens.items():
        office.catches_up(login)
        office.assert_equals(login, screen)
        reloaded = Screen(office.clients[login], boards[login].address)
        office.assert_equals(login, reloaded)
        known, now = screen.card_texts(), reloaded.card_texts()
        assert {it: known[it] for it in known.keys() & now} == {it: now[it] for it in known.keys() & now}
