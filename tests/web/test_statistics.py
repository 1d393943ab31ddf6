"""Statistics: a page of numbers, each of which leads to what it counts."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import count

import pytest
from sqlmodel import Session

from helpdesk.services import Services
from helpdesk.store.models import tables
from helpdesk.tasks.phases import Summary
from helpdesk.tasks.statistics import Statistics
from tests.web.conftest import HTML, Client, Visit
from tests.web.test_task_list import chips
from tests.world import PEOPLE_IDS, PROJECT_IDS, STATUS_IDS, EmbeddedWorld

TOTAL = re.compile(r'<li><a href="([^"]+)"[^>]*><b>(\d+)</b> ([^<]+)</a></li>')
LINE = re.compile(r'<th scope="row">(?:<a href="([^"]+)">)?(.*?)(?:</a>)?</th>\s*<td><a href="([^"]+)">(\d+)</a>', re.S)
AGES = (0, 1, 2, 7, 8, 30, 31, 90, 91, 400)


@pytest.fixture
def years(embedded: EmbeddedWorld) -> None:
    """Tasks of all ages, half of them overdue, in projects above one another, some closed, some nobody's."""
    statuses, priorities = ("new", "in_progress", "closed", "waiting"), ("low", "high", "urgent")
    with embedded.project_below("help") as below:
        for n, days in zip(count(), AGES * 2, strict=False):
            number = embedded.new_task(
                f"Задача {n % 3}",
                project=("help", "office", below)[n % 3],
                assignee=("anna", "boris", None)[n % 4 % 3],
                status=statuses[n % len(statuses)],
                priority=priorities[n % len(priorities)],
            )
            _made(embedded, number, days)


def _made(world: EmbeddedWorld, number: int, days: int) -> None:
    def work(session: Session) -> None:
        task = session.get_one(tables.Task, number)
        task.created_at = datetime.now(UTC) - timedelta(days=days)
        task.due_date = (datetime.now(UTC) + timedelta(days=2 if days % 2 else -2 - days % 20)).date()

    world.database.run_here(work, writes=True)


def lines(page: str) -> dict[str, tuple[str, str, int]]:
    """What each line of the tables names: where the name leads, where the number leads, and the number."""
    lines_by_name = {
        unescape(re.sub(r"<[^>]*>", "", name)).strip("\n"): (unescape(alone), unescape(listed), int(number))
        for alone, name, listed, number in LINE.findall(page)
    }
    assert len(lines_by_name) == len(LINE.findall(page))
    return lines_by_name


@pytest.mark.parametrize(
    "query",
    [
        "",
        "status=closed&sort=id&order=asc&per_page=5&page=2",
        "assigned_to_id=me",
        f"assigned_to_id={PEOPLE_IDS['boris']}&project_id={PROJECT_IDS['help']}",
        "priority=urgent&closed=1",
        "search=%D0%B7%D0%B0%D0%B4%D0%B0%D1%87%D0%B0+1",
        f"due_by={(datetime.now(UTC) - timedelta(days=5)).date()}",
        f"created_since={(datetime.now(UTC) - timedelta(days=40)).date()}&due_by=2999-01-01",
        f"created_by={(datetime.now(UTC) - timedelta(days=5)).date()}&due_by={(datetime.now(UTC).date())}",
    ],
)
@pytest.mark.usefixtures("years")
def test_each_number_leads_to_the_tasks_that_it_counts(anna: Client, query: str) -> None:
    page = anna.get(f"/tasks/statistics?{query}", headers=HTML).text
    totals = {text: (unescape(address), int(number)) for address, number, text in TOTAL.findall(page)}
    parts = {"new", "being dealt with", "closed"}
    assert set(totals) == {"in all", "overdue"} | ({"closed"} if "status=" in query else {"open", *parts})
    numbers = [*totals.values(), *((listed, number) for _, listed, number in lines(page).values())]
    assert len(numbers) > (3 if "status=" in query else 10)
    for address, number in numbers:
        assert anna.get(address).json()["pagination"]["total"] == number, address
    for alone, _, number in lines(page).values():
        if alone:
            counts = anna.get(alone).json()["statistics"]
            assert counts["open"] == number and sum(age["open"] for age in counts["by_age"]) == number, alone


