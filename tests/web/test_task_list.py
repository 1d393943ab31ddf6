"""Lists: mine and all, narrowed, counted."""

import re
from html import unescape

import pytest

from helpdesk.web.lists.urls import nearby
from tests.web.conftest import HTML, Visit
from tests.world import NAMES, PEOPLE_IDS, PRIORITY_IDS, PROJECT_IDS, EmbeddedWorld


def chips(page: str) -> dict[str, str]:
    """What a list says it is narrowed to, each with the address without it."""
    match = re.search(r'<ul class="chips".*?</ul>', page, re.DOTALL)
    links = re.findall(r'<a href="([^"]+)" title[^>]*>([^<]+)<', match[0]) if match else []
    return {unescape(text): unescape(address) for address, text in links}


def options(page: str, name: str) -> dict[str, str]:
    """The choices of a field of the list's form: texts by value, the chosen one marked."""
    field = re.search(rf'<select name="{name}">(.*?)</select>', page.split('class="filter"')[1], re.DOTALL)
    tags = re.findall(r'<option value="([^"]*)"( selected)?>([^<]*)</option>', field[1]) if field else []
    return {unescape(value): unescape(text) + (" (chosen)" if chosen else "") for value, chosen, text in tags}


def test_all_tasks_are_those_one_may_see(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task("Борису", assignee="boris", author="anna")
    embedded.new_task("Ирины", assignee="boris")
    for login, subjects in (("anna", {"Борису", "Ирины"}), ("irina", {"Ирины"}), ("stranger", set())):
        client = visit(login)
        page = client.get("/tasks", headers=HTML).text
        assert {subject for subject in ("Борису", "Ирины") if subject in page} == subjects
        assert {row["subject"] for row in client.get("/tasks").json()["tasks"]} == subjects


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        (f"assigned_to_id={PEOPLE_IDS['boris']}", {"A"}),
        ("assigned_to_id=none", {"B"}),
        ("assigned_to_id=me", {"C"}),
        (f"author_id=me&author_id={PEOPLE_IDS['irina']}", {"A", "B", "C"}),
        ("tracker_id=1&tracker=nonsense", {"A", "B", "C"}),
        ("tracker=nonsense", set()),
        ("updated_since=2999-01-01", set()),
        ("updated_since=2020-01-01T00:00:00%2B03:00", {"A", "B", "C"}),
        ("due_by=2999-01-01", set()),
    ],
)
def test_all_tasks_are_narrowed_by_people_trackers_and_days(
    visit: Visit, embedded: EmbeddedWorld, query: str, subjects: set[str]
) -> None:
    for subject, assignee in (("A", "boris"), ("B", None), ("C", "anna")):
        embedded.new_task(subject, assignee=assignee)
    answer = visit("anna").get(f"/tasks?{query}").json()
    assert {row["subject"] for row in answer["tasks"]} == subjects


