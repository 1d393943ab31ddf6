"""`helpdesk user admin` and ADMINISTRATORS: who administers the helpdesk, beside a Redmine and without one."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, select

from helpdesk import __main__, commands
from helpdesk.people.rights import ADMIN
from helpdesk.settings import settings as configuration
from helpdesk.store import api_tokens, directory_accounts, people, rights, second_factors
from helpdesk.store.database import Database
from helpdesk.store.models.tables import AuditRecord
from tests.servers.process import free_port
from tests.world import PEOPLE_IDS

QUALITY = "can_access_quality_control"
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("list")` is the exit code of `helpdesk user list` and what it prints, by default beside a Redmine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "keep_private", lambda: None)  # which is for processes of their own
    monkeypatch.setenv("DATABASE_URL", str(database.engine.url))

    def user(*arguments: str, redmine: bool = True) -> tuple[int, str]:
        for name, value in (("REDMINE_URL", f"http://127.0.0.1:{free_port()}"), ("REDMINE_API_KEY", "key")):
            monkeypatch.setenv(name, value if redmine else "")
        code = __main__.main(["user", *arguments])
        told = capsys.readouterr()
        return code, told.out + told.err

    return user


def bind(database: Database, number: int, login: str) -> bool | None:
    """Whether who signs in by Redmine is an administrator; None for somebody who is shut out."""

    def work(db: Session) -> bool | None:
        person = people.bind_redmine(db, number, login, login, "")
        return ADMIN in rights.of_people(db, [person.id])[person.id] if person.is_active else None

    return database.run_here(work, writes=True)


def rows(database: Database) -> list[str]:
    return [f"{row.source}:{row.login}" for row in database.run_here(people.all_people) if row.source != "local"]


@pytest.mark.parametrize("typed", ["ivanov", "redmine:ivanov", "redmine:IVANOV"])
def test_somebody_of_redmine_is_made_an_administrator_before_the_first_sign_in(
    run: Run, database: Database, typed: str
) -> None:
    code, told = run("admin", typed)
    assert code == 0 and "from the first sign-in on" in told
    assert "never signed in" in run("list")[1]
    assert [bind(database, 6, "petrov"), bind(database, 7, "ivanov")] == [False, True]
    assert rows(database) == ["redmine:ivanov", "redmine:petrov"]
    bind(database, 7, "ivanov.renamed")
    assert [bind(database, 8, "ivanov"), bind(database, 7, "ivanov.renamed")] == [False, True]


def test_somebody_who_signed_in_before_is_made_an_administrator_and_none_again(run: Run, database: Database) -> None:
    bind(database, 7, "ivanov")
    for arguments, is_admin in ((("ivanov",), True), (("ivanov", "--revoke"), False)):
        assert run("admin", *arguments)[0] == 0
        assert bind(database, 7, "ivanov") is is_admin
    assert rows(database) == ["redmine:ivanov"]


def test_the_rights_of_an_expected_login_go_to_whoever_comes_to_have_it(run: Run, database: Database) -> None:
    bind(database, 7, "ivanov")
    assert run("admin", "smirnova")[0] == 0
    assert bind(database, 7, "smirnova") is True and rows(database) == ["redmine:smirnova"]


def test_an_expected_account_can_be_shut_out(run: Run, database: Database) -> None:
    assert run("admin", "ivanov")[0] == run("disable", "ivanov")[0] == 0
    assert bind(database, 7, "ivanov") is None


def test_a_right_is_granted_shown_and_revoked(run: Run, database: Database) -> None:
    for verb, shown in (("grant", True), ("revoke", False)):
        code, told = run(verb, "anna", QUALITY)
        assert code == 0 and QUALITY in told
        assert (QUALITY in run("rights", "anna")[1]) == (QUALITY in run("list")[1]) == shown
    acts = database.run_here(lambda db: db.exec(select(AuditRecord.action, AuditRecord.actor_id)).all())
    assert acts[-2:] == [("grant", None), ("revoke", None)]


def test_what_gives_each_right_is_told(run: Run, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMINISTRATORS", "redmine:ivanov")
    bind(database, 7, "ivanov")
    assert run("grant", "redmine:ivanov", QUALITY)[0] == 0

    def join_group(db: Session) -> None:
        (person,) = people.with_login(db, "ivanov", "redmine")
        rights.set_from_directory(db, person.id, "ldap", {"can_access_redmine_report"})

    database.run_here(join_group, writes=True)
    told = dict(line.split(maxsplit=1) for line in run("rights", "ivanov")[1].splitlines())
    assert told == {
        "is_admin": "by ADMINISTRATORS",
        "is_redmine_user": "as user 7 of Redmine",
        QUALITY: f"granted on {datetime.now(UTC):%Y-%m-%d}",
        "can_access_redmine_report": "by a group in ldap",
    }
    code, told_why = run("revoke", "ivanov", "is_admin")
    assert code == 1 and "ADMINISTRATORS" in told_why


def in_a_group_of_ldap(database: Database, name: str) -> None:
    def work(db: Session) -> None:
        person = directory_accounts.bind(db, "ldap", "petrov", "1", {"full_name": "Пётр", "email": ""})
        rights.set_from_directory(db, person.id or 0, "ldap", {name})

    database.run_here(work, writes=True)


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch) -> None:
    """An LDAP server that is set."""
    monkeypatch.setenv("LDAP_URL", "ldap://127.0.0.1")
    for name in ("LDAP_BIND_DN", "LDAP_BIND_PASSWORD", "LDAP_BASE_DN"):
        monkeypatch.setenv(name, "dc=example")


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize(("verb", "name"), [(("admin", "--revoke"), ADMIN), (("revoke",), QUALITY)])
def test_a_grant_is_taken_back_beside_a_group_which_is_named(
    run: Run, database: Database, verb: tuple[str, ...], name: str
) -> None:
    in_a_group_of_ldap(database, name)
    assert run("grant", "petrov", name)[0] == 0
    command = (verb[0], "petrov", *verb[1:]) if name == ADMIN else (verb[0], "petrov", name)
    code, told = run(*command)
    assert code == 0 and "only by a group in ldap" in told and "granted on" not in run("rights", "petrov")[1]
    code, told = run(*command)
    assert code == 1 and "Take the person out of the group" in told


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize(("setting", "value"), [("LDAP_URL", ""), ("DIRECTORIES", "redmine,local")])
def test_a_right_by_a_group_of_a_directory_that_is_not_asked_any_more_is_revoked(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    in_a_group_of_ldap(database, QUALITY)
    assert run("revoke", "petrov", QUALITY)[0] == 1
    monkeypatch.setenv(setting, value)
    code, told = run("revoke", "petrov", QUALITY)
    assert code == 0 and "no longer has" in told and QUALITY not in run("rights", "petrov")[1]


def test_somebody_of_redmine_is_granted_a_right_before_the_first_sign_in(run: Run, database: Database) -> None:
    assert "from the first sign-in on" in run("grant", "redmine:ivanov", QUALITY)[1]
    bind(database, 7, "ivanov")
    assert QUALITY in run("rights", "ivanov")[1] and rows(database) == ["redmine:ivanov"]


@pytest.mark.parametrize("name", ["is_redmine_user", "admin", ""])
def test_a_right_that_nobody_grants_is_refused_with_the_list_of_those_that_can(run: Run, name: str) -> None:
    with pytest.raises(SystemExit) as refusal:
        run("grant", "anna", name)
    assert refusal.value.code == 2


@pytest.mark.parametrize(
    "command", [("admin", "admin", "--revoke"), ("revoke", "admin", "is_admin"), ("disable", "admin")]
)
def test_the_last_administrator_can_not_be_removed(run: Run, database: Database, command: tuple[str, ...]) -> None:
    code, told = run(*command)
    assert code == 1 and "last administrator" in told
    assert run("admin", "anna")[0] == 0 and run(*command)[0] == 0
    assert run("enable", "admin")[0] == 0


def test_an_account_that_was_shut_out_is_let_in_again(run: Run, database: Database) -> None:
    bind(database, 7, "anna")
    assert run("disable", "redmine:anna")[0] == 0
    assert [line.split()[1] for line in run("list")[1].splitlines() if "disabled" in line] == ["redmine"]
    assert run("disable", "anna")[0] == 0 and run("enable", "anna")[0] == 0
    assert "disabled" not in run("list")[1]
    for verb in ("disable", "enable"):
        assert run(verb, "nobody")[0] == 1


def test_the_tokens_of_an_account_that_was_shut_out_do_not_come_back(run: Run, database: Database) -> None:
    def make(session: Session) -> None:
        for login in ("anna", "boris"):
            api_tokens.add(session, PEOPLE_IDS[login], "x", "write", None, datetime.now(UTC))

    def left(session: Session) -> list[int]:
        return [len(api_tokens.of_person(session, PEOPLE_IDS[login])) for login in ("anna", "boris")]

    database.run_here(make, writes=True)
    assert "tokens" in run("disable", "anna")[1] and database.run_here(left) == [0, 1]
    run("enable", "anna")
    assert database.run_here(left) == [0, 1]


def test_a_joined_account_stands_for_the_one_that_is_kept(run: Run, database: Database) -> None:
    bind(database, 7, "ivanov")

    def join(db: Session) -> None:
        (kept,), (joined,) = people.with_login(db, "ivanov", None), people.with_login(db, "anna", None)
        joined.joined_into = kept.id

    database.run_here(join, writes=True)
    assert "redmine:ivanov" in run("grant", "anna", QUALITY)[1] and QUALITY in run("rights", "ivanov")[1]
    assert run("disable", "anna")[0] == 0 and bind(database, 7, "ivanov") is None
    assert run("enable", "anna")[0] == 0 and bind(database, 7, "ivanov") is False


def test_a_login_of_two_directories_must_be_named_in_full(run: Run, database: Database) -> None:
    bind(database, 7, "anna")
    code, told = run("admin", "anna")
    assert code == 1 and "local:anna" in told and "redmine:anna" in told
    assert run("admin", "redmine:anna")[0] == 0 and bind(database, 7, "anna") is True


@pytest.mark.parametrize(
    ("arguments", "password", "named"),
    [
        (("ANNA",), "a long password", "login"),
        (("vera", "--email", "Anna@Example.test"), "a long password", "email"),
        (("anna@example.test",), "a long password", "login"),
        (("vera@example.test",), "a long password", "login"),
        (("\ufdfa" * 20,), "a long password", "login"),
        (("vera", "--email", "vera"), "a long password", "email"),
        (("vera", "--email", "v" * 200 + "@example.test"), "a long password", "email"),
        (("vera", "--name", "В" * 201), "a long password", "name"),
        (("vera",), "p" * 1001, "password"),
        (("vera",), "short", "password"),
    ],
)
def test_a_new_account_follows_the_rules_of_registration(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], password: str, named: str
) -> None:
    monkeypatch.setattr(__main__, "_password", lambda: password)
    before = len(database.run_here(people.all_people))
    code, told = run("add", *arguments)
    assert code == 1 and f"{named}: " in told
    assert len(database.run_here(people.all_people)) == before


def test_a_new_account_needs_no_email_and_may_be_one_that_administrators_name(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(__main__, "_password", lambda: "p" * 1000)
    monkeypatch.setenv("ADMINISTRATORS", "local:vera")
    assert [run("add", login)[0] for login in ("vera", "nina")] == [0, 0]


def test_a_login_that_is_too_long_when_folded_is_expected_of_nobody(run: Run) -> None:
    code, told = run("admin", "redmine:" + "\ufdfa" * 20)
    assert code == 1 and "A login has" in told


@pytest.mark.parametrize(
    ("typed", "redmine"),
    [("ivanov", False), ("redmine:ivanov", False), ("local:ivanov", True), ("nis:anna", True), ("redmine:", True)],
)
def test_a_person_who_can_not_sign_in_is_made_no_administrator(
    run: Run, database: Database, typed: str, redmine: bool
) -> None:
    code, told = run("admin", typed, redmine=redmine)
    assert code == 1 and told and rows(database) == []


def test_a_local_administrator_beside_a_redmine_is_told_what_that_is_good_for(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(__main__, "_password", lambda: "a long password")
    assert "helpdesk user admin LOGIN" in run("add", "vera", "--admin")[1]
    assert "/tasks/board/columns" in run("admin", "local:vera")[1]
    assert "Redmine" not in run("add", "nina", "--admin", redmine=False)[1]


def test_names_that_steer_a_terminal_are_listed_as_what_they_are(run: Run, database: Database) -> None:
    database.run_here(lambda db: people.bind_redmine(db, 7, "x", "\x1b[2J\u202ename\x9b", "").id, writes=True)
    assert r"\u001b[2J\u202ename\u009b" in run("list")[1]


def test_the_setting_names_accounts_by_directory_and_login(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMINISTRATORS", " redmine:Ivanov , local:ANNA,")
    named = configuration.from_process().administrators
    asked = (("redmine", "ivanov"), ("local", "anna"), ("local", "ivanov"), ("redmine", "anna"), ("redmine", "petrov"))
    assert [rights.is_named(named, *each) for each in asked] == [True, True, False, False, False]
    (line,) = [line for line in run("list")[1].splitlines() if line.startswith("anna ")]
    assert line.endswith("admin")


def test_a_second_factor_is_removed_for_a_lost_device_and_nothing_else(run: Run, database: Database) -> None:
    def give(db: Session) -> None:
        for login in ("anna", "boris"):
            made = second_factors.set_up(db, PEOPLE_IDS[login], "sealed", 1, datetime.now(UTC), ["code"])
            assert made

    def look(db: Session) -> list[tuple[bool, int]]:
        ids = (PEOPLE_IDS["anna"], PEOPLE_IDS["boris"])
        return [(second_factors.exists(db, id), second_factors.codes_left(db, id)) for id in ids]

    database.run_here(give, writes=True)
    code, told = run("second-factor-off", "local:ANNA")
    assert code == 0 and "without a second factor" in told
    assert database.run_here(look) == [(False, 0), (True, 1)]
    newest = select(AuditRecord).order_by(AuditRecord.id.desc())
    record = database.run_here(lambda db: db.exec(newest).first())
    assert record and (record.actor_id, record.person_id) == (None, PEOPLE_IDS["anna"])
    assert record.action == "second factor removed"
    for login in ("anna", "nobody"):
        assert run("second-factor-off", login)[0] == 1
