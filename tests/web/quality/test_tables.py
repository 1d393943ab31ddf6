"""Quality control shows what its reader sees, each number leads to its requests, and only administrators choose."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from random import Random
from threading import get_ident
from typing import Any

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook
from sqlmodel import Session, col, select
from starlette.testclient import TestClient

from helpdesk.app import create_app
from helpdesk.demo import quality_requests
from helpdesk.errors import Unavailable
from helpdesk.people.rights import QUALITY
from helpdesk.quality.procedures import Row
from helpdesk.quality.service import Quality
from helpdesk.quality.tables import common
from helpdesk.reports.labels import Labels
from helpdesk.services import Services, utc_now
from helpdesk.store import quality_choices, rights
from helpdesk.store.models import tables
from helpdesk.tasks.embedded.reports import EmbeddedReports
from helpdesk.tasks.fields import CustomField
from tests.web.conftest import HTML, Visit, session_cookie
from tests.web.dom import parsed
from tests.world import PEOPLE_IDS, PROJECT_IDS

PLACE = "/quality-control"


@pytest.fixture
def boris(services: Services, visit: Visit) -> TestClient:
    """Boris with the right, and the requests of the demo in a project that he and the administrator see."""

    def work(db: Session) -> None:
        db.add(tables.Role(name=quality_requests.ROLE, permissions="view_all comment edit assignable"))
        for known in db.exec(select(tables.Status)):
            known.is_default = False
        for place, (name, is_closed) in enumerate(quality_requests.STATUSES.values(), start=50):
            db.add(tables.Status(name=name, position=place, is_closed=is_closed, is_default=place == 50))
        db.flush()
        quality_requests.add(db, utc_now())

    services.database.run_here(work, writes=True)
    return visit("boris")


@pytest.fixture
def admin(boris: TestClient, visit: Visit) -> TestClient:
    return visit("admin")


def counts(client: TestClient, query: str) -> dict[str, dict[str, int]]:
    body = client.get(f"{PLACE}?{query}").json()
    return {it["name"]: {column: it[column] for column in body["columns"]} for it in body["lines"]}


def test_each_tab_counts_what_the_requests_are_about(boris: TestClient) -> None:
    made = list(quality_requests.requests())
    everything = "since=2000-01-01"
    by_object = counts(boris, f"tab=type-object&{everything}")
    for about in quality_requests.OBJECTS:
        assert by_object[about]["all"] == sum(it.about == about for it in made)
        for kind in quality_requests.KINDS:
            assert by_object[about][kind] == sum((it.about, it.kind) == (about, kind) for it in made)
    by_country = counts(boris, f"tab=country&{everything}")
    for country in set(quality_requests.COUNTRIES.values()):
        own = [it for it in made if quality_requests.COUNTRIES[it.resort] == country]
        assert by_country[country]["created"] == len(own)
        assert by_country[country]["closed"] == sum(it.status in ("closed", "rejected") for it in own)
    body = boris.get(f"{PLACE}?tab=type-resort&{everything}").json()
    assert body["total"]["all"] == body["total_count"] == len(made)
    assert body["new_count"] == sum(it.status == "new" for it in made)


def test_every_number_of_a_page_leads_to_as_many_requests(boris: TestClient) -> None:
    followed = 0
    for tab in ("object", "type-object", "country"):
        page = boris.get(f"{PLACE}?tab={tab}&status_id=", headers=HTML).text
        links = re.findall(r'<a href="(/quality-control/(?:tasks\?[^"]+|new))">(?:<b>)?(\d+)<', page)
        for address, number in links:
            assert boris.get(address.replace("&amp;", "&")).json()["count"] == int(number) > 0
            followed += 1
    assert followed > 30


def test_filters_narrow_a_table_and_the_requests_of_its_numbers_alike(boris: TestClient) -> None:
    whole = counts(boris, "tab=object")
    field = boris.get(f"{PLACE}/tasks").json()
    assert field["count"] == sum(it["created"] for it in whole.values())
    page = boris.get(f"{PLACE}?tab=object", headers=HTML).text
    (name,) = re.findall(r'<select id="quality-country" name="(cf_\d+)"', page)
    turkish = counts(boris, f"tab=object&{name}=Турция")
    assert 0 < sum(it["created"] for it in turkish.values()) < field["count"]
    assert boris.get(f"{PLACE}/tasks?{name}=Турция").json()["count"] == sum(it["created"] for it in turkish.values())


def test_a_department_narrows_a_table_as_it_narrows_the_requests_of_its_numbers(
    boris: TestClient, services: Services
) -> None:
    whole = boris.get(PLACE).json()["total"]

    def work(db: Session) -> None:
        asking = db.get(tables.Person, PEOPLE_IDS["admin"])
        assert asking
        asking.department = "Продажи"

    services.database.run_here(work, writes=True)
    for department, expected in (("Продажи", whole["created"]), ("Нет такого", 0)):
        total = boris.get(f"{PLACE}?department={department}").json()["total"]
        assert total["created"] == boris.get(f"{PLACE}/tasks?department={department}").json()["count"] == expected


def test_trackers_outside_of_quality_control_are_never_counted(boris: TestClient, services: Services) -> None:
    one = services.database.run_here(lambda db: db.exec(select(tables.Kind.id)).first())
    assert boris.get(f"{PLACE}?tracker_id={one}").json()["total"] == dict.fromkeys(
        ("created", "closed", "open", "before"), 0
    )
    assert boris.get(f"{PLACE}/tasks?tracker_id={one}").json()["count"] == 0


def test_who_sees_none_of_the_requests_counts_none(boris: TestClient, services: Services, visit: Visit) -> None:
    services.database.run_here(lambda db: rights.grant(db, PEOPLE_IDS["irina"], QUALITY), writes=True)
    body = visit("irina").get(PLACE).json()
    assert (body["total_count"], body["new_count"], body["lines"]) == (0, 0, [])


def test_who_has_no_right_gets_nothing(boris: TestClient, visit: Visit) -> None:
    for address in (PLACE, f"{PLACE}/tasks", f"{PLACE}/new", f"{PLACE}/choices"):
        assert visit("anna").get(address).status_code == 403
    assert boris.get(f"{PLACE}/choices").status_code == 403
    assert boris.get("/api/config").json()["features"]["quality_control_enabled"] is True
    assert visit("anna").get("/api/config").json()["features"]["quality_control_enabled"] is False


@pytest.mark.parametrize(
    "query",
    ["since=2026-02-30", "since=2026-03-01&until=2026-02-01", "since=1800-01-01", "since=9999-12-31", "cf_999=x",
     "tracker_id=x", "period=century", "status_id=99999999999999"],
)  # fmt: skip
def test_a_wrong_address_is_told_and_its_form_shown_again(boris: TestClient, query: str) -> None:
    told = boris.get(f"{PLACE}?{query}", headers=HTML)
    assert told.status_code == 422 and 'class="fault"' in told.text and 'name="since"' in told.text
    assert boris.get(f"{PLACE}?{query}").json()["errors"]
    assert boris.get(f"{PLACE}/tasks?{query}", headers=HTML).status_code == 422


def test_a_tab_that_nobody_knows_is_the_first(boris: TestClient) -> None:
    assert boris.get(f"{PLACE}?tab=weather").json()["tab"] == "object"


def test_a_field_that_is_gone_is_told_and_its_table_is_empty(boris: TestClient, services: Services) -> None:
    kept = services.database.run_here(quality_choices.all)
    services.database.run_here(lambda db: quality_choices.save(db, 1, {**kept, "object": (999,)}, None), writes=True)
    page = boris.get(PLACE, headers=HTML)
    assert page.status_code == 200 and "it is gone" in page.text
    assert boris.get(PLACE).json()["lines"] == []
    assert boris.get(f"{PLACE}?tab=country").json()["lines"]


def test_without_choices_the_page_says_what_is_missing(boris: TestClient, services: Services) -> None:
    services.database.run_here(lambda db: quality_choices.save(db, 1, {}, None), writes=True)
    page = boris.get(PLACE, headers=HTML)
    assert page.status_code == 200 and "ask an administrator" in page.text
    assert boris.get(PLACE).json()["total_count"] == 0


def test_names_that_look_like_markup_stay_text(boris: TestClient, services: Services) -> None:
    kept = services.database.run_here(quality_choices.all)

    def rename(db: Session) -> None:
        values = select(tables.CustomValue).where(tables.CustomValue.field_id == kept["object"][0])
        for it in db.exec(values):
            it.value = f"<script>{it.value}</script>\n" + "x" * 60_000
            db.add(it)

    services.database.run_here(rename, writes=True)
    page = boris.get(PLACE, headers=HTML)
    assert page.status_code == 200 and "<script>Отель" not in page.text and len(page.text) < 60_000
    (line, *_) = boris.get(PLACE).json()["lines"]
    assert len(line["value"]) <= 200


def test_administrators_choose_what_counts(admin: TestClient, boris: TestClient, services: Services) -> None:
    before = admin.get(f"{PLACE}/choices").json()
    tracker = before["kinds"]["complaint"][0]
    body = {"complaint": [tracker], "object": before["fields"]["country"], "lock_version": before["lock_version"]}
    saved = admin.post(f"{PLACE}/choices", json=body)
    assert saved.status_code == 200 and saved.json()["kinds"] == {"complaint": [tracker]}
    assert set(counts(boris, "tab=object")) == set(quality_requests.COUNTRIES.values())
    assert admin.post(f"{PLACE}/choices", json=body).status_code == 409
    assert admin.post(f"{PLACE}/choices", data=body, headers=HTML).status_code == 409
    (act,) = [it for it in admin.get("/admin/audit").json()["records"] if it["action"] == "quality_choices_changed"][:1]
    assert act


@pytest.mark.parametrize(
    "body",
    [{"complaint": [99999]}, {"object": [1, 2]}, {"complaint": "x"}, {"complaint": [1], "question": [1]},
     {"object": 1, "resort": 1}, {"complaint": list(range(1, 90))}, {"complaint": {"a": 1}}],
)  # fmt: skip
def test_a_wrong_choice_is_refused_and_nothing_is_saved(
    admin: TestClient, services: Services, body: dict[str, object]
) -> None:
    kept = services.database.run_here(quality_choices.all)
    assert admin.post(f"{PLACE}/choices", json=body).status_code == 422
    assert services.database.run_here(quality_choices.all) == kept


def test_without_a_source_the_pages_say_that_they_are_not_set_up(services: Services, boris: TestClient) -> None:
    with TestClient(create_app(replace(services, quality=None)), follow_redirects=False) as client:
        client.cookies.set("session", session_cookie(services, "boris"))
        assert client.get(PLACE).json()["error"] == "not_configured"
        assert client.get("/api/config").json()["features"]["quality_control_enabled"] is False


def test_periods_are_those_of_the_companys_days(boris: TestClient) -> None:
    newest = (utc_now() + timedelta(hours=3)).date()
    assert boris.get(f"{PLACE}?since={newest - timedelta(days=400)}").json()["period"]["until"] == f"{newest}"


@pytest.mark.parametrize("tab", ["object", "type-resort"])
def test_files_hold_the_numbers_of_the_table(boris: TestClient, tab: str) -> None:
    body = boris.get(f"{PLACE}?tab={tab}").json()
    xlsx = boris.get(f"{PLACE}/export.xlsx?tab={tab}")
    rows = [list(row) for row in load_workbook(BytesIO(xlsx.content)).active.iter_rows(values_only=True)]
    assert rows[1:-1] == [[it["name"], *(it[column] for column in body["columns"])] for it in body["lines"]]
    assert rows[-1][1:] == [body["total"][column] for column in body["columns"]]
    csv = boris.get(f"{PLACE}/export.csv?tab={tab}")
    assert csv.status_code == 200 and len(csv.text.strip().splitlines()) == len(rows)


def test_the_audit_records_who_took_a_table(boris: TestClient, visit: Visit) -> None:
    assert boris.head(f"{PLACE}/export.xlsx?tab=resort").status_code == 200, "nobody takes anything by that"
    assert boris.get(f"{PLACE}/export.csv?tab=assignee").status_code == 200
    records = visit("admin").get("/admin/audit").json()["records"]
    assert [it["details"] for it in records if it["action"] == "report_exported"] == [
        {"of": "quality-assignee", "kind": "csv"}
    ]


class Answers:
    """Stored procedures that are no database's: they return rows that a test gives, or fail."""

    def __init__(self, **rows: Sequence[Row] | Exception) -> None:
        self.rows, self.asked = rows, list[tuple[object, ...]]()

    async def present(self) -> tuple[str, ...]:
        return tuple(self.rows)

    async def call(self, name: str, first: date, last: date, tracker_id: int | None = None) -> Sequence[Row]:
        self.asked.append((name, first, last, tracker_id))
        found = self.rows[name] if tracker_id is None or len(self.asked) % 2 else Unavailable()
        if isinstance(found, Exception):
            raise found
        return found


