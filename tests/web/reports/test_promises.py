"""Promises that were kept and missed: every number leads to its tasks, as a page and as JSON."""

import re
from html import unescape

import pytest

from helpdesk.services import Services
from helpdesk.store import promises
from helpdesk.store.promises import PromiseValues
from tests.web.conftest import HTML, Client, Visit
from tests.web.reports import world
from tests.world import PEOPLE_IDS, PRIORITY_IDS, PROJECT_IDS, EmbeddedWorld

LINK = re.compile(r'<a href="(/reports/promises/tasks\?[^"]+)">(\d+)<')
HERE = "/reports/promises"
DAY = 24 * 60
KINDS = {"answer": "First answer", "solution": "Solution"}


@pytest.fixture
def boris(embedded: EmbeddedWorld, visit: Visit, services: Services) -> Client:
    world.fill(embedded)
    usual = PromiseValues("Всем", None, None, None, 4 * 60, 60 * DAY, None, True)
    urgent = usual._replace(name="Срочное", priority_id=PRIORITY_IDS["urgent"], answer_minutes=None)
    for it in (usual, urgent):
        services.database.run_here(lambda db, it=it: promises.add(db, PEOPLE_IDS["admin"], it), writes=True)  # type: ignore[misc]
    return visit("boris")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "period=last-year&by=week",
        "group=project",
        "group=executor&group=time",
        "group=department&period=last-year",
        "group=status&group=priority",
        f"project_id={PROJECT_IDS['help']}&group=tracker&phase=open",
    ],
)
def test_each_number_leads_to_the_tasks_that_it_counts(boris: Client, query: str) -> None:
    page = boris.get(f"{HERE}?{query}", headers=HTML)
    found = {unescape(address): int(number) for address, number in LINK.findall(page.text)}
    assert page.status_code == 200 and len(found) > 2
    for address, number in found.items():
        body = boris.get(address).json()
        assert (body["pagination"]["total"], len(body["tasks"])) == (number, min(number, 50)), address
        assert boris.get(address, headers=HTML).status_code == 200


def test_the_parts_of_a_group_are_all_tasks_that_something_is_promised_of(boris: Client) -> None:
    body = boris.get(f"{HERE}?group=priority").json()["promises"]
    for kind in ("answer", "solution"):
        for outcome in ("kept", "missed", "running"):
            assert sum(it[kind][outcome] for it in body["lines"]) == body["total"][kind][outcome]
        decided = body["total"][kind]["kept"] + body["total"][kind]["missed"]
        assert body["total"][kind]["share"] == body["total"][kind]["kept"] * 100 // decided
    urgent = next(it for it in body["lines"] if it["values"][0]["value"] == PRIORITY_IDS["urgent"])
    assert set(urgent["answer"].values()) == {0, None} and urgent["solution"]["missed"]


@pytest.mark.parametrize("query", ["by=week", f"group=executor&priority_id={PRIORITY_IDS['urgent']}"])
def test_the_shares_stand_above_the_table_beside_those_of_the_period_before(boris: Client, query: str) -> None:
    body, page = boris.get(f"{HERE}?{query}").json()["promises"], boris.get(f"{HERE}?{query}", headers=HTML).text
    (before,) = re.findall(r'<a href="(/reports/promises\?[^"]+)">Before: ', page)
    earlier = boris.get(unescape(before)).json()["promises"]
    assert earlier["period"] == {it: body["before"][it] for it in ("since", "until")}
    told = re.findall(r"<b>(?:(\d+)\xa0%|—)</b> ([\w ]+), kept</span>", page)
    shares = [body["total"][it]["share"] for it in KINDS]
    assert told == [("" if it is None else str(it), name) for it, name in zip(shares, KINDS.values(), strict=True)]
    for kind in KINDS:
        assert body["before"][kind] == earlier["total"][kind]
    assert any(body["before"][it]["missed"] for it in KINDS)


def test_there_is_no_report_before_the_first_day_of_all(boris: Client) -> None:
    page = boris.get(f"{HERE}?since=1980-01-01&by=year", headers=HTML)
    assert page.status_code == 200 and re.search(r"Before: [\d.]+\d{4}–31\.12\.1979", page.text)
    assert not re.search(r"<a [^>]*>Before: ", page.text)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("kind=answer", "outcome"),
        ("kind=x&outcome=kept", "kind"),
        ("kind=answer&outcome=kept&group=status&cell=1", "group"),
        ("kind=answer&outcome=kept&group=cf_1&cell=1", "group"),
    ],
)
def test_what_is_no_number_of_the_report_is_refused(boris: Client, query: str, field: str) -> None:
    answer = boris.get(f"{HERE}/tasks?{query}")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert boris.get(f"{HERE}/tasks?{query}", headers=HTML).status_code == 422


def test_of_many_tasks_estimates_lead_to_those_of_the_sample(boris: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helpdesk.reports.listed.MOST_READ", 10)
    body, page = boris.get(HERE).json()["promises"], boris.get(HERE, headers=HTML).text
    every = body["sampled_every"]
    assert every > 1 and f"one task in {every}" in page and "≈ <a" in page
    whole = f"{HERE}/tasks?kind=solution&outcome=running"
    listed = boris.get(whole).json()
    assert listed["sampled_every"] == every
    assert listed["pagination"]["total"] * every == body["total"]["solution"]["running"] > 0
    assert f"one task in {every}" in boris.get(whole, headers=HTML).text
    assert f"one task in {every}" in boris.get("/reports/export.csv?of=promises").text


def test_a_page_behind_the_last_one_is_empty(boris: Client) -> None:
    body = boris.get(f"{HERE}/tasks?kind=solution&outcome=running&page=99").json()
    assert body["tasks"] == [] and body["pagination"]["total"] > 0


def test_without_promises_the_page_says_so(embedded: EmbeddedWorld, visit: Visit) -> None:
    world.fill(embedded)
    assert "Nothing was promised" in visit("boris").get(HERE, headers=HTML).text
    assert visit("boris").get(HERE).json()["promises"]["lines"] == []
    assert visit("anna").get(HERE).status_code == 403
