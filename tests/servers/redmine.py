"""A real Redmine with a small, known company in it, for the length of a block."""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from helpdesk.tasks.redmine.sql import schema_check
from tests.servers.mariadb import MariaDB, MySQLAccess, execute, running_mariadb
from tests.servers.process import ServerError, free_port
from tests.servers.redmine_instance import FEW, PACKAGES, TIMEZONE, Puma, linked_instance, packages, serving
from tests.servers.redmine_seeded import fill

_LOGINS = ("admin", "anna", "boris", "irina", "stranger", "locked")
_DATABASE = "redmine"
# A company's own names of statuses and priorities; empty, so that Redmine's count until a test fills them.
COMPANY_TABLES = (
    "CREATE TABLE u_statuses (id INT, name VARCHAR(50)); CREATE TABLE u_Priority (id INT, name VARCHAR(50))"
)


@dataclass(frozen=True)
class Redmine:
    """How to talk to a running Redmine, and the ids of what redmine_seed.rb put into it.

    `mysql` may only read, and only what the helpdesk reads; `mysql_writer` may do everything.
    Names of statuses, priorities and trackers are Redmine's own Russian ones; issues go by subject.
    """

    url: str
    admin_key: str = field(repr=False)
    plain_key: str = field(repr=False)
    api_keys: Mapping[str, str] = field(repr=False)
    passwords: Mapping[str, str] = field(repr=False)
    user_ids: Mapping[str, int]
    projects: Mapping[str, int]
    statuses: Mapping[str, int]
    priorities: Mapping[str, int]
    trackers: Mapping[str, int]
    roles: Mapping[str, int]
    issues: Mapping[str, int]
    fields: Mapping[str, int]
    activities: Mapping[str, int]
    mysql: MySQLAccess
    mysql_writer: MySQLAccess
    timezone: str


def why_not_here() -> str | None:
    """What keeps a Redmine from being started on this machine, in words for a skipped test, or None."""
    missing = sorted(set(PACKAGES) - packages().keys())
    if missing:
        return f"not installed: {' '.join(missing)} (run scripts/install-test-services)"
    if os.geteuid() != 0:
        return "only root can start a Redmine of its own (it is linked into /var/lib/redmine)"
    return None


@contextmanager
def running_redmine(folder: Path, puma: Puma = FEW) -> Iterator[Redmine]:
    """A Redmine in `folder` (exists; every parent must let other users pass), gone after the block.

    Takes about four seconds; the first time on a machine, or after a change of the seed, fifteen.
    Several may run at once. Raises ServerError with what went wrong and the tail of the log.
    """
    with restartable_redmine(folder, puma) as (redmine, _):
        yield redmine


@contextmanager
def restartable_redmine(folder: Path, puma: Puma = FEW) -> Iterator[tuple[Redmine, Callable[[], None]]]:
    """As `running_redmine`, with what ends its web server and starts another at the same address.

    What a thread starts ends with that thread, so restart from one that stays.
    """
    _require_passable(folder)
    with running_mariadb(folder / "mariadb", timezone=TIMEZONE) as server:
        writer, port = create_database(server), free_port()
        with linked_instance(folder / "redmine", writer) as instance, ExitStack() as web:
            fill(server, _DATABASE, instance)
            execute(server, COMPANY_TABLES, _DATABASE)
            reader = create_reader(server, writer)
            url = web.enter_context(serving(instance, puma, port))

            def restart() -> None:
                web.close()
                web.enter_context(serving(instance, puma, port))

            yield _describe(server, url, reader, writer), restart


def _require_passable(folder: Path) -> None:
    for part in (folder, *folder.parents):
        if not part.stat().st_mode & 0o001:
            raise ServerError(f"the servers' own users cannot pass {part}: chmod o+x it, or take another")


def create_database(server: MariaDB) -> MySQLAccess:
    """An empty database for a Redmine, and a user that may do everything in it."""
    access = MySQLAccess("127.0.0.1", server.port, _DATABASE, "redmine", secrets.token_hex(16))
    execute(
        server,
        f"CREATE DATABASE {_DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;"
        f"CREATE USER '{access.user}'@'{access.host}' IDENTIFIED BY '{access.password}';"
        f"GRANT ALL ON {_DATABASE}.* TO '{access.user}'@'{access.host}';",
    )
    return access


def create_reader(server: MariaDB, writer: MySQLAccess) -> MySQLAccess:
    """A user made by the very statements that administrators are given: so every test proves that those suffice."""
    access = replace(writer, user="helpdesk", password=secrets.token_hex(16))
    company = execute(server, f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{_DATABASE}'")
    made = schema_check.create_user(access.user, access.host, access.password)
    granted = schema_check.grants(_DATABASE, access.user, access.host, [row[0] for row in company])
    execute(server, "".join([made, *granted]))
    return access


def _describe(server: MariaDB, url: str, reader: MySQLAccess, writer: MySQLAccess) -> Redmine:
    def ids(columns_from: str) -> dict[str, int]:
        return {name: int(number) for name, number in execute(server, f"SELECT {columns_from}", _DATABASE)}

    keys = execute(
        server,
        "SELECT login, value FROM tokens JOIN users ON users.id = user_id WHERE action = 'api'",
        _DATABASE,
    )
    api_keys = dict(keys)
    return Redmine(
        url=url,
        admin_key=api_keys["admin"],
        plain_key=api_keys["boris"],
        api_keys=api_keys,
        passwords={login: f"demo-password-{login}" for login in _LOGINS},
        user_ids=ids("login, id FROM users WHERE type = 'User'"),
        projects=ids("identifier, id FROM projects"),
        statuses=ids("name, id FROM issue_statuses"),
        priorities=ids("name, id FROM enumerations WHERE type = 'IssuePriority'"),
        trackers=ids("name, id FROM trackers"),
        roles=ids("name, id FROM roles"),
        issues=ids("subject, id FROM issues"),
        fields=ids("name, id FROM custom_fields"),
        activities=ids("name, id FROM enumerations WHERE type = 'TimeEntryActivity'"),
        mysql=reader,
        mysql_writer=writer,
        timezone=TIMEZONE,
    )
