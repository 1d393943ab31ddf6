"""Redmine itself, asked about everybody at once: one long-lived `rails runner` over a private database."""

import json
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymysql  # type: ignore[import-untyped]  # ships no types

from tests.permissions.drawing import Row
from tests.permissions.worlds import World, write
from tests.servers.mariadb import MariaDB, MySQLAccess, execute, running_mariadb
from tests.servers.process import free_port, running
from tests.servers.redmine import create_database, create_reader
from tests.servers.redmine_instance import CODE, ROOMY, SYSTEM_USER, TIMEZONE, Instance, linked_instance
from tests.servers.redmine_seeded import fill

SCRIPT = Path(__file__).with_name("oracle.rb")
# With its usual plan MariaDB 10.11.19 loses rows of Issue.visible: where the EXISTS of Project.allowed_to_condition is
# made a materialised semi-join, a part `projects.id IN (307) AND (1=1)` of the OR is not regarded. Redmine then shows
# less than its own rules say, and than Issue#visible? says of each task. So Redmine's connections, and those alone, do
# without that plan.
SOUND = "SET optimizer_switch = IF(CURRENT_USER() LIKE 'redmine@%', 'exists_to_in=off', 'default')"


@dataclass(frozen=True)
class Laboratory:
    """A database for worlds, and the Redmine that is asked about them; `reader` is the helpdesk's own user."""

    instance: Instance
    writer: MySQLAccess
    reader: MySQLAccess
    port: int
    server: MariaDB
    told: dict[tuple[int, tuple[int, ...], int, int], dict[int, Row]] = field(default_factory=dict)

    def settle(self, world: World) -> None:
        """Makes the world the one that both sides look at."""
        access = self.writer
        connection = pymysql.connect(
            host=access.host, port=access.port, user=access.user, password=access.password, database=access.database
        )
        with connection:
            write(connection, world)

    @contextmanager
    def usual_plans(self) -> Iterator[None]:
        """Meanwhile the server is as it is installed: Redmine's new connections have its usual plans."""
        _set_plans(self.server, "")
        try:
            yield
        finally:
            _set_plans(self.server, SOUND)

    def ask(self, world: World, tasks: int = 6, blanks: int = 2) -> dict[int, Row]:
        """What Redmine says of the settled world, by person; of a world that was asked about before, what it said then.

        So many of the tasks that each may see, and forms of new ones, are looked at closely.
        """
        asked = (world.seed, world.people, tasks, blanks)
        if asked not in self.told:
            self.told[asked] = self._ask(world, tasks, blanks)
        return self.told[asked]

    def _ask(self, world: World, tasks: int, blanks: int) -> dict[int, Row]:
        command = {"seed": world.seed, "people": world.people, "tasks": tasks, "blanks": blanks}
        with socket.create_connection(("127.0.0.1", self.port), timeout=300) as line:
            line.sendall(json.dumps(command).encode() + b"\n")
            with line.makefile("rb") as answers:
                told: dict[str, Any] = json.loads(answers.readline())
        assert "failure" not in told, told
        return {int(person): facts for person, facts in told.items()}


@contextmanager
def laboratory() -> Iterator[Laboratory]:
    """Takes about ten seconds to start, and as root only. Raises ServerError when it does not."""
    with tempfile.TemporaryDirectory(prefix="helpdesk-worlds-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with running_mariadb(folder / "mariadb", timezone=TIMEZONE) as server:
            _set_plans(server, SOUND)
            writer = create_database(server)
            with linked_instance(folder / "redmine", writer) as instance:
                fill(server, writer.database, instance)
                reader = create_reader(server, writer)
                with _runner(instance) as port:
                    yield Laboratory(instance, writer, reader, port, server)


def _set_plans(server: MariaDB, statement: str) -> None:
    execute(server, f'SET GLOBAL init_connect = "{statement}"')


@contextmanager
def _runner(instance: Instance) -> Iterator[int]:
    port = free_port()
    script = instance.folder / SCRIPT.name  # Redmine's user cannot read a checkout in somebody's home
    shutil.copyfile(SCRIPT, script)
    script.chmod(0o644)
    with running(
        ["bundle", "exec", "rails", "runner", script, str(port)],
        log=instance.log,
        answers=lambda: _listens(port),
        user=SYSTEM_USER,
        env={**instance.env, **ROOMY},
        cwd=CODE,
        seconds=120,
    ):
        yield port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
