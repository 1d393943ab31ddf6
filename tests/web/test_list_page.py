"""The page of a list: what stands in a row, which columns, the form on demand, quick lists, and who is offered what."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from sqlmodel import Session

from helpdesk.services import Services
from helpdesk.store.models import tables
from tests.telling import tell
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import NAMES, PEOPLE_IDS, PRIORITY_IDS, STATUS_IDS, EmbeddedWorld


def row(page: str, number: int) -> str:
    (found,) = (
        it
        for it in re.findall(r"<tr.*?</tr>", page, re.DOTALL)
        if f'href="/tasks/{number}?list' in it or f'href="/tasks/{number}"' in it
    )
    return str(found)


def heads(page: str) -> list[str]:
    """The columns of the table, by the names of their classes."""
    return re.findall(r'<th scope="col" class="list-(\w+)"', page)


def quick(page: str) -> dict[str, tuple[str, bool]]:
    """The quick lists: addresses, and which are on, by label."""
    links = re.search(r'<nav class="list-quick".*?</nav>', page, re.DOTALL)
    assert links
    found = re.findall(r'<a href="([^"]+)"( aria-current="true")?>([^<]+)</a>', links[0])
    return {label: (unescape(address), bool(current)) for address, current, label in found}


def test_a_row_names_the_requester_the_project_and_the_initials_of_the_assignee(
    visit: Visit, embedded: EmbeddedWorld
) -> None:
    number = embedded.new_task("Принтер", author="irina", assignee="boris", priority="urgent")
    its = row(visit("anna").get("/tasks", headers=HTML).text, number)
    assert f"<small>{NAMES['irina']}</small>" in its and f'title="{NAMES["boris"]}"' in its
    assert 'title="urgent"' in its and '<td class="list-project">help</td>' in its


def test_a_task_that_is_overdue_says_so_and_a_closed_one_does_not(
    visit: Visit, services: Services, embedded: EmbeddedWorld
) -> None:
    late, closed = embedded.new_task(), embedded.new_task(status="closed")
    yesterday = (datetime.now(UTC) - timedelta(days=2)).date()

    def work(session: Session) -> None:
        for number in (late, closed):
            session.get_one(tables.Task, number).due_date = yesterday

    services.database.run_here(work, writes=True)
    page = visit("anna").get("/tasks?closed=1", headers=HTML).text
    assert "overdue" in row(page, late) and "overdue" not in row(page, closed)
    assert yesterday.strftime("%d.%m") in row(page, closed)


def test_a_task_with_unread_notifications_is_marked_for_their_reader_alone(
    visit: Visit, services: Services, embedded: EmbeddedWorld
) -> None:
    number, other = embedded.new_task(), embedded.new_task()
    tell(services.database, "anna", number)
    for address, headers in (("/tasks", HTML), (f"/tasks/{number}/row", HTMX)):
        page = visit("anna").get(address, headers=headers).text
        assert "list-news" in row(page, number) and "unread" in row(page, number)
        assert "list-news" not in visit("boris").get(address, headers=headers).text
    assert "list-news" not in row(visit("anna").get("/tasks", headers=HTML).text, other)


# Columns


def test_the_columns_and_the_height_of_rows_are_chosen_and_kept(anna: Client, number: int) -> None:
    page = anna.get("/tasks", headers=HTML).text
    assert heads(page) == ["id", "priority", "subject", "status", "project", "due_date", "updated_on", "assigned_to"]
    assert "<small>" in page and "list-dense" not in page
    form = {"columns": ["tracker", "created_on"], "dense": "1", "next": "/tasks?sort=id"}
    answer = anna.post("/tasks/layout", data=form, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/tasks?sort=id")
    for address in ("/tasks", "/tasks/my-tasks"):
        page = anna.get(address, headers=HTML).text
        assert heads(page) == ["id", "priority", "subject", "status", "tracker", "created_on"]
        assert "<small>" not in page and '<table class="list list-dense">' in page
    assert "list-created_on" in anna.get(f"/tasks/{number}/row", headers=HTMX).text
    assert 'colspan="6"' in anna.get(f"/tasks/{number}/row?edit=1", headers=HTMX).text
    assert anna.get("/tasks/layout").json()["columns"] == ["tracker", "created_on"]
    anna.post("/tasks/layout", data={"usual": "1", "columns": "tracker"}, headers=HTML)
    assert len(heads(anna.get("/tasks", headers=HTML).text)) == 8


def test_no_optional_column_at_all_may_be_chosen(anna: Client, number: int) -> None:
    assert anna.post("/tasks/layout", json={"columns": []}).json()["columns"] == []
    assert heads(anna.get("/tasks", headers=HTML).text) == ["id", "priority", "subject", "status"]


def test_the_form_of_the_columns_is_a_page_and_a_fragment(anna: Client) -> None:
    page = anna.get("/tasks/layout?next=/tasks?sort=id", headers=HTML).text
    fragment = anna.get("/tasks/layout?next=//evil.example", headers=HTMX).text
    assert "<main" in page and 'name="next" value="/tasks?sort=id"' in page
    assert "<main" not in fragment and 'name="next" value="/tasks/my-tasks"' in fragment
    checked = re.findall(r'name="columns" value="(\w+)" checked', fragment)
    assert checked == ["author", "project", "due_date", "updated_on", "assigned_to"]


@pytest.mark.parametrize("value", ["nonsense", "<script>", "id.subject", "." * 500])
def test_a_made_up_choice_of_columns_shows_a_list(anna: Client, number: int, value: str) -> None:
    anna.cookies.set("columns", value)
    assert heads(anna.get("/tasks", headers=HTML).text) == ["id", "priority", "subject", "status"]


# The form on demand


def test_the_form_with_all_filters_comes_when_it_is_wanted(anna: Client, number: int) -> None:
    asked = f"/tasks?priority_id={PRIORITY_IDS['urgent']}&sort=id"
    page = anna.get(asked, headers=HTML).text
    form = re.search(r'<form class="filter".*?</form>', page, re.DOTALL)[0]
    assert "<select" not in form and f'type="hidden" name="priority_id" value="{PRIORITY_IDS["urgent"]}"' in form
    address = unescape(re.search(r'href="([^"]+)" hx-boost', form)[1])
    assert address == f"{asked}&filter=1"
    whole, fragment = anna.get(address, headers=HTML).text, anna.get(address, headers=HTMX).text
    assert fragment.lstrip().startswith('<form class="filter" id="filter"') and "<main" not in fragment
    for form in (fragment, re.search(r'<form class="filter".*?</form>', whole, re.DOTALL)[0]):
        assert f'<option value="{PRIORITY_IDS["urgent"]}" selected>' in form
        assert 'type="hidden" name="filter" value="1"' in form and 'href="/tasks?' in form
    assert "autofocus" in fragment and 'name="of" value="/tasks"' in fragment


def test_a_plain_list_is_not_offered_to_be_saved(anna: Client, number: int) -> None:
    for address, offered in (
        ("/tasks", False),
        ("/tasks/my-tasks", False),
        ("/tasks?sort=id", True),
        ("/tasks?search=x", True),
    ):
        assert ('name="of"' in anna.get(address, headers=HTML).text) is offered, address


# Quick lists


def test_quick_lists_are_filters_that_are_set_and_taken_away(visit: Visit, embedded: EmbeddedWorld) -> None:
    mine, waiting = embedded.new_task(), embedded.new_task(assignee=None)
    anna = visit("anna")
    offered = quick(anna.get("/tasks?search=задача", headers=HTML).text)
    assert list(offered) == ["overdue ones", "without assignee", "waiting for me"]
    for label in ("overdue ones", "without assignee"):
        address, is_on = offered[label]
        assert not is_on and "search=" in address
        back, is_on = quick(anna.get(address, headers=HTML).text)[label]
        assert is_on and "search=" in back and not quick(anna.get(back, headers=HTML).text)[label][1]
    found = anna.get("/tasks?assigned_to_id=none").json()["tasks"]
    assert [it["id"] for it in found] == [waiting]
    theirs = anna.get(offered["waiting for me"][0]).json()["tasks"]
    assert [it["id"] for it in theirs] == [mine]
    assert list(quick(anna.get("/tasks/my-tasks", headers=HTML).text)) == ["overdue ones"]


@pytest.mark.parametrize(
    "tab", [f"status_id={STATUS_IDS['closed']}&closed=1", "closed=1", f"status_id={STATUS_IDS['new']}", ""]
)
def test_the_overdue_ones_are_found_from_every_tab_and_taken_away_again(
    visit: Visit, embedded: EmbeddedWorld, tab: str
) -> None:
    late, done, other = (embedded.new_task(status=it) for it in ("new", "closed", "new"))
    anna = visit("anna")
    for number in (late, done):
        anna.put(f"/tasks/api/task/{number}", json={"due_date": "2020-01-31"}).raise_for_status()
    address, is_on = quick(anna.get(f"/tasks?{tab}", headers=HTML).text)["overdue ones"]
    assert not is_on and [it["id"] for it in anna.get(address).json()["tasks"]] == [late]
    back, is_on = quick(anna.get(address, headers=HTML).text)["overdue ones"]
    assert is_on and {it["id"] for it in anna.get(back).json()["tasks"]} == {late, other}
    assert not quick(anna.get(back, headers=HTML).text)["overdue ones"][1]


def test_overdue_ones_are_not_on_where_closed_tasks_of_these_days_are_shown_too(anna: Client) -> None:
    address, _ = quick(anna.get("/tasks", headers=HTML).text)["overdue ones"]
    assert quick(anna.get(address, headers=HTML).text)["overdue ones"][1]
    assert not quick(anna.get(f"{address}&closed=1", headers=HTML).text)["overdue ones"][1]


# Who is offered what


def test_a_requester_is_offered_no_changes_in_a_list(visit: Visit, embedded: EmbeddedWorld) -> None:
    number = embedded.new_task(author="irina")
    for login, may in (("anna", True), ("admin", True), ("irina", False)):
        client = visit(login)
        for address, headers in (("/tasks?closed=1", HTML), (f"/tasks/{number}/row?live=1", HTMX)):
            page = client.get(address, headers=headers).text
            assert ('name="task_id"' in page) is may and ("row?edit=1" in page) is may, (login, address)
        assert ('id="bulk"' in client.get("/tasks", headers=HTML).text) is may


@pytest.mark.parametrize(
    ("address", "act"),
    [
        ("/tasks?page=99", "/tasks"),
        ("/tasks?search=nothing", "/tasks"),
        ("/tasks/my-tasks?assigned_to_id=me", "/tasks"),
        ("/tasks/my-tasks?author_id=me", "/tasks/new"),
        (f"/tasks/my-tasks?assigned_to_id=me&status_id={STATUS_IDS['new']}", "/tasks/my-tasks?assigned_to_id=me"),
        (f"/tasks?assigned_to_id={PEOPLE_IDS['boris']}", "/tasks"),
    ],
)
def test_an_empty_list_offers_the_next_act(visit: Visit, embedded: EmbeddedWorld, address: str, act: str) -> None:
    embedded.new_task(assignee=None, author="irina")
    page = visit("anna").get(address, headers=HTML).text
    section = re.search(r'<section class="empty">.*?</section>', page, re.DOTALL)[0]
    assert [unescape(it) for it in re.findall(r'class="button[^"]*" href="([^"]+)"', section)] == [act]
