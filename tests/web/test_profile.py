"""People say of themselves what no directory does; the rest is shown and comes back as ignored."""

from datetime import date
from functools import partial
from typing import Any

import pytest
from sqlmodel import Session, select

from helpdesk.services import Services
from helpdesk.store import account_acts, directory_accounts
from helpdesk.store.models.tables import AuditRecord, Person
from tests.web.conftest import HTML, Visit, session_cookie
from tests.web.dom import parsed
from tests.world import PEOPLE_IDS

PROFILE, ACCOUNT = "/users/profile", "/users/account"
ERP = {
    "full_name": "Анна Из Справочника",
    "email": "anna@corp.test",
    "department": "ИТ",
    "vpn_end_date": date(2026, 5, 1),
}


def row(services: Services, login: str = "anna") -> Person:
    return services.database.run_here(lambda db: db.get_one(Person, PEOPLE_IDS[login]))


@pytest.fixture
def in_erp(services: Services) -> None:
    """anna's account is the ERP's."""

    def work(db: Session) -> None:
        person = db.get_one(Person, PEOPLE_IDS["anna"])
        person.source = "oracle"
        directory_accounts.refresh(db, person, "oracle", ERP)

    services.database.run_here(work, writes=True)


def test_a_program_reads_and_changes_the_profile(visit: Visit, services: Services) -> None:
    anna = visit("anna")
    sent = {"full_name": " Анна  Новая ", "office": "305", "phone": "12-34", "notifications_widget_enabled": "no"}
    told = anna.put(PROFILE, json={**sent, "username": "boss"}).json()
    assert told["ignored"] == ["username"] and told["full_name"] == "Анна Новая" and told["username"] == "anna"
    again = anna.get(PROFILE).json()
    assert (again["office"], again["phone"], again["department"]) == ("305", "12-34", "")
    assert (again["notifications_widget_enabled"], again["browser_notifications_enabled"]) == (False, True)
    assert row(services).words == "anna анна новая   12-34 305"


def test_what_a_directory_owns_is_shown_and_left_alone(visit: Visit, services: Services, in_erp: None) -> None:
    anna = visit("anna")
    told = anna.put(PROFILE, json={"full_name": "Другая", "email": "x@x.test", "phone": "7"}).json()
    assert told["ignored"] == ["email", "full_name", "phone"]
    assert (told["full_name"], told["vpn_end_date"]) == ("Анна Из Справочника", "2026-05-01")
    page = anna.get(ACCOUNT, headers=HTML).text
    assert not parsed(page).all(lambda it: it.get("name") in ("full_name", "email", "phone"))
    assert "anna@corp.test" in page
    assert row(services).phone == ""


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"full_name": "x" * 201}, "full_name"),
        ({"full_name": "\u200b"}, "full_name"),
        ({"email": "no mail"}, "email"),
        ({"email": "boris@example.test"}, "email"),
        ({"email": "BORIS"}, "email"),
        ({"full_name": "Анна\u202etxt"}, "full_name"),
        ({"office": "7\u2067"}, "office"),
        ({"phone": 7}, "phone"),
        ({"phone": "7" * 101}, "phone"),
        ({"office": ["a"]}, "office"),
        ({"browser_notifications_enabled": "maybe"}, "browser_notifications_enabled"),
    ],
)
def test_a_wrong_value_changes_nothing(visit: Visit, services: Services, sent: dict[str, Any], field: str) -> None:
    anna, before = visit("anna"), row(services)
    answer = anna.put(PROFILE, json={"department": "Новый", **sent})
    assert answer.status_code == 422 and list(answer.json()["errors"]) == [field]
    assert row(services) == before


def test_a_refused_form_is_shown_with_what_was_typed(visit: Visit) -> None:
    page = visit("anna").post(ACCOUNT, data={"phone": "77", "email": "нет"}, headers=HTML)
    assert page.status_code == 422
    typed = {it["name"]: it["value"] for it in parsed(page.text).all(lambda it: it.get("value")) if it.get("name")}
    assert (typed["phone"], typed["email"]) == ("77", "нет")


