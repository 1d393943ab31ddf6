"""The schema's version: brought up to date by `helpdesk migrate`, asked for at every start."""

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlmodel import Session

from helpdesk.assets import folder
from helpdesk.store.database import Database
from helpdesk.store.tables import Meta


class NotOurs(Exception):
    """The database holds somebody else's tables; nothing was touched."""


def migrate(database: Database, kind: str) -> None:
    """Bring the schema up to date and mark a new store as `kind`. Raises NotOurs for a database of others."""
    tables = set(database.run_here(lambda session: inspect(session.connection()).get_table_names()))
    if tables and Meta.__tablename__ not in tables:
        raise NotOurs
    config = alembic_config()
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    database.run_here(lambda session: _mark(session, kind), writes=True)


def is_current(session: Session) -> bool:
    """Whether every migration of this version has been applied, and none of a later one."""
    applied = MigrationContext.configure(session.connection()).get_current_heads()
    return set(applied) == set(ScriptDirectory.from_config(alembic_config()).get_heads())


def kind(session: Session) -> str | None:
    """`production` or `demo`; None before the first migration."""
    if not inspect(session.connection()).has_table(str(Meta.__tablename__)):
        return None
    mark = session.get(Meta, "kind")
    return mark.value if mark else None


def _mark(session: Session, kind: str) -> None:
    if session.get(Meta, "kind") is None:
        session.add(Meta(name="kind", value=kind))


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder("migrations")))
    return config
