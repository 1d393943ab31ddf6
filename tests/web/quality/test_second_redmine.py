"""Tasks of a second Redmine are assessed as those of the backend; one that does not answer hides no others.

Another embedded tracker takes its place here, in which boris is anna.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from helpdesk.errors import NotAllowed, Unavailable
from helpdesk.people.model import SignedIn
from helpdesk.quality.service import Quality
from helpdesk.services import Services
from helpdesk.store import schema
from helpdesk.store.database import Database
from helpdesk.store.models.tables import Person
from helpdesk.tasks.embedded.reports import EmbeddedReports
from helpdesk.tasks.lists import TaskPage
from helpdesk.tasks.model import Actor
from tests.web.conftest import HTML, Client, Visit
from tests.web.dom import parsed
from tests.web.quality.assessing import ALL, SAMPLE, let_control, marks, to_assess
from tests.world import PEOPLE_IDS, EmbeddedWorld, settle

ANNA, IRINA = (Actor(PEOPLE_IDS[it], it) for it in ("anna", "irina"))


@pytest.fixture
def second(tmp_path: Path) -> Iterator[EmbeddedWorld]:
    database = Database(f"sqlite:///{tmp_path}/second.db")
    schema.migrate(database, "production")
    database.run_here(settle, writes=True)
    yield EmbeddedWorld(database, tmp_path / "second")
    database.close()


@pytest.fixture
def answers() -> list[Exception]:
    """What the second Redmine fails with, if anything."""
    return []


class Failing(EmbeddedReports):
    """Knows its people and fails when its tasks are read, once it is down."""

    is_down = False

    async def found(self, *given: Any, **more: Any) -> TaskPage:
        if self.is_down:
            raise Unavailable
        return await super().found(*given, **more)


@pytest.fixture
def reports(second: EmbeddedWorld) -> Failing:
    return Failing(second.database)


@pytest.fixture
def is_rest_alone() -> bool:
    """Whether no reports of the backend can be made."""
    return False


@pytest.fixture
def services(services: Services, reports: Failing, answers: list[Exception], is_rest_alone: bool) -> Services:
    async def identify(signed_in: SignedIn) -> Actor:
        if answers:
            raise answers[0]
        return IRINA if signed_in.person.login == "irina" else ANNA

    quality = Quality("quality", reports, services.database, identify, {})
    return replace(services, quality=quality, reports=None if is_rest_alone else services.reports)


def test_a_task_of_the_second_redmine_is_assessed(
    boris: Client, form: Any, second: EmbeddedWorld, embedded: EmbeddedWorld
) -> None:
    number, hidden = (
        second.new_task("Там", status="closed", assignee="irina"),
        embedded.new_task("Тут", status="closed"),
    )
    assert number == hidden, "the numbers of both begin alike"
    there = to_assess(number).replace("main", "quality")
    assert boris.get(there, headers=HTML).status_code == 200
    assert boris.post(there, json=marks(form, 5, 0)).json()["source"] == "quality"
    assert boris.post(to_assess(hidden), json=marks(form, 0, 0)).status_code == 201
    told = boris.get(ALL).json()
    assert [(it["source"], it["subject"], it["score"]) for it in told["assessments"]] == [
        ("main", "Тут", 0),
        ("quality", "Там", 75),
    ]
    own = second.new_task(status="closed", assignee="anna")
    assert boris.post(to_assess(own).replace("main", "quality"), json=marks(form, 5, 5)).status_code == 403
    drawn = second.new_task(status="closed", assignee="irina")
    assert boris.post(SAMPLE, json={"source": "quality"}).json()["tasks"][0]["task_id"] == drawn
    assert "quality" in boris.get(SAMPLE, headers=HTML).text


def test_people_and_projects_of_both_are_not_added_up(
    boris: Client, form: Any, second: EmbeddedWorld, embedded: EmbeddedWorld
) -> None:
    here, there = (it.new_task(status="closed", assignee="irina") for it in (embedded, second))
    assert boris.post(to_assess(here), json=marks(form, 5, 10)).json()["score"] == 100
    assert boris.post(to_assess(there).replace("main", "quality"), json=marks(form, 0, 0)).json()["score"] == 0
    summary = boris.get(ALL).json()["summary"]
    for name, number in (("assignee", PEOPLE_IDS["irina"]), ("project", 1)):
        lines = [(it["source"], it["id"], it["mean"]) for it in summary[f"{name}s"]]
        assert lines == [("quality", number, 0), ("main", number, 100)]
        for value, source in ((number, "main"), (f"quality-{number}", "quality")):
            address = f"{ALL}?{name}_id={value}"
            assert [it["source"] for it in boris.get(address).json()["assessments"]] == [source]
            page = parsed(boris.get(address, headers=HTML).text)
            (chosen,) = page.all(lambda it: it.tag == "option" and "selected" in it.attributes)
            assert chosen["value"] == str(value)
            assert ("(in the second Redmine)" in chosen.text) == (source == "quality")
            links = page.all(lambda it: it.tag == "a" and it.parent and it.parent.tag == "th")
            of_projects = [it["href"].partition("project_id=")[2] for it in links if "project_id=" in it["href"]]
            assert set(of_projects) == {"1" if source == "main" else "quality-1"}
    assert boris.get(f"{ALL}?assignee_id={PEOPLE_IDS['irina']}&project_id=quality-1").json()["assessments"] == []


def test_the_work_of_an_account_that_was_joined_is_own_work_there_too(
    boris: Client, form: Any, second: EmbeddedWorld, services: Services
) -> None:
    def join(db: Any) -> None:
        db.get_one(Person, PEOPLE_IDS["irina"]).joined_into = PEOPLE_IDS["boris"]

    mine = "/quality-control/mine"
    there = to_assess(second.new_task(status="closed", assignee="irina")).replace("main", "quality")
    assert boris.post(there, json=marks(form, 5, 5)).status_code == 201
    assert boris.get(mine).json()["assessments"] == []
    services.database.run_here(join, writes=True)
    assert boris.get(there).status_code == 403
    assert len(boris.get(mine).json()["assessments"]) == 1


@pytest.mark.parametrize("failure", [Unavailable(), NotAllowed()])
def test_without_an_answer_the_others_are_shown(
    boris: Client,
    form: Any,
    second: EmbeddedWorld,
    embedded: EmbeddedWorld,
    answers: list[Exception],
    failure: Exception,
) -> None:
    there = to_assess(second.new_task("Там", status="closed", assignee="irina")).replace("main", "quality")
    assert boris.post(there, json=marks(form, 5, 0)).status_code == 201
    assert boris.post(to_assess(embedded.new_task("Тут", status="closed")), json=marks(form, 0, 0)).status_code == 201
    answers.append(failure)
    told = boris.get(ALL).json()
    assert [it["subject"] for it in told["assessments"]] == ["Тут"]
    for address in (ALL, SAMPLE, "/quality-control/mine"):
        page = boris.get(address, headers=HTML)
        assert page.status_code == 200
        assert ("does not answer just now" in parsed(page.text).text) == isinstance(failure, Unavailable)
    assert boris.get(there).status_code in (403, 503)


def test_a_page_asks_once_who_somebody_is_there(
    boris: Client, form: Any, second: EmbeddedWorld, answers: list[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = to_assess(second.new_task(status="closed", assignee="irina")).replace("main", "quality")
    one = f"{ALL}/{boris.post(there, json=marks(form, 5, 0)).json()['id']}"
    asked, actor = list[SignedIn](), Quality.actor

    async def counted(quality: Quality, signed_in: SignedIn) -> Actor:
        asked.append(signed_in)
        return await actor(quality, signed_in)

    def draw() -> int:
        return boris.post(SAMPLE, json={"source": "quality"}).status_code

    monkeypatch.setattr(Quality, "actor", counted)
    assert boris.get(one, headers=HTML).status_code == 200 and len(asked) == 1
    assert draw() == 200 and len(asked) == 2
    answers.append(Unavailable())
    assert draw() == 503 and len(asked) == 3


def test_while_its_tasks_can_not_be_read_nothing_claims_to_be_whole(
    boris: Client, visit: Visit, form: Any, second: EmbeddedWorld, embedded: EmbeddedWorld, reports: Failing
) -> None:
    there = to_assess(second.new_task("Там", status="closed", assignee="irina")).replace("main", "quality")
    one = f"{ALL}/{boris.post(there, json=marks(form, 5, 0)).json()['id']}"
    here = embedded.new_task("Тут", status="closed", assignee="irina")
    assert boris.post(to_assess(here), json=marks(form, 5, 0)).status_code == 201
    for source, world in (("main", embedded), ("quality", second)):
        world.new_task("Отобрано", status="closed", assignee="irina")
        assert boris.post(SAMPLE, json={"source": source}).status_code == 200
    assert "is_partial" not in boris.get(ALL).json() and "is_partial" not in boris.get(SAMPLE).json()
    reports.is_down = True
    for address in (SAMPLE, f"{SAMPLE}?source=quality"):
        told, page = boris.get(address), parsed(boris.get(address, headers=HTML).text).text
        assert [it["source"] for it in told.json()["tasks"]] == ["main"] and told.json()["is_partial"] is True
        assert "Отобрано" in page and "does not answer just now" in page
    assert boris.get(ALL).json()["is_partial"] is True
    for headers in (HTML, {}):
        assert boris.get(one, headers=headers).status_code == 503
        assert visit("irina").get(one, headers=headers).status_code == 200, "it is her work, whatever became of it"
        assert visit("stranger").get(one, headers=headers).status_code in (404, 503)
    assert visit("irina").get("/quality-control/mine").json()["is_partial"] is True
    for kind in ("csv", "xlsx"):
        assert boris.get(f"{ALL}.{kind}").status_code == 503
        assert boris.get(f"{ALL}.{kind}?assignee_id={PEOPLE_IDS['irina']}").status_code == 200, "it is of here alone"


@pytest.mark.parametrize("is_rest_alone", [True])
def test_without_reports_of_the_backend_tasks_of_the_second_redmine_are_drawn(
    visit: Visit, services: Services, second: EmbeddedWorld
) -> None:
    let_control(services, "boris")
    boris, number = visit("boris"), second.new_task(status="closed", assignee="irina")
    drawn = boris.post(SAMPLE, data={"count": "3", "period": "month"}, headers=HTML)
    address = drawn.headers["location"]
    assert drawn.status_code == 303 and "source=quality" in address and "count=3" in address
    for page in (SAMPLE, address):
        assert f"#{number}" in boris.get(page, headers=HTML).text
    assert boris.get(f"{SAMPLE}?source=main", headers=HTML).status_code == 501


def test_pages_and_files_say_of_which_redmine_a_task_is(
    boris: Client, visit: Visit, form: Any, second: EmbeddedWorld, embedded: EmbeddedWorld
) -> None:
    said, numbers = "(in the second Redmine)", list[int]()
    for world, source in ((embedded, "main"), (second, "quality")):
        task, drawn = (world.new_task(status="closed", assignee="irina") for _ in range(2))
        address = to_assess(task).replace("main", source)
        numbers.append(boris.post(address, json=marks(form, 5, 0)).json()["id"])
        boris.post(SAMPLE, json={"source": source})
        is_there = source == "quality"
        assert (said in parsed(boris.get(address, headers=HTML).text).text) == is_there
        assert (said in parsed(boris.get(f"{ALL}/{numbers[-1]}", headers=HTML).text).text) == is_there
    for client, address in ((boris, ALL), (boris, SAMPLE), (visit("irina"), "/quality-control/mine")):
        page = parsed(client.get(address, headers=HTML).text)
        lines = page.all(lambda it: it.tag in ("th", "li") and bool(it.all(lambda a: a.tag == "a" and "#" in a.text)))
        assert sorted(said in it.text for it in lines) == [False, True], address
    heading, *rows = boris.get(f"{ALL}.csv").content.decode("utf-8-sig").splitlines()
    assert heading.endswith("Tasks of") and {it.rpartition(";")[2] for it in rows} == {
        "this helpdesk",
        "the second Redmine",
    }


def test_assessments_are_exported_as_they_are_listed(
    boris: Client, visit: Visit, services: Services, form: Any, embedded: EmbeddedWorld, tmp_path: Path
) -> None:
    let_control(services, "anna")
    number = embedded.new_task('=HYPERLINK("x")\n😀', status="closed", assignee="irina")
    assert boris.post(to_assess(number), json=marks(form, 5, 0) | {"remark": "=1+1"}).status_code == 201
    answer = boris.get(f"{ALL}.xlsx")
    assert answer.status_code == 200
    (tmp_path / "file.xlsx").write_bytes(answer.content)
    heading, row = load_workbook(tmp_path / "file.xlsx").active.iter_rows()
    assert [it.value for it in row][1:3] == [number, '=HYPERLINK("x") 😀'] or "HYPERLINK" in str(row[2].value)
    assert row[2].data_type == "s" and row[8].data_type == "s" and row[7].value == 75
    text = boris.get(f"{ALL}.csv").content.decode("utf-8-sig")
    assert "'=1+1" in text and ";75;" in text
    others = visit("anna").get(f"{ALL}.csv").content.decode("utf-8-sig")
    assert ";75;" not in others and "1+1" not in others, "she could be the second assessor"
    assert visit("irina").get(f"{ALL}.csv").status_code == 403
