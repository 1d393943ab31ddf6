"""Several directories in turn: who is asked, which account it is, and what a directory that fails changes."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.errors import DirectoryUnavailable, LoginReassigned, Misconfigured
from helpdesk.people import authentication
from helpdesk.people.authentication import SILENT, Authentication
from helpdesk.people.blocked import LEASE_SECONDS, BlockedPeople
from helpdesk.people.directory import Profile
from helpdesk.people.grace import Grace
from helpdesk.people.model import Person
from helpdesk.store import directory_accounts, joins, people, sessions
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from tests.people.scripted import ScriptedDirectory

PASSWORD = "Пароль ERP, который нигде не остаётся"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
IVANOV = Profile("ivanov", "ИВАНОВ ИВАН", "ivanov@example.test", "Склад", "Кладовщик", "101", "1234", id="7")


class Attempts:
    """What is counted: each directory once."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []

    async def checking(self, login: str, password: str) -> str:
        return password

    def turn_to(self, source: str) -> None:
        pass

    def refused(self) -> None:
        self.outcomes.append("refused")

    def unanswered(self) -> None:
        self.outcomes.append("unanswered")


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def erp() -> ScriptedDirectory:
    return ScriptedDirectory("oracle", {("ivanov", PASSWORD): IVANOV})


@pytest.fixture
def ldap() -> ScriptedDirectory:
    return ScriptedDirectory("ldap")


@pytest.fixture
def company(database: Database, erp: ScriptedDirectory, ldap: ScriptedDirectory, clock: Clock) -> Authentication:
    return Authentication(database, (erp, ldap), clock)


async def sign_in(
    company: Authentication, login: str = "ivanov", password: str = PASSWORD, attempts: Attempts | None = None
) -> Person | None:
    return await company.sign_in(login, password, attempts or Attempts())


def row_of(database: Database, source: str, login: str) -> tables.Person:
    (row,) = database.run_here(lambda db: people.with_login(db, login, source))
    return row


async def test_an_employee_of_the_erp_gets_an_account_with_what_the_erp_knows(
    company: Authentication, database: Database
) -> None:
    person = await sign_in(company)
    assert person and (person.source, person.login, person.full_name) == ("oracle", "ivanov", "ИВАНОВ ИВАН")
    assert (person.email, person.department, person.position) == ("ivanov@example.test", "Склад", "Кладовщик")
    row = row_of(database, "oracle", "ivanov")
    assert (row.office, row.phone, row.directory_id, row.redmine_id) == ("101", "1234", "7", None)
    assert await sign_in(company) == person


async def test_directories_are_asked_in_their_order_until_one_knows_the_person(
    company: Authentication, erp: ScriptedDirectory, ldap: ScriptedDirectory
) -> None:
    ldap.people["petrov", PASSWORD] = Profile("petrov", id="8")
    attempts = Attempts()
    person = await sign_in(company, "petrov", attempts=attempts)
    assert person and person.source == "ldap" and (erp.asked, ldap.asked) == (["petrov"], ["petrov"])
    assert attempts.outcomes == ["refused"]
    assert await sign_in(company, "petrov", "wrong", attempts := Attempts()) is None
    assert attempts.outcomes == ["refused", "refused"]


async def test_a_person_who_is_known_waits_for_no_other_directory(
    company: Authentication, erp: ScriptedDirectory, ldap: ScriptedDirectory
) -> None:
    ldap.people["petrov", PASSWORD] = Profile("petrov", email="petrov@example.test", id="8")
    assert await sign_in(company, "petrov")
    erp.asked.clear()
    for typed in ("petrov", " PETROV ", "Petrov@example.test"):
        ldap.people[typed, PASSWORD] = ldap.people["petrov", PASSWORD]
        assert await sign_in(company, typed) and erp.asked == []
    assert await sign_in(company, "petrov", "wrong") is None and erp.asked == ["petrov"]


async def test_somebody_who_has_signed_in_before_may_type_the_e_mail(company: Authentication) -> None:
    assert await sign_in(company, "ivanov@example.test") is None
    person = await sign_in(company)
    assert person and await sign_in(company, " Ivanov@Example.test ") == person
    assert await sign_in(company, "ivanov@example.test", "wrong") is None


