"""A demo store with as many tasks as a large company has."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from helpdesk.demo.load import load
from helpdesk.store import schema
from helpdesk.store.database import Database
from tests.running import STORE


def seeded(folder: Path, tasks: int) -> Path:
    """`folder` with the demo's people and `tasks` tasks: the demo's own, again and again without their entries."""
    database = Database(f"sqlite:///{folder / STORE}")
    schema.migrate(database, "demo")
    database.run_here(lambda session: load(session, datetime.now(UTC)), writes=True)
    database.close()
    with closing(sqlite3.connect(folder / STORE)) as store, store:
        names = [
            row[1] for row in store.execute("PRAGMA table_info(tracker_task)") if row[1] not in ("id", "parent_id")
        ]
        columns = ", ".join(names)
        repeat = f"INSERT INTO tracker_task ({columns}) SELECT {columns} FROM tracker_task ORDER BY id LIMIT ?"
        while missing := tasks - store.execute("SELECT count(*) FROM tracker_task").fetchone()[0]:
            store.execute(repeat, (max(0, missing),))
    return folder
