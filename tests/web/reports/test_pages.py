"""Reports: every number leads to the tasks that it counts, on every page, as a page and as JSON."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.reports.ages import Ages
from helpdesk.reports.pace import Pace, Row, at_a_glance
from helpdesk.reports.times import Spread
from helpdesk.services import Services
from helpdesk.store import anonymizing
from helpdesk.store.models.tables import Person, Task
from helpdesk.web.reports import index
from helpdesk.web.reports.page import NO_SOURCE
from tests.web.conftest import HTML, Client, Visit
from tests.web.reports import world
from tests.world import FIELD_IDS, PEOPLE_IDS, PROJECT_IDS, STATUS_IDS, EmbeddedWorld

LINK = re.compile(r'<a href="(/reports/tasks\?[^"]+)">(?:<b>)?(\d+)<')
AGE = re.compile(r'(?:at most|it was) <a href="(/reports/tasks\?[^"]+measure=open)">\d+ d<')
FIELD = f"cf_{FIELD_IDS['Способ связи']}"
HOUR = 3_600
NAMED = {
    "until": "to the day",
    "since": "or from the day",
    "group": "Group by",
    "days": "Days without a change",
    "split": "Division",
}
QUERIES = [
    "",
    "period=last-month",
    "period=month&by=day",
    "period=year&by=week&group=project",
    "group=executor&group=time",
    "group=time&group=executor&period=quarter",
    f"group=department&group={FIELD}",
    f"group={FIELD}&{FIELD}=Почта",
    "group=status&group=priority&phase=open",
    f"group=tracker&project_id={PROJECT_IDS['help']}&executor_id=0&executor_id={PEOPLE_IDS['anna']}",
    "department=Отдел продаж&group=department&since=2025-06-01",
    "department=ИТ",
]


@pytest.fixture
def years(embedded: EmbeddedWorld) -> None:
    world.fill(embedded)


@pytest.fixture
def boris(years: None, visit: Visit) -> Client:
    return visit("boris")


def links(page: str) -> dict[str, int]:
    """Where the numbers of a page lead, and the numbers."""
    found = [(unescape(address), int(number)) for address, number in LINK.findall(page)]
    assert all(dict(found)[address] == number for address, number in found)
    return dict(found)


@pytest.mark.parametrize("query", QUERIES)
def test_each_number_of_a_report_leads_to_the_tasks_that_it_counts(boris: Client, query: str) -> None:
    page = boris.get(f"/reports?{query}", headers=HTML)
    assert page.status_code == 200
    found = links(page.text)
    assert len(found) > 2 or query == "department=ИТ"  # which has asked for nothing
    for address, number in found.items():
        assert boris.get(address).json()["pagination"]["total"] == number, address


def test_a_status_that_was_written_past_the_history_is_counted_and_listed_alike(
    embedded: EmbeddedWorld, boris: Client
) -> None:
    reopened, closed = (STATUS_IDS[it] for it in ("in_progress", "closed"))
    write = sa.update(Task).where(col(Task.status_id) == reopened).values(status_id=closed)
    embedded.database.run_here(lambda db: db.execute(write), writes=True)
    found = links(boris.get("/reports?since=2024-06-01&group=project", headers=HTML).text)
    assert sum("measure=open" in address for address in found) > 9
    for address, number in found.items():
        assert boris.get(address).json()["pagination"]["total"] == number, address


@pytest.mark.parametrize("query", ["", "split=age", "split=status", f"split=age&project_id={PROJECT_IDS['help']}"])
def test_each_number_of_the_workload_leads_to_the_tasks_that_it_counts(boris: Client, query: str) -> None:
    page = boris.get(f"/reports/workload?{query}", headers=HTML).text
    found = links(page)
    assert len(found) > 8
    for address, number in found.items():
        assert boris.get(address).json()["pagination"]["total"] == number, address
    load = boris.get(f"/reports/workload?{query}").json()
    assert load["whole"]["stuck"] == sum(it["stuck"] for it in load["rows"]) > 0
    assert [it["assigned_to_id"] for it in load["rows"]][-1] is None
    assert load["whole"]["open"] == sum(it["open"] for it in load["rows"]) == sum(load["whole"]["open_by"])
    assert all(row["open"] == sum(row["open_by"]) for row in load["rows"])


def test_json_and_page_have_the_same_numbers(boris: Client) -> None:
    report = boris.get("/reports?group=project").json()["report"]
    page = boris.get("/reports?group=project", headers=HTML).text
    told = [int(it) for it in re.findall(r'<td data-label="[^"]+">(?:<a [^>]+>|<span class="faint">)(\d+)<', page)]
    measures = ("created", "closed", "reopened", "open")
    rows = [*report["parts"], report["total"], *report["lines"], report["total"]]
    assert told == [row[it] for row in rows for it in measures]
    assert sum(it["created"] for it in report["lines"]) == report["total"]["created"] > 20
    assert report["total"]["closed"] > 5 and report["total"]["reopened"] > 3
    assert report["total"]["open"] == report["parts"][-1]["open"]


def test_stale_tasks_are_those_that_nobody_has_changed(boris: Client) -> None:
    for days in (7, 15, 30):
        found = boris.get(f"/reports/stale?days={days}").json()
        counts = {it["days"]: it["open"] for it in found["counts"]}
        assert found["pagination"]["total"] == counts[days] > 0
        assert all(it["days_unchanged"] >= days and it["status"] != "closed" for it in found["tasks"])
        shown = [(-it["days_unchanged"], it["id"]) for it in found["tasks"]]
        assert shown == sorted(shown)
    assert counts[7] > counts[15] > counts[30]
    page = boris.get("/reports/stale", headers=HTML).text
    for kind, word in (("critical", "critical"), ("attention", "needs attention"), ("warning", "first warning")):
        assert f'<span class="report-stale report-{kind}">' in page and word in page


def test_the_legend_of_stale_tasks_is_told_of_each_task(boris: Client) -> None:
    page = boris.get("/reports/stale", headers=HTML).text
    told = re.findall(r'<span class="report-stale report-(\w+)">(\d+) days ago', page)
    assert told
    for kind, days in told:
        assert kind == ("critical" if int(days) >= 30 else "attention" if int(days) >= 15 else "warning")


def test_pages_of_tasks_go_on(boris: Client) -> None:
    whole = boris.get("/reports/tasks?since=2020-01-01&by=month").json()
    assert whole["pagination"]["total"] == 48 and len(whole["tasks"]) == 48
    assert boris.get("/reports/tasks?since=2020-01-01&by=month&page=2").json()["tasks"] == []


def test_a_reader_counts_only_what_the_reader_sees(boris: Client, visit: Visit) -> None:
    """irina is in no team: she sees the tasks that she asked for, and none of the warehouse."""
    seen = visit("irina").get("/reports?since=2020-01-01&by=month").json()["report"]["total"]["created"]
    assert seen == 36 < boris.get("/reports?since=2020-01-01&by=month").json()["report"]["total"]["created"]


@pytest.mark.usefixtures("years")
@pytest.mark.parametrize("path", ["/reports", "/reports/tasks", "/reports/stale", "/reports/workload"])
def test_only_readers_of_reports_come_in(visit: Visit, path: str) -> None:
    assert visit("anna").get(path).status_code == 403
    assert visit("stranger").get(path, headers=HTML).status_code == 403
    assert visit().get(path).status_code == 401
    assert visit("admin").get(path).status_code == 200


def test_reports_are_in_the_navigation_of_their_readers_alone(boris: Client, visit: Visit) -> None:
    assert 'href="/reports"' in boris.get("/tasks/my-tasks", headers=HTML).text
    assert 'href="/reports"' not in visit("anna").get("/tasks/my-tasks", headers=HTML).text


def test_without_a_database_to_count_in_reports_say_so(services: Services, visit: Visit, years: None) -> None:
    object.__setattr__(services, "reports", None)
    boris = visit("boris")
    for path in ("/reports", "/reports/tasks", "/reports/stale", "/reports/workload"):
        answer = boris.get(path)
        assert (answer.status_code, answer.json()["error"]) == (501, "not_configured")
        assert NO_SOURCE.text.replace("'", "&#39;") in boris.get(path, headers=HTML).text
    assert 'href="/reports"' not in boris.get("/tasks/my-tasks", headers=HTML).text


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/reports?since=2026-11-10&until=2026-11-01", "until"),
        ("/reports?since=1900-01-01", "since"),
        ("/reports?group=cf_999", "group"),
        ("/reports?cf_999=x", "cf_999"),
        ("/reports/stale?days=8", "days"),
        ("/reports/tasks?days=740000", "days"),
        ("/reports/export.csv?of=tasks&days=2147483647", "days"),
        ("/reports/workload?split=colour", "split"),
        ("/reports/tasks?measure=lost", "measure"),
    ],
)
def test_a_refused_report_says_why_and_keeps_what_was_chosen(boris: Client, path: str, field: str) -> None:
    refused = boris.get(path + "&priority_id=4" * ("?" in path))
    assert refused.status_code == 422 and field in refused.json()["errors"]
    page = boris.get(path + "&priority_id=4", headers=HTML)
    assert page.status_code == 422
    if "export" in path:
        return
    assert 'role="alert"' in page.text
    assert f"<span>{NAMED.get(field, field)}: " in page.text
    assert '<option value="4" selected>urgent</option>' in page.text


def test_several_values_of_a_filter_stay_when_the_form_is_sent_again(boris: Client) -> None:
    page = boris.get(f"/reports?priority_id=1&priority_id=4&{FIELD}=Почта&{FIELD}=Телефон", headers=HTML).text
    assert '<option value="1,4" selected>several</option>' in page
    for value in ("Почта", "Телефон"):
        assert f'<option value="{value}" selected>{value}</option>' in page
    one, other = (
        boris.get(f"/reports?{it}").json()["report"]["total"]
        for it in ("priority_id=1,4", "priority_id=1&priority_id=4")
    )
    assert one == other and one["created"]


def test_a_period_that_is_chosen_after_days_takes_their_place(boris: Client) -> None:
    days = "since=2026-10-01&until=2026-10-31"
    page = boris.get(f"/reports?{days}", headers=HTML).text
    assert 'name="instead">' in page and '<option value="" selected>the chosen days</option>' in page
    assert 'name="since" type="date" value="2026-10-01"' in page
    page = boris.get(f"/reports?instead=last-month&{days}", headers=HTML).text
    assert '<option value="last-month" selected>' in page and 'name="since" type="date" value=""' in page
    period = boris.get(f"/reports?instead=last-month&{days}").json()["report"]["period"]
    assert period == boris.get("/reports?period=last-month").json()["report"]["period"]


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/reports/stale?days=15", {"days": "15"}),
        ("/reports/workload?split=status", {"split": "status"}),
        ("/reports/times?measure=created&clock=whole", {"measure": "created", "clock": "whole"}),
    ],
)
def test_the_form_keeps_what_its_page_has_besides_the_report(boris: Client, path: str, kept: dict[str, str]) -> None:
    page = boris.get(path, headers=HTML).text.partition('class="report-form"')[2].partition("</form>")[0]
    assert dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', page)) == kept


@pytest.mark.parametrize("path", ["/reports/tasks?measure=open&group=executor&cell=0", "/reports/stale?days=15&page=2"])
def test_the_tabs_of_every_page_lead_to_reports(boris: Client, path: str) -> None:
    page = boris.get(f"{path}&priority_id=4", headers=HTML).text
    tabs = re.findall(r'<a href="([^"]+)"', page.partition('class="report-tabs"')[2].partition("</nav>")[0])
    assert len(tabs) == 5
    for address in map(unescape, tabs):
        assert boris.get(address, headers=HTML).status_code == 200, address
        assert "priority_id=4" in address and "page=" not in address


def test_a_report_that_was_saved_from_a_list_of_tasks_leads_to_its_times(boris: Client) -> None:
    page = boris.get("/reports?measure=open&group=executor&cell=0", headers=HTML).text
    (address,) = re.findall(r'<a href="(/reports/times[^"]*)">All times', page)
    assert boris.get(unescape(address), headers=HTML).status_code == 200


def test_the_chips_of_stale_tasks_tell_days_alone(boris: Client) -> None:
    """A task of thirty days is among those of fifteen, and bears another mark."""
    page = boris.get("/reports/stale", headers=HTML).text
    assert page.count("unchanged for") == 3
    assert (
        "report-stale" not in page[page.index('class="report-marks"') : page.index("</ul>", page.index("report-marks"))]
    )


def test_foreign_ids_and_odd_values_count_nothing(boris: Client) -> None:
    for query in ("project_id=999", f"{FIELD}=%F0%9F%92%A9%0A", "executor_id=2147483647", "department=nobody"):
        report = boris.get(f"/reports?{query}&group=executor").json()["report"]
        assert report["total"] == {"created": 0, "closed": 0, "reopened": 0, "open": 0} and report["lines"] == []
        assert boris.get(f"/reports?{query}&group=executor", headers=HTML).status_code == 200


@pytest.mark.parametrize(
    "query", ["", "group=executor", "group=project&group=time&measure=created", "group=department"]
)
def test_each_number_of_the_times_leads_to_its_tasks(boris: Client, query: str) -> None:
    page = boris.get(f"/reports/times?{query}", headers=HTML)
    assert page.status_code == 200
    found = links(page.text)
    assert found
    for address, number in found.items():
        assert boris.get(address).json()["pagination"]["total"] == number, address


def test_times_are_told_in_seconds_and_by_groups_that_have_them(boris: Client) -> None:
    times = boris.get(f"/reports/times?group={FIELD}&group=executor").json()["times"]
    assert times["groups"] == ["executor"] and times["measure"] == "closed"
    assert times["total"]["tasks"] == sum(it["tasks"] for it in times["rows"]) > 5
    assert times["total"]["solution"]["whole"]["median"] > 24 * 3600
    assert boris.get("/reports/times?clock=sand").status_code == 422


def test_a_report_says_at_a_glance_whether_tasks_take_longer(boris: Client) -> None:
    found = boris.get("/reports").json()
    assert found["pace"]["total"]["tasks"] == found["report"]["total"]["closed"]
    page = boris.get("/reports", headers=HTML).text
    assert "Half of the closed tasks took at most" in page and 'href="/reports/times?' in page


def test_a_report_says_first_whether_open_tasks_pile_up(boris: Client) -> None:
    found = boris.get("/reports").json()["report"]
    page = boris.get("/reports", headers=HTML).text
    told = re.sub(r"<[^>]+>", "", page.partition('class="report-told"')[2].partition("</li>")[0])
    change = found["total"]["open"] - found["open_before"]
    assert change > 0
    assert f"there are {change} more open tasks" in told
    assert f"({found['open_before']} → {found['total']['open']})" in told


@pytest.mark.parametrize("query", ["period=last-month", "period=year", f"project_id={PROJECT_IDS['help']}"])
def test_the_age_of_open_tasks_is_that_of_the_middle_one(boris: Client, query: str) -> None:
    report = boris.get(f"/reports?{query}").json()
    days = (datetime.fromisoformat(report["report"]["period"][it]) for it in ("since", "until"))
    first, last = (it.replace(tzinfo=ZoneInfo("Europe/Moscow")) for it in days)
    moments = {"before": first, "now": min(last + timedelta(days=1), datetime.now(UTC))}
    told = AGE.findall(boris.get(f"/reports?{query}", headers=HTML).text)
    addresses = dict(zip(("now", "before"), told, strict=True))
    for name, moment in moments.items():
        tasks = boris.get(unescape(addresses[name])).json()
        ages = sorted(moment - datetime.fromisoformat(it["created_on"]) for it in tasks["tasks"])
        assert len(ages) == tasks["pagination"]["total"]
        middle = ages[(len(ages) - 1) // 2].total_seconds()
        assert abs(report["open_age"][name] - middle) < 60, (name, middle)


@pytest.mark.parametrize(
    ("past", "own", "closed", "words"),
    [
        ((23 * HOUR, 4 * HOUR), (2 * HOUR, 4 * HOUR + 5), "those that were closed took as long", "have become younger"),
        ((23 * HOUR, 4 * HOUR), (24 * HOUR, 4 * HOUR + 60), "those that were closed took longer", "have become older"),
        ((25 * HOUR, 4 * HOUR), (47 * HOUR, 3 * HOUR), "those that were closed took less", "are as old"),
        ((2 * HOUR, 0), (2 * HOUR + 5, 0), "those that were closed took as long", "are as old"),
    ],
)
def test_what_is_said_of_times_agrees_with_the_times_beside_it(
    boris: Client,
    monkeypatch: pytest.MonkeyPatch,
    past: tuple[int, int],
    own: tuple[int, int],
    closed: str,
    words: str,
) -> None:
    """Ages and medians before and now."""

    async def glance(*its: Any) -> Pace | None:
        if not (found := await at_a_glance(*its)):
            return None
        return found._replace(
            whole=with_median(found.whole, own[1]), before=found.before._replace(row=with_median(found.whole, past[1]))
        )

    async def old(*_: object) -> Ages:
        return Ages(past[0], own[0])

    monkeypatch.setattr(index, "at_a_glance", glance)
    monkeypatch.setattr(index, "ages", old)
    page = boris.get("/reports", headers=HTML).text
    told = re.sub(r"<[^>]+>", "", page[page.index('class="report-told"') :])
    assert closed in told and f"those that are open {words}" in told
    assert ("Work is as quick as before." in page) is (past == (2 * HOUR, 0))


def with_median(row: Row, seconds: int) -> Row:
    solution = row.times.solution._replace(working=Spread(seconds, seconds))
    return row._replace(times=row.times._replace(solution=solution))


def test_tasks_of_a_number_may_be_those_that_are_stuck(boris: Client) -> None:
    found = boris.get("/reports/tasks?measure=open&days=30").json()
    assert found["pagination"]["total"] == boris.get("/reports/stale?days=30").json()["pagination"]["total"] > 0


def test_unanswered_tasks_may_be_those_that_are_stuck(boris: Client) -> None:
    address = "/reports/tasks?measure=created&since=2024-01-01"
    stuck, unanswered, both = (
        {it["id"] for it in boris.get(f"{address}&{more}").json()["tasks"]}
        for more in ("days=30", "unanswered=1", "days=30&unanswered=1")
    )
    assert both == stuck & unanswered and both != unanswered


def test_a_report_of_nothing_says_so_in_one_sentence(boris: Client) -> None:
    page = boris.get("/reports?project_id=999", headers=HTML).text
    assert "There is nothing to count in this period" in page and "report-numbers" not in page


def test_a_page_behind_the_last_one_leads_back(boris: Client) -> None:
    page = boris.get("/reports?group=executor&page=50", headers=HTML).text
    assert "There are fewer pages." in page and re.search(r'rel="prev" href="/reports\?[^"]*group=executor"', page)


def test_many_tasks_have_the_times_of_a_sample_and_every_face_says_so(
    boris: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, note = "/reports/times?group=executor&measure=created", "These are the times of one task in"
    whole = boris.get(path).json()["times"]
    assert whole["sampled_every"] == whole["before"]["sampled_every"] == 1
    assert note not in boris.get(path, headers=HTML).text
    monkeypatch.setattr("helpdesk.reports.pace.MOST_READ", 20)
    sample = boris.get(path).json()["times"]
    total = sample["total"]
    assert sample["sampled_every"] == -(-total["tasks"] // 20) > 1
    assert total["tasks"] == whole["total"]["tasks"] == total["solution"]["number"] + total["solution"]["missing"]
    numbers = [{it["values"][0]["value"]: it["tasks"] for it in each["rows"]} for each in (whole, sample)]
    assert numbers[0] == numbers[1] and len(numbers[0]) > 1
    page = boris.get(path, headers=HTML)
    assert f"{note} {sample['sampled_every']}." in page.text and "≈" in page.text
    assert boris.get(f"/reports/export.csv?of=times&{path.partition('?')[2]}").text.count(note) == 1
    for address, number in links(page.text).items():
        is_estimate = "phase=open" in address or "unanswered" in address
        assert is_estimate or boris.get(address).json()["pagination"]["total"] == number, address


@pytest.mark.parametrize("period", ["quarter", "12-months", "since=2026-01-05&until=2026-02-03"])
def test_times_are_of_as_many_tasks_as_the_report_counts(boris: Client, period: str) -> None:
    query = period if "=" in period else f"period={period}"
    report = boris.get(f"/reports?{query}").json()["report"]
    for measure in ("created", "closed"):
        times = boris.get(f"/reports/times?{query}&measure={measure}&group=executor").json()["times"]
        assert times["total"]["tasks"] == report["total"][measure]
        assert times["before"]["tasks"] == report["before"][measure]


def test_a_glance_reads_few_tasks(boris: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helpdesk.reports.pace.MOST_AT_A_GLANCE", 5)
    found = boris.get("/reports").json()
    assert found["pace"]["sampled_every"] > 1
    assert found["pace"]["total"]["tasks"] == found["report"]["total"]["closed"]
    assert "These are the times of one task in" in boris.get("/reports", headers=HTML).text


@pytest.mark.parametrize("measure", ["open", "reopened"])
def test_times_are_of_tasks_that_were_closed_or_created(boris: Client, measure: str) -> None:
    refused = boris.get(f"/reports/times?measure={measure}")
    assert refused.status_code == 422 and set(refused.json()["errors"]) == {"measure"}


def test_times_by_months_are_drawn(boris: Client) -> None:
    page = boris.get("/reports/times?period=12-months", headers=HTML).text
    assert page.count('class="report-chart"') == 2
    assert 'class="report-chart"' not in boris.get("/reports/times?group=executor", headers=HTML).text


def test_groups_with_too_many_values_are_refused(boris: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helpdesk.reports.lines.MOST_LINES", 3)
    assert boris.get("/reports?group=executor").status_code == 200
    refused = boris.get("/reports?group=executor&group=project")
    assert refused.status_code == 422 and set(refused.json()["errors"]) == {"group"}


def test_as_many_departments_are_counted_as_there_are_and_not_as_their_people(
    embedded: EmbeddedWorld, boris: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    authors = [PEOPLE_IDS[it] for it in ("anna", "boris", "irina")]
    move = [sa.update(Task).where(col(Task.id) % 3 == n).values(author_id=it) for n, it in enumerate(authors)]
    embedded.database.run_here(lambda db: [db.execute(it) for it in move], writes=True)
    lines = boris.get("/reports?group=department").json()["report"]["lines"]
    assert len(lines) == 3
    embedded.database.run_here(lambda db: db.execute(sa.update(Person).values(department="Все")), writes=True)
    monkeypatch.setattr("helpdesk.reports.lines.MOST_LINES", 2)
    assert len(boris.get("/reports?group=department").json()["report"]["lines"]) == 1


def test_working_time_is_that_of_the_calendar_though_nothing_is_promised(boris: Client, visit: Visit) -> None:
    def median() -> int:
        seconds: int = boris.get("/reports/times").json()["times"]["total"]["solution"]["working"]["median"]
        return seconds

    always = median()
    days = {f"hours_{day}": "09:00-18:00" * (day < 3) for day in range(1, 8)}
    calendar = {"name": "Офис", "timezone": "Europe/Moscow", "days": "", "project_ids": [], "is_default": "1", **days}
    visit("admin").post("/admin/calendars", json=calendar).raise_for_status()
    assert median() < always / 5
    total = boris.get("/reports/export.csv?of=times").text.splitlines()[-1]
    assert f"{median() / 3600:.2f}".rstrip("0").replace(".", ",") in total.replace(".", ",")


def test_the_department_of_those_who_left_stays_until_they_are_anonymised(
    embedded: EmbeddedWorld, boris: Client
) -> None:
    def departments() -> dict[str, int]:
        lines = boris.get("/reports?group=department").json()["report"]["lines"]
        return {it["values"][0]["value"]: it["created"] for it in lines}

    before = departments()
    irina = PEOPLE_IDS["irina"]
    leave = sa.update(Person).where(col(Person.id) == irina).values(is_active=False)
    embedded.database.run_here(lambda db: db.execute(leave), writes=True)
    assert departments() == before and before["Отдел продаж"] > 10
    found = boris.get("/reports?department=Отдел продаж").json()["report"]["total"]["created"]
    assert found == before["Отдел продаж"]
    assert "Отдел продаж" in boris.get("/reports", headers=HTML).text
    now = datetime.now(UTC)
    embedded.database.run_here(lambda db: anonymizing.anonymize(db, irina, "irina", now, ()), writes=True)
    assert "Отдел продаж" not in departments() and departments()[""] >= before["Отдел продаж"]


@pytest.mark.parametrize("query", ["", "group=executor&group=priority", "group=department", "period=last-year"])
def test_each_number_of_unanswered_tasks_leads_to_them(boris: Client, query: str) -> None:
    address = f"/reports/times?measure=created&{query}"
    total = boris.get(address).json()["times"]["total"]["answer"]["missing"]
    found = {to: number for to, number in links(boris.get(address, headers=HTML).text).items() if "unanswered" in to}
    assert total in found.values() and (total or query.startswith("period"))
    for to, number in found.items():
        body = boris.get(to).json()
        assert (body["pagination"]["total"], body["sampled_every"]) == (number, 1), to
        rows = boris.get(to.replace("/tasks?", "/export.csv?of=tasks&")).text.splitlines()
        assert len(rows) == number + 1
    assert "Without a first answer yet" in boris.get(next(iter(found)), headers=HTML).text


def test_unanswered_tasks_of_groups_that_histories_do_not_tell_are_refused(boris: Client) -> None:
    for here in ("/reports/tasks?", "/reports/export.csv?of=tasks&"):
        refused = boris.get(f"{here}unanswered=1&group=status&cell=1")
        assert (refused.status_code, list(refused.json()["errors"])) == (422, ["group"])
    assert boris.get("/reports/tasks?unanswered=2").status_code == 422


def test_ten_thousand_assignees_fit_into_pages_and_files(embedded: EmbeddedWorld, boris: Client) -> None:
    people, born = range(20_000, 30_000), datetime.now(UTC)

    def many(db: Session) -> None:
        names = [{"id": it, "login": f"p{it}", "login_folded": f"p{it}", "full_name": f"Имя {it}"} for it in people]
        db.execute(sa.insert(Person), [{**it, "source": "local", "created_at": born} for it in names])
        like = db.scalars(sa.select(Task).where(col(Task.project_id) == PROJECT_IDS["help"])).first()
        assert like
        same = like.model_dump(exclude={"id", "assignee_id"})
        db.execute(sa.insert(Task), [{**same, "assignee_id": it} for it in people])

    embedded.database.run_here(many, writes=True)
    years = "group=executor&since=2020-01-01&by=year"
    for path in (f"/reports?{years}", "/reports/workload?", f"/reports/times?{years}&measure=created"):
        page = boris.get(path, headers=HTML)
        assert page.status_code == 200 and len(page.content) < 500_000 and "on all pages" in page.text
        assert len(boris.get(path).content) < 500_000
    file = boris.get("/reports/export.csv?of=workload")
    assert file.status_code == 200 and len(file.text.splitlines()) > len(people)
    assert boris.get("/reports/export.xlsx?of=workload").status_code == 200
