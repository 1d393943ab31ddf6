"""Pages of administrators about people: what commands do, pages do, with the same words and the same refusals."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import Session

from helpdesk.errors import DirectoryUnavailable, Unavailable, sentence
from helpdesk.people.directory import Profile
from helpdesk.people.redmine_binding import RedmineBinding
from helpdesk.people.rights import ADMIN
from helpdesk.services import Services
from helpdesk.settings.parsing import account_names
from helpdesk.store import account_search, audit, audit_log, people, rights, second_factors, system_health
from helpdesk.store.models.tables import Person
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.web.dom import Element, parsed
from tests.web.test_audit import lines
from tests.web.tokens import make, program
from tests.world import PASSWORDS, PEOPLE_IDS

PEOPLE = "/admin/people"
ADMINISTRATION = ("/admin", PEOPLE, f"{PEOPLE}/new", f"{PEOPLE}/2", "/admin/audit", "/admin/audit/export.csv")
QUALITY = "can_access_quality_control"
BAD_PLACES = (10**6, 0, "9" * 30)


@pytest.fixture
def admin(visit: Visit) -> Client:
    return visit("admin")


def at(login: str, form: str = "") -> str:
    return f"{PEOPLE}/{PEOPLE_IDS[login]}{form}"


def row(services: Services, login: str) -> Person:
    return services.database.run_here(lambda db: db.get_one(Person, PEOPLE_IDS[login]))


def held(services: Services, login: str) -> frozenset[str]:
    number = PEOPLE_IDS[login]
    return services.database.run_here(lambda db: rights.of_people(db, [number])[number])


def change(services: Services, work: Callable[[Session], Any]) -> None:
    services.database.run_here(work, writes=True)


def one(page: str, fits: Callable[[Element], object]) -> Element:
    found = parsed(page).one(fits)
    assert found
    return found


# Who sees it


@pytest.mark.parametrize("address", ADMINISTRATION)
def test_only_administrators_see_the_administration_and_its_menu(visit: Visit, address: str) -> None:
    anna = visit("anna")
    for headers in ({}, HTML, HTMX):
        assert anna.get(address, headers=headers).status_code == 403
    assert 'href="/admin' not in anna.get("/tasks", headers=HTML).text


def test_a_token_of_an_administrator_reads_but_changes_nobody(visit: Visit, admin: Client, services: Services) -> None:
    client = program(visit, make(admin)["token"])
    assert client.get(PEOPLE).status_code == 200
    refused = client.post(at("anna", "/rights"), json={"right": QUALITY, "granted": True})
    assert refused.status_code == 403 and held(services, "anna") == set()


def test_an_administrator_without_a_demanded_second_factor_sees_nothing(visit: Visit) -> None:
    client = visit("admin", second_factor="administrators")
    assert client.get(PEOPLE).json()["error"] == "second_factor_required"


# Finding


def found(client: Client, query: str) -> list[str]:
    return [it["login"] for it in client.get(f"{PEOPLE}?{query}").json()["people"]]


def test_accounts_are_found_narrowed_and_sorted(admin: Client, services: Services) -> None:
    change(services, lambda db: setattr(db.get_one(Person, PEOPLE_IDS["boris"]), "is_active", False))
    change(services, lambda db: setattr(db.get_one(Person, PEOPLE_IDS["irina"]), "blocked_at", datetime.now(UTC)))
    assert found(admin, "sort=login") == sorted(PEOPLE_IDS)
    assert found(admin, "q=ANNA@example") == ["anna"]
    assert found(admin, "only=administrators") == ["admin"]
    assert found(admin, "only=disabled") == ["boris"]
    assert found(admin, "only=blocked") == ["irina"]
    assert set(found(admin, "only=never&sort=created_at")) == set(PEOPLE_IDS) - {"admin"}
    assert found(admin, "page=2") == []
    page = admin.get(f"{PEOPLE}?only=disabled", headers=HTML).text
    assert f'href="{at("boris")}"' in page and f'href="{at("anna")}"' not in page


@pytest.mark.parametrize(
    ("typed", "wanted"), [("%", []), ("_", []), ("an%a", []), ("/", []), ("'; DROP", []), ("x" * 7_000, [])]
)
def test_signs_of_a_search_are_signs(admin: Client, typed: str, wanted: list[str]) -> None:
    answer = admin.get(PEOPLE, params={"q": typed})
    assert answer.status_code == 200 and answer.json()["people"] == wanted
    acts = admin.get("/admin/audit", params={"q": typed}).json()["records"]
    assert [it["action"] for it in acts] == (["grant"] if typed == "_" else [])  # of is_admin


def test_wrong_questions_are_refused(admin: Client) -> None:
    assert admin.get(PEOPLE, params={"q": "x" * 9_000}).status_code == 414
    for query in ("only=x", "sort=password_hash", "page=0", "page=x", "q=%00"):
        assert admin.get(f"{PEOPLE}?{query}").status_code == 422


@pytest.mark.parametrize("number", BAD_PLACES)
def test_who_does_not_exist_is_not_there(admin: Client, number: object) -> None:
    assert admin.get(f"{PEOPLE}/{number}").status_code == 404
    forms: dict[str, dict[str, Any]] = {
        "rights": {"right": QUALITY, "granted": 1},
        "active": {"active": "0"},
        "sessions": {"end": "all"},
        "tokens": {"revoke": "all"},
        "email": {"email": "x@example.test"},
        "email/confirm": {"proven": "1", "email": "x@example.test"},
        "login": {"decision": "accept"},
        "join": {"login": "anna"},
    }
    for name in ("second-factor", "password-link", "unjoin", "unbind"):
        forms[name] = {}
    for name, body in forms.items():
        assert admin.post(f"{PEOPLE}/{number}/{name}", json=body).status_code == 404, name


# Rights


def test_a_switch_grants_and_takes_back_and_says_who_did_it(admin: Client, services: Services) -> None:
    page = admin.get(at("anna"), headers=HTML).text
    switch = one(page, lambda it: it.get("id") == f"right-{QUALITY}-switch")
    assert (switch["role"], switch["aria-checked"]) == ("switch", "false")
    form = {"right": QUALITY, "granted": 1}
    answer = admin.post(at("anna", "/rights"), data=form, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, at("anna") + "#rights")
    assert held(services, "anna") == {QUALITY}
    assert "granted by Алла Админ on" in admin.get(at("anna"), headers=HTML).text
    fragment = admin.post(at("anna", "/rights"), data={**form, "granted": 0}, headers=HTMX)
    assert fragment.status_code == 200 and 'aria-checked="false"' in fragment.text and "<html" not in fragment.text
    assert held(services, "anna") == set()
    acts = [(it.who, it.action, it.whom) for it in lines(services, "grant", "revoke")]
    assert acts == [(PEOPLE_IDS["admin"], name, PEOPLE_IDS["anna"]) for name in ("revoke",)]


@pytest.mark.parametrize(
    "body", [{}, {"right": QUALITY}, {"right": "root", "granted": 1}, {"right": "is_redmine_user", "granted": 1}]
)
def test_what_is_no_right_is_refused(admin: Client, body: dict[str, Any]) -> None:
    for headers in ({}, HTML, HTMX):
        refused = admin.post(at("anna", "/rights"), data=body, headers=headers)
        assert refused.status_code == 422 and ("<html" in refused.text) == (headers is HTML)


def test_a_right_by_a_group_or_by_the_setting_is_said_and_stays(visit: Visit, services: Services) -> None:
    change(services, lambda db: rights.set_from_directory(db, PEOPLE_IDS["anna"], "ldap", [QUALITY]))
    admin = visit("admin", administrators=account_names("local:boris"))
    assert "by a group in the directory ldap since" in admin.get(at("anna"), headers=HTML).text
    assert "by the setting ADMINISTRATORS" in admin.get(at("boris"), headers=HTML).text
    refused = admin.post(at("boris", "/rights"), json={"right": ADMIN, "granted": False})
    assert refused.status_code == 422 and "ADMINISTRATORS" in refused.text


def test_administrators_who_remove_themselves_are_asked_and_told(
    visit: Visit, admin: Client, services: Services
) -> None:
    mine, form = at("admin", "/rights"), {"right": ADMIN, "granted": 0}
    change(services, lambda db: rights.grant(db, PEOPLE_IDS["anna"], ADMIN))
    for headers in (HTML, HTMX):
        asked = admin.post(mine, data=form, headers=headers)
        assert asked.status_code == 422 and "Yes, take it from me" in asked.text and ADMIN in held(services, "admin")
    done = admin.post(mine, data={**form, "sure": 1}, headers=HTML)
    assert done.headers["location"] == "/" and "no administrator any more" in admin.get("/", headers=HTML).text
    assert admin.get(PEOPLE).status_code == 403
    last = visit("anna").post(at("anna", "/rights"), json={**form, "sure": True})
    assert last.status_code == 422 and "last administrator" in last.text


def test_of_two_administrators_who_remove_each_other_one_stays(visit: Visit, services: Services) -> None:
    change(services, lambda db: rights.grant(db, PEOPLE_IDS["anna"], ADMIN))
    pairs = [(visit("admin"), "anna"), (visit("anna"), "admin")]
    form = {"right": ADMIN, "granted": False}
    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(lambda it: it[0].post(at(it[1], "/rights"), json=form).status_code, pairs))
    assert statuses[0] == 200 and statuses[1] in (403, 422)
    assert len([login for login in ("admin", "anna") if ADMIN in held(services, login)]) == 1


def test_a_changed_right_changes_the_menu_with_the_next_request(visit: Visit, admin: Client) -> None:
    anna = visit("anna")
    for granted in (True, False):
        admin.post(at("anna", "/rights"), json={"right": ADMIN, "granted": granted})
        assert ('href="/admin"' in anna.get("/tasks", headers=HTML).text) is granted


# The account


def test_disabling_ends_sessions_and_tokens_and_enabling_says_who_still_blocks(
    visit: Visit, admin: Client, services: Services
) -> None:
    anna = visit("anna")
    client = program(visit, make(anna)["token"])
    answer = admin.post(at("anna", "/active"), data={"active": "0"}, headers=HTML)
    assert answer.status_code == 303
    assert (anna.get("/tasks").status_code, client.get("/tasks").status_code) == (401, 401)
    change(services, lambda db: setattr(db.get_one(Person, PEOPLE_IDS["anna"]), "blocked_by", "ldap"))
    assert "ldap still blocks it" in admin.post(at("anna", "/active"), json={"active": "1"}).json()["message"]
    assert [(it.who, it.action) for it in lines(services, "disable", "enable")] == [(1, "disable"), (1, "enable")]
    for body in ({}, {"active": "x"}, {"active": None}, {"active": ""}):
        assert admin.post(at("anna", "/active"), json=body).status_code == 422


def test_programs_switch_by_yes_and_no_of_json(admin: Client, services: Services) -> None:
    def stored() -> tuple[bool, bool]:
        row = services.database.run_here(lambda db: db.get_one(Person, PEOPLE_IDS["anna"]))
        return row.is_active, row.is_email_proven

    for says in (False, True):
        admin.post(at("anna", "/active"), json={"active": says}).raise_for_status()
        proven = {"proven": says, "email": "anna@example.test"}
        admin.post(at("anna", "/email/confirm"), json=proven).raise_for_status()
        assert stored() == (says, says)


def test_the_last_administrator_is_not_disabled_and_one_of_two_is_asked(admin: Client, services: Services) -> None:
    mine = at("admin", "/active")
    assert "shuts yourself out" in admin.post(mine, data={"active": "0"}, headers=HTML).text
    assert "last administrator" in admin.post(mine, json={"active": "0", "sure": True}).text
    change(services, lambda db: rights.grant(db, PEOPLE_IDS["anna"], ADMIN))
    out = admin.post(mine, data={"active": "0", "sure": "1"}, headers=HTML)
    assert (out.status_code, out.headers["location"]) == (303, "/users/login") and not row(services, "admin").is_active


def test_one_is_asked_before_an_account_is_disabled_that_is_joined_into_ones_own(
    admin: Client, services: Services
) -> None:
    change(services, lambda db: rights.grant(db, PEOPLE_IDS["anna"], ADMIN))
    change(services, lambda db: setattr(db.get_one(Person, PEOPLE_IDS["boris"]), "joined_into", PEOPLE_IDS["admin"]))
    asked = admin.post(at("boris", "/active"), data={"active": "0"}, headers=HTML)
    assert asked.status_code == 422 and "shuts yourself out" in asked.text and row(services, "admin").is_active
    admin.post(at("boris", "/active"), data={"active": "0", "sure": "1"}, headers=HTML)
    assert not row(services, "admin").is_active


def test_a_link_for_a_password_does_not_outlive_a_disabled_account(admin: Client, visit: Visit) -> None:
    link = admin.post(at("anna", "/password-link")).json()["link"]
    for active in "01":
        assert admin.post(at("anna", "/active"), json={"active": active}).status_code == 200
    new = {"password": "a very new word", "confirm_password": "a very new word"}
    assert visit().post(link, json=new).status_code == 404


def test_an_account_is_disabled_by_its_number_whoever_has_its_login_now(admin: Client, services: Services) -> None:
    def work(db: Session) -> int:
        old = people.bind_redmine(db, 7, "anna", "Старая", "")
        people.bind_redmine(db, 8, "anna", "Новая", "")
        return old.id or 0

    old = services.database.run_here(work, writes=True)
    assert admin.post(f"{PEOPLE}/{old}/active", json={"active": "0"}).status_code == 200
    disabled = services.database.run_here(
        lambda db: account_search.find(db, account_search.AccountQuery(only="disabled"), ()).rows
    )
    assert [it.id for it, _ in disabled] == [old]


def test_the_email_of_a_local_account_is_changed_and_confirmed(admin: Client, services: Services) -> None:
    assert admin.post(at("anna", "/email"), data={"email": " anna@firma.test "}, headers=HTML).status_code == 303
    anna = row(services, "anna")
    assert (anna.email, anna.email_folded, anna.is_email_proven) == ("anna@firma.test", "anna@firma.test", True)
    doubt = {"proven": "0", "email": "anna@firma.test"}
    assert admin.post(at("anna", "/email/confirm"), json=doubt).status_code == 200
    assert not row(services, "anna").is_email_proven
    for typed in ("boris@example.test", "no address", "x@" + "y" * 300):
        assert admin.post(at("anna", "/email"), json={"email": typed}).status_code == 422
    change(services, lambda db: setattr(db.get_one(Person, PEOPLE_IDS["irina"]), "source", "ldap"))
    assert admin.post(at("irina", "/email"), json={"email": "x@firma.test"}).status_code == 422


def test_an_administrator_gives_a_department_where_no_directory_does(admin: Client, services: Services) -> None:
    assert at("anna", "/department") in admin.get(at("anna"), headers=HTML).text
    sent = {"department": " Склад "}
    assert admin.post(at("anna", "/department"), data=sent, headers=HTML).status_code == 303
    anna = row(services, "anna")
    assert (anna.department, anna.is_department_proven) == ("Склад", True)
    assert [(it.who, it.action) for it in lines(services, "department_changed")] == [(1, "department_changed")]
    assert "Склад" in admin.get("/admin/audit", headers=HTML).text
    assert admin.post(at("anna", "/department"), json={"department": "ы" * 201}).status_code == 422
    admin.post(at("anna", "/department"), json={"department": "\u200b"}).raise_for_status()
    assert (row(services, "anna").department, row(services, "anna").is_department_proven) == ("", False)
    change(services, lambda db: setattr(db.get_one(Person, PEOPLE_IDS["irina"]), "source", "ldap"))
    assert admin.post(at("irina", "/department"), json={"department": "Склад"}).status_code == 422
    assert at("irina", "/department") not in admin.get(at("irina"), headers=HTML).text


def test_an_administrator_gives_a_number_where_no_directory_does(admin: Client, services: Services) -> None:
    page = admin.get(at("anna"), headers=HTML).text
    assert at("anna", "/phone") in page
    assert admin.post(at("anna", "/phone"), data={"phone": " 1204 "}, headers=HTML).status_code == 303
    anna = row(services, "anna")
    assert (anna.phone, anna.is_phone_proven) == ("1204", True)
    assert [(it.who, it.action) for it in lines(services, "phone_changed")] == [(1, "phone_changed")]
    assert admin.post(at("anna", "/phone"), json={"phone": "1" * 101}).status_code == 422
    admin.post(at("anna", "/phone"), json={"phone": ""}).raise_for_status()
    assert not row(services, "anna").is_phone_proven
    change(services, lambda db: setattr(db.get_one(Person, PEOPLE_IDS["irina"]), "source", "ldap"))
    assert admin.post(at("irina", "/phone"), json={"phone": "1204"}).status_code == 422
    assert at("irina", "/phone") not in admin.get(at("irina"), headers=HTML).text


def test_the_address_that_is_confirmed_is_the_seen_one(visit: Visit, admin: Client, services: Services) -> None:
    page = admin.get(at("anna"), headers=HTML).text
    seen = one(page, lambda it: it.tag == "input" and it.get("type") == "hidden" and it.get("name") == "email")
    assert visit("anna").put("/users/profile", json={"email": "director@firma.test"}).status_code == 200
    late = admin.post(at("anna", "/email/confirm"), data={"proven": "1", "email": seen.get("value")}, headers=HTML)
    assert late.status_code == 409 and "was changed meanwhile" in late.text and "director@firma.test" in late.text
    assert not row(services, "anna").is_email_proven
    now = {"proven": "1", "email": "director@firma.test"}
    assert admin.post(at("anna", "/email/confirm"), json=now).status_code == 200
    assert row(services, "anna").is_email_proven


# How people get in


def test_sessions_are_ended_one_and_all(visit: Visit, admin: Client) -> None:
    first, second = visit("anna"), visit("anna")
    told = admin.get(at("anna")).json()["sessions"]
    assert len(told) == 2
    assert admin.post(at("anna", "/sessions"), json={"end": told[0]["id"]}).status_code == 200
    assert sorted(it.get("/tasks").status_code for it in (first, second)) == [200, 401]
    assert admin.post(at("boris", "/sessions"), json={"end": told[1]["id"]}).status_code == 404
    assert admin.post(at("anna", "/sessions"), data={"end": "all"}, headers=HTML).status_code == 303
    assert [it.get("/tasks").status_code for it in (first, second)] == [401, 401]
    assert admin.get(PEOPLE).status_code == 200


def test_tokens_are_revoked_one_and_all(visit: Visit, admin: Client) -> None:
    anna = visit("anna")
    made = [make(anna) for _ in range(3)]
    assert admin.post(at("boris", "/tokens"), json={"revoke": str(made[0]["id"])}).status_code == 404
    assert admin.post(at("anna", "/tokens"), json={"revoke": str(made[0]["id"])}).status_code == 200
    assert len(admin.get(at("anna")).json()["tokens"]) == 2
    assert admin.post(at("anna", "/tokens"), data={"revoke": "all"}, headers=HTML).status_code == 303
    assert admin.get(at("anna")).json()["tokens"] == []
    assert program(visit, made[2]["token"]).get("/tasks").status_code == 401


def test_a_lost_second_factor_is_switched_off(admin: Client, services: Services) -> None:
    number = PEOPLE_IDS["anna"]
    change(services, lambda db: second_factors.set_up(db, number, "sealed", 0, datetime.now(UTC), ["a"]))
    assert admin.post(at("anna", "/second-factor"), headers=HTML).status_code == 303
    assert not admin.get(at("anna")).json()["has_second_factor"]
    assert admin.post(at("anna", "/second-factor")).status_code == 422
    assert [it.who for it in lines(services, "second factor removed")] == [PEOPLE_IDS["admin"]]


def test_a_link_for_a_new_password_is_shown_once_and_kept_nowhere(
    visit: Visit, admin: Client, services: Services
) -> None:
    page = admin.post(at("anna", "/password-link"), data={"idempotency_key": "k"}, headers=HTML)
    link = one(page.text, lambda it: it.get("id") == "password-link").text
    assert page.status_code == 201 and page.headers["cache-control"] == "no-store"
    assert link not in admin.get(at("anna"), headers=HTML).text
    form = {"password": "long-enough-77", "confirm_password": "long-enough-77"}
    assert visit().post(link, json=form).status_code == 200
    assert visit().post("/users/login", json={"username": "anna", "password": form["password"]}).status_code == 200
    change(services, lambda db: setattr(db.get_one(Person, PEOPLE_IDS["irina"]), "is_active", False))
    change(services, lambda db: setattr(db.get_one(Person, PEOPLE_IDS["boris"]), "source", "ldap"))
    for login in ("irina", "boris"):
        assert admin.post(at(login, "/password-link")).status_code == 422


def test_a_local_account_is_made_and_its_person_sets_the_password(
    visit: Visit, admin: Client, services: Services
) -> None:
    new, form = f"{PEOPLE}/new", {"username": "vera", "full_name": "Вера", "email": "vera@example.test"}
    assert admin.get(new, headers=HTML).status_code == 200
    made = admin.post(new, json=form)
    assert made.status_code == 201 and made.headers["cache-control"] == "no-store"
    for password in ("", "a password that nobody has"):
        tried = visit().post("/users/login", json={"username": "vera", "password": password})
        assert tried.status_code in (401, 422)
    shown = admin.get(f"{PEOPLE}/{made.json()['id']}").json()["user"]
    assert (shown["email"], shown["is_email_proven"], shown["rights"]) == ("vera@example.test", True, [])
    for wrong in (form, {"username": "bad login"}, {"username": "x", "email": "anna@example.test"}, {}):
        assert admin.post(new, json=wrong).status_code == 422
        assert admin.post(new, data=wrong, headers=HTML).status_code == 422
    assert [it.who for it in lines(services, "account_added")] == [PEOPLE_IDS["admin"]]


def test_a_form_that_is_sent_twice_leads_to_the_account_it_has_made(admin: Client, services: Services) -> None:
    form = {"username": "Nina", "full_name": "Нина", "email": ""}
    made = admin.post(f"{PEOPLE}/new", json=form).json()["id"]
    for typed in ("Nina", " nina "):
        again = admin.post(f"{PEOPLE}/new", data=form | {"username": typed}, headers=HTML)
        assert again.status_code == 422 and f'href="{PEOPLE}/{made}#password"' in again.text
    other = admin.post(f"{PEOPLE}/new", data=form | {"username": "\0", "email": "x"}, headers=HTML)
    assert other.status_code == 422 and "#password" not in other.text


# Whose an account is


def test_accounts_are_joined_after_a_look_and_parted_again(admin: Client, services: Services) -> None:
    looked = admin.post(at("anna", "/join"), data={"login": "local:stranger"}, headers=HTML)
    assert looked.status_code == 200 and "Join them" in looked.text and row(services, "stranger").joined_into is None
    joined = admin.post(at("anna", "/join"), data={"login": "local:stranger", "sure": "1"}, headers=HTML)
    assert joined.status_code == 303 and row(services, "stranger").joined_into == PEOPLE_IDS["anna"]
    assert "joined into" in admin.get(at("stranger"), headers=HTML).text
    assert admin.post(at("stranger", "/unjoin"), headers=HTML).status_code == 303
    assert row(services, "stranger").joined_into is None
    assert [it.who for it in lines(services, "join", "unjoin")] == [PEOPLE_IDS["admin"]] * 2
    for typed in ("", "nobody", "anna", "x" * 200):
        assert admin.post(at("anna", "/join"), json={"login": typed}).status_code == 422
    assert admin.post(at("stranger", "/unjoin")).status_code == 422


def test_a_login_that_changes_hands_is_decided_about(admin: Client, services: Services) -> None:
    def from_ldap(db: Session) -> None:
        person = db.get_one(Person, PEOPLE_IDS["stranger"])
        person.source, person.directory_id = "ldap", "old"

    change(services, from_ldap)
    assert "It is the same person" in admin.get(at("stranger"), headers=HTML).text
    assert admin.post(at("stranger", "/login"), json={"decision": "accept"}).status_code == 200
    assert row(services, "stranger").directory_id is None
    assert admin.post(at("stranger", "/login"), data={"decision": "release"}, headers=HTML).status_code == 303
    assert row(services, "stranger").login == f"#{PEOPLE_IDS['stranger']}"
    for login, decision in (("stranger", "release"), ("anna", "accept"), ("anna", "x")):
        assert admin.post(at(login, "/login"), json={"decision": decision}).status_code == 422


def test_the_last_administrator_is_neither_joined_away_nor_loses_the_login(admin: Client, services: Services) -> None:
    change(services, lambda db: people.disable(db, "boris"))
    mine = {"login": "local:admin", "sure": "1"}
    for sure in ("0", "1"):
        refused = admin.post(at("boris", "/join"), json=mine | {"sure": sure})
        assert refused.status_code == 422 and "disabled or blocked" in refused.text
    assert "your own account" in admin.post(at("anna", "/join"), data={"login": "admin"}, headers=HTML).text
    change(services, lambda db: setattr(db.get_one(Person, PEOPLE_IDS["admin"]), "source", "ldap"))
    asked = admin.post(at("admin", "/login"), data={"decision": "release"}, headers=HTML)
    assert "This is your own login" in asked.text and 'name="sure"' in asked.text
    refused = admin.post(at("admin", "/login"), json={"decision": "release", "sure": "1"})
    assert refused.status_code == 422 and "last administrator" in refused.text
    assert row(services, "admin").login == "admin" and held(services, "admin") == {ADMIN}
    change(services, lambda db: setattr(db.get_one(Person, PEOPLE_IDS["admin"]), "is_email_proven", True))
    assert admin.post(at("admin", "/login"), json={"decision": "accept"}).status_code == 200
    assert (row(services, "admin").email, row(services, "admin").is_email_proven) == ("", False)


def test_without_a_redmine_nobody_is_bound(admin: Client) -> None:
    assert admin.post(at("anna", "/bind"), json={"redmine_username": "anna"}).status_code == 501
    assert "Login in Redmine" not in admin.get(at("anna"), headers=HTML).text


class Users:
    """A Redmine with one user, which acts for nobody called locked."""

    async def find(self, login: str) -> Profile | None:
        if login == "down":
            raise DirectoryUnavailable
        return Profile(login, redmine_id=5) if login in ("b.kuznetsov", "locked") else None

    async def proven(self, profile: Profile) -> bool:
        return profile.login != "locked"


def test_an_account_is_bound_to_the_user_whom_redmine_proves(admin: Client, services: Services) -> None:
    here = admin.app.app.state.services  # type: ignore[attr-defined]  # Edge's
    binding = RedmineBinding(services.database, Users(), "off", None, services.clock)  # type: ignore[arg-type]  # a part
    authentication = replace(here.authentication, binding=binding)
    admin.app.app.state.services = replace(here, authentication=authentication)  # type: ignore[attr-defined]  # Edge's
    assert "Login in Redmine" in admin.get(at("boris"), headers=HTML).text
    for typed, status in (("", 422), ("nobody", 422), ("locked", 422), ("x" * 200, 422), ("down", 503)):
        refused = admin.post(at("boris", "/bind"), data={"redmine_username": typed}, headers=HTML)
        assert (refused.status_code, row(services, "boris").redmine_id) == (status, None)
    assert admin.post(at("boris", "/bind"), json={"redmine_username": "b.kuznetsov"}).status_code == 200
    assert row(services, "boris").redmine_id == 5
    assert "as user 5 of Redmine" in admin.get(at("boris"), headers=HTML).text
    assert admin.post(at("boris", "/unbind"), headers=HTML).status_code == 303
    assert row(services, "boris").redmine_id is None
    assert [it.who for it in lines(services, "bind", "unbind")] == [PEOPLE_IDS["admin"]] * 2


# The overview


def test_the_overview_counts_and_says_what_is_broken_first(
    visit: Visit, number: int, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = visit("admin")
    told = admin.get("/admin").json()
    counts = {"people": 5, "administrators": 1, "without_second_factor": 1, "sessions": 1, "tasks_today": 1}
    assert (told["broken"], told["counts"]) == ([], counts)
    assert "Nothing: the store" in admin.get("/admin", headers=HTML).text

    async def down(*_: object) -> None:
        raise Unavailable(sentence("The tracker is on fire."))

    monkeypatch.setattr(type(services.backend), "tasks", down)
    page = admin.get("/admin", headers=HTML).text
    assert page.index("on fire") < page.index("In numbers") and "Nothing: the store" not in page
    assert "tasks_today" not in admin.get("/admin").json()["counts"]


def test_the_overview_says_which_systems_do_not_work(admin: Client, services: Services) -> None:
    change(services, lambda db: system_health.record(db, "database", None, "", services.clock()))
    assert admin.get("/admin").json()["broken"] == ["The store does not work."]
    page = admin.get("/admin", headers=HTML).text
    assert "The store does not work." in page and 'href="/admin/systems"' in page


# The audit's page


def test_the_audit_is_searched_by_who_what_whom_and_when(visit: Visit, admin: Client, number: int) -> None:
    visit().post("/users/login", json={"username": "boris", "password": PASSWORDS["boris"]})
    visit("anna").put(f"/tasks/api/task/{number}/watch")
    admin.post(at("anna", "/rights"), json={"right": QUALITY, "granted": True})

    def acts(query: str) -> list[str]:
        answer = admin.get(f"/admin/audit?{query}")
        assert answer.status_code == 200, answer.text
        return [it["action"] for it in answer.json()["records"] if it["actor"]]

    assert acts("") == ["grant", "task_watched", "sign_in"]
    assert acts("group=tasks") == acts("who=anna") == acts(f"task=%23{number}") == ["task_watched"]
    assert acts("q=quality") == acts("group=rights") == ["grant"]
    assert acts(f"person={PEOPLE_IDS['anna']}") == ["grant", "task_watched"]
    assert acts("q=boris") == acts("who=local:boris") == ["sign_in"]
    today = datetime.now(UTC).date()
    assert acts(f"since={today}&until=9998-12-31")[:1] == ["grant"] and acts("until=2020-01-01") == []
    page = admin.get("/admin/audit?q=quality", headers=HTML).text
    assert "a right was granted" in page and "Quality control" in page and "testclient" in page


@pytest.mark.parametrize(
    "query",
    [
        "group=x",
        "who=nobody",
        "person=x",
        "task=x",
        "since=x",
        "until=9999-12-31",
        "before=-1",
        "person=" + "9" * 40,
        "since=0001-01-01",
        "until=1969-12-31",
        "q=%00",
        "who=%00",
    ],
)
def test_wrong_questions_at_the_audit_are_refused(admin: Client, query: str) -> None:
    assert admin.get(f"/admin/audit?{query}").status_code == 422
    page = admin.get(f"/admin/audit?{query}", headers=HTML)
    assert page.status_code == 422 and "audit-q" in page.text


def test_the_audit_finds_everybody_whom_a_word_means(admin: Client, services: Services) -> None:
    def work(db: Session) -> None:
        for number in range(audit_log.FEW_PEOPLE + 1):
            last = people.add_local(db, f"petrov{number}", f"Пётр Петров {number}", "", "", is_admin=False)
        audit.note(db, None, "enable", last.id)

    change(services, work)
    records = admin.get("/admin/audit", params={"q": "Петров"}).json()["records"]
    assert [it["person"]["login"] for it in records] == [f"petrov{audit_log.FEW_PEOPLE}"]
    assert admin.get("/admin/audit", params={"q": "petrov7"}).json()["records"] == []


def test_the_audit_is_read_page_after_page_and_exported_without_formulas(admin: Client, services: Services) -> None:
    def many(db: Session) -> None:
        for number in range(120):
            audit.note(db, PEOPLE_IDS["anna"], "file_taken", None, {"file": f"=cmd|{number}"}, 5)
        db.get_one(Person, PEOPLE_IDS["anna"]).full_name = "=HYPERLINK(1)"

    change(services, many)
    seen, before = [], ""
    while before is not None:
        told = admin.get(f"/admin/audit?group=files&before={before}").json()
        seen += [it["details"]["file"] for it in told["records"]]
        before = told["before"]
    assert seen == [f"=cmd|{number}" for number in reversed(range(120))]
    answer = admin.get("/admin/audit/export.csv?group=files")
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    rows = answer.content.decode("utf-8-sig").splitlines()
    taken = [it for it in rows if "=cmd" in it]
    assert len(taken) == 120 and all(";'=HYPERLINK(1);anna;" in it for it in taken)
    assert "the audit was exported" in rows[1]
