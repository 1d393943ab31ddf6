"""Rights in the store: who holds which, what gives it, and that somebody stays an administrator."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import Session, col, select

from helpdesk.errors import Invalid
from helpdesk.people.model import entitled, load_person
from helpdesk.people.rights import ADMIN, GRANTED, REDMINE_USER, RIGHTS
from helpdesk.store import people, rights, sessions
from helpdesk.store.database import Database
from helpdesk.store.models.tables import AuditRecord, Person
from tests.world import PEOPLE_IDS

ADA, ANNA, BORIS = (PEOPLE_IDS[login] for login in ("admin", "anna", "boris"))
QUALITY, REPORT = "can_access_quality_control", "can_access_redmine_report"
NOW = datetime(2026, 3, 4, tzinfo=UTC)
NAMED = (("local", "Anna"),)
Done = Callable[..., Any]


@pytest.fixture
def done(database: Database) -> Done:
    """`done(rights.grant, ANNA, QUALITY)` is what becomes of that in the store, in a transaction of its own."""
    return lambda work, *values: database.run_here(lambda db: work(db, *values), writes=True)


def held(database: Database, person_id: int = ANNA) -> frozenset[str]:
    return database.run_here(lambda db: rights.of_people(db, [person_id])[person_id])


def change(database: Database, person_id: int, **values: object) -> None:
    def work(db: Session) -> None:
        person = db.get_one(Person, person_id)
        for name, value in values.items():
            setattr(person, name, value)

    database.run_here(work, writes=True)


def records(database: Database, person_id: int = ANNA) -> list[tuple[int | None, str, dict[str, str]]]:
    query = select(AuditRecord).where(AuditRecord.person_id == person_id).order_by(col(AuditRecord.id))
    return [
        (it.actor_id, it.action, json.loads(it.details)) for it in database.run_here(lambda db: db.exec(query).all())
    ]


def test_a_right_is_granted_once_and_revoked_once(database: Database, done: Done) -> None:
    assert [done(rights.grant, ANNA, QUALITY, ADA) for _ in range(2)] == [True, False]
    assert held(database) == {QUALITY} and not held(database, BORIS)
    assert [done(rights.revoke, ANNA, QUALITY, (), ADA) for _ in range(2)] == [True, False]
    assert not held(database)
    given = {"right": QUALITY, "source": ""}
    assert records(database) == [(ADA, "grant", given), (ADA, "revoke", given)]


@pytest.mark.parametrize("name", ["", "admin", "IS_ADMIN", REDMINE_USER, "is_admin can_access_quality_control"])
def test_a_right_that_can_not_be_granted_is_refused(database: Database, done: Done, name: str) -> None:
    for work, *values in (
        (rights.grant,),
        (rights.revoke, ()),
    ):
        with pytest.raises(Invalid):
            done(work, ANNA, name, *values)
    with pytest.raises(Invalid):
        done(rights.set_from_directory, ANNA, "ldap", {QUALITY, name})
    assert not held(database) and not records(database)


def test_a_directory_gives_exactly_the_rights_of_its_groups(database: Database, done: Done) -> None:
    done(rights.grant, ANNA, QUALITY)
    done(rights.set_from_directory, ANNA, "ldap", {QUALITY, REPORT})
    assert held(database) == {QUALITY, REPORT}
    before = records(database)
    done(rights.set_from_directory, ANNA, "ldap", {QUALITY, REPORT})
    assert records(database) == before
    done(rights.set_from_directory, ANNA, "ldap", set())
    assert held(database) == {QUALITY}, "what an administrator granted does not go with the group"
    assert (None, "revoke", {"right": REPORT, "source": "ldap"}) in records(database)
    done(rights.set_from_directory, ANNA, "oracle", {REPORT})
    done(rights.set_from_directory, ANNA, "ldap", set())
    assert held(database) == {QUALITY, REPORT}, "the groups of one directory do not change those of another"


def test_a_right_by_a_group_is_not_revoked_here(database: Database, done: Done) -> None:
    done(rights.set_from_directory, ANNA, "ldap", {QUALITY})
    with pytest.raises(Invalid) as refusal:
        done(rights.revoke, ANNA, QUALITY, (), None, {"ldap"})
    assert refusal.value.fields["right"][0].values == {"source": "ldap"} and held(database) == {QUALITY}


def test_a_grant_is_revoked_beside_the_same_right_by_a_group(database: Database, done: Done) -> None:
    done(rights.grant, ANNA, QUALITY)
    done(rights.set_from_directory, ANNA, "ldap", {QUALITY})
    assert done(rights.revoke, ANNA, QUALITY, (), None, {"ldap"}) and held(database) == {QUALITY}
    done(rights.set_from_directory, ANNA, "ldap", set())
    assert held(database) == set()


def test_a_right_by_a_group_of_a_directory_that_is_not_asked_is_revoked_here(database: Database, done: Done) -> None:
    done(rights.set_from_directory, ANNA, "ldap", {QUALITY})
    assert done(rights.revoke, ANNA, QUALITY, (), None, {"oracle"}) and held(database) == set()


def test_a_right_by_the_setting_is_not_revoked_here(database: Database, done: Done) -> None:
    done(rights.grant, ANNA, ADMIN)
    with pytest.raises(Invalid):
        done(rights.revoke, ANNA, ADMIN, NAMED)
    assert done(rights.revoke, ANNA, ADMIN, (("redmine", "anna"),))


def disable(login: str) -> Callable[[Session, rights.Named], object]:
    return lambda db, named: people.disable(db, login, named=named)


REMOVALS = {"revoke": lambda db, named: rights.revoke(db, ADA, ADMIN, named), "disable": disable("admin")}


@pytest.mark.parametrize("remove", REMOVALS.values(), ids=REMOVALS)
def test_the_last_administrator_can_not_be_removed(database: Database, done: Done, remove: Any) -> None:
    with pytest.raises(Invalid):
        done(remove, ())
    assert database.run_here(rights.administrators) == [ADA]
    done(rights.grant, BORIS, ADMIN)
    assert done(remove, ()) and database.run_here(rights.administrators) == [BORIS]


@pytest.mark.parametrize("remove", REMOVALS.values(), ids=REMOVALS)
@pytest.mark.parametrize(
    ("values", "counts"),
    [({}, True), ({"is_active": False}, False), ({"joined_into": BORIS}, False), ({"blocked_at": NOW}, False)],
)
@pytest.mark.parametrize("by_setting", [False, True])
def test_only_an_account_that_can_sign_in_counts_as_another_administrator(
    database: Database, done: Done, remove: Any, values: dict[str, object], counts: bool, by_setting: bool
) -> None:
    if not by_setting:
        done(rights.grant, ANNA, ADMIN)
    change(database, ANNA, **values)
    if counts:
        assert done(remove, NAMED if by_setting else ())
    else:
        with pytest.raises(Invalid):
            done(remove, NAMED if by_setting else ())


def test_a_name_in_the_setting_without_an_account_is_no_administrator(done: Done) -> None:
    with pytest.raises(Invalid):
        done(disable("admin"), (("local", "nobody"), ("redmine", "anna")))


def test_an_account_that_never_signed_in_is_not_enough(database: Database, done: Done) -> None:
    def expect(db: Session) -> int:
        person = people.expect(db, "redmine", "ivanov")
        assert person.id is not None
        rights.grant(db, person.id, ADMIN)
        return person.id

    expected = done(expect)
    with pytest.raises(Invalid):
        done(disable("admin"), ())
    change(database, expected, redmine_id=7)
    assert done(disable("admin"), ())


def test_others_are_disabled_and_lose_rights_where_there_is_no_administrator(database: Database, done: Done) -> None:
    done(rights.set_from_directory, ADA, "", set())
    assert not database.run_here(rights.administrators)
    assert done(disable("anna"), ())


def test_who_is_disabled_and_enabled_again_signs_in_anew(database: Database, done: Done) -> None:
    now = datetime.now(UTC)
    session_id, _ = done(sessions.begin, ANNA, now, False, "", "")
    assert done(people.disable, "ANNA") and done(people.enable, "ANNA")
    assert database.run_here(lambda db: db.get_one(Person, ANNA).is_active)
    assert database.run_here(lambda db: sessions.find(db, session_id, now)) is None
    assert not done(people.enable, "nobody")


def test_an_account_that_is_joined_into_another_one_is_granted_nothing(database: Database, done: Done) -> None:
    change(database, ANNA, joined_into=BORIS)
    with pytest.raises(Invalid):
        done(rights.grant, ANNA, QUALITY)


def test_all_rights_are_passed_on_and_none_is_doubled(database: Database, done: Done) -> None:
    done(rights.grant, ANNA, QUALITY)
    done(rights.set_from_directory, ANNA, "ldap", {REPORT})
    done(rights.grant, BORIS, QUALITY)
    done(rights.pass_on, ANNA, BORIS)
    assert not held(database) and held(database, BORIS) == {QUALITY, REPORT}
    done(rights.set_from_directory, BORIS, "ldap", set())
    assert held(database, BORIS) == {QUALITY}


def test_a_session_brings_the_rights_in_its_own_statement(
    database: Database, done: Done, statements: list[str]
) -> None:
    now = datetime.now(UTC)
    session_id, _ = done(sessions.begin, ANNA, now, False, "", "")
    for source in ("", "ldap", "oracle"):
        done(rights.set_from_directory, ANNA, source, set(GRANTED))
    statements.clear()
    found = database.run_here(lambda db: sessions.find(db, session_id, now))
    assert found and found.rights == set(GRANTED)
    assert len([text for text in statements if text.startswith("SELECT")]) == 1


def test_a_person_holds_what_was_granted_and_what_follows_from_redmine_and_the_setting(
    database: Database, done: Done
) -> None:
    done(rights.grant, ANNA, QUALITY)
    change(database, ANNA, redmine_id=7)
    person = database.run_here(lambda db: load_person(db, db.get_one(Person, ANNA)))
    assert person.rights == {QUALITY, REDMINE_USER} and not person.is_admin
    assert entitled(person, NAMED).rights == {QUALITY, REDMINE_USER, ADMIN}
    assert entitled(person, (("redmine", "anna"),)) == person


def test_every_right_that_is_granted_has_a_name_that_fits(done: Done) -> None:
    assert set(GRANTED) == set(RIGHTS) - {REDMINE_USER}
    assert all(done(rights.grant, ANNA, name) for name in GRANTED)
    assert len(" ".join(GRANTED)) * 3 < 1024, "the length at which MySQL cuts an aggregated text"
