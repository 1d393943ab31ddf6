"""What a wish for cards comes to, whichever tracker is asked; and cards of tasks that move while Redmine is asked."""

from copy import deepcopy
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.redmine_client import RedmineClient
from helpdesk.tasks.lists import CardQuery, TaskQuery
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.backend import RedmineBackend
from tests.servers.imitated_redmine import ANNA, ISSUES, NEW, STARTED, ImitatedRedmine, Request

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
    assert query is None or (query.closed and not query.status_ids and query.search == search)


@given(IDS, st.dictionaries(st.integers(1, 5), st.integers(0, 8)), st.integers(1, 3), st.integers(0, 2))
def test_a_status_is_left_out_only_when_its_page_is_known_to_be_empty(
    statuses: tuple[int, ...], totals: dict[int, int], page: int, skip: int
) -> None:
    columns = CardQuery(TaskQuery(page=page, per_page=2, skip=skip), statuses).columns(totals)
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
