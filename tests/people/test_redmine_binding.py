"""Accounts of other directories and users of a real Redmine: who is bound to whom, and by whose key one acts."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.encryption import Box
from helpdesk.errors import Invalid, NotAllowed
from helpdesk.people.authentication import Authentication
from helpdesk.people.directory import Profile, Secret
from helpdesk.people.model import Person
from helpdesk.people.redmine import RedmineDirectory
from helpdesk.people.redmine_binding import RedmineBinding, Rule
from helpdesk.people.redmine_keys import RedmineKeys
from helpdesk.redmine_client import RedmineClient
from helpdesk.services import utc_now
from helpdesk.store import directory_accounts, directory_secrets, joins, people
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from tests.people.scripted import ScriptedDirectory
from tests.people.test_authentication import Attempts
from tests.servers.process import free_port
from tests.servers.redmine import Redmine

pytestmark = pytest.mark.usefixtures("no_pause")

PASSWORD = "a password of the ERP"
KEYS = ("k" * 32,)


class Company:
    """A Redmine and an ERP whose people are written down."""

    def __init__(self, redmine: Redmine, database: Database, key: str, act_by_key: bool) -> None:
        self.database, self.erp = database, ScriptedDirectory("oracle")
        box = Box(KEYS) if act_by_key else None
        self.client = RedmineClient(redmine.url, key, auth=RedmineKeys(database, box) if box else None)
        self.asking = RedmineClient(redmine.url, key)
        self.users, self.box = RedmineDirectory(self.asking), box

    async def close(self) -> None:
        await self.client.close()
        await self.asking.close()

    async def sign_in(self, login: str, rule: Rule, email: str = "", password: str = PASSWORD) -> Person:
        self.erp.people[login, password] = Profile(login, email=email, id=f"erp-{login}")
        binding = RedmineBinding(self.database, self.users, rule, self.box, utc_now)
        both = (self.erp, self.users)
        person = await Authentication(self.database, both, utc_now, binding=binding).sign_in(
            login, password, Attempts()
        )
        assert person
        return person


@pytest.fixture
async def company(redmine: Redmine, database: Database) -> AsyncIterator[Company]:
    made = Company(redmine, database, redmine.admin_key, act_by_key=False)
    yield made
    await made.close()


@pytest.fixture
async def by_key(redmine: Redmine, database: Database) -> AsyncIterator[Company]:
    made = Company(redmine, database, redmine.admin_key, act_by_key=True)
    yield made
    await made.close()


async def test_the_same_login_binds_and_one_acts_by_the_login_of_redmine(company: Company, redmine: Redmine) -> None:
    person = await company.sign_in("ANNA", "login")
    assert (person.source, person.login) == ("oracle", "ANNA")
    assert (person.redmine_id, person.redmine_username) == (redmine.user_ids["anna"], "anna")
    acted = await company.client.get("/users/current.json", as_login=person.redmine_username)
    assert acted["user"]["id"] == redmine.user_ids["anna"]


async def test_the_same_mail_binds(company: Company, redmine: Redmine) -> None:
    person = await company.sign_in("a.smirnova", "mail", email="Anna@Example.test")
    assert (person.redmine_id, person.redmine_username) == (redmine.user_ids["anna"], "anna")


@pytest.mark.parametrize(
    ("login", "rule", "email"),
    [
        ("anna", "off", "anna@example.test"),
        ("nobody-there", "login", "anna@example.test"),
        ("anna", "mail", ""),
        ("anna", "mail", "nna@example.test"),
        ("locked", "login", ""),
        ("ann", "login", ""),
        ("*", "login", ""),
    ],
)
async def test_nothing_else_binds(company: Company, login: str, rule: Rule, email: str) -> None:
    person = await company.sign_in(login, rule, email)
    assert (person.redmine_id, person.redmine_username) == (None, None)


async def test_a_key_that_is_no_administrators_binds_nobody_to_its_owner(redmine: Redmine, database: Database) -> None:
    company = Company(redmine, database, redmine.api_keys["boris"], act_by_key=False)
    assert not await company.users.proven(Profile("anna", redmine_id=redmine.user_ids["anna"]))
    assert (await company.sign_in("anna", "login")).redmine_id is None
    await company.close()


async def test_an_account_that_redmine_made_before_is_the_same_persons(
    company: Company, redmine: Redmine, database: Database
) -> None:
    number = redmine.user_ids["anna"]
    before = database.run_here(
        lambda db: people.bind_redmine(db, number, "anna", "Анна", "anna@example.test").id, writes=True
    )
    person = await company.sign_in("anna", "login")
    assert (person.id, person.source, person.redmine_id) == (before, "redmine", number)
    again = await company.sign_in("anna", "login")
    assert again.id == before


async def test_signing_in_by_redmine_reaches_the_bound_account_and_leaves_its_names(
    company: Company, redmine: Redmine
) -> None:
    company.erp.people["a.smirnova", PASSWORD] = Profile("a.smirnova", "СМИРНОВА АННА", "a@erp.test", id="1")
    bound = await company.sign_in("a.smirnova", "mail", email="anna@example.test")
    binding = RedmineBinding(company.database, company.users, "off", None, utc_now)
    entrance = Authentication(company.database, (company.users,), utc_now, binding=binding)
    person = await entrance.sign_in("anna", redmine.passwords["anna"], Attempts())
    assert person and (person.id, person.login, person.redmine_username) == (bound.id, "a.smirnova", "anna")
    assert person.email == "anna@example.test" == bound.email


async def test_a_mail_that_somebody_entered_in_redmine_opens_no_account_of_the_company(
    company: Company, redmine: Redmine, database: Database
) -> None:
    """Users of Redmine enter their mail themselves."""
    bound = await company.sign_in("boss", "mail", email="anna@example.test")
    assert bound.redmine_id == redmine.user_ids["anna"]
    binding = RedmineBinding(database, company.users, "mail", None, utc_now)
    with pytest.raises(NotAllowed):
        await Authentication(database, (company.users,), utc_now, binding=binding).sign_in(
            "anna", redmine.passwords["anna"], Attempts()
        )


async def test_a_mail_joins_nobody_with_an_account_that_redmine_has_made(
    company: Company, redmine: Redmine, database: Database
) -> None:
    number = redmine.user_ids["anna"]
    database.run_here(lambda db: people.bind_redmine(db, number, "anna", "Анна", "").id, writes=True)
    boss = await company.sign_in("boss", "mail", email="anna@example.test")
    assert (boss.source, boss.redmine_id) == ("oracle", None)


async def test_a_user_who_was_renamed_in_redmine_is_acted_for_under_the_new_login(
    company: Company, redmine: Redmine, database: Database
) -> None:
    person = await company.sign_in("anna", "login")

    def stale(db: Session) -> None:
        directory_accounts.rename_in_redmine(db, db.get_one(tables.Person, person.id), "before")

    database.run_here(stale, writes=True)
    again = await company.sign_in("anna", "login")
    assert (again.redmine_id, again.redmine_username) == (redmine.user_ids["anna"], "anna")


async def test_an_account_that_was_unbound_is_not_bound_again_by_the_rule(company: Company, database: Database) -> None:
    person = await company.sign_in("anna", "login")
    unbound = {"redmine_id": None, "redmine_username": "", "redmine_username_folded": ""}
    database.run_here(lambda db: db.execute(sa.update(tables.Person).values(**unbound)), writes=True)
    again = await company.sign_in("anna", "login")
    assert (again.id, again.redmine_id) == (person.id, None)


def test_a_key_is_nobodys_where_two_accounts_claim_its_login(database: Database) -> None:
    def work(db: Session) -> list[str | None]:
        found = []
        for number in (7, 8):
            row = directory_accounts.bind(db, "oracle", f"e{number}", str(number), {})
            row.redmine_id, row.redmine_username, row.redmine_username_folded = number, "same", "same"
            db.add(row)
            directory_secrets.keep_redmine_key(db, row.id or 0, f"sealed {number}", utc_now())
            db.flush()
            found.append(directory_secrets.redmine_key_of(db, "Same"))
        return found

    assert database.run_here(work, writes=True) == ["sealed 7", None]


def test_a_joined_account_of_redmine_is_not_taken_for_an_expected_one(database: Database) -> None:
    def work(db: Session) -> tuple[bool, str]:
        mine = people.bind_redmine(db, 7, "ivanov", "И", "")
        kept = directory_accounts.bind(db, "oracle", "ivanov", "1", {})
        joins.join(db, kept, mine, utc_now(), None)
        other = people.bind_redmine(db, 8, "ivanov", "Другой", "")
        return other.id not in (mine.id, kept.id), mine.login_folded

    is_new, freed = database.run_here(work, writes=True)
    assert is_new and freed.startswith("#")


async def test_a_redmine_that_is_down_keeps_nobody_outside(database: Database) -> None:
    erp = ScriptedDirectory("oracle", {("anna", PASSWORD): Profile("anna", id="1")})
    client = RedmineClient(f"http://127.0.0.1:{free_port()}", "key")
    binding = RedmineBinding(database, RedmineDirectory(client), "login", None, utc_now)
    person = await Authentication(database, (erp,), utc_now, binding=binding).sign_in("anna", PASSWORD, Attempts())
    assert person and person.redmine_id is None
    await client.close()


async def test_one_account_is_never_bound_to_two_users(company: Company, redmine: Redmine, database: Database) -> None:
    person = await company.sign_in("anna", "login")
    row = database.run_here(lambda db: db.get_one(tables.Person, person.id))
    binding = RedmineBinding(database, company.users, "off", None, utc_now)
    with pytest.raises(Invalid):
        await binding.bind(row, Profile("boris", redmine_id=redmine.user_ids["boris"]))


async def test_who_is_locked_in_redmine_is_found_among_those_signed_in(company: Company, redmine: Redmine) -> None:
    known = [
        directory_accounts.Known(1, "anna", redmine.user_ids["anna"]),
        directory_accounts.Known(2, "locked", redmine.user_ids["locked"]),
    ]
    assert await company.users.blocked(known) == {2}


async def test_one_acts_by_the_own_key_which_lies_encrypted_in_the_store(
    by_key: Company, redmine: Redmine, database: Database, tmp_path: Path
) -> None:
    person = await by_key.sign_in("anna", "login", password=redmine.passwords["anna"])
    acted = await by_key.client.get("/users/current.json", as_login=person.redmine_username or person.login)
    assert acted["user"]["id"] == redmine.user_ids["anna"]
    stored = b"".join(file.read_bytes() for file in tmp_path.rglob("helpdesk.db*"))
    (sealed,) = database.run_here(lambda db: db.execute(sa.select(tables.RedmineKey.secret)).scalars().all())
    for secret in (redmine.api_keys["anna"], redmine.passwords["anna"]):
        assert secret.encode() not in stored
    assert Box(KEYS).open(sealed) == redmine.api_keys["anna"] and Box(("l" * 32,)).open(sealed) is None


async def test_without_a_key_one_does_not_act_at_all(by_key: Company) -> None:
    person = await by_key.sign_in("anna", "login")  # with a password that is not Redmine's
    assert person.redmine_username == "anna"
    with pytest.raises(NotAllowed):
        await by_key.client.get("/issues.json", as_login="anna")


async def test_a_key_that_redmine_refuses_is_forgotten_and_the_next_sign_in_fetches_another(
    by_key: Company, redmine: Redmine, database: Database
) -> None:
    password = f"password-{secrets.token_hex(4)}"
    login = f"user-{secrets.token_hex(4)}"
    names = {"login": login, "firstname": "Новый", "lastname": "Человек", "mail": f"{login}@example.test"}
    with httpx.Client(base_url=redmine.url, headers={"X-Redmine-API-Key": redmine.admin_key}, trust_env=False) as http:
        assert http.post("/users.json", json={"user": {**names, "password": password}}).status_code == 201
    await by_key.sign_in(login, "login", password=password)
    wrong = Box(KEYS).seal(Secret("0" * 40))
    database.run_here(lambda db: db.execute(sa.update(tables.RedmineKey).values(secret=wrong)), writes=True)
    with pytest.raises(NotAllowed):
        await by_key.client.get("/issues.json", as_login=login)
    assert database.run_here(lambda db: list(db.execute(sa.select(tables.RedmineKey)))) == []
    await by_key.sign_in(login, "login", password=password)
    assert (await by_key.client.get("/users/current.json", as_login=login))["user"]["login"] == login
