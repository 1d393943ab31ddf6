"""A closed task leads to its assessments: its assessors, those who may assess it, and those whose work it was."""

from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from helpdesk.app import create_app
from helpdesk.errors import Unavailable
from helpdesk.people.rights import QUALITY
from helpdesk.services import Services
from helpdesk.store import rights
from helpdesk.store.models.tables import Person
from helpdesk.tasks.embedded.reports import EmbeddedReports
from tests.web.conftest import HTML, Client, Visit
from tests.web.dom import parsed
from tests.web.quality.assessing import ALL, marks, to_assess
from tests.web.quality.test_assess import happened
from tests.world import PEOPLE_IDS, EmbeddedWorld

MINE = "/quality-control/mine"


def links(client: Client, number: int) -> dict[str, str]:
    """The links to assessments on a task's page, by their texts."""
    page = parsed(client.get(f"/tasks/{number}", headers=HTML).text)
    found = page.all(lambda it: it.tag == "a" and ("/assess/" in it["href"] or "/assessments/" in it["href"]))
    return {it.text: it["href"] for it in found}


def test_exactly_the_tasks_that_the_guard_lets_in_are_offered(
    boris: Client, visit: Visit, embedded: EmbeddedWorld, services: Services
) -> None:
    closed, own, nobodys, handed_on = (
        embedded.new_task(status="closed", assignee=it) for it in ("irina", "boris", None, "irina")
    )
    for number in (nobodys, handed_on):
        by = "boris" if number == nobodys else "admin"
        happened(services, number, by, "status", embedded.status("new"), embedded.status("closed"))
    happened(services, handed_on, "admin", "assignee", PEOPLE_IDS["boris"], PEOPLE_IDS["irina"])
    for number in (closed, own, nobodys, handed_on, embedded.new_task()):
        let_in = boris.get(to_assess(number), headers=HTML).status_code == 200
        assert let_in == (number == closed)
        assert links(boris, number) == ({"Assess": to_assess(number)} if let_in else {}), number
    assert links(visit("anna"), closed) == {}


def test_a_task_leads_to_the_own_assessment_and_to_those_of_the_own_work(
    boris: Client, visit: Visit, form: Any, embedded: EmbeddedWorld
) -> None:
    number = embedded.new_task(status="closed", assignee="irina")
    one = f"{ALL}/{boris.post(to_assess(number), json=marks(form, 5, 0)).json()['id']}"
    assert links(boris, number) == {"Your assessment: 75": one}
    assert links(visit("irina"), number) == {"Assessment of your work: 75": one}
    assert links(visit("anna"), number) == {}
    assert "75" not in str(links(visit("admin"), number))


def test_the_profile_leads_those_to_their_assessments_who_have_some(
    boris: Client, visit: Visit, form: Any, embedded: EmbeddedWorld, services: Services
) -> None:
    number = embedded.new_task(status="closed", assignee="irina")
    assert boris.post(to_assess(number), json=marks(form, 5, 0)).status_code == 201
    for address in ("/users/profile", "/users/account"):
        assert MINE in visit("irina").get(address, headers=HTML).text
        assert MINE not in visit("anna").get(address, headers=HTML).text

    def join(db: Session) -> None:
        db.get_one(Person, PEOPLE_IDS["irina"]).joined_into = PEOPLE_IDS["anna"]

    services.database.run_here(join, writes=True)
    assert MINE in visit("anna").get("/users/profile", headers=HTML).text


def test_nothing_leads_those_to_their_assessment_who_lost_the_right(
    boris: Client, form: Any, embedded: EmbeddedWorld, services: Services
) -> None:
    number = embedded.new_task(status="closed", assignee="irina")
    one = f"{ALL}/{boris.post(to_assess(number), json=marks(form, 5, 0)).json()['id']}"
    assert one in links(boris, number).values() and boris.get(one).status_code == 200
    services.database.run_here(lambda db: rights.revoke(db, PEOPLE_IDS["boris"], QUALITY, None), writes=True)
    assert links(boris, number) == {} and boris.get(one).status_code == 404


def test_nothing_leads_to_assessments_where_the_backend_has_no_reports(
    boris: Client, visit: Visit, form: Any, embedded: EmbeddedWorld, services: Services
) -> None:
    number = embedded.new_task(status="closed", assignee="irina")
    assert boris.post(to_assess(number), json=marks(form, 5, 0)).status_code == 201
    irina = TestClient(create_app(replace(services, reports=None, quality=None)), cookies=visit("irina").cookies)
    assert irina.get(MINE).status_code == 501
    assert links(irina, number) == {} and MINE not in irina.get("/users/profile", headers=HTML).text


def test_a_task_is_shown_while_nobody_can_say_whose_work_it_was(
    boris: Client, embedded: EmbeddedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise Unavailable

    number = embedded.new_task(status="closed", assignee="irina")
    monkeypatch.setattr(EmbeddedReports, "involved", fail)
    assert boris.get(f"/tasks/{number}", headers=HTML).status_code == 200 and links(boris, number) == {}
