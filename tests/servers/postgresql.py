"""A private PostgreSQL: own data folder, own loopback port, not durable, gone with the block."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import URL

from tests.servers.process import SYSTEM_PATH, free_port, run, running

SYSTEM_USER = "postgres"

# Losing the data of a killed test run is fine, waiting for the disk is not.
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def why_not_here() -> str | None:
    """Why none can be started on this machine; None when one can."""
    return None if _programs() else "postgresql is not installed"


@contextmanager
def running_postgresql(folder: Path) -> Iterator[URL]:
    """An empty database `helpdesk` of a server in `folder` (created), for SQLAlchemy.

    Only root can start it: it runs as the system user postgres, who must be able to reach the folder. Raises
    ServerError with the tail of its log when it does not start.
    """
    programs, data, log, port = _programs() or Path(), folder / "data", folder / "postgresql.log", free_port()
    folder.mkdir()
    shutil.chown(folder, SYSTEM_USER, SYSTEM_USER)
    run(
        [programs / "initdb", "--auth=trust", "--username=h", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
         f"--pgdata={data}"],
        log=log,
        user=SYSTEM_USER,
    )  # fmt: skip
    command: list[str | Path] = [
        programs / "postgres", "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1",
        "-c", f"unix_socket_directories={folder}", *(part for each in _QUICK for part in ("-c", each)),
    ]  # fmt: skip
    ask = [programs / "psql", "--host=127.0.0.1", f"--port={port}", "--username=h", "--no-psqlrc", "--dbname=postgres"]

    def answers() -> bool:
        done = subprocess.run([*ask, "-c", "SELECT 1"], capture_output=True, env={"PATH": SYSTEM_PATH}, check=False)
        return done.returncode == 0

    with running(command, log=log, answers=answers, user=SYSTEM_USER):
        run([*ask, "-c", "CREATE DATABASE helpdesk"], log=log)
        yield URL.create("postgresql+psycopg", "h", None, "127.0.0.1", port, "helpdesk")


def _programs() -> Path | None:
    """Where the newest version that is installed has its programs; Debian keeps several beside each other."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda it: int(it.parts[-3]))
    return found[-1].parent if found else None
