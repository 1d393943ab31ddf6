"""`helpdesk user join` and what else decides whose an account is."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, select

from helpdesk import __main__, commands
from helpdesk.store import directory_accounts, people
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.tables import Person
from tests.servers.process import free_port
from tests.servers.redmine import Redmine
from tests.world import PEOPLE_IDS

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("join", …)` is the exit code of `helpdesk user join …` and what it prints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "keep_private", lambda: None)
    monkeypatch.setenv("DATABASE_URL", str(database.engine.url))

    def user(*arguments: str, redmine: tuple[str, str] | None = None) -> tuple[int, str]:
        url, key = redmine or (f"http://127.0.0.1:{free_port()}", "key")
        monkeypatch.setenv("REDMINE_URL", url)
        monkeypatch.setenv("REDMINE_API_KEY", key)
        code = __main__.main(["user", *arguments])
        told = capsys.readouterr()
        return code, told.out + told.err

    return user


def erp_account(database: Database, login: str = "ivanov", id: str = "7") -> int:
    def work(db: Session) -> int:
        values = {"full_name": login, "email": f"{id}@example.test"}
        return directory_accounts.bind(db, "oracle", login, id, values).id or 0

    return database.run_here(work, writes=True)


def row(database: Database, number: int) -> Person:
    return database.run_here(lambda db: db.get_one(Person, number))


def test_a_join_is_previewed_done_and_undone(run: Run, database: Database) -> None:
    number = erp_account(database)
    template = tables.ReplyTemplate(person_id=number, name="Мой ответ", text="x", position=1)
    database.run_here(lambda db: db.add(template), writes=True)
    code, told = run("join", "local:anna", "oracle:ivanov")
    assert code == 0 and "1 rows of reply_template.person_id" in told and "Nothing was changed" in told
    assert row(database, number).joined_into is None
    code, told = run("join", "local:anna", "oracle:ivanov", "--yes")
    assert code == 0 and "oracle:ivanov into local:anna" in told
    assert row(database, number).joined_into == PEOPLE_IDS["anna"]
    assert run("join", "anna", "oracle:ivanov", "--yes")[0] == 1
    assert run("unjoin", "oracle:ivanov")[0] == 0 and row(database, number).joined_into is None
    code, told = run("unjoin", "oracle:ivanov")
    assert code == 1 and "last seven days" in told


def test_of_two_joins_the_one_to_be_undone_first_is_named(run: Run, database: Database) -> None:
    for login, id in (("ivanov", "7"), ("petrov", "8")):
        erp_account(database, login, id)
        run("join", "local:anna", f"oracle:{login}", "--yes")
    code, told = run("unjoin", "oracle:ivanov")
    assert code == 1 and "Undo that of oracle:petrov first" in told
    assert [run("unjoin", f"oracle:{login}")[0] for login in ("petrov", "ivanov")] == [0, 0]


def test_an_account_that_the_setting_makes_an_administrator_is_not_joined_away(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = erp_account(database)
    monkeypatch.setenv("ADMINISTRATORS", "oracle:ivanov")
    code, told = run("join", "local:anna", "oracle:ivanov", "--yes")
    assert code == 1 and "Name local:anna there instead first" in told and row(database, number).joined_into is None


def test_an_account_is_bound_and_unbound_by_hand(run: Run, database: Database, redmine: Redmine) -> None:
    number, real = erp_account(database), (redmine.url, redmine.admin_key)
    code, told = run("bind", "oracle:ivanov", "anna", redmine=real)
    assert code == 0 and f"is user {redmine.user_ids['anna']} of Redmine" in told
    assert (row(database, number).redmine_id, row(database, number).redmine_username) == (
        redmine.user_ids["anna"],
        "anna",
    )
    assert run("bind", "oracle:ivanov", "boris", redmine=real)[0] == 1
    own_key = tables.RedmineKey(person_id=number, secret="sealed", fetched_at=datetime.now(UTC))
    database.run_here(lambda db: db.add(own_key), writes=True)
    assert run("unbind", "oracle:ivanov")[0] == 0 and row(database, number).redmine_id is None
    assert database.run_here(lambda db: db.exec(select(tables.RedmineKey.person_id)).all()) == []
    for nobody in ("nobody-there", "locked"):
        assert run("bind", "oracle:ivanov", nobody, redmine=real)[0] == 1
    assert run("bind", "oracle:ivanov", "anna", redmine=(redmine.url, redmine.api_keys["boris"]))[0] == 1
    acts = database.run_here(lambda db: list(db.exec(select(tables.AuditRecord.action))))
    assert [it for it in acts if it.endswith("bind")] == ["bind", "unbind"]


def test_a_redmine_that_is_down_binds_nobody_and_says_so(run: Run, database: Database) -> None:
    erp_account(database)
    code, told = run("bind", "oracle:ivanov", "anna")
    assert code == 1 and "does not answer" in told


def test_an_account_of_redmine_itself_is_not_unbound(run: Run, database: Database) -> None:
    database.run_here(lambda db: people.bind_redmine(db, 7, "petrov", "Пётр", "").id, writes=True)
    code, told = run("unbind", "redmine:petrov")
    assert code == 1 and "Disable it" in told


def test_a_login_that_has_changed_hands_is_accepted_or_released(run: Run, database: Database) -> None:
    number = erp_account(database)
    assert run("accept-login", "oracle:ivanov")[0] == 0 and row(database, number).directory_id is None
    assert erp_account(database, id="8") == number
    assert run("release-login", "oracle:ivanov")[0] == 0
    assert erp_account(database, id="9") != number
    for verb in ("accept-login", "release-login"):
        assert run(verb, "ivanov")[0] == 1 and run(verb, "oracle:nobody")[0] == 1


def test_somebody_of_the_erp_is_made_an_administrator_before_the_first_sign_in(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("admin", "oracle:ivanov")[0] == 1
    for name in ("HOST", "SERVICE", "USER", "PASSWORD"):
        monkeypatch.setenv(f"ORACLE_{name}", "x")
    code, told = run("admin", "oracle:ivanov")
    assert code == 0 and "from the first sign-in on" in told
    number = erp_account(database)
    held = select(tables.RightGrant.name).where(tables.RightGrant.person_id == number)
    assert database.run_here(lambda db: list(db.exec(held))) == ["is_admin"]
    assert row(database, number).created_at <= datetime.now(UTC)
