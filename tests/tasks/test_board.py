"""The board, pure: columns with their phases and limits, lanes in their order, and what a card says in few letters."""

from collections import Counter
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.redmine_client import RedmineClient
from helpdesk.tasks import board
from helpdesk.tasks.board import NOBODY, By
from helpdesk.tasks.lists import Card, CardQuery, Cards, TaskQuery, Vocabulary
from helpdesk.tasks.model import Actor, Member, Priority, Ref, Status, TaskRow
from helpdesk.tasks.phases import Rule, phase, summarised
from helpdesk.tasks.redmine.backend import RedmineBackend
from tests.servers.imitated_redmine import ANNA, ISSUES, NEW, STARTED, ImitatedRedmine, Request

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
STATUSES = (
    Status(1, "Новая", is_default=True),
    Status(2, "В работе"),
    Status(3, "Ждёт"),
    Status(4, "Закрыта", is_closed=True),
)
PRIORITIES = (Priority(1, "Низкий", 0), Priority(2, "Обычный"), Priority(3, "Срочный", 3))
PROJECTS = (Ref(1, "Склад"), Ref(2, "офис"), Ref(3, "Помощь"))
PEOPLE = (Member(7, "Борис Кузнецов"), Member(8, "анна Смирнова"), Member(9, "Анна Смирнова"))
BYS: tuple[By, ...] = ("assignee", "project", "priority")

ROWS = st.builds(
    TaskRow,
    id=st.integers(1, 99),
    subject=st.just("Принтер"),
    status=st.sampled_from(STATUSES),
    priority=st.sampled_from(PRIORITIES),
    project=st.sampled_from(PROJECTS),
    tracker=st.just(Ref(1, "Поддержка")),
    due_date=st.none(),
    assignee=st.sampled_from(PEOPLE) | st.none(),
    author=st.none(),
    created_on=st.just(NOW),
    updated_on=st.just(NOW),
)
CARDS = st.lists(ROWS.map(Card), max_size=20, unique_by=lambda card: card.row.id).map(tuple)
PHASES = st.sampled_from(["active", "waiting", "done", "x"])
RULES = st.dictionaries(st.integers(1, 5), st.builds(Rule, PHASES, st.none() | st.integers(1, 9)))
TOTALS = st.dictionaries(st.sampled_from([it.id for it in STATUSES]), st.integers(0, 30))


def found(cards: tuple[Card, ...], totals: dict[int, int]) -> Cards:
    """With no less of a status than is shown of it."""
    shown = Counter(card.row.status.id for card in cards)
    counted = {status: max(totals.get(status, 0), shown[status]) for status in {*totals, *shown}}
    return Cards(CardQuery(TaskQuery()), Vocabulary(STATUSES, PRIORITIES, (), ()), cards, counted)


@given(CARDS, TOTALS, RULES, st.sets(st.integers(1, 5)))
def test_a_column_says_how_many_of_how_many_it_shows(
    cards: tuple[Card, ...], totals: dict[int, int], rules: dict[int, Rule], folded: set[int]
) -> None:
    told = found(cards, totals)
    columns = board.columns(STATUSES, told, rules, folded)
    assert tuple(it.status for it in columns) == STATUSES
    assert sum(it.shown for it in columns) == len(cards)
    for it in columns:
        assert it.total == told.totals.get(it.status.id, 0) >= it.shown
        assert it.folded == (it.status.id in folded)
        assert it.limit == rules.get(it.status.id, Rule()).limit
        assert it.is_over == (it.limit is not None and it.total > it.limit)
    assert board.summary(columns) == summarised(told.totals, STATUSES, rules)
    assert board.summary(columns).total == sum(told.totals.values())


@given(st.sampled_from(STATUSES), RULES)
def test_closed_statuses_are_done_and_an_administrator_says_which_wait(status: Status, rules: dict[int, Rule]) -> None:
    told = rules.get(status.id, Rule()).phase
    expected = "waiting" if told == "waiting" else "new" if status.is_default else "active"
    assert phase(status, rules) == ("done" if status.is_closed else expected)


def test_a_limit_is_passed_by_more_than_it_names() -> None:
    rules = {1: Rule(limit=2), 2: Rule(limit=2)}
    new, begun, *_ = board.columns(STATUSES, found((), {1: 2, 2: 3}), rules)
    assert (new.is_over, begun.is_over) == (False, True)


