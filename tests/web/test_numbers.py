"""Numbers agree: what a list, its statistics, its board and their JSON say of the same tasks is the same."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from helpdesk.demo import seed
from helpdesk.languages import say
from helpdesk.services import Services
from helpdesk.store import board
from helpdesk.store.board import ColumnSettings
from helpdesk.store.models import tables
from helpdesk.tasks.model import Status
from helpdesk.tasks.phases import Rule, Summary, grouped, phase, summarised
from helpdesk.web.lists.statistics_tables import PHASE_LABELS
from tests.web.conftest import HTML, Client, Visit
from tests.web.numbers import Numbers, summary
from tests.world import PEOPLE_IDS, PRIORITY_IDS, PROJECT_IDS, STATUS_IDS, EmbeddedWorld

EXAMPLES = 150 if os.environ.get("SOAK") else 8
NOW = datetime.now(UTC)
STATUSES = [*STATUS_IDS.values(), 0, 99]
PEOPLE = ["me", "none", "any", *PEOPLE_IDS.values()]
DAYS = [f"{(NOW - timedelta(days=days)).date()}" for days in (-2, 0, 1, 5, 40)]
SEARCHES = ["задача", "задача 1", "1", "7", "#7", "07", "0017", "#99", "%", "нет такого", "1" * 13, "1 задача"]


def some(values: list[int]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True).map(lambda it: ",".join(map(str, it)))


FILTERS = {
    "status_id": some(STATUSES),
    "status": st.sampled_from(["in_progress", "closed", "Nope", "closed,new"]),
    "priority_id": some(list(PRIORITY_IDS.values())),
    "project_id": some(list(PROJECT_IDS.values())),
    "tracker_id": st.just("1"),
    "assigned_to_id": st.sampled_from(PEOPLE).map(str),
    "author_id": st.sampled_from(["me", *PEOPLE_IDS.values()]).map(str),
    "search": st.sampled_from(SEARCHES),
    "created_since": st.sampled_from(DAYS),
    "created_by": st.sampled_from(DAYS),
    "updated_since": st.sampled_from(DAYS),
    "due_by": st.sampled_from(DAYS),
    "closed": st.just("1"),
    "sort": st.sampled_from(["id", "due_date"]),
    "page": st.just("2"),
}
# Few at a time: most lists with many filters are empty.
QUERIES = st.lists(st.sampled_from(list(FILTERS)), min_size=1, max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: FILTERS[name] for name in names})
)


@pytest.fixture
def busy(services: Services, embedded: EmbeddedWorld) -> EmbeddedWorld:
    """An office with tasks of every kind, in some of whose statuses tasks wait."""
    names = list(STATUS_IDS)
    numbers = [
        embedded.new_task(
            f"Задача {n % 4}, инв. 00{n}1",
            project=("help", "office", "warehouse")[n % 3],
            author=("irina", "anna", "boris")[n % 3],
            assignee=("anna", "boris", None, "anna")[n % 4],
            status=names[n * 5 % len(names)],
            priority=("low", "normal", "urgent")[n // 3 % 3],
        )
        for n in range(26)
    ]

    def work(db: Session) -> None:
        for number in numbers:
            task = db.get_one(tables.Task, number)
            task.created_at = NOW - timedelta(days=number * 3 % 50)
            task.due_date = (NOW + timedelta(days=number % 9 - 5)).date() if number % 3 else None
        settings = {STATUS_IDS["waiting"]: ColumnSettings("waiting"), STATUS_IDS["closed"]: ColumnSettings("waiting")}
        board.save_columns(db, settings)

    services.database.run_here(work, writes=True)
    return embedded


@pytest.mark.soak
@pytest.mark.usefixtures("busy")
def test_the_numbers_of_any_filtered_list_agree(visit: Visit) -> None:
    totals = []

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(
        login=st.sampled_from(["anna", "anna", "irina", "stranger"]),
        path=st.sampled_from(["/tasks", "/tasks/my-tasks"]),
        query=QUERIES,
    )
    def check(login: str, path: str, query: Mapping[str, str]) -> None:
        if login == "irina" and path.endswith("my-tasks") and not {"assigned_to_id", "author_id"} & set(query):
            query = {**query, "author_id": "me"}  # a page shows that by itself to who never had a task, JSON does not
        numbers = Numbers(visit(login))
        assert not numbers.of(f"{path}?{urlencode(query)}")
        totals.append(numbers.total)

    check()
    assert any(totals)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "closed=1",
        "status_id=1",
        "status=closed",
        "status=waiting,closed",
        "status=Nope",
        "search=1",
        "search=%2399",
    ],
)
@pytest.mark.usefixtures("busy")
def test_the_numbers_of_a_list_agree(visit: Visit, query: str) -> None:
    for path in ("/tasks", "/tasks/my-tasks"):
        assert not Numbers(visit("anna")).of(f"{path}?{query}")


def test_the_numbers_above_a_list_count_that_list(visit: Visit, busy: EmbeddedWorld) -> None:
    def totals(query: str) -> tuple[str, list[tuple[int, str]]]:
        numbers = summary(visit("anna").get(f"/tasks?{query}", headers=HTML).text)
        (current,) = (it.label for it in numbers if it.is_current)
        return current, [(it.number, it.label) for it in numbers]

    for status, number in (("new", 2), ("in_progress", 1), ("waiting", 3)):
        busy.new_task("Единственная в своём роде", status=status)
        for _ in range(number - 1):
            busy.new_task("Единственная в своём роде", status=status)
    busy.new_task("Единственная в своём роде", status="closed")
    search = "search=единственная"
    tabs = [(6, "open"), (2, "new"), (1, "being dealt with"), (3, "on hold"), (1, "closed"), (7, "in all")]
    assert totals(search) == ("open", tabs)
    assert totals(f"{search}&closed=1") == ("in all", tabs)
    assert totals(f"{search}&status=new") == ("new", tabs)
    assert totals(f"{search}&status=closed,rejected") == ("closed", tabs)
    for status, number in (("new,closed", 3), ("closed", 1), ("Nope", 0)):
        chosen = (number, "of the chosen statuses")
        assert totals(f"{search}&status={status}") == (chosen[1], [chosen, *tabs])


@pytest.mark.usefixtures("busy")
def test_ones_own_list_has_a_tab_of_what_waits_for_oneself(anna: Client) -> None:
    numbers = {it.label: it for it in summary(anna.get("/tasks/my-tasks", headers=HTML).text)}
    mine = numbers["waiting for me"]
    listed = anna.get(mine.address).json()
    resolved = anna.get(f"/tasks/my-tasks?status_id={STATUS_IDS['resolved']}").json()["pagination"]["total"]
    assert mine.number == listed["pagination"]["total"] > 0 < resolved
    assert mine.number + resolved == numbers["open"].number - numbers["on hold"].number
    there = summary(anna.get(mine.address, headers=HTML).text)
    assert [it.label for it in there if it.is_current] == ["waiting for me"]
    assert "waiting for me" not in [it.label for it in summary(anna.get("/tasks", headers=HTML).text)]


@pytest.mark.usefixtures("busy")
def test_tasks_in_progress_are_the_same_on_list_board_and_statistics(anna: Client) -> None:
    pages = ("/tasks/my-tasks", "/tasks/board", "/tasks/statistics?assigned_to_id=me")
    totals = [{it.label.partition(",")[0]: it for it in summary(anna.get(page, headers=HTML).text)} for page in pages]
    for label in ("open", "new", "being dealt with", "on hold", "closed"):
        assert len({(it[label].number, it[label].address.partition("?")[2]) for it in totals}) == 1, label
    statistics = anna.get("/tasks/statistics?assigned_to_id=me").json()["statistics"]
    columns = anna.get("/tasks/board").json()["columns"]
    assert totals[0]["being dealt with"].number == statistics["in_progress"] > 0
    assert sum(it["total"] for it in columns if it["phase"] == "active") == statistics["in_progress"]


def test_no_phase_has_the_name_of_a_demo_status() -> None:
    """Two numbers of one name would disagree: several statuses are being dealt with."""
    names = {it["name"].casefold() for it in seed.read().world["status"]}
    assert not names & {say("ru", label).casefold() for label in PHASE_LABELS.values()}


STATUS = st.builds(Status, st.integers(1, 6), st.just("x"), st.booleans(), st.booleans())
RULES = st.dictionaries(st.integers(1, 6), st.builds(Rule, st.sampled_from(["active", "waiting", "done"])))


@given(st.lists(STATUS, unique_by=lambda it: it.id), RULES, st.dictionaries(st.integers(1, 6), st.integers(0, 9)))
def test_each_status_is_of_one_phase_and_each_task_counted_once(
    statuses: list[Status], rules: dict[int, Rule], by_status: dict[int, int]
) -> None:
    groups = grouped(statuses, rules)
    assert sorted(it.id for group in groups.values() for it in group) == sorted(it.id for it in statuses)
    assert all(phase(it, rules) == name for name, group in groups.items() for it in group)
    assert all((phase(it, rules) == "done") == it.is_closed for it in statuses)
    totals = summarised(by_status, statuses, rules)
    assert totals.total == sum(by_status.get(it.id, 0) for it in statuses) == sum(totals)
    assert totals.open == sum(by_status.get(it.id, 0) for it in statuses if not it.is_closed)
    assert isinstance(totals, Summary)