def test_the_filters_of_a_list_are_shown_and_can_be_removed(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task("Принтер", priority="urgent")
    anna = visit("anna")
    address = (
        f"/tasks/my-tasks?priority_id={PRIORITY_IDS['urgent']}&project_id=1&search=принтер&sort=subject&per_page=5"
        "&filter=1"
    )
    page = anna.get(address, headers=HTML).text
    assert set(chips(page)) == {"Priority: urgent", "Project: help", "Words: принтер"}
    assert ">Reset</a>" in page and "sorted by: subject" in page
    without = chips(page)["Priority: urgent"]
    rest = anna.get(without, headers=HTML).text
    assert set(chips(rest)) == {"Project: help", "Words: принтер"} and "per_page=5" in without
    form = re.search(r'<form class="filter".*?</form>', page, re.DOTALL)[0]
    assert re.search(r'<option value="4" selected>urgent', form) and 'name="per_page" value="5"' in form


def test_a_name_that_nothing_has_is_shown_as_unknown_and_breaks_no_link(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task()
    page = visit("anna").get("/tasks/my-tasks?status=Nope", headers=HTML).text
    assert set(chips(page)) == {"Status: ?"} and "_id=-1" not in page


def test_the_form_and_the_chips_narrow_by_people_and_days(visit: Visit, embedded: EmbeddedWorld) -> None:
    for assignee, author in (("boris", "irina"), (None, "anna")):
        embedded.new_task(assignee=assignee, author=author)
    anna, boris, irina = visit("anna"), PEOPLE_IDS["boris"], PEOPLE_IDS["irina"]
    his, theirs, days = f"assigned_to_id={boris}", f"author_id=me,{irina}", "updated_since=2026-01-31&due_by=2999-12-31"
    page = anna.get(f"/tasks?{his}&{theirs}&{days}&filter=1", headers=HTML).text
    assert chips(page) == {
        f"Assignee: {NAMES['boris']}": f"/tasks?{theirs}&{days}",
        "Requester: me": f"/tasks?{his}&author_id={irina}&{days}",
        f"Requester: {NAMES['irina']}": f"/tasks?{his}&author_id=me&{days}",
        "Changed since: 31.01.2026": f"/tasks?{his}&{theirs}&due_by=2999-12-31",
        "Due by: 31.12.2999": f"/tasks?{his}&{theirs}&updated_since=2026-01-31",
    }
    assert 'name="updated_since" value="2026-01-31"' in page and 'name="due_by" value="2999-12-31"' in page
    assert options(page, "assigned_to_id")[str(boris)] == f"{NAMES['boris']} (chosen)"
    assert options(page, "author_id")[f"me,{irina}"] == "several (chosen)"
    page = anna.get("/tasks?assigned_to_id=none&filter=1", headers=HTML).text
    assert set(chips(page)) == {"Assignee: nobody"}
    assert options(page, "assigned_to_id") == {"": "any", "me": "me", "none": "nobody (chosen)"}


def test_somebody_chosen_is_named_though_no_task_of_the_page_has_them(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task(assignee="boris", status="closed")
    boris, admin = PEOPLE_IDS["boris"], PEOPLE_IDS["admin"]
    page = visit("anna").get(f"/tasks?assigned_to_id={boris},{admin}", headers=HTML).text
    assert set(chips(page)) == {f"Assignee: {NAMES['boris']}", "Assignee: ?"}
    page = visit("stranger").get(f"/tasks?assigned_to_id={boris}", headers=HTML).text
    assert set(chips(page)) == {"Assignee: ?"} and NAMES["boris"] not in page


def test_a_day_begins_where_dates_are_shown(visit: Visit, embedded: EmbeddedWorld) -> None:
    page = visit("anna").get("/tasks?updated_since=2026-01-31T21:00:00Z", headers=HTML).text
    assert chips(page) == {"Changed since: 01.02.2026": "/tasks"} and "updated_since=2026-02-01&amp;closed=1" in page
    page = visit("anna").get("/tasks?updated_since=2026-01-31T21:30:00Z", headers=HTML).text
    assert set(chips(page)) == {"Changed since: 01.02.2026 00:30"}


def test_my_tasks_are_mine_whatever_else_is_chosen(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task("Принтер", author="irina")
    anna = visit("anna")
    for tab, own, other in (
        ("assigned_to_id=me", "assigned_to_id", "author_id"),
        ("author_id=me", "author_id", "assigned_to_id"),
    ):
        page = anna.get(f"/tasks/my-tasks?{tab}&{other}={PEOPLE_IDS['irina']}&search=x&filter=1", headers=HTML).text
        assert f'type="hidden" name="{own}" value="me"' in page and options(page, own) == {}
        assert len(chips(page)) == 2 and f'href="/tasks/my-tasks?{tab}">Reset' in page
        assert str(PEOPLE_IDS["irina"]) in options(page, other)
    assert "Принтер" in anna.get("/tasks/my-tasks?assigned_to_id=&author_id=", headers=HTML).text
    both = anna.get("/tasks/my-tasks?assigned_to_id=me&author_id=me", headers=HTML).text
    assert set(chips(both)) == {"Requester: me"}


def test_projects_stand_in_the_form_as_a_tree(visit: Visit, embedded: EmbeddedWorld) -> None:
    with embedded.project_below("help") as below:
        number = embedded.new_task("Ниже", project=below)
        page = visit("anna").get(f"/tasks?project_id={PROJECT_IDS['help']}&filter=1", headers=HTML).text
    listed = options(page, "project_id")
    assert list(listed.values()) == ["any", "help (chosen)", "\u00a0\u00a0\u00a0Подпроект", "office", "warehouse"]
    assert f'href="/tasks/{number}?list=' in page and chips(page) == {"Project: help": "/tasks"}
    body = visit("anna").get(f"/tasks?project_id={PROJECT_IDS['help']}").json()
    assert body["filter_ids"]["project_id"] == [PROJECT_IDS["help"]] and body["pagination"]["total"] == 1


def test_a_number_leads_to_its_task(visit: Visit, embedded: EmbeddedWorld) -> None:
    number = embedded.new_task(assignee="boris", status="closed")
    for address in ("/tasks", "/tasks/my-tasks"):
        answer = visit("anna").get(f"{address}?search=%23{number}", headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{number}")
        page = visit("stranger").get(f"{address}?search=%23{number}", headers=HTML)
        assert page.status_code == 200 and f"There is no task #{number}" in page.text


def test_a_list_of_anybodys_tasks_stays_one_in_all_its_links(visit: Visit, embedded: EmbeddedWorld) -> None:
    for _ in range(3):
        embedded.new_task(assignee="boris")
    page = visit("anna").get("/tasks/my-tasks?assigned_to_id=any&per_page=1", headers=HTML).text
    links = [unescape(it) for it in re.findall(r'href="(/tasks/my-tasks\?[^"]*)"', page)]
    assert len(links) > 5 and all("_id=any" in it or "_id=me" in it for it in links), links
    assert visit("anna").get(next(it for it in links if "page=2" in it)).json()["pagination"]["total"] == 3


# Links to pages


@pytest.mark.parametrize(
    ("page", "pages", "links"),
    [
        (1, 1, [1]),
        (1, 3, [1, 2, 3]),
        (5, 9, [1, None, 3, 4, 5, 6, 7, None, 9]),
        (4, 9, [1, 2, 3, 4, 5, 6, None, 9]),
        (9, 9, [1, None, 7, 8, 9]),
        (50, 9, [1, None, 9]),
    ],
)
def test_the_ends_and_the_neighbours_are_linked(page: int, pages: int, links: list[int | None]) -> None:
    assert nearby(page, pages) == links


def test_a_column_sorts_up_and_then_down_and_the_other_filters_stay(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task("x")
    anna, address = visit("anna"), "/tasks/my-tasks?search=x"
    for order in ("ascending", "descending", "ascending"):
        page = anna.get(address, headers=HTML).text
        address = unescape(re.search(r'class="list-id"[^>]*>\s*<input[^>]*>\s*<a href="([^"]+)"', page)[1])
        page = anna.get(address, headers=HTML).text
        assert f'class="list-id" aria-sort="{order}"' in page and 'value="x"' in page
