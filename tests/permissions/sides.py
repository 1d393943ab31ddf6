"""Our side of the comparison: the backend over a laboratory's database, with a REST that nobody answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

from sqlalchemy.engine import URL

from helpdesk.redmine_client import RedmineClient
from helpdesk.tasks.redmine.backend import RedmineBackend
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.source import Source
from tests.permissions.comparing import Comparison
from tests.permissions.oracle import Laboratory
from tests.permissions.worlds import drawn
from tests.servers.mariadb import MySQLAccess
from tests.servers.redmine_instance import TIMEZONE

NOBODY = "http://127.0.0.1:9"  # the port of a service that no machine has had for long


@asynccontextmanager
async def sql_backend(access: MySQLAccess) -> AsyncIterator[RedmineBackend]:
    """A new backend that fails where it does not read from the database."""
    url = URL.create("mysql+pymysql", access.user, access.password, access.host, access.port, access.database)
    database = RedmineDatabase(url, ZoneInfo(TIMEZONE))
    client = RedmineClient(NOBODY, "no key")
    try:
        yield RedmineBackend(client, "textile", Source(database))
    finally:
        await client.close()
        database.close()


async def compared(
    laboratory: Laboratory, seed: int, first_only: bool = False, people: int | None = None
) -> Comparison:
    """The world of a seed, put into the database and looked at from both sides, by so many of its people."""
    world = drawn(seed)
    world = world._replace(people=world.people[:people])
    laboratory.settle(world)
    async with sql_backend(laboratory.reader) as backend:
        return await Comparison(backend, world, laboratory.ask(world)).run(first_only)
