"""Commands upon the store: what is wrong with it is one plain sentence and an exit code; backups go to and fro."""

import os
import shutil
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from helpdesk.__main__ import main
from helpdesk.store import backups, feed_state, schema
from helpdesk.store.database import Database
from tests.web.test_readiness import spoil

Run = Callable[..., tuple[int, str, str]]
COMMANDS = ["serve", "migrate", "doctor", "user list", "user disable anna", "user add anna", "backup b.zip"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command in this process, in a folder of its own: its exit code, what it printed, and what it complained of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("helpdesk.__main__._password", lambda: "a long password")

    def helpdesk(command: str, **environ: str) -> tuple[int, str, str]:
        with monkeypatch.context() as surroundings:
            for name, value in {"SECRET_KEY": "x" * 32, "DATABASE_URL": "sqlite:///store.db", **environ}.items():
                surroundings.setenv(name, value)
            code = main(command.split())
        return code, *capsys.readouterr()

    return helpdesk


def require_sentence(told: str) -> None:
    assert (
        told.strip() and len(told.strip().splitlines()) == 1 and "Traceback" not in told and "sqlalche.me" not in told
    )


@pytest.mark.parametrize("command", [*COMMANDS, "demo --data ."])
def test_a_file_that_is_no_database_is_reported_in_a_sentence(run: Run, tmp_path: Path, command: str) -> None:
    for name in ("store.db", "helpdesk.db"):
        (tmp_path / name).write_text("Dear diary, " * 500)
    code, printed, complaint = run(command)
    assert code == 1
    if command != "doctor":
        require_sentence(complaint)
    assert "database" in printed + complaint and "Traceback" not in printed + complaint
    assert (tmp_path / "store.db").read_text() == "Dear diary, " * 500


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_in_the_place_of_the_store_is_reported_in_a_sentence(run: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "store.db").mkdir()
    code, printed, complaint = run(command)
    assert code == 1 and "Traceback" not in printed + complaint
    if command != "doctor":
        require_sentence(complaint)


def test_a_damaged_store_is_not_served(run: Run, tmp_path: Path, settled_store: Path) -> None:
    shutil.copy(settled_store, tmp_path / "store.db")
    spoil(tmp_path / "store.db")
    code, _, complaint = run("serve")
    assert code == 1 and "damaged" in complaint and "helpdesk restore" in complaint
    code, printed, _ = run("doctor")
    assert code == 1 and "The store: broken: it is damaged" in printed


def test_a_backup_is_put_back_where_there_is_nothing(run: Run, tmp_path: Path, settled_store: Path) -> None:
    shutil.copy(settled_store, tmp_path / "store.db")
    assert run("backup b.zip") == (0, "b.zip holds the store and 0 files.\n", "")
    assert run("backup b.zip")[0] == 1 and run("restore b.zip")[0] == 1
    assert run("restore b.zip", DATABASE_URL="sqlite:///again/store.db")[0] == 0
    again = Database(f"sqlite:///{tmp_path}/again/store.db")
    assert again.run_here(schema.is_current) and again.run_here(schema.kind) == "production"
    again.close()
    assert run("user list", DATABASE_URL="sqlite:///again/store.db")[1].count("local") == 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", ["backup new.zip", "restore b.zip"])
def test_a_command_that_is_ended_takes_away_what_it_has_begun(
    run: Run, tmp_path: Path, settled_store: Path, monkeypatch: pytest.MonkeyPatch, command: str, number: signal.Signals
) -> None:
    shutil.copy(settled_store, tmp_path / "store.db")
    run("backup b.zip")
    there = sorted(tmp_path.rglob("*"))
    if "restore" in command:
        (tmp_path / "store.db").rename(tmp_path / "old.db")
        there = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(backups, "_require_sound", lambda _: os.kill(os.getpid(), number))
    heard: list[int] = []
    before = signal.signal(number, listen := lambda number, _: heard.append(number))
    try:
        with pytest.raises(SystemExit) as ended:
            run(command)
        assert signal.getsignal(number) == listen and not heard
    finally:
        signal.signal(number, before)
    assert ended.value.code == 128 + number and sorted(tmp_path.rglob("*")) == there


def test_the_doctor_tells_that_a_clock_was_ahead(run: Run, tmp_path: Path, settled_store: Path) -> None:
    shutil.copy(settled_store, tmp_path / "store.db")
    store = Database(f"sqlite:///{tmp_path}/store.db")
    ahead = datetime.now(UTC) + timedelta(hours=1)
    store.run_here(lambda db: feed_state.save_cursor(db, "feed", "7", ahead), writes=True)
    code, printed, _ = run("doctor")
    assert code == 1 and "has not come yet" in printed and "clocks" in printed
    store.run_here(lambda db: feed_state.save_cursor(db, "feed", "7", ahead - timedelta(hours=1)), writes=True)
    assert run("doctor")[:2] == (0, "The store: ok\n")
    store.close()


def test_a_backup_or_restore_that_fails_says_why(run: Run, tmp_path: Path) -> None:
    for url, tool in (("postgresql+psycopg://h@127.0.0.1/h", "pg_dump"), ("mysql+pymysql://h@127.0.0.1/h", "dump")):
        for command in ("backup b.zip", "restore b.zip"):
            code, _, complaint = run(command, DATABASE_URL=url)
            assert code == 1 and tool in complaint
            require_sentence(complaint)
    for command in ("backup b.zip", "backup nowhere/b.zip", "restore b.zip"):
        code, _, complaint = run(command)
        assert code == 1
        require_sentence(complaint)
    assert not list(tmp_path.iterdir())
