"""Controllers draw closed tasks by chance: not assessed yet, not their own, and not the same ones."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.services import Services
from helpdesk.store.models.tables import Task
from tests.web.conftest import HTML, Client, Visit
from tests.web.dom import parsed
from tests.web.quality.assessing import ALL, SAMPLE, add_form, let_control, marks, page_marks, to_assess
from tests.world import PEOPLE_IDS, EmbeddedWorld


@pytest.fixture
def boris(visit: Visit, services: Services) -> Client:
    let_control(services, "boris", "anna")
    return visit("boris")


def tasks(client: Client, **body: object) -> list[int]:
    answer = client.post(SAMPLE, json=body)
    assert answer.status_code == 200, answer.text
    return [it["task_id"] for it in answer.json()["tasks"]]


def many(embedded: EmbeddedWorld, number: int, **more: Any) -> list[int]:
    return [embedded.new_task(status="closed", **more) for _ in range(number)]


def test_two_controllers_draw_different_tasks_of_others_that_nobody_has_assessed(
    boris: Client, visit: Visit, services: Services, embedded: EmbeddedWorld
) -> None:
    form = add_form(visit("admin"))
    irina, own, open_one = many(embedded, 8, assignee="irina"), many(embedded, 2, assignee="boris"), embedded.new_task()
    assert boris.post(to_assess(irina[0]), json=marks(form, 5, 5)).status_code == 201
    first = tasks(boris, count=4)
    second = tasks(visit("anna"), count=20)
    assert len(first) == 4 and not {*first} & {*own, open_one, irina[0]}
    assert sorted([*first, *second]) == sorted([*irina[1:], *own]), "anna draws the rest, and boris's work"
    assert sorted(tasks(boris, count=4)) == sorted(first), "those that are left do until they are assessed"
    assert boris.post(to_assess(first[0]), json=marks(form, 5, 5)).status_code == 201
    assert sorted(it["task_id"] for it in boris.get(SAMPLE).json()["tasks"]) == sorted(first[1:])
    assert tasks(boris, count=4) and boris.post(f"{SAMPLE}/give-back", json={"task_id": first[1]}).status_code == 200
    assert sorted(it["task_id"] for it in boris.get(SAMPLE).json()["tasks"]) == sorted(first[2:])
    assert visit("anna").post(f"{SAMPLE}/give-back", json={"task_id": first[2]}).status_code == 200
    assert first[2] in [it["task_id"] for it in boris.get(SAMPLE).json()["tasks"]], "it is not hers to leave"


def test_a_saved_assessment_leads_to_the_next_drawn_task(
    boris: Client, visit: Visit, embedded: EmbeddedWorld, services: Services
) -> None:
    form, drawn = add_form(visit("admin")), many(embedded, 2, assignee="irina")
    assert sorted(tasks(boris)) == drawn

    def page(client: Client, task_id: int) -> str:
        answer = client.post(to_assess(task_id), data=page_marks(form, 5, 5), headers=HTML)
        return client.get(answer.headers["location"], headers=HTML).text

    first = page(boris, drawn[0])
    assert f'href="{to_assess(drawn[1])}"' in first and f"#{drawn[1]}" in first
    assert "next drawn" not in page(boris, drawn[1]), "none is left"
    other = embedded.new_task(status="closed", assignee="irina")
    assert tasks(visit("anna")) == [other]
    assert "next drawn" not in boris.get(f"{ALL}/1", headers=HTML).text, "it is drawn for another"
    assert "next drawn" not in visit("irina").get(f"{ALL}/1", headers=HTML).text


def test_tasks_of_an_unknown_source_are_refused(boris: Client, embedded: EmbeddedWorld) -> None:
    (drawn,) = many(embedded, 1, assignee="irina")
    assert tasks(boris) == [drawn]
    give_back = f"{SAMPLE}/give-back"
    for answer in (
        boris.get(f"{SAMPLE}?source=zzz"),
        boris.post(SAMPLE, json={"source": "zzz"}),
        boris.post(give_back, json={"task_id": drawn, "source": "zzz"}),
    ):
        assert answer.status_code == 422 and list(answer.json()["errors"]) == ["source"]
    page = boris.get(f"{SAMPLE}?source=zzz", headers=HTML)
    assert page.status_code == 422 and "sample-source-fault" in page.text and f"#{drawn}" in page.text


def test_a_draw_is_spread_over_those_whose_work_it_was(boris: Client, embedded: EmbeddedWorld) -> None:
    irina, anna = many(embedded, 20, assignee="irina"), many(embedded, 3, assignee="anna")
    drawn = tasks(boris, count=6)
    assert (len({*drawn} & {*anna}), len({*drawn} & {*irina})) == (3, 3)


def test_a_draw_is_of_a_project_a_person_and_a_time(boris: Client, embedded: EmbeddedWorld, services: Services) -> None:
    office, help_desk = many(embedded, 2, project="office"), many(embedded, 2, assignee="irina")
    assert sorted(tasks(boris, project_id=embedded.project("office"))) == office
    assert sorted(tasks(boris, assignee_id=PEOPLE_IDS["irina"])) == sorted([*office, *help_desk])
    old = many(embedded, 1)
    long_ago = datetime.now(UTC) - timedelta(days=100)
    change = sa.update(Task).where(Task.id == old[0]).values(created_at=long_ago, closed_at=long_ago)  # type: ignore[arg-type]
    services.database.run_here(lambda db: db.execute(change), writes=True)
    assert old[0] not in tasks(boris, period="month")


def test_a_page_draws_and_says_when_nothing_is_left(boris: Client, embedded: EmbeddedWorld) -> None:
    (number,) = many(embedded, 1)
    for count, said in ((1, "These tasks are yours to assess"), (2, "There is no other closed task")):
        answer = boris.post(SAMPLE, data={"count": str(count), "period": "week", "source": "main"}, headers=HTML)
        assert answer.status_code == 303
        page = parsed(boris.get(answer.headers["location"], headers=HTML).text)
        assert said in page.text and f"#{number}" in page.text


def test_a_draw_of_many_asks_the_store_little(boris: Client, embedded: EmbeddedWorld, services: Services) -> None:
    (one,) = many(embedded, 1, assignee="irina")

    def copy(db: Session) -> None:
        task = db.get_one(Task, one).model_dump(exclude={"id"})
        db.add_all(Task.model_validate(task) for _ in range(1_000))

    services.database.run_here(copy, writes=True)
    statements = list[str]()
    sa.event.listen(services.database.engine, "before_cursor_execute", lambda *it: statements.append(it[2]))
    assert len(tasks(boris, count=20)) == 20
    assert len(statements) < 60, len(statements)


def test_who_has_enough_tasks_is_told_so(boris: Client, embedded: EmbeddedWorld) -> None:
    many(embedded, 5)
    for said in ("These tasks are yours to assess", "First assess the tasks that are drawn for you"):
        answer = boris.post(SAMPLE, data={"count": "2"}, headers=HTML)
        assert said in parsed(boris.get(answer.headers["location"], headers=HTML).text).text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"count": 21}, "count"),
        ({"count": 0}, "count"),
        ({"period": "age"}, "period"),
        ({"project_id": "x"}, "project_id"),
    ],
)
def test_a_wrong_draw_is_refused(boris: Client, body: dict[str, object], field: str) -> None:
    assert list(boris.post(SAMPLE, json=body).json()["errors"]) == [field]
    assert boris.post(SAMPLE, data={name: str(it) for name, it in body.items()}, headers=HTML).status_code == 422


def test_a_draw_comes_back_to_what_was_chosen(boris: Client, embedded: EmbeddedWorld) -> None:
    many(embedded, 1, assignee="irina")
    fields = {"count": "3", "period": "month", "assignee_id": str(PEOPLE_IDS["irina"]), "project_id": ""}
    page = parsed(boris.get(boris.post(SAMPLE, data=fields, headers=HTML).headers["location"], headers=HTML).text)
    chosen = page.all(lambda it: it.tag == "option" and "selected" in it.attributes)
    assert [it["value"] for it in chosen] == ["month", str(PEOPLE_IDS["irina"])]
    assert [it["value"] for it in page.all(lambda it: it.get("name") == "count")] == ["3"]
    office = str(embedded.project("office"))
    refused = parsed(boris.post(SAMPLE, data=fields | {"count": "99", "project_id": office}, headers=HTML).text)
    kept = refused.all(lambda it: it.tag == "option" and "selected" in it.attributes)
    assert [it["value"] for it in kept] == ["month", office, str(PEOPLE_IDS["irina"])]
    (count,) = refused.all(lambda it: it.get("name") == "count")
    assert count["value"] == "99" and refused.all(lambda it: it.get("id") == count["aria-describedby"])


def test_only_controllers_draw(visit: Visit) -> None:
    assert visit("irina").get(SAMPLE).status_code == 403 and visit().get(SAMPLE).status_code == 401