@given(CARDS)
def test_without_lanes_there_is_one_and_it_has_no_name(cards: tuple[Card, ...]) -> None:
    (lane,) = board.lanes(cards, None)
    assert (lane.key, lane.name, lane.total) == (None, "", len(cards))
    assert {card.row.id for held in lane.cards.values() for card in held} == {card.row.id for card in cards}
    assert [lane.at(it.id) for it in STATUSES] == ["1", "2", "3", "4"]


@given(CARDS, st.sampled_from([None, *BYS]))
def test_each_card_is_in_one_lane_where_it_says_that_it_is_and_in_the_order_that_it_came(
    cards: tuple[Card, ...], by: By | None
) -> None:
    lanes = board.lanes(cards, by, [it.id for it in PRIORITIES])
    there = {card: lane.at(status) for lane in lanes for status, held in lane.cards.items() for card in held}
    assert there == {card: board.at(card.row, by) for card in cards}
    assert sum(lane.total for lane in lanes) == len(cards)
    for lane in lanes:
        for status, held in lane.cards.items():
            assert held == tuple(it for it in cards if it in held) and {it.row.status.id for it in held} == {status}


@given(CARDS, st.sampled_from(BYS))
def test_places_differ_where_cards_differ_by_status_or_lane(cards: tuple[Card, ...], by: By) -> None:
    def kind(row: TaskRow) -> object:
        return row.status, {"assignee": row.assignee, "project": row.project, "priority": row.priority}[by]

    assert len({board.at(card.row, by) for card in cards}) == len({kind(card.row) for card in cards})


@given(CARDS)
def test_lanes_of_people_are_by_name_whatever_its_case_and_nobodys_last(cards: tuple[Card, ...]) -> None:
    lanes = board.lanes(cards, "assignee")
    names = [lane.name.casefold() for lane in lanes if lane.key != NOBODY]
    assert names == sorted(names) and NOBODY not in [lane.key for lane in lanes[:-1]]
    assert all(lane.name == "" for lane in lanes if lane.key == NOBODY)


@given(CARDS)
def test_lanes_of_projects_are_by_name_and_of_priorities_the_highest_first(cards: tuple[Card, ...]) -> None:
    names = [lane.name.casefold() for lane in board.lanes(cards, "project")]
    assert names == sorted(names)
    keys = [lane.key for lane in board.lanes(cards, "priority", [it.id for it in PRIORITIES])]
    assert keys == sorted(keys, key=lambda key: -(key or 0))


def test_without_cards_there_is_no_lane_but_the_one_without_a_name() -> None:
    assert board.lanes((), "assignee") == ()
    assert [lane.total for lane in board.lanes((), None)] == [0]


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Анна Смирнова", "АС"),
        ("анна смирнова", "АС"),
        ("Иванов Пётр Сергеевич", "ИП"),
        ("support", "S"),
        ("  Анна   Смирнова ", "АС"),
        ("", ""),
    ],
)
def test_initials_are_of_the_first_two_words(name: str, letters: str) -> None:
    assert board.initials(name) == letters


@given(st.text())
def test_any_name_has_initials(name: str) -> None:
    assert (board.initials(name) == "") == (not name.split())


@pytest.mark.parametrize(
    ("passed", "text", "n"),
    [
        (timedelta(seconds=-5), "now", None),
        (timedelta(seconds=59), "now", None),
        (timedelta(minutes=1), "%(n)s min", 1),
        (timedelta(minutes=59, seconds=59), "%(n)s min", 59),
        (timedelta(hours=1), "%(n)s h", 1),
        (timedelta(hours=23, minutes=59), "%(n)s h", 23),
        (timedelta(days=1), "%(n)s d", 1),
        (timedelta(days=29), "%(n)s d", 29),
        (timedelta(days=30), "%(n)s mo", 1),
        (timedelta(days=364), "%(n)s mo", 12),
        (timedelta(days=365), "%(n)s y", 1),
        (timedelta(days=800), "%(n)s y", 2),
    ],
)
def test_an_age_is_told_in_the_largest_unit_that_fits(passed: timedelta, text: str, n: int | None) -> None:
    says = board.age(NOW - passed, NOW)
    assert (says.text, says.values.get("n")) == (text, n)


