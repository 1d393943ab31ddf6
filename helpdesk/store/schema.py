"""Migrate the schema for `helpdesk migrate`, and check its version at every start."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlmodel import Session

from helpdesk.errors import StoreUnavailable
from helpdesk.paths import folder
from helpdesk.store.database import BUSY_MILLISECONDS, Database, describe, is_broken
from helpdesk.store.models.tables import Meta

MIGRATING = "helpdesk migrate"
"""The name of the lock on servers: a second migration waits, and then has nothing left to do."""
LOCK_SECONDS = 600
VERSIONS = sa.table("alembic_version", sa.column("version_num"))
APPLIED = sa.select(VERSIONS.c.version_num)  # built once, since every readiness check runs it
POSTGRESQL_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtext(:name))")
MYSQL_LOCK, MYSQL_RELEASE = sa.text("SELECT GET_LOCK(:name, :seconds)"), sa.text("SELECT RELEASE_LOCK(:name)")


class NotOurs(Exception):
    """The database holds somebody else's tables; nothing was touched."""


def migrate(database: Database, kind: str) -> None:
    """Bring the schema up to date and mark a new store as `kind`. Raises NotOurs for somebody else's database."""
    tables = set(database.run_here(lambda session: inspect(session.connection()).get_table_names()))
    if tables and Meta.__tablename__ not in tables:
        raise NotOurs
    config = alembic_config()
    try:
        with database.engine.connect() as connection, _alone(connection.execution_options(**database.writing)):
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except SQLAlchemyError as error:
        if not is_broken(error):
            raise
        raise StoreUnavailable(describe(error)) from error
    database.run_here(lambda session: _mark(session, kind), writes=True)


def is_current(session: Session) -> bool:
    """Tell whether every migration of this version has been applied, and none of a later one."""
    if not inspect(session.connection()).has_table(VERSIONS.name):
        return False
    return set(session.execute(APPLIED).scalars()) == heads()


@cache
def heads() -> frozenset[str]:
    """Return the last migrations of this version, read once in a process since that imports files."""
    return frozenset(ScriptDirectory.from_config(alembic_config()).get_heads())


def kind(session: Session) -> str | None:
    """Return `production` or `demo`; None before the first migration."""
    if not inspect(session.connection()).has_table(str(Meta.__tablename__)):
        return None
    mark = session.get(Meta, "kind")
    return mark.value if mark else None


def revisions() -> frozenset[str]:
    """Return all migrations of this version."""
    return frozenset(each.revision for each in ScriptDirectory.from_config(alembic_config()).walk_revisions())


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Keep other processes from migrating meanwhile."""
    if connection.dialect.name == "sqlite":
        # SQLite takes its write lock with the first statement, so the driver's own time-out is raised before.
        driver: Any = connection.connection.driver_connection
        driver.execute(f"PRAGMA busy_timeout={LOCK_SECONDS * 1_000}")
        try:
            yield
        finally:
            driver.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    elif connection.dialect.name == "postgresql":
        connection.execute(POSTGRESQL_LOCK, {"name": MIGRATING})
        yield
    else:
        with _named_lock(connection):
            yield


@contextmanager
def _named_lock(connection: Connection) -> Iterator[None]:
    """Hold a named lock of MySQL, where each statement of a migration is its own transaction."""
    is_held = connection.execute(MYSQL_LOCK, {"name": MIGRATING, "seconds": LOCK_SECONDS}).scalar()
    connection.commit()
    if is_held != 1:
        raise StoreUnavailable("another one has been migrating for too long")
    try:
        yield
    finally:
        connection.execute(MYSQL_RELEASE, {"name": MIGRATING})
        connection.commit()


def _mark(session: Session, kind: str) -> None:
    with suppress(IntegrityError), session.begin_nested():  # the store is marked already
        session.add(Meta(name="kind", value=kind))


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder("migrations")))
    return config
