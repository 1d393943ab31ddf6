"""`helpdesk user export` and `helpdesk user anonymize`."""

import io
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from helpdesk import __main__, commands
from helpdesk.store.database import Database
from helpdesk.store.models.tables import Person
from tests.world import PEOPLE_IDS

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("export", …)` is the exit code of `helpdesk user export …` and what it prints; `typed` is its input."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "keep_private", lambda: None)
    monkeypatch.setenv("DATABASE_URL", str(database.engine.url))

    def user(*arguments: str, typed: str = "") -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = __main__.main(["user", *arguments])
        told = capsys.readouterr()
        return code, told.out + told.err

    return user


def test_a_person_is_written_into_a_new_private_file(run: Run, tmp_path: Path) -> None:
    code, told = run("export", "local:anna", "anna.zip")
    assert code == 0 and "anna.zip holds what the helpdesk keeps of local:anna" in told
    file = tmp_path / "anna.zip"
    assert file.stat().st_mode & 0o777 == 0o600 and "person.json" in ZipFile(file).namelist()
    code, told = run("export", "anna", "anna.zip")
    assert code == 1 and "is there already" in told
    assert run("export", "anna", "no/such/folder.zip")[0] == 1
    code, told = run("export", "nobody", "nobody.zip")
    assert code == 1 and "There is no account" in told and not (tmp_path / "nobody.zip").exists()


def test_a_leaver_is_anonymised_when_the_login_is_typed_again(run: Run, database: Database) -> None:
    def name() -> str:
        return database.run_here(lambda db: db.get_one(Person, PEOPLE_IDS["anna"]).full_name)

    code, told = run("anonymize", "anna", typed="anna\n")
    assert code == 1 and "Disable it first" in told
    run("disable", "anna")
    for typed in ("boris\n", ""):
        code, told = run("anonymize", "anna", typed=typed)
        assert code == 1 and "This is not the login" in told and name() == "Анна Смирнова"
    code, told = run("anonymize", "anna", typed="Anna\n")
    assert code == 0 and "The account is #2 now" in told and name() == "#2"
    assert run("anonymize", "anna", typed="anna\n")[0] == 1, "there is no such login any more"
    assert run("enable", "anna")[0] == 1