@given(st.timedeltas(timedelta(0), timedelta(days=4000)), st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_an_older_task_never_looks_younger(one: timedelta, other: timedelta) -> None:
    units = [says.text for _, says in reversed(board.AGES)]

    def rank(passed: timedelta) -> tuple[int, object]:
        says = board.age(NOW - passed, NOW)
        return (units.index(says.text) + 1 if says.text in units else 0), says.values.get("n", 0)

    assert (rank(one) <= rank(other)) or one > other


# What a wish for cards comes to, whichever tracker is asked; and cards of tasks that move while Redmine is asked


IDS = st.lists(st.integers(1, 5), max_size=5).map(tuple)
SEARCHES = st.sampled_from(["", "chair", "3", "#3"])


@given(IDS | st.none(), IDS, SEARCHES)
def test_only_some_cards_are_those_of_the_query_that_are_named(
    only: tuple[int, ...] | None, task_ids: tuple[int, ...], search: str
) -> None:
    query = CardQuery(TaskQuery(search=search, task_ids=task_ids), only=only).of_cards
    named = set(task_ids) or set(range(1, 6))
    expected = named if only is None else named & set(only)
    assert (set(query.task_ids) or set(range(1, 6)) if query else set()) == expected
    assert query is None or (query.include_closed and not query.status_ids and query.search == search)


@given(IDS, st.dictionaries(st.integers(1, 5), st.integers(0, 8)), st.integers(1, 3), st.integers(0, 2))
def test_a_status_is_left_out_only_when_its_page_is_known_to_be_empty(
    statuses: tuple[int, ...], totals: dict[int, int], page: int, skip: int
) -> None:
    columns = CardQuery(TaskQuery(page=page, per_page=2, skip=skip), statuses).statuses_on_page(totals)
    assert len(columns) == len(set(columns)) and set(columns) <= set(statuses)
    for status in set(statuses) - set(columns):
        assert totals[status] <= (page - 1) * 2 + skip
    for status in columns:
        assert status not in totals or totals[status] > (page - 1) * 2 + skip


class Moving:
    """Redmine with an issue that is New at first and Started later, in the answers for both; 30 like it in all."""

    def __init__(self) -> None:
        self.redmine = ImitatedRedmine()
        self.asked: list[tuple[str, str]] = []
        moved = {**deepcopy(self.redmine.issue), "status": STARTED, "updated_on": "2026-11-20T09:31:00Z"}
        self.told = {str(NEW["id"]): self.redmine.issue, str(STARTED["id"]): moved}

    def answer(self, request: httpx.Request) -> httpx.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        address = urlsplit(str(request.url))
        if address.path != ISSUES:
            return httpx.Response(200, json=self.redmine.read(Request("GET", str(request.url), headers, b"")))
        fields = parse_qs(address.query)
        (status, *_), (limit,) = fields["v[status_id][]"], fields["limit"]
        self.asked.append((",".join(fields["v[status_id][]"]), limit))
        issues = [self.told[status]] if status in self.told and int(limit) > 1 else []
        return httpx.Response(200, json={"issues": issues, "total_count": 30})

    @property
    def backend(self) -> RedmineBackend:
        return RedmineBackend(RedmineClient("http://redmine.test", "key", httpx.MockTransport(self.answer)), "textile")


@pytest.mark.parametrize("statuses", [(1, 2), (2, 1)])
async def test_a_task_that_moves_while_redmine_is_asked_is_one_card(statuses: tuple[int, ...]) -> None:
    found = await Moving().backend.cards(Actor(ANNA, "anna"), lambda _: CardQuery(TaskQuery(), statuses))
    assert [(card.row.id, card.row.status.id) for card in found.cards] == [(7, STARTED["id"])]


@pytest.mark.parametrize(
    ("wish", "asked"),
    [
        (CardQuery(TaskQuery(), (1, 2), (2, 3)), [("1", "25"), ("2", "25"), ("3", "1")]),
        (CardQuery(TaskQuery(), (1, 2), (1,), only=(7,)), [("1", "1"), ("1,2", "100")]),
        (CardQuery(TaskQuery(), (1, 2), (3,), only=()), [("3", "1")]),
        (CardQuery(TaskQuery(), (), ()), []),
    ],
    ids=["the cards of a status tell its total", "those of only some come together", "no cards", "nothing"],
)
async def test_redmine_is_asked_no_more_than_it_takes(wish: CardQuery, asked: list[tuple[str, str]]) -> None:
    redmine = Moving()
    found = await redmine.backend.cards(Actor(ANNA, "anna"), lambda _: wish)
    assert sorted(redmine.asked) == asked
    assert found.totals == dict.fromkeys(wish.counted, 30)
