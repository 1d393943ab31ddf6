"""Alembic's entrance. The caller hands the connection over; `scripts/migration` makes a new revision."""

from alembic import context
from sqlmodel import SQLModel

from helpdesk.store.models import tables

assert tables.Meta.metadata is SQLModel.metadata

connection = context.config.attributes["connection"]
sqlite = connection.dialect.name == "sqlite"
if sqlite:
    # A table made anew in a batch would take the rows that refer to it along. SQLite ignores this setting within a
    # transaction, which our connection begins before its first statement: hence the driver's own.
    driver = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=sqlite)
with context.begin_transaction():
    context.run_migrations()
connection.commit()
if sqlite:
    driver.execute("PRAGMA foreign_keys=ON")
