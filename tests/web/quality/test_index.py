"""Assessments of a time are listed and summed up as their reader sees them: means, months, criteria, differences."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from helpdesk.people.rights import QUALITY, REPORTS
from helpdesk.services import Services
from helpdesk.store import rights
from helpdesk.store.casefold import fold
from helpdesk.store.models.quality import Assessment, AssessmentForm, AssessmentMark, Criterion
from helpdesk.web.quality.assessments import index, query
from tests.web.conftest import HTML, Client, Visit
from tests.web.dom import parsed
from tests.web.quality.assessing import ALL
from tests.world import PEOPLE_IDS, PROJECT_IDS, EmbeddedWorld

MOSCOW = ZoneInfo("Europe/Moscow")
BEGIN = datetime(2025, 12, 31, 21, tzinfo=UTC)  # the first of January in Moscow


@pytest.fixture
def head(boris: Client, services: Services) -> Client:
    """Boris as a head of controllers, from whom no assessment is hidden until he has made his own."""
    services.database.run_here(lambda db: rights.grant(db, PEOPLE_IDS["boris"], REPORTS), writes=True)
    return boris


@pytest.fixture
def world(embedded: EmbeddedWorld, services: Services) -> list[dict[str, Any]]:
    """Assessments of half a year, some tasks with two, by any people, some of tasks that boris sees not."""
    chance, rows = random.Random(3), list[dict[str, Any]]()
    numbers = [
        embedded.new_task(f"Задача {it}", status="closed", project=chance.choice([*PROJECT_IDS])) for it in range(30)
    ]

    def work(db: Session) -> None:
        for form in (1, 2):
            db.add(AssessmentForm(id=form, name=f"Форма {form}", name_folded=fold(f"Форма {form}")))
            db.flush()
            for criterion in (1, 2, 3):
                db.add(Criterion(id=form * 10 + criterion, form_id=form, name=f"К{form}{criterion}", most=5))
        db.flush()
        for number in range(60):
            task, assessor = chance.choice([*numbers, 7_000 + number]), chance.choice([1, 2, 4])
            if any((it["task_id"], it["assessor_id"]) == (task, assessor) for it in rows):
                continue
            row = {
                "id": number + 1,
                "source": "main",
                "task_id": task,
                "subject": "Была",
                "form_id": chance.choice([1, 2]),
                "assessor_id": assessor,
                "executor_id": chance.choice([None, 2, 3, 4]),
                "executor": "",
                "project_id": chance.choice([1, 2]),
                "project": "help",
                "score": chance.randint(0, 100),
                "assessed_at": BEGIN + timedelta(minutes=chance.randint(0, 180 * 24 * 60)),
            }
            db.add(Assessment(**row))
            db.flush()
            row["marks"] = {}
            for criterion in (1, 2, 3):
                mark = chance.choice([None, 0, 2, 5])
                row["marks"][row["form_id"] * 10 + criterion] = mark
                db.add(
                    AssessmentMark(
                        assessment_id=number + 1,
                        criterion_id=row["form_id"] * 10 + criterion,
                        mark=mark,
                        weight=1,
                        most=5,
                    )
                )
            rows.append(row)

    services.database.run_here(work, writes=True)
    return [it for it in rows if it["task_id"] < 7_000]


def mean(values: list[int]) -> float:
    """With one decimal, halves up."""
    return int(Fraction(sum(values) * 10, len(values)) + Fraction(1, 2)) / 10


@pytest.mark.parametrize(
    ("filters", "fits"),
    [
        ("", lambda it: True),
        ("&assignee_id=3", lambda it: it["executor_id"] == 3),
        ("&assignee_id=0", lambda it: it["executor_id"] is None),
        ("&project_id=2&form_id=1", lambda it: (it["project_id"], it["form_id"]) == (2, 1)),
        (
            "&since=2026-02-10&until=2026-03-29",
            lambda it: "2026-02-10" <= f"{it['assessed_at'].astimezone(MOSCOW):%Y-%m-%d}" <= "2026-03-29",
        ),
    ],
)
def test_the_sums_are_those_of_the_listed_assessments(head: Client, world: list[Any], filters: str, fits: Any) -> None:
    days = "" if "since" in filters else "&since=2026-01-01&until=2026-06-30"
    told = head.get(f"{ALL}?per_page=100{days}{filters}").json()
    expected = [it for it in world if fits(it)]
    assert len(expected) > 3
    assert sorted(it["id"] for it in told["assessments"]) == sorted(it["id"] for it in expected)
    summary = told["summary"]
    assert (summary["count"], summary["mean"]) == (len(expected), mean([it["score"] for it in expected]))
    months, people, criteria, tasks = (defaultdict[Any, list[int]](list) for _ in range(4))
    for it in expected:
        months[f"{it['assessed_at'].astimezone(MOSCOW):%Y-%m}"].append(it["score"])
        people[it["executor_id"] or 0].append(it["score"])
        tasks[it["task_id"]].append(it["score"])
        for criterion, mark in it["marks"].items():
            if mark is not None:
                criteria[criterion].append(mark)
    assert summary["months"] == {it: {"of": len(of), "mean": mean(of)} for it, of in sorted(months.items())}
    assert {it["id"]: it["mean"] for it in summary["assignees"]} == {it: mean(of) for it, of in people.items()}
    shares = {it: int(Fraction(sum(of) * 200, len(of)) + Fraction(1, 2)) / 10 for it, of in criteria.items()}
    assert {it["id"]: it["mean"] for it in summary["criteria"]} == shares
    apart = {it: max(of) - min(of) for it, of in tasks.items() if len(of) > 1}
    assert {it["task_id"]: it["points"] for it in summary["differences"]} == apart
    assert summary["mean_difference"] == (mean([*apart.values()]) if apart else None)


def test_a_page_shows_the_numbers_and_pages_through_the_list(boris: Client, world: list[Any]) -> None:
    address = f"{ALL}?since=2026-01-01&until=2026-06-30"
    page = parsed(boris.get(address, headers=HTML).text)
    told = boris.get(address).json()["summary"]
    for text in (
        f"{told['mean']:g} mean score of 100",
        "By month",
        "By assignee",
        "Where assessors differ",
        "page 1 of 2",
    ):
        assert text in page.text
    following = page.one(lambda it: it.get("rel") == "next")
    assert following and "since=2026-01-01" in following["href"]
    assert "page 2 of 2" in parsed(boris.get(ALL + following["href"], headers=HTML).text).text
    assert boris.get(f"{address}&page=9", headers=HTML).status_code == 200


def test_who_sees_no_task_sees_no_assessment(visit: Visit, services: Services, world: list[Any]) -> None:
    services.database.run_here(lambda db: rights.grant(db, PEOPLE_IDS["stranger"], QUALITY), writes=True)
    told = visit("stranger").get(f"{ALL}?since=2026-01-01&until=2026-06-30").json()
    assert told["summary"]["count"] == 0 and told["assessments"] == []
    assert "No assessments" in visit("stranger").get(ALL, headers=HTML).text


def test_a_filter_without_a_hit_stays_chosen(boris: Client, world: list[Any]) -> None:
    page = parsed(boris.get(f"{ALL}?assignee_id=77&project_id=quality-9", headers=HTML).text)
    chosen = page.all(lambda it: it.tag == "option" and "selected" in it.attributes)
    assert [(it["value"], it.text) for it in chosen] == [("77", "#77"), ("quality-9", "#9 (in the second Redmine)")]


def test_another_person_can_be_chosen_while_a_filter_holds(head: Client, world: list[Any]) -> None:
    page = parsed(head.get(f"{ALL}?since=2026-01-01&until=2026-06-30&assignee_id=3", headers=HTML).text)
    (chosen,) = page.all(lambda it: it.get("id") == "assess-assignee")
    assert [it["value"] for it in chosen.all(lambda it: it.tag == "option")] == ["", "0", "2", "3", "4"]


def test_a_count_leads_to_the_assessments_that_it_counts(head: Client, world: list[Any]) -> None:
    address = f"{ALL}?since=2026-01-15&until=2026-06-10&form_id=1"
    page = parsed(head.get(address, headers=HTML).text)
    counts = page.all(lambda it: it.tag == "a" and it["href"].endswith("#assess-all"))
    assert len(counts) > 8 and any("assignee_id=0" in it["href"] for it in counts)
    whole = [it for it in counts if it["href"] == "#assess-all"]
    assert [it.text for it in whole] == [str(head.get(address).json()["summary"]["count"])]
    for it in counts:
        if it in whole:
            continue
        assert head.get(it["href"].partition("#")[0]).json()["pagination"]["total"] == int(it.text), it["href"]


def test_a_page_and_its_json_stay_small_with_many_people(
    head: Client, world: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "MOST_OPTIONS", 2)
    monkeypatch.setattr(index, "MOST_JSON_LINES", 1)
    address = f"{ALL}?since=2026-01-01&until=2026-06-30"
    page = parsed(head.get(address, headers=HTML).text)
    for name in ("assignee", "project"):
        (select,) = page.all(lambda it, name=name: it.get("id") == f"assess-{name}")  # type: ignore[misc]
        assert len(select.all(lambda it: it.tag == "option")) == 3
    summary = head.get(address).json()["summary"]
    assert {len(summary[it]) for it in ("assignees", "projects", "differences")} == {1}


def test_a_refused_address_says_so_at_its_field_and_keeps_the_filters(boris: Client, world: list[Any]) -> None:
    page = parsed(boris.get(f"{ALL}?since=2026-03-01&until=2026-02-01&form_id=2", headers=HTML).text)
    (until,) = page.all(lambda it: it.get("name") == "until")
    assert until["value"] == "2026-02-01" and until["aria-invalid"] == "true"
    (fault,) = page.all(lambda it: it.get("id") == until["aria-describedby"])
    assert fault.text
    (chosen,) = page.all(lambda it: it.tag == "option" and "selected" in it.attributes)
    assert chosen["value"] == "2"


@pytest.mark.parametrize(("language", "point"), [("en", "."), ("ru", ",")])
def test_means_and_months_are_written_as_elsewhere(boris: Client, world: list[Any], language: str, point: str) -> None:
    address = f"{ALL}?since=2026-01-01&until=2026-06-30"
    means = {month: it["mean"] for month, it in boris.get(address).json()["summary"]["months"].items()}
    assert any(it % 1 for it in means.values())
    page = parsed(boris.get(address, headers=HTML | {"Accept-Language": language}).text)
    expected = {f"{it[5:]}.{it[:4]}": f"{mean:g}".replace(".", point) for it, mean in means.items()}
    rows = page.all(lambda it: it.tag == "tr" and it.elements[0].text in expected)
    assert {it.elements[0].text: it.elements[1].text for it in rows} == expected
    assert "2026-0" not in page.text


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("since=2026-02-01&until=2026-01-01", "until"),
        ("since=1926-02-01", "since"),
        ("since=2000-01-01&until=2099-01-01", "until"),
        ("since=2023-01-01&until=2026-01-05", "until"),  # 1,101 days
        ("until=9999-12-31", "until"),
        ("since=завтра", "since"),
        ("assignee_id=x", "assignee_id"),
        ("assignee_id=quality-", "assignee_id"),
        ("project_id=other-1", "project_id"),
        ("form_id=99999999999", "form_id"),
        ("page=0", "page"),
    ],
)
def test_a_wrong_address_is_refused(boris: Client, address: str, field: str) -> None:
    answer = boris.get(f"{ALL}?{address}")
    assert answer.status_code == 422 and list(answer.json()["errors"]) == [field]
    assert boris.get(f"{ALL}?{address}", headers=HTML).status_code == 422


def test_too_many_assessments_are_not_summed_up(
    boris: Client, world: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "MOST", 10)
    assert boris.get(f"{ALL}?since=2026-01-01&until=2026-06-30").status_code == 422
    of_nobody = sum(it["executor_id"] is None for it in world)
    monkeypatch.setattr(query, "MOST", of_nobody + 9)
    told = boris.get(f"{ALL}?since=2026-01-01&until=2026-06-30&assignee_id=0").json()
    assert told["pagination"]["total"] == of_nobody > 0, "the store looks only for these"
