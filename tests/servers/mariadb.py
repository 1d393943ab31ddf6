"""A private MariaDB: own data folder, own loopback port, not durable, gone with the block."""

import gzip
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import URL

from tests.servers.process import SYSTEM_PATH, ServerError, free_port, run, running

SYSTEM_USER = "mysql"

# Losing the data of a killed test run is fine, waiting for the disk is not.
BUFFER = "64M"  # memory for what was read
_QUICK = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-log-file-size=16M",
    "--skip-innodb-doublewrite",
    "--skip-log-bin",
    "--performance-schema=OFF",
)


@dataclass(frozen=True)
class MySQLAccess:
    """One way into one database over TCP."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)


def url_of(access: MySQLAccess) -> URL:
    """That way in, for SQLAlchemy."""
    return URL.create("mysql+pymysql", access.user, access.password, access.host, access.port, access.database)


@dataclass(frozen=True)
class MariaDB:
    """A running server: its socket, on which root may do everything, and its TCP port on 127.0.0.1."""

    socket: Path
    port: int


@contextmanager
def running_mariadb(folder: Path, *arguments: str, timezone: str = "UTC") -> Iterator[MariaDB]:
    """An empty server in `folder` (created) with further `arguments`, its SYSTEM time zone as named.

    Only root can start it: it runs as the system user mysql, who must be able to reach the folder.

    Raises ServerError with the tail of its log when it does not start.
    """
    folder.mkdir()
    shutil.chown(folder, SYSTEM_USER, SYSTEM_USER)
    data, log = folder / "data", folder / "mariadb.log"
    own = f"--tmpdir={folder}"  # a server that starts takes temporary tables away, in a shared folder another's, too
    run(
        ["mariadb-install-db", "--no-defaults", f"--user={SYSTEM_USER}", f"--datadir={data}", own,
         "--auth-root-authentication-method=socket", "--skip-test-db"],
        log=log,
    )  # fmt: skip
    server = MariaDB(folder / "socket", free_port())
    command = [
        "mariadbd", "--no-defaults", f"--datadir={data}", own, f"--socket={server.socket}",
        f"--pid-file={folder / 'pid'}", "--bind-address=127.0.0.1", f"--port={server.port}",
        "--skip-name-resolve", "--character-set-server=utf8mb4",
        "--collation-server=utf8mb4_unicode_ci", f"--innodb-buffer-pool-size={BUFFER}", *_QUICK, *arguments,
    ]  # fmt: skip
    with running(command, log=log, answers=lambda: _answers(server), user=SYSTEM_USER, env={"TZ": timezone}):
        yield server


def execute(server: MariaDB, sql: str, database: str = "") -> list[list[str]]:
    """Runs statements as root; the rows of the answer as text, NULL as the word NULL.

    Raises ServerError with the server's own words.
    """
    output = _client(server, ["mariadb", "--batch", "--skip-column-names", database], sql.encode())
    return [line.split("\t") for line in output.decode().splitlines()]


def dump(server: MariaDB, database: str, target: Path) -> None:
    """Writes all of a database, gzipped, to a file that appears whole or not at all."""
    sql = _client(server, ["mariadb-dump", "--single-transaction", "--skip-dump-date", database])
    unfinished = target.with_name(f"{target.name}.{os.getpid()}")
    unfinished.write_bytes(gzip.compress(sql))
    unfinished.replace(target)


def load(server: MariaDB, database: str, source: Path) -> None:
    """Fills an empty database from a file that `dump` wrote."""
    _client(server, ["mariadb", database], gzip.decompress(source.read_bytes()))


def _answers(server: MariaDB) -> bool:
    try:
        return server.socket.exists() and execute(server, "SELECT 1") == [["1"]]
    except ServerError:
        return False


def _client(server: MariaDB, command: list[str], stdin: bytes = b"") -> bytes:
    program, *arguments = command
    done = subprocess.run(
        [program, "--no-defaults", f"--socket={server.socket}", "--user=root",
         "--default-character-set=utf8mb4", *(a for a in arguments if a)],
        input=stdin,
        capture_output=True,
        env={"PATH": SYSTEM_PATH, "LANG": "C.UTF-8"},
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise ServerError(f"{program}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