def test_administrators_compare_our_numbers_with_those_of_procedures(admin: TestClient, services: Services) -> None:
    hotels = counts(admin, "tab=type-object&since=2026-01-01")["Отель"]
    row = {"ComplaintIssueHotel": hotels["complaint"], "GrateIssueHotel": hotels["gratitude"] + 1,
           "QuestionIssueHotel": hotels["question"], "OfferIssueHotel": hotels["suggestion"]}  # fmt: skip
    answers = Answers(Classific=[row], resorts=Unavailable(), up_TypesRequests_ITS=[{"resort_name": "<b>"}])
    quality = services.quality
    assert quality and services.reports
    compared = Quality("main", services.reports, services.database, quality.identify, {}, procedures=answers)
    settings = replace(services.settings, quality_suffixes={"IssueHotel": "Отель"})
    with TestClient(create_app(replace(services, quality=compared, settings=settings))) as client:
        client.cookies.set("session", session_cookie(services, "admin"))
        classific, resorts, *types = client.get(f"{PLACE}/comparison?since=2026-01-01").json()["procedures"]
        page = client.get(f"{PLACE}/comparison", headers=HTML)
        assert client.get(f"{PLACE}/comparison?since=x", headers=HTML).status_code == 422
    assert (classific["differing"], resorts["failed"]) == (1, True)
    trackers = [id for kind in quality_requests.KINDS for id in services.database.run_here(quality_choices.all)[kind]]
    assert [it[-1] for it in answers.asked[2 : 2 + len(trackers)]] == trackers
    assert [(it["failed"], len(it["rows"])) for it in types] == [(False, 1), (True, 0)] * (len(trackers) // 2)
    assert [it["tracker"] for it in types] == list(quality_requests.KINDS.values())
    assert page.status_code == 200 and "<b>" not in page.text.split("up_TypesRequests_ITS")[1].split("</table>")[0]
    assert answers.asked[0][:2] == ("Classific", date(2026, 1, 1))


def brute(services: Services) -> list[tuple[date, int, dict[int, str]]]:
    """Give each request a random moment of three years, many about midnight, and return its day, kind and values."""
    chance, moscow = Random(11), services.settings.timezone

    def work(db: Session) -> list[tuple[date, int, dict[int, str]]]:
        kinds = [id for kind in quality_requests.KINDS for id in quality_choices.all(db)[kind]]
        made = []
        for task in db.exec(select(tables.Task).where(col(tables.Task.kind_id).in_(kinds))).all():
            minutes = chance.choice([0, -1, 1, chance.randrange(1_440)])
            at = utc_now().astimezone(moscow).replace(hour=0, minute=0, second=0, microsecond=0)
            task.created_at = at - timedelta(days=chance.randrange(1, 1_095), minutes=minutes)
            db.add(task)
            values = db.exec(select(tables.CustomValue).where(tables.CustomValue.task_id == task.id))
            day = task.created_at.astimezone(moscow).date()
            made.append((day, task.kind_id, {it.field_id: it.value for it in values}))
        return made

    return services.database.run_here(work, writes=True)


def beginning(day: date, step: str) -> date:
    """Return the first day of the week, month or year of a day."""
    if step == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step == "month" else day.replace(month=1, day=1)


@pytest.mark.parametrize("tab", ["object", "type-resort", "country", "project"])
def test_what_came_in_by_months_and_before_is_what_it_is_by_hand(
    boris: TestClient, services: Services, tab: str
) -> None:
    made, chosen = brute(services), services.database.run_here(quality_choices.all)
    kind_of = {id: kind for kind in quality_requests.KINDS for id in chosen[kind]}
    field = chosen.get(tab.removeprefix("type-"), (0,))[0]
    today = utc_now().astimezone(services.settings.timezone).date()
    first, compared = today - timedelta(days=320), 0
    for step, since in (("month", first), ("week", first), ("year", today - timedelta(days=700))):
        body = boris.get(f"{PLACE}?tab={tab}&by={step}&since={since}&until={today}").json()
        earlier = since - timedelta(days=(today - since).days + 1)
        assert body["earlier"] == {"since": str(earlier), "until": str(since - timedelta(days=1))}
        expected, total = defaultdict[tuple[str, str], Counter[str]](Counter), Counter[str]()
        for day, kind, values in made:
            columns = [str(max(since, beginning(day, step))), "all"] if since <= day <= today else []
            columns += ["before"] if earlier <= day < since else []
            value = values.get(field, "") if field else ""
            for its in (expected[value, kind_of[kind] if tab.startswith("type") else ""], total) if columns else ():
                its.update(columns)
        shown = {
            (it["value"] if field else "", it.get("kind", "")): Counter({name: it[name] for name in body["columns"]})
            for it in body["lines"]
        }
        assert {key: +its for key, its in shown.items()} == expected
        assert +Counter(body["total"]) == total
        compared += sum(map(len, expected.values()))
    assert compared > 30


def test_every_number_by_months_and_before_leads_to_as_many_requests(boris: TestClient, services: Services) -> None:
    brute(services)
    for tab in ("object", "type-resort", "assignee", "project"):
        page = boris.get(f"{PLACE}?tab={tab}&by=month&period=last-year", headers=HTML).text
        links = re.findall(r'<a href="(/quality-control/tasks\?[^"]+)">(?:<b>)?(\d+)<', page)
        assert len(links) > 15
        for address, number in links:
            assert boris.get(address.replace("&amp;", "&")).json()["count"] == int(number) > 0


def test_the_month_that_runs_is_no_day_among_months(boris: TestClient) -> None:
    *_, running, _, _ = boris.get(f"{PLACE}?by=month").json()["columns"]
    last = date.fromisoformat(boris.get(PLACE).json()["period"]["until"])
    whole = (last + timedelta(days=1)).day == 1
    written = f"{last:%m.%Y}" if whole else f"{last:%m.%Y} until {last:%d.%m}"
    assert running == f"{last:%Y-%m}-01" and f">{written}</th>" in boris.get(f"{PLACE}?by=month", headers=HTML).text


def test_the_numbers_of_now_follow_the_filters(boris: TestClient) -> None:
    whole = boris.get(PLACE).json()
    assert boris.get(f"{PLACE}?since=2001-01-01&until=2001-01-02").json()["total_count"] == whole["total_count"]
    (nobody,) = [it["created"] for it in boris.get(f"{PLACE}?tab=assignee").json()["lines"] if it["name"] == "nobody"]
    own = boris.get(f"{PLACE}?executor_id=0").json()
    assert 0 < own["total_count"] == nobody < whole["total_count"]
    assert boris.get(f"{PLACE}?executor_id=0&phase=closed").json()["open_count"] == 0
    for which in ("new", "open", "all"):
        listed = boris.get(f"{PLACE}/tasks?of={which}&executor_id=0").json()
        assert listed["count"] == own["total_count" if which == "all" else f"{which}_count"]


def test_projects_of_a_filter_count_within_those_of_quality_control(boris: TestClient, services: Services) -> None:
    (line,) = boris.get(f"{PLACE}?tab=project").json()["lines"]
    its, other = int(line["value"]), PROJECT_IDS["help"]
    quality = services.quality
    assert quality and boris.get(f"{PLACE}?project_id={other}").json()["total_count"] == 0
    quality.projects = (its,)
    for project, expected in ((its, line["created"]), (other, 0), (999, 0)):
        assert boris.get(f"{PLACE}?project_id={project}").json()["total"]["created"] == expected
    page = parsed(boris.get(PLACE, headers=HTML).text)
    offered = page.one(lambda it: it.get("name") == "project_id")
    assert offered and [it["value"] for it in offered.all(lambda it: it.tag == "option")] == ["", str(its)]


def test_common_projects_are_those_below_both() -> None:
    parents = {2: 1, 3: 2, 4: 1, 8: 9, 9: 8}
    assert common((2,), (1,), parents) == (2,)
    assert common((1,), (3, 4), parents) == (3, 4)
    assert common((3, 8), (4, 9), parents) == (8, 9)
    assert common((2,), (4,), parents) == ()


def test_new_requests_show_their_last_comments_as_plain_words(boris: TestClient, visit: Visit) -> None:
    number = boris.get(f"{PLACE}/new").json()["tasks"][0]["id"]
    text = "**Жалоба** `<script>alert(1)</script>` &amp; [ссылка](https://example.org) " + "слово " * 400
    assert visit("admin").post(f"/tasks/api/task/{number}/comment", json={"comment": text}).status_code < 300
    last = next(it for it in boris.get(f"{PLACE}/new").json()["tasks"] if it["id"] == number)["last_comment"]
    assert last["text"].startswith("Жалоба <script>alert(1)</script> & ссылка") and len(last["text"]) <= 200
    page = boris.get(f"{PLACE}/new", headers=HTML).text
    assert "Жалоба &lt;script&gt;alert(1)" in page and last["author"] in page


def test_lines_are_made_while_others_get_their_turn(boris: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    loops, makers = set[int](), set[int]()
    counts_of, of = EmbeddedReports.counts_of, Labels.of

    async def counted(*given: Any) -> Any:
        loops.add(get_ident())
        return await counts_of(*given)

    def labelled(*given: Any) -> Any:
        makers.add(get_ident())
        return of(*given)

    monkeypatch.setattr(EmbeddedReports, "counts_of", counted)
    monkeypatch.setattr(Labels, "of", labelled)
    assert boris.get(PLACE).json()["lines"]
    assert makers and makers.isdisjoint(loops)


def test_who_has_a_first_request_is_named_at_once(boris: TestClient, services: Services) -> None:
    assert boris.get(f"{PLACE}?tab=assignee").json()["lines"]
    new, ids = PEOPLE_IDS["irina"], [it["id"] for it in boris.get(f"{PLACE}/tasks").json()["tasks"]]
    change = sa.update(tables.Task).where(col(tables.Task.id) == ids[0]).values(assignee_id=new)
    services.database.run_here(lambda db: db.execute(change), writes=True)
    named = {it["value"]: it["name"] for it in boris.get(f"{PLACE}?tab=assignee").json()["lines"]}
    assert named[str(new)] not in ("", f"#{new}")
    page = boris.get(f"{PLACE}?tab=assignee&executor_id={new}", headers=HTML).text
    assert page.count(named[str(new)]) > 1, "its line, and what narrows the table"
    cell = boris.get(f"{PLACE}/tasks?group=executor&cell={new}", headers=HTML).text
    assert named[str(new)] in cell and f"#{new}<" not in cell


def test_the_options_of_a_field_are_looked_up_once_for_all_lines(
    boris: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, labels = list[int](), CustomField.labels

    def counted(field: CustomField, texts: tuple[str, ...]) -> tuple[str, ...]:
        asked.append(len(texts))
        return labels(field, texts)

    monkeypatch.setattr(CustomField, "labels", counted)
    lines = boris.get(f"{PLACE}?tab=object").json()["lines"]
    assert asked == [len(lines)] and len(lines) > 1


def test_a_group_without_a_cell_narrows_nothing(boris: TestClient) -> None:
    for address in (f"{PLACE}/tasks", f"{PLACE}/new"):
        assert boris.get(f"{address}?group=project").json()["tasks"] == boris.get(address).json()["tasks"] != []


def test_a_wrong_day_is_refused_at_its_field(boris: TestClient) -> None:
    answer = boris.get(f"{PLACE}?since=2026-02-01&until=2026-01-01&priority_id=x", headers=HTML)
    page, wrong = parsed(answer.text), boris.get(f"{PLACE}?since=2026-02-01&until=2026-01-01&priority_id=x").json()
    assert answer.status_code == 422 and set(wrong["errors"]) == {"until", "priority_id"}
    field = page.one(lambda it: it.get("name") == "until")
    assert field and field["aria-invalid"] == "true" and field["value"] == "2026-01-01"
    said = page.one(lambda it: it.get("id") == field["aria-describedby"])
    assert said and wrong["errors"]["until"][0] in said.text
    above = page.all(lambda it: "report-faults" in (it.get("class") or ""))
    assert [wrong["errors"]["priority_id"][0] in it.text for it in above] == [True]
    assert wrong["errors"]["until"][0] not in above[0].text


def test_too_many_columns_are_refused(boris: TestClient) -> None:
    for address in (PLACE, f"{PLACE}/export.csv"):
        assert list(boris.get(f"{address}?by=day&period=12-months").json()["errors"]) == ["by"]


@pytest.mark.parametrize("by", ["", "month"])
def test_a_file_by_type_names_the_kind_of_each_line(boris: TestClient, by: str) -> None:
    body = boris.get(f"{PLACE}?tab=type-object&by={by}").json()
    answer = boris.get(f"{PLACE}/export.xlsx?tab=type-object&by={by}")
    rows = [list(row) for row in load_workbook(BytesIO(answer.content)).active.iter_rows(values_only=True)]
    assert {len(it) for it in rows} == {1 + bool(by) + len(body["columns"])}
    assert [row[-len(body["columns"]) :] for row in rows[1:-1]] == [
        [line[name] for name in body["columns"]] for line in body["lines"]
    ]
