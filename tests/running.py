"""A helpdesk of a test's own: another process, its own store, a free port on loopback, ended by whoever began it."""

import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from helpdesk.store import schema
from helpdesk.store.database import Database
from tests.forkserver import Forkserver, Order
from tests.servers.process import Process, answering, free_port, running
from tests.servers.redmine import Redmine

STORE = "helpdesk.db"
SECRET_KEY = "for the length of a test and no longer"
SOON = {"POLL_INTERVAL": "1"}
"""Pages show news within a second: nothing in them differs but the wait."""


class Helpdesk(NamedTuple):
    """A running one: address, folder, and its process for tests that take it down (`tests.servers.process.end`)."""

    url: str
    folder: Path
    process: Process


forkserver: Forkserver | None = None
"""Set while tests run (`tests.helpdesks`). Without it each helpdesk is a program that starts from nothing."""


@contextmanager
def running_helpdesk(
    folder: Path,
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    port: int = 0,
    module: str = "helpdesk",
    forked: bool = True,
) -> Iterator[Helpdesk]:
    """Run `helpdesk ARGUMENTS --port …` in `folder`, from when it answers to the end of the block; on a free port,
    unless one is named. Another `module` than helpdesk's own takes the same arguments.

    Tests fork it from a process that has imported the application, unless they ask for a real start.
    """
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/readyz", timeout=5).is_success
        except httpx.TransportError:
            return False

    command, log = [module, *arguments, "--port", str(port)], folder / "helpdesk.log"
    env = _environment(folder, environ)
    with ExitStack() as life:
        process: Process
        if forked and forkserver:
            process = forkserver.begin(Order(command, str(folder), env, str(log)))
            life.enter_context(answering(process, command, log=log, answers=answers))
        else:
            program = [sys.executable, "-m", *command]
            process = life.enter_context(running(program, log=log, answers=answers, env=env, cwd=folder))
        yield Helpdesk(url, folder, process)


def begun(command: Sequence[str], folder: Path, log: str = "log") -> Process:
    """Fork `python -m COMMAND` in `folder`, where what it says is added to its log. Whoever begins it ends it."""
    assert forkserver
    return forkserver.begin(Order(command, str(folder), _environment(folder, None), str(folder / log)))


@contextmanager
def running_demo(folder: Path, seeded: Path, port: int = 0) -> Iterator[Helpdesk]:
    """The demo, over a copy of `seeded`, so that each test may change what it likes, and nobody else does; over its
    own where it was before."""
    if not (folder / "data").exists():
        shutil.copytree(seeded, folder / "data")
    arguments = ["demo", "--no-colleague", "--data", str(folder / "data")]
    with running_helpdesk(folder, *arguments, environ=SOON, port=port) as helpdesk:
        yield helpdesk


@contextmanager
def running_production(folder: Path, seeded: Path, environ: Mapping[str, str]) -> Iterator[Helpdesk]:
    """The people and tasks of the demo over a copy of `seeded`, served as in production: with outside systems."""
    shutil.copytree(seeded, folder / "data")
    store = folder / "data" / STORE
    with closing(sqlite3.connect(store)) as no_demo, no_demo:
        no_demo.execute("UPDATE helpdesk_meta SET value = 'production' WHERE name = 'kind'")
    own = {"SECRET_KEY": SECRET_KEY, "DATABASE_URL": f"sqlite:///{store}", **SOON}
    with running_helpdesk(folder, "serve", environ={**own, **environ}) as helpdesk:
        yield helpdesk


@contextmanager
def running_over_redmine(
    folder: Path, redmine: Redmine, *, workers: int = 1, port: int = 0, **more: str
) -> Iterator[Helpdesk]:
    """`helpdesk serve` as an administrator would set it up over a real Redmine: two settings, one migration. `more` are
    further settings."""
    environ = {
        "SECRET_KEY": SECRET_KEY,
        "DATABASE_URL": f"sqlite:///{folder / STORE}",
        "REDMINE_URL": redmine.url,
        "REDMINE_API_KEY": redmine.admin_key,
        **SOON,
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
    down how far it had read. Versions of hosts go on, too, since the sampler reads them again when they have changed.
    """
    with (
        closing(sqlite3.connect(seeded / STORE)) as source,
        closing(sqlite3.connect(helpdesk.folder / "data" / STORE)) as target,
    ):
        source.execute("UPDATE sqlite_sequence SET seq = seq + 1000 WHERE name IN ('tracker_task', 'tracker_entry')")
        source.execute("UPDATE monitored_host SET version = version + 1000")
        source.commit()
        source.backup(target)


def _environment(folder: Path, environ: Mapping[str, str] | None) -> dict[str, str]:
    """Nothing of the surroundings' settings comes in: only what the test gives."""
    own = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(Path(__file__).parent.parent)}
    return own | dict(environ or {})
