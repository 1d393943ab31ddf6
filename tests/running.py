"""A helpdesk of a test's own: another process, its own store, a free port on loopback, ended by whoever began it."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from helpdesk.store import schema
from helpdesk.store.database import Database
from tests.servers.process import free_port, run, running
from tests.servers.redmine import Redmine

STORE = "helpdesk.db"


class Helpdesk(NamedTuple):
    """A running one: address, folder, and its process for tests that take it down (`tests.servers.process.end`)."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]


@contextmanager
def running_helpdesk(
    folder: Path,
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    port: int = 0,
    module: str = "helpdesk",
) -> Iterator[Helpdesk]:
    """Run `helpdesk ARGUMENTS --port …` in `folder`, from when it answers to the end of the block; on a free port,
    unless one is named. Another `module` than helpdesk's own takes the same arguments."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/readyz", timeout=5).is_success
        except httpx.TransportError:
            return False

    command = [*_command(*arguments, module=module), "--port", str(port)]
    env = _environment(folder, environ)
    with running(command, log=folder / "helpdesk.log", answers=answers, env=env, cwd=folder) as process:
        yield Helpdesk(url, folder, process)


@contextmanager
def running_demo(folder: Path, seeded: Path, port: int = 0) -> Iterator[Helpdesk]:
    """The demo, over a copy of `seeded`, so that each test may change what it likes, and nobody else does; over its
    own where it was before."""
    if not (folder / "data").exists():
        shutil.copytree(seeded, folder / "data")
    arguments = ["demo", "--no-colleague", "--data", str(folder / "data")]
    with running_helpdesk(folder, *arguments, port=port) as helpdesk:
        yield helpdesk


@contextmanager
def running_over_redmine(
    folder: Path, redmine: Redmine, *, workers: int = 1, port: int = 0, **more: str
) -> Iterator[Helpdesk]:
    """`helpdesk serve` as an administrator would set it up over a real Redmine: two settings, one migration. `more` are
    further settings."""
    environ = {
        "SECRET_KEY": "for the length of a test and no longer",
        "DATABASE_URL": f"sqlite:///{folder / STORE}",
        "REDMINE_URL": redmine.url,
        "REDMINE_API_KEY": redmine.admin_key,
        **more,
    }
    store = Database(environ["DATABASE_URL"])
    schema.migrate(store, "production")  # here, for a process of its own takes twice as long to begin as to do it
    store.close()
    with running_helpdesk(folder, "serve", "--workers", str(workers), environ=environ, port=port) as helpdesk:
        yield helpdesk


def database_of(redmine: Redmine) -> dict[str, str]:
    """The settings by which Redmine is read by SQL."""
    way = redmine.mysql
    return {
        "MYSQL_HOST": way.host,
        "MYSQL_PORT": str(way.port),
        "MYSQL_USER": way.user,
        "MYSQL_PASSWORD": way.password,
        "MYSQL_DATABASE": way.database,
        "REDMINE_DB_TIMEZONE": redmine.timezone,
    }


def start_over(helpdesk: Helpdesk, seeded: Path) -> None:
    """Give a running demo the store of `seeded` again, whole, in one transaction: cheaper than to start another.

    Numbers go on where no earlier store's were: a look at the change feed that began before ends after it, and writes
    down how far it had read.
    """
    with (
        closing(sqlite3.connect(seeded / STORE)) as source,
        closing(sqlite3.connect(helpdesk.folder / "data" / STORE)) as target,
    ):
        source.execute("UPDATE sqlite_sequence SET seq = seq + 1000 WHERE name IN ('tracker_task', 'tracker_entry')")
        source.commit()
        source.backup(target)


def run_helpdesk(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> None:
    """Run `helpdesk ARGUMENTS` in `folder` to its end. Raises ServerError when it fails."""
    run(_command(*arguments), log=folder / "helpdesk.log", env=_environment(folder, environ), cwd=folder)


def _command(*arguments: str, module: str = "helpdesk") -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def _environment(folder: Path, environ: Mapping[str, str] | None) -> dict[str, str]:
    """Nothing of the surroundings' settings comes in: only what the test gives."""
    own = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(Path(__file__).parent.parent)}
    return own | dict(environ or {})