def test_a_number_is_proven_by_a_directory_until_its_person_types_another(visit: Visit, services: Services) -> None:
    def told(source: str, phone: str) -> bool:
        values = {"full_name": "Анна", "phone": phone}
        bind = partial(directory_accounts.bind, source=source, login=source, directory_id=source, values=values)
        return services.database.run_here(lambda db: bind(db).is_phone_proven, writes=True)

    assert [told("ldap", "1204"), told("oracle", "1204"), told("ldap", "")] == [True, True, False]

    def vouch(db: Session) -> None:
        account_acts.change_phone(db, PEOPLE_IDS["anna"], "+7 903 555-01-42")

    services.database.run_here(vouch, writes=True)
    anna = visit("anna")
    anna.put(PROFILE, json={"phone": "+7 903 555-01-42", "office": "305"}).raise_for_status()
    assert row(services).is_phone_proven
    anna.put(PROFILE, json={"phone": "1204"}).raise_for_status()
    assert not row(services).is_phone_proven
    anna.put(PROFILE, json={"phone": "+7 903 555-01-42"}).raise_for_status()
    assert not row(services).is_phone_proven, "what was confirmed once is not confirmed for ever"


def test_an_e_mail_that_its_person_typed_is_not_proven(visit: Visit, services: Services) -> None:
    anna = visit("anna")

    def prove(db: Session) -> None:
        db.get_one(Person, PEOPLE_IDS["anna"]).is_email_proven = True

    services.database.run_here(prove, writes=True)
    anna.put(PROFILE, json={"email": "anna@example.test"})
    assert row(services).is_email_proven
    anna.put(PROFILE, json={"email": "Анна@почта.test"})
    assert (row(services).is_email_proven, row(services).email_folded) == (False, "анна@почта.test")
    assert visit("anna").put(PROFILE, json={"email": ""}).json()["email"] == ""


def test_a_form_saves_and_the_record_says_which_fields(visit: Visit, services: Services) -> None:
    anna = visit("anna")
    sent = {"full_name": "Анна", "department": "<b>", "position": "", "office": "", "phone": "", "email": ""}
    answer = anna.post(ACCOUNT, data=sent, files={"picture": ("", b"")}, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, ACCOUNT)
    page = anna.get(PROFILE, headers=HTML).text
    assert "&lt;b&gt;" in page and "<b></dd>" not in page
    of_anna = select(AuditRecord).where(AuditRecord.person_id == PEOPLE_IDS["anna"])
    records = services.database.run_here(lambda db: db.exec(of_anna).all())
    assert [(it.action, it.actor_id, it.details) for it in records] == [
        ("profile_changed", PEOPLE_IDS["anna"], '{"what": ["department", "email", "full_name"]}')
    ]


def test_an_empty_name_is_the_login(visit: Visit) -> None:
    assert visit("anna").put(PROFILE, json={"full_name": ""}).json()["full_name"] == "anna"


def test_a_disabled_person_sees_nothing(visit: Visit, services: Services) -> None:
    cookie, client = session_cookie(services, "anna"), visit()
    client.cookies.set("session", cookie)
    assert client.get(PROFILE).status_code == 200

    def disable(db: Session) -> None:
        db.get_one(Person, PEOPLE_IDS["anna"]).is_active = False

    services.database.run_here(disable, writes=True)
    for method, address in (("GET", PROFILE), ("PUT", PROFILE), ("POST", ACCOUNT), ("GET", "/users")):
        assert client.request(method, address).status_code == 401


def test_the_signature_follows_the_template_of_administrators(visit: Visit) -> None:
    admin, anna = visit("admin"), visit("anna")
    for wrong in ({"signature": "{full_name} {password}"}, {"signature": " "}, {"signature": "x" * 2_001}, {}):
        assert admin.post("/admin/texts", json=wrong).status_code == 422
    page = admin.post("/admin/texts", data={"signature": "{login}"}, headers=HTML)
    assert page.status_code == 422 and "no such name: {login}" in page.text
    assert admin.post("/admin/texts", data={"signature": "Ваша <b> {full_name}"}, headers=HTML).status_code == 303
    anna.put(PROFILE, json={"full_name": "<i>Анна"})
    signature = parsed(anna.get(PROFILE, headers=HTML).text).by_id("signature")
    assert signature and signature.text.strip() == signature["data-text"] == "Ваша <b> <i>Анна"
    assert anna.get("/admin/texts").status_code == 403