@pytest.mark.usefixtures("years")
def test_json_and_page_have_the_same_numbers(anna: Client) -> None:
    counts = anna.get("/tasks/statistics").json()["statistics"]
    page = lines(anna.get("/tasks/statistics", headers=HTML).text)
    assert [age["open"] for age in counts["by_age"]] == [
        page[name][2] for name in ("today or yesterday", "2–7 days", "8–30 days", "31–90 days", "more than 90 days")
    ]
    for part, number in (("by_status", "total"), ("by_priority", "open")):
        assert all(page[each["name"]][2] == each[number] > 0 for each in counts[part])
    by_project = {each["name"]: each for each in counts["by_project"]}
    assert by_project["help"]["open"] == by_project["help"]["own"] + by_project["Подпроект"]["own"]
    assert page["\u00a0\u00a0\u00a0Подпроект"][2] == by_project["Подпроект"]["open"]
    assert sum(each["own"] for each in counts["by_project"]) == counts["open"] == counts["total"] - counts["closed"]


def test_a_filtered_status_is_counted_alone_as_in_the_list(visit: Visit, embedded: EmbeddedWorld) -> None:
    for status in ("new", "in_progress", "closed"):
        embedded.new_task(status=status)
    address = f"/tasks/statistics?status_id={STATUS_IDS['new']}&assigned_to_id=me"
    page = visit("anna").get(address, headers=HTML).text
    assert [(number, label) for _, number, label in TOTAL.findall(page)] == [
        ("1", "in all"),
        ("1", "new"),
        ("0", "overdue"),
    ]
    assert set(chips(page)) == {"Assignee: me", "Status: new"}
    counts = visit("anna").get(address).json()["statistics"]
    assert (counts["total"], counts["open"], counts["closed"]) == (1, 1, 0)
    assert f'href="/tasks?assigned_to_id=me&amp;status_id={STATUS_IDS["new"]}">Back to the list' in page


def test_chips_lead_to_wider_statistics_and_name_days_and_people(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task(assignee="boris")
    query = f"assigned_to_id={PEOPLE_IDS['boris']}&created_since=2026-01-05&created_by=2999-01-31"
    for path in ("/tasks", "/tasks/statistics"):
        links = chips(visit("anna").get(f"{path}?{query}", headers=HTML).text)
        assert list(links)[1:] == ["Created since: 05.01.2026", "Created by the end of: 31.01.2999"]
        assert list(links)[0] == f"Assignee: {embedded.name('boris')}"
        assert set(links.values()) == {
            f"{path}?{rest}"
            for rest in (
                "created_since=2026-01-05&created_by=2999-01-31",
                f"assigned_to_id={PEOPLE_IDS['boris']}&created_by=2999-01-31",
                f"assigned_to_id={PEOPLE_IDS['boris']}&created_since=2026-01-05",
            )
        }


def test_lists_lead_to_their_statistics_and_keep_days_of_creation(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task()
    anna = visit("anna")
    assert 'href="/tasks/statistics?assigned_to_id=me">statistics' in anna.get("/tasks/my-tasks", headers=HTML).text
    page = anna.get("/tasks?created_by=2999-01-31&search=x&page=2", headers=HTML).text
    assert 'href="/tasks/statistics?search=x&amp;created_by=2999-01-31">statistics' in page
    assert '<input type="hidden" name="created_by" value="2999-01-31">' in page


def test_a_person_without_projects_sees_empty_statistics(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task()
    page = visit("stranger").get("/tasks/statistics", headers=HTML).text
    assert "There is nothing to count." in page and lines(page) == {} and "<b>1</b>" not in page


def test_a_backend_with_totals_only_shows_totals_only(
    visit: Visit, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def totals(*_: object) -> Statistics:
        return Statistics(Summary(new=1, active=2, done=4))

    monkeypatch.setattr(services.backend, "statistics", totals)
    page = visit("anna").get("/tasks/statistics", headers=HTML).text
    assert [(number, text) for _, number, text in TOTAL.findall(page)] == [
        ("7", "in all"),
        ("3", "open"),
        ("1", "new"),
        ("2", "being dealt with"),
        ("4", "closed"),
    ]
    assert "Only these totals are known now" in page and "<table" not in page and "nothing to count" not in page
    counts = visit("anna").get("/tasks/statistics").json()["statistics"]
    assert counts["total"] == 7 and counts["overdue"] is counts["by_age"] is counts["by_project"] is None


@pytest.mark.usefixtures("years")
def test_bars_measure_open_tasks_by_the_largest_number(visit: Visit) -> None:
    page = visit("anna").get("/tasks/statistics", headers=HTML).text
    for table in page.split("<table>")[1:]:
        rows = [
            (int(n), re.search(r'rect width="(\d+)%"', row))
            for row in table.split("<tr>")[1:]
            for n in re.findall(r">(\d+)</a></td>", row)
        ]
        shares = {n: int(width[1]) for n, width in rows if width}
        most = max(shares)
        assert shares[most] == 100 and all(0 < share - 100 * n / most + 1 < 2 for n, share in shares.items())
    closed = page[page.index('class="status phase-closed"') :].partition("</tr>")[0]
    assert "<svg" not in closed
