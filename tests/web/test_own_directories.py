"""People ask the company's directories for their own data; administrators ask the ERP about anybody."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session, select

from helpdesk.errors import DirectoryUnavailable
from helpdesk.people.directory import Profile
from helpdesk.services import Services
from helpdesk.store.models.tables import AuditRecord, Person
from tests.people.scripted import ScriptedDirectory
from tests.web.conftest import HTML, Client, Visit
from tests.world import PEOPLE_IDS

REREAD, VPN, PROFILE = "/users/reread", "/users/vpn-date", "/users/profile"
IN_ERP = Profile(
    "anna", "Анна Ивановна", "anna@corp.test", "ИТ", "Инженер", "305", "12-34", True, date(2030, 5, 1), id="77"
)


@pytest.fixture
def erp() -> ScriptedDirectory:
    return ScriptedDirectory("oracle", {("anna", "x"): IN_ERP})


@pytest.fixture
def beside_erp(visit: Visit, services: Services, erp: ScriptedDirectory) -> Callable[[str], Client]:
    """Visitors of a helpdesk with an ERP, which knows anna, whose account is of it."""

    def work(db: Session) -> None:
        anna = db.get_one(Person, PEOPLE_IDS["anna"])
        anna.source, anna.directory_id = "oracle", "77"

    services.database.run_here(work, writes=True)
    both = replace(services.authentication, directories=(erp, *services.authentication.directories))

    def come(login: str) -> Client:
        client = visit(login)
        client.app.app.state.services = replace(client.app.app.state.services, authentication=both)  # type: ignore[attr-defined]  # Edge's
        return client

    return come


@pytest.fixture
def anna_of_erp(beside_erp: Callable[[str], Client]) -> Client:
    return beside_erp("anna")


def records(services: Services, action: str) -> list[tuple[int | None, int | None, str]]:
    rows = services.database.run_here(lambda db: db.exec(select(AuditRecord).where(AuditRecord.action == action)).all())
    return [(row.actor_id, row.person_id, row.details) for row in rows]


def test_one_press_reads_what_the_directory_owns(anna_of_erp: Client) -> None:
    assert "Read again" in anna_of_erp.get("/users/account", headers=HTML).text
    answer = anna_of_erp.post(REREAD, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, PROFILE)
    told = anna_of_erp.get(PROFILE).json()
    assert (told["full_name"], told["phone"], told["vpn_end_date"]) == ("Анна Ивановна", "12-34", "2030-05-01")


@pytest.mark.parametrize(
    ("known_as", "found"),
    [("77", None), ("77", IN_ERP._replace(id="78")), (None, IN_ERP), ("77", IN_ERP._replace(is_blocked=True))],
    ids=["nobody", "another number", "another e-mail without a number", "blocked"],
)
def test_another_persons_data_is_not_taken(
    anna_of_erp: Client, services: Services, erp: ScriptedDirectory, known_as: str | None, found: Profile | None
) -> None:
    services.database.run_here(
        lambda db: setattr(db.get_one(Person, PEOPLE_IDS["anna"]), "directory_id", known_as), writes=True
    )
    erp.people = {("anna", "x"): found} if found else {}
    page = anna_of_erp.post(REREAD, headers=HTML)
    assert page.status_code == 422 and "does not know you" in page.text
    assert anna_of_erp.put(VPN, json={"vpn_end_date": "2031-01-01"}).status_code == 422
    told = anna_of_erp.get(PROFILE).json()
    assert (told["full_name"], told["vpn_end_date"]) == ("Анна Смирнова", None)


def test_an_erp_that_is_down_is_named(anna_of_erp: Client, erp: ScriptedDirectory) -> None:
    erp.failure = DirectoryUnavailable()
    for address in (REREAD, VPN):
        page = anna_of_erp.post(address, headers=HTML)
        assert page.status_code == 503 and "The ERP does not answer" in page.text
    assert anna_of_erp.put(VPN).json()["error"] == "directory_unavailable"


def test_the_directories_are_asked_once_at_a_time_for_one_person(anna_of_erp: Client, services: Services) -> None:
    under_way = services.authentication.rereading
    under_way.add(PEOPLE_IDS["anna"])
    assert anna_of_erp.post(REREAD).status_code == anna_of_erp.put(VPN).status_code == 429
    assert anna_of_erp.post(REREAD, headers=HTML).headers["retry-after"] == "7"
    under_way.clear()
    assert anna_of_erp.post(REREAD).status_code == 200 and not under_way


def test_with_an_erp_its_date_counts_whatever_is_sent(anna_of_erp: Client) -> None:
    told = anna_of_erp.put(VPN, json={"vpn_end_date": "2099-01-01"}).json()
    assert (told["vpn_end_date"], told["vpn_enabled"]) == ("2030-05-01", True)
    assert "01.05.2030" in told["message"]


def test_without_an_erp_the_date_is_kept(visit: Visit) -> None:
    anna = visit("anna")
    soon = (datetime.now(UTC) + timedelta(days=9)).date()
    assert anna.put(VPN, json={"vpn_end_date": soon.isoformat()}).json()["vpn_end_date"] == soon.isoformat()
    page = anna.get(PROFILE, headers=HTML).text
    assert '<span class="tag">' in page and "days left" in page
    for wrong in ("soon", "2026-02-30", "0001-01-01", 7, "20260101", "2026-W01-1"):
        assert anna.put(VPN, json={"vpn_end_date": wrong}).status_code == 422
    assert anna.post(VPN, data={"vpn_end_date": "x"}, headers=HTML).status_code == 422
    none = anna.post(VPN, json={"vpn_end_date": None}).json()
    assert (none["vpn_end_date"], none["vpn_enabled"]) == (None, False)


def test_administrators_ask_the_erp_and_it_is_recorded(beside_erp: Callable[[str], Client], services: Services) -> None:
    admin = beside_erp("admin")
    told = admin.get("/api/erp/user/anna").json()
    assert told["exists"] and told["user"] == {
        **{"username": "anna", "full_name": "Анна Ивановна", "email": "anna@corp.test", "department": "ИТ"},
        **{"position": "Инженер", "office": "305", "phone": "12-34", "manager": None, "hire_date": None},
        "vpn_end_date": "2030-05-01",
    }
    unknown = admin.get("/api/erp/user/nobody")
    assert unknown.status_code == 200 and (unknown.json()["exists"], unknown.json()["user"]) == (False, None)
    assert records(services, "erp_read") == [
        (PEOPLE_IDS["admin"], PEOPLE_IDS["anna"], '{"login": "anna"}'),
        (PEOPLE_IDS["admin"], None, '{"login": "nobody"}'),
    ]
    assert beside_erp("boris").get("/api/erp/user/anna").status_code == 403
