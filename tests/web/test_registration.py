"""An account that somebody makes, and the first administrator among them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from helpdesk.encryption import Box
from helpdesk.errors import DirectoryUnavailable, Invalid
from helpdesk.people.directory import Profile
from helpdesk.people.rights import ADMIN
from helpdesk.services import Services
from helpdesk.settings.parsing import account_names
from helpdesk.settings.settings import RateLimit
from helpdesk.store import people, registration, rights, second_factors
from helpdesk.store.models import tables
from helpdesk.store.registration import Registration, offer_token, wants_token
from tests.contract.cases import VERA
from tests.people.scripted import ScriptedDirectory
from tests.web.conftest import HTML, SECRET, Client, Visit
from tests.world import PASSWORDS, PEOPLE_IDS

ADDRESS = "/users/register"
REFUSED: dict[str, tuple[dict[str, Any], set[str]]] = {
    "nothing": ({}, {"username", "email", "password", "confirm_password"}),
    "a login that is taken, in another case": (VERA | {"username": "ANNA"}, {"username"}),
    "an e-mail that is taken": (VERA | {"email": "Anna@Example.test"}, {"email"}),
    "somebody's e-mail for a login": (VERA | {"username": "anna@example.test"}, {"username"}),
    "a login that can't be typed": (VERA | {"username": "a b"}, {"username"}),
    "a long login": (VERA | {"username": "v" * 121}, {"username"}),
    "a login that is long when folded": (VERA | {"username": "\ufdfa" * 20}, {"username"}),
    "an e-mail that is long when folded": (VERA | {"email": "\ufdfa" * 20 + "@example.test"}, {"email"}),
    "no e-mail": (VERA | {"email": "vera"}, {"email"}),
    "an e-mail with a line": (VERA | {"email": "vera@example.test\nBcc: all"}, {"email"}),
    "a short password": (VERA | {"password": "short", "confirm_password": "short"}, {"password"}),
    "two passwords": (VERA | {"confirm_password": "long-enough-78"}, {"confirm_password"}),
    "a long name": (VERA | {"full_name": "В" * 201}, {"full_name"}),
    "no text": (VERA | {"position": ["x"]}, {"position"}),
    "a made-up token": (VERA | {"setup_token": "x"}, {"setup_token"}),
}


def logins(services: Services) -> list[str]:
    return [row.login for row in services.database.run_here(people.all_people)]


def without_administrator(services: Services) -> str | None:
    """A setup token in a store that has no administrator."""

    def work(db: Any) -> str | None:
        db.execute(sa.delete(tables.RightGrant))
        return offer_token(db)

    return services.database.run_here(work, writes=True)


def test_a_program_registers_somebody_who_then_signs_in(visit: Visit) -> None:
    client = visit()
    answer = client.post(ADDRESS, json=VERA)
    told = answer.json()
    assert answer.status_code == 201 and told["success"] is True
    assert {name: told["user"][name] for name in ("username", "email", "full_name", "is_admin")} == {
        "username": "vera",
        "email": "vera@example.test",
        "full_name": "Вера Новикова",
        "is_admin": False,
    }
    assert "session" not in client.cookies and "password" not in answer.text
    signed_in = client.post("/users/login", json={"username": "vera@example.test", "password": VERA["password"]})
    assert signed_in.json()["user"] == told["user"]


def test_a_browser_is_signed_in_and_goes_where_it_wanted(visit: Visit) -> None:
    client = visit()
    page = client.get(f"{ADDRESS}?next=/tasks/7", headers=HTML).text
    assert 'name="next" value="/tasks/7"' in page and "setup_token" not in page
    answer = client.post(ADDRESS, data=VERA | {"next": "/tasks/7"}, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/tasks/7")
    assert client.get("/tasks/my-tasks").status_code == 200
    assert client.get(ADDRESS, headers=HTML).status_code == 303


@pytest.mark.parametrize("case", REFUSED)
def test_all_errors_are_reported_at_once_and_nobody_is_registered(visit: Visit, services: Services, case: str) -> None:
    body, fields = REFUSED[case]
    before = logins(services)
    answer = visit().post(ADDRESS, json=body)
    assert answer.status_code == 422 and set(answer.json()["errors"]) == fields
    assert logins(services) == before


def test_a_refused_form_keeps_what_was_typed_but_the_passwords(visit: Visit) -> None:
    page = visit().post(ADDRESS, data=VERA | {"confirm_password": "another-77"}, headers=HTML)
    assert page.status_code == 422 and "The two passwords differ." in page.text
    assert 'value="vera"' in page.text and 'value="Склад"' in page.text
    assert VERA["password"] not in page.text and "another-77" not in page.text


def test_where_registration_is_off_there_is_neither_page_nor_link(visit: Visit, services: Services) -> None:
    client = visit(registration=False)
    for answer in (client.get(ADDRESS, headers=HTML), client.post(ADDRESS, json=VERA)):
        assert answer.status_code == 403
    assert ADDRESS not in client.get("/users/login", headers=HTML).text and "vera" not in logins(services)
    assert ADDRESS in visit().get("/users/login", headers=HTML).text
    beside_redmine = visit(redmine_url="http://127.0.0.1:1")
    assert beside_redmine.post(ADDRESS, json=VERA).status_code == 403


def test_the_setup_token_makes_one_administrator(visit: Visit, services: Services) -> None:
    token = without_administrator(services)
    assert 'name="setup_token"' in visit().get(ADDRESS, headers=HTML).text
    assert (
        visit().post(ADDRESS, json=VERA | {"username": "first", "email": "f@x.test"}).json()["user"]["is_admin"]
        is False
    )
    assert visit().post(ADDRESS, json=VERA | {"setup_token": token}).json()["user"]["is_admin"] is True
    other = {"username": "other", "email": "other@example.test", "setup_token": token}
    assert set(visit().post(ADDRESS, json=VERA | other).json()["errors"]) == {"setup_token"}
    assert services.database.run_here(lambda db: offer_token(db), writes=True) is None


def test_a_refused_registration_does_not_use_up_the_token(visit: Visit, services: Services) -> None:
    token = without_administrator(services)
    assert visit().post(ADDRESS, json=VERA | {"setup_token": token, "username": "anna"}).status_code == 422
    assert visit().post(ADDRESS, json=VERA | {"setup_token": token}).json()["user"]["is_admin"] is True


def test_a_token_is_void_once_there_is_an_administrator_or_another_token(visit: Visit, services: Services) -> None:
    old, new = without_administrator(services), without_administrator(services)
    assert old != new and visit().post(ADDRESS, json=VERA | {"setup_token": old}).status_code == 422
    services.database.run_here(lambda db: rights.grant(db, PEOPLE_IDS["boris"], ADMIN), writes=True)
    assert not services.database.run_here(wants_token)
    assert visit().post(ADDRESS, json=VERA | {"setup_token": new}).status_code == 422


def test_a_login_that_the_setting_names_is_registered_with_the_setup_token_alone(
    visit: Visit, services: Services
) -> None:
    token, named = without_administrator(services), account_names("local:Vera")
    client = visit(administrators=named)
    for login in ("vera", "VERA"):
        refused = client.post(ADDRESS, json=VERA | {"username": login})
        assert refused.status_code == 422 and set(refused.json()["errors"]) == {"username"}
    assert 'name="setup_token"' in client.get(ADDRESS, headers=HTML).text and "vera" not in logins(services)
    assert client.post(ADDRESS, json=VERA | {"setup_token": token}).json()["user"]["is_admin"] is True
    late = VERA | {"username": "late", "email": "late@example.test"}
    assert client.post(ADDRESS, json=late).status_code == 201
    assert visit(administrators=account_names("local:later")).post(ADDRESS, json=late | {"username": "later"}).is_error


@pytest.mark.parametrize(
    ("named", "offered"), [("local:vera", True), ("redmine:anna", True), ("local:ANNA", False), ("", True)]
)
def test_a_token_is_offered_until_somebody_whom_the_setting_names_has_an_account(
    services: Services, named: str, offered: bool
) -> None:
    without_administrator(services)
    listed, run = account_names(named), services.database.run_here
    assert run(lambda db: wants_token(db, listed)) is offered
    assert (run(lambda db: offer_token(db, listed), writes=True) is not None) is offered


def test_of_many_who_register_at_once_one_has_the_login_and_one_the_token(services: Services) -> None:
    token = without_administrator(services) or ""

    def register(login: str, setup_token: str) -> bool:
        wish = Registration(login, f"{login}@example.test", "", "", "", setup_token)
        try:
            services.database.run_here(lambda db: registration.register(db, wish, "hash").id, writes=True)
        except Invalid:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        same = [pool.submit(register, "vera", "") for _ in range(3)]
        others = [pool.submit(register, f"v{number}", token) for number in range(3)]
        for sent in (same, others):
            assert sorted(each.result() for each in sent) == [False, False, True]


def test_an_address_does_not_register_without_end(visit: Visit) -> None:
    client = visit(login_rate_limit=RateLimit(1, 60))
    assert client.post(ADDRESS, json=VERA).status_code == 201
    late = client.post(ADDRESS, data=VERA | {"username": "v", "email": "v@example.test"}, headers=HTML)
    assert late.status_code == 429 and int(late.headers["retry-after"]) <= 60
    assert client.post("/users/login", json=VERA).status_code == 200


def test_the_old_address_leads_here(visit: Visit) -> None:
    assert visit().get("/register", headers=HTML).headers["location"] == ADDRESS


@pytest.fixture
def erp(services: Services) -> ScriptedDirectory:
    ivanov = Profile("ivanov", "ИВАНОВ", "i@erp.test", "Склад", id="7")
    return ScriptedDirectory("oracle", {("ivanov", "short"): ivanov})


@pytest.fixture
def beside_erp(visit: Visit, services: Services, erp: ScriptedDirectory) -> Client:
    """A visitor of a helpdesk that has an ERP, where people may register."""
    client = visit(registration=True, oracle_host="erp")
    both = replace(services.authentication, directories=(erp, *services.authentication.directories))
    client.app.app.state.services = replace(client.app.app.state.services, authentication=both)
    return client


def test_with_an_erp_it_has_to_accept_the_pair_and_its_data_wins(beside_erp: Client, services: Services) -> None:
    typed = VERA | {"username": "ivanov", "password": "short", "confirm_password": "short"}
    told = beside_erp.post(ADDRESS, json=typed)
    assert told.status_code == 201
    user = told.json()["user"]
    assert (user["username"], user["full_name"], user["email"]) == ("ivanov", "ИВАНОВ", "i@erp.test")
    (row,) = services.database.run_here(lambda db: people.with_login(db, "ivanov", None))
    assert (row.source, row.password_hash) == ("oracle", None)


def test_with_an_erp_nobody_else_registers(beside_erp: Client, services: Services, erp: ScriptedDirectory) -> None:
    before = logins(services)
    told = beside_erp.post(ADDRESS, json=VERA)
    assert told.status_code == 422 and set(told.json()["errors"]) == {"password"}
    local = beside_erp.post(ADDRESS, json=VERA | {"username": "anna", "password": PASSWORDS["anna"]})
    assert local.status_code == 422
    erp.failure = DirectoryUnavailable(detail="down")
    assert beside_erp.post(ADDRESS, json=VERA).status_code == 503
    assert logins(services) == before
    page = beside_erp.get(ADDRESS, headers=HTML).text
    assert 'name="username"' in page and 'name="password"' in page and 'name="email"' not in page


@pytest.mark.parametrize("half", [{"oracle_user": "helpdesk"}, {"ldap_base_dn": "dc=example"}])
def test_half_of_a_directorys_settings_opens_no_registration(visit: Visit, half: dict[str, str]) -> None:
    assert visit(**half).get(ADDRESS).status_code == 403


def test_an_erp_that_is_not_asked_for_passwords_lets_nobody_register(visit: Visit) -> None:
    assert visit(registration=True, oracle_host="erp").get(ADDRESS).status_code == 403


def test_with_an_erp_the_setup_token_makes_the_first_administrator_once(
    beside_erp: Client, services: Services, erp: ScriptedDirectory
) -> None:
    erp.people["petrov", "short"] = Profile("petrov", id="8")
    token = without_administrator(services)
    made = [
        beside_erp.post(ADDRESS, json={"username": login, "password": "short", "setup_token": token})
        for login in ("ivanov", "petrov")
    ]
    assert [it.status_code for it in made] == [201, 422] and made[0].json()["user"]["is_admin"] is True


def test_with_an_erp_nobody_gets_past_a_second_factor_by_registering_again(
    beside_erp: Client, services: Services
) -> None:
    typed = {"username": "ivanov", "password": "short"}
    number = beside_erp.post(ADDRESS, json=typed).json()["user"]["id"]
    sealed, now = Box([SECRET]).seal("A" * 32), services.clock()
    services.database.run_here(lambda db: second_factors.set_up(db, number, sealed, 1, now, []), writes=True)
    told = beside_erp.post(ADDRESS, data=typed, headers=HTML)
    assert (told.status_code, told.headers["location"]) == (303, "/users/login")
    assert "session" not in beside_erp.cookies
