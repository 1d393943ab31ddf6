"""One private instance of the packaged Redmine: its folder, its commands, its web server.

Debian's Redmine keeps several instances apart by a name, under which it looks for their settings in
/var/lib/redmine. Ours lies elsewhere and is only linked there.
"""

import http.client
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.mariadb import MySQLAccess
from tests.servers.process import SYSTEM_PATH, run, running

SYSTEM_USER = "www-data"
# Not UTC on purpose: Redmine stores the local time of its process, and who forgets that must see it.
TIMEZONE = "Europe/Moscow"
CODE = Path("/usr/share/redmine")
INSTANCES = Path("/var/lib/redmine")
PACKAGES = ("redmine", "redmine-mysql", "puma", "mariadb-server")
_PREFIX = "helpdesk-test-"

_PUMA = """\
environment "production"
directory "{code}"
bind "tcp://127.0.0.1:{port}"
threads {puma.threads}, {puma.threads}
workers {puma.workers}
"""
_RACK = """\
require "{code}/config/environment"
Rails.logger.level = "{puma.log_level}"
run Rails.application
"""


@dataclass(frozen=True)
class Puma:
    """How many answer at once. One process answers sooner and needs half the memory of two; tests ask one by one."""

    workers: int = 0
    threads: int = 4
    log_level: str = "info"
    env: Mapping[str, str] = field(default_factory=dict)


# A third of Ruby's time went into collecting what little a test leaves; memory for a while is cheaper.
ROOMY = {
    "RUBY_GC_HEAP_INIT_SLOTS": "1500000",
    "RUBY_GC_HEAP_GROWTH_FACTOR": "1.2",
    "RUBY_GC_MALLOC_LIMIT": "128000000",
    "RUBY_GC_OLDMALLOC_LIMIT": "256000000",
}
# To tell of each request was a tenth of its time.
FEW = Puma(log_level="warn", env=ROOMY)


@dataclass(frozen=True)
class Instance:
    """Where an instance lies (`folder`), under which name, and the log of all its commands."""

    name: str
    folder: Path
    log: Path

    @property
    def env(self) -> dict[str, str]:
        """The environment of every command of this instance."""
        return {
            "REDMINE_INSTANCE": self.name,
            "RAILS_ENV": "production",
            "SCHEMA": "/dev/null",  # a migration would otherwise write into the package's folder
            "BUNDLE_GEMFILE": str(self.folder / "Gemfile"),
            "HOME": str(self.folder),
            "TZ": TIMEZONE,
            "MALLOC_ARENA_MAX": "2",  # a third less memory for a threaded Ruby
        }


def packages() -> dict[str, str]:
    """The installed ones of the packages that a Redmine needs, each with its version."""
    if shutil.which("dpkg-query", path=SYSTEM_PATH) is None:
        return {}
    shown = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status} ${Version}\n", *PACKAGES],
        capture_output=True,
        text=True,
        check=False,  # it fails when one of them is unknown, and still shows the others
    ).stdout
    rows = [line.split() for line in shown.splitlines()]
    return {row[0]: row[2] for row in rows if row[1:2] == ["installed"]}


@contextmanager
def linked_instance(folder: Path, database: MySQLAccess) -> Iterator[Instance]:
    """An instance in `folder` (created) on that database, linked under a name of its own meanwhile."""
    _remove_dead_links()
    instance = Instance(_PREFIX + secrets.token_hex(6), folder, folder / "log" / "commands.log")
    for part in ("config", "files", "log", "tmp/pids", "tmp/cache", "public/plugin_assets"):
        (folder / part).mkdir(parents=True)
    (folder / "config/database.yml").write_text(_database_yml(database))
    (folder / "config/secret_key.txt").write_text(secrets.token_hex(32))
    (folder / "config/configuration.yml").write_text(f"production:\n  attachments_storage_path: {folder / 'files'}\n")
    _copy_gemfile(instance)
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, SYSTEM_USER, SYSTEM_USER)
    link = INSTANCES / instance.name
    link.symlink_to(folder, target_is_directory=True)
    try:
        yield instance
    finally:
        link.unlink()


def ruby(instance: Instance, *command: str | Path) -> None:
    """Runs a command of the bundle (`rake …`, `rails …`); ServerError with its last words if it fails."""
    run(
        ["bundle", "exec", *command],
        log=instance.log,
        user=SYSTEM_USER,
        env={**instance.env, "REDMINE_LANG": "ru"},
        cwd=CODE,
    )


@contextmanager
def serving(instance: Instance, puma: Puma, port: int) -> Iterator[str]:
    """The instance's web server for the length of the block; gives its address, without a last slash."""
    settings, rack = instance.folder / "config/puma.rb", instance.folder / "config/config.ru"
    settings.write_text(_PUMA.format(code=CODE, port=port, puma=puma))
    rack.write_text(_RACK.format(code=CODE, puma=puma))
    with running(
        ["puma", "-C", settings, rack],
        log=instance.log,
        answers=lambda: _answers(port),
        user=SYSTEM_USER,
        env={**instance.env, **puma.env},
        cwd=CODE,
        seconds=90,
    ):
        yield f"http://127.0.0.1:{port}"


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/login")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _database_yml(database: MySQLAccess) -> str:
    return (
        "production:\n"
        "  adapter: mysql2\n"
        "  encoding: utf8mb4\n"
        f"  host: {database.host}\n"
        f"  port: {database.port}\n"
        f"  database: {database.database}\n"
        f"  username: {database.user}\n"
        f"  password: {database.password}\n"
    )


def _copy_gemfile(instance: Instance) -> None:
    """The package's list of gems, for this instance alone.

    The package has one list and one lock file for all instances: it reads the settings of all of them
    and is written anew whenever they differ, which two test runs at once would not survive.
    """
    gems = (CODE / "Gemfile").read_text().replace("instances/*/", f"instances/{instance.name}/")
    (instance.folder / "Gemfile").write_text(gems)
    shutil.copyfile(INSTANCES / "Gemfile.lock", instance.folder / "Gemfile.lock")


def _remove_dead_links() -> None:
    """Links of killed test runs whose folders are gone."""
    for link in INSTANCES.glob(f"{_PREFIX}*"):
        if link.is_symlink() and not link.exists():
            link.unlink(missing_ok=True)