async def test_a_directory_that_is_down_is_passed_over_and_named_where_nobody_knows_the_login(
    company: Authentication, erp: ScriptedDirectory, ldap: ScriptedDirectory
) -> None:
    erp.failure = DirectoryUnavailable(detail="ORA-01033")
    ldap.people["petrov", PASSWORD] = Profile("petrov", id="8")
    attempts = Attempts()
    assert (await sign_in(company, "petrov", attempts=attempts)) and attempts.outcomes == ["unanswered"]
    with pytest.raises(DirectoryUnavailable) as raised:
        await sign_in(company)
    assert raised.value.message == SILENT["oracle"] and raised.value.detail == "ORA-01033"


async def test_a_refused_service_account_is_told_as_what_it_is(company: Authentication, erp: ScriptedDirectory) -> None:
    erp.failure, attempts = Misconfigured(detail="ORA-28000"), Attempts()
    with pytest.raises(Misconfigured):
        await sign_in(company, attempts=attempts)
    assert attempts.outcomes == ["refused", "refused"]  # it may have looked at the password


async def test_all_directories_together_have_a_bounded_time(
    company: Authentication, erp: ScriptedDirectory, ldap: ScriptedDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*asked: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(authentication, "TOTAL_SECONDS", 0.05)
    monkeypatch.setattr(erp, "sign_in", never)
    with pytest.raises(DirectoryUnavailable):
        await sign_in(company)


async def test_a_blocked_or_disabled_person_stays_outside(
    company: Authentication, erp: ScriptedDirectory, database: Database
) -> None:
    erp.people["ivanov", PASSWORD] = IVANOV._replace(is_blocked=True)
    assert await sign_in(company) is None
    erp.people["ivanov", PASSWORD] = IVANOV
    assert await sign_in(company)
    database.run_here(lambda db: db.execute(sa.update(tables.Person).values(is_active=False)), writes=True)
    assert await sign_in(company) is None


CHANGED_HANDS = {
    "another id": IVANOV._replace(id="9"),
    "another e-mail, where there is no id": IVANOV._replace(id="", email="other@example.test"),
}


@pytest.mark.parametrize("case", CHANGED_HANDS)
async def test_a_login_that_has_changed_hands_inherits_nothing(
    company: Authentication, erp: ScriptedDirectory, database: Database, case: str
) -> None:
    new = CHANGED_HANDS[case]
    erp.people["ivanov", PASSWORD] = IVANOV._replace(id=new.id and "7")
    old = await sign_in(company)
    erp.people["ivanov", PASSWORD] = new
    with pytest.raises(LoginReassigned):
        await sign_in(company)
    database.run_here(lambda db: directory_accounts.release_login(db, "oracle", "IVANOV"), writes=True)
    other = await sign_in(company)
    assert old and other and old.id != other.id
    assert await sign_in(company) == other


async def test_an_administrator_may_say_that_the_person_is_the_same(
    company: Authentication, erp: ScriptedDirectory, database: Database
) -> None:
    old = await sign_in(company)
    erp.people["ivanov", PASSWORD] = IVANOV._replace(id="9", email="ivan@example.test")
    database.run_here(lambda db: directory_accounts.accept_login(db, "oracle", "ivanov"), writes=True)
    new = await sign_in(company)
    assert old and new and (new.id, new.email) == (old.id, "ivan@example.test")
    assert not database.run_here(lambda db: directory_accounts.accept_login(db, "oracle", "nobody"), writes=True)


async def test_a_renamed_person_keeps_the_account_and_logins_may_be_swapped(
    company: Authentication, erp: ScriptedDirectory
) -> None:
    petrov = Profile("petrov", "ПЕТРОВ", "petrov@example.test", id="8")
    erp.people["petrov", PASSWORD] = petrov
    first, second = await sign_in(company), await sign_in(company, "petrov")
    erp.people["ivanov", PASSWORD] = petrov._replace(login="ivanov")
    erp.people["petrov", PASSWORD] = IVANOV._replace(login="petrov")
    swapped = [await sign_in(company, login) for login in ("ivanov", "petrov")]
    assert first and second and [it and it.id for it in swapped] == [second.id, first.id]


async def test_what_is_too_long_is_cut_and_a_long_e_mail_left_out(
    company: Authentication, erp: ScriptedDirectory
) -> None:
    erp.people["ivanov", PASSWORD] = IVANOV._replace(full_name="И" * 500, email="a" * 300 + "@x.test", office="о" * 999)
    person = await sign_in(company)
    assert person and (len(person.full_name), person.email) == (200, "")


@pytest.fixture
def graced(company: Authentication, database: Database, clock: Clock) -> Authentication:
    return replace(company, grace=Grace(database, timedelta(hours=72), clock))


async def test_while_the_erp_is_down_they_may_enter_who_signed_in_a_short_while_ago(
    graced: Authentication, erp: ScriptedDirectory, clock: Clock
) -> None:
    person = await sign_in(graced)
    erp.failure = DirectoryUnavailable(detail="down")
    clock.now += timedelta(hours=71)
    assert await sign_in(graced) == person
    for login, password in (("ivanov", "wrong"), ("IVANOV", PASSWORD), ("petrov", PASSWORD)):
        with pytest.raises(DirectoryUnavailable):
            await sign_in(graced, login, password)
    clock.now += timedelta(hours=2)
    with pytest.raises(DirectoryUnavailable):
        await sign_in(graced)


async def test_there_is_no_grace_for_a_refused_password_nor_for_a_refused_helpdesk(
    graced: Authentication, erp: ScriptedDirectory
) -> None:
    assert await sign_in(graced)
    erp.failure = Misconfigured(detail="ORA-28000")
    with pytest.raises(Misconfigured):
        await sign_in(graced)
    erp.failure = None
    erp.people = {("ivanov", "the new one"): IVANOV}
    assert await sign_in(graced) is None
    erp.failure = DirectoryUnavailable(detail="down")
    with pytest.raises(DirectoryUnavailable):
        await sign_in(graced)


async def test_nobody_takes_a_colleagues_grace_away_and_an_e_mail_opens_it_too(
    graced: Authentication, erp: ScriptedDirectory
) -> None:
    person = await sign_in(graced)
    for login, password in (("ivanov", "a guess"), ("IVANOV", PASSWORD), ("ivanov@example.test", "a guess")):
        assert await sign_in(graced, login, password) is None
    erp.failure = DirectoryUnavailable(detail="down")
    assert await sign_in(graced) == person == await sign_in(graced, "ivanov@example.test")


async def test_a_password_that_the_erp_has_let_in_and_refuses_now_is_forgotten_whatever_name_is_typed(
    graced: Authentication, erp: ScriptedDirectory
) -> None:
    assert await sign_in(graced)
    erp.people = {("ivanov", "the new one"): IVANOV}
    assert await sign_in(graced, "ivanov@example.test") is None
    erp.failure = DirectoryUnavailable(detail="down")
    with pytest.raises(DirectoryUnavailable):
        await sign_in(graced)


async def test_without_grace_no_hash_is_kept(company: Authentication, database: Database) -> None:
    assert await sign_in(company)
    assert database.run_here(lambda db: list(db.execute(sa.select(tables.GracePassword)))) == []


async def test_a_person_whom_the_directory_blocks_is_signed_out(
    company: Authentication, erp: ScriptedDirectory, database: Database, clock: Clock
) -> None:
    person = await sign_in(company)
    assert person
    (session_id, _) = database.run_here(lambda db: sessions.begin(db, person.id, clock(), False, "", ""), writes=True)
    watch = BlockedPeople(database, {"oracle": erp.blocked}, clock)

    def is_in() -> bool:
        return database.run_here(lambda db: sessions.find(db, session_id, clock())) is not None

    await watch.check("oracle")
    erp.failure = DirectoryUnavailable(detail="down")
    await watch.check("oracle")
    assert is_in()
    erp.failure, erp.people = None, {("ivanov", PASSWORD): IVANOV._replace(is_blocked=True)}
    await watch.check("oracle")
    assert not is_in() and row_of(database, "oracle", "ivanov").blocked_at == clock()
    assert database.run_here(lambda db: people.known_in_embedded(db, [person.id])) == []
    erp.people = {("ivanov", PASSWORD): IVANOV}
    assert await sign_in(company) and row_of(database, "oracle", "ivanov").blocked_at is None


async def test_of_two_processes_one_asks_for_blocked_people(database: Database, clock: Clock) -> None:
    first, second = (BlockedPeople(database, {}, clock) for _ in range(2))
    assert [await it.holds_lease() for it in (first, second, first)] == [True, False, True]
    clock.now += timedelta(seconds=LEASE_SECONDS + 1)
    assert await second.holds_lease() and not await first.holds_lease()


async def test_only_the_directory_that_blocked_a_person_lets_them_in_again(
    company: Authentication, erp: ScriptedDirectory, ldap: ScriptedDirectory, database: Database, clock: Clock
) -> None:
    ldap.people["i.ivanov", PASSWORD] = Profile("i.ivanov", id="dn")
    here, there = await sign_in(company), await sign_in(company, "i.ivanov")
    assert here and there

    def join(db: Session) -> None:
        joins.join(db, db.get_one(tables.Person, here.id), db.get_one(tables.Person, there.id), clock(), None)

    database.run_here(join, writes=True)
    assert await sign_in(company, "i.ivanov") == here
    erp.people = {("ivanov", PASSWORD): IVANOV._replace(is_blocked=True)}
    block = partial(directory_accounts.block, ids=[here.id], source="oracle", now=clock())
    assert database.run_here(block, writes=True) == [here.id] and database.run_here(block, writes=True) == []
    assert await sign_in(company, "i.ivanov") is None
    erp.people = {("ivanov", PASSWORD): IVANOV}
    assert await sign_in(company) == here == await sign_in(company, "i.ivanov")


async def test_an_account_that_the_setting_makes_an_administrator_is_joined_by_nobody_else(
    company: Authentication, ldap: ScriptedDirectory
) -> None:
    ldap.people["i.ivanov", PASSWORD] = Profile("i.ivanov", email=IVANOV.email, id="dn")
    by_rule = replace(company, joins_by_email=True, named=(("oracle", "ivanov"),))
    there = await sign_in(by_rule, "i.ivanov")
    here = await sign_in(by_rule)
    assert here and there and here.id != there.id
    joined = await sign_in(replace(by_rule, named=()))
    assert joined and joined.id == there.id


async def test_who_has_left_keeps_nothing_of_the_login_that_somebody_else_has_now(
    graced: Authentication, erp: ScriptedDirectory, database: Database, clock: Clock
) -> None:
    old = await sign_in(graced)
    assert old
    begun = database.run_here(lambda db: sessions.begin(db, old.id, clock(), False, "", ""), writes=True)
    database.run_here(lambda db: directory_accounts.release_login(db, "oracle", "ivanov"), writes=True)
    assert database.run_here(lambda db: sessions.find(db, begun[0], clock())) is None
    row = database.run_here(lambda db: db.get_one(tables.Person, old.id))
    assert row.login == row.login_folded == f"#{old.id}"  # ADMINISTRATORS knows it no more
    erp.failure = DirectoryUnavailable(detail="down")
    with pytest.raises(DirectoryUnavailable):
        await sign_in(graced)
    erp.failure, erp.people = None, {("ivanov2", PASSWORD): IVANOV._replace(login="ivanov2")}
    returned = await sign_in(graced, "ivanov2")
    assert returned and (returned.id, returned.login) == (old.id, "ivanov2")


async def test_a_joined_account_whose_directory_has_forgotten_it_goes_on_by_the_other(
    company: Authentication, ldap: ScriptedDirectory, database: Database, clock: Clock
) -> None:
    ldap.people["i.ivanov", PASSWORD] = Profile("i.ivanov", id="dn")
    here, there = await sign_in(company), await sign_in(company, "i.ivanov")
    assert here and there

    def join_and_leave(db: Session) -> None:
        joins.join(db, db.get_one(tables.Person, here.id), db.get_one(tables.Person, there.id), clock(), None)
        directory_accounts.block(db, [there.id], "ldap", clock())

    database.run_here(join_and_leave, writes=True)
    assert await sign_in(company) is None
    database.run_here(lambda db: directory_accounts.release_login(db, "ldap", "i.ivanov"), writes=True)
    assert await sign_in(company) == here
    database.run_here(lambda db: sessions.begin(db, here.id, clock(), False, "", ""), writes=True)
    assert database.run_here(lambda db: directory_accounts.signed_in(db, "ldap", clock())) == []
