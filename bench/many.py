"""A demo store with as many tasks as a large company has."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from helpdesk.demo.load import load
from helpdesk.store import schema
from helpdesk.store.database import Database
from tests.running import STORE

OPEN_OF_ANNA = 700
CLOSED_OF_ANNA = 300
ENTRIES = 3
ENTRIES_OF_ONE = 10

# What is too much for anna goes to boris: nobody is assigned thousands.
HAND_OVER = """
UPDATE tracker_task SET assignee_id = (SELECT id FROM person WHERE login = 'boris') WHERE id IN (
    SELECT task.id FROM tracker_task task JOIN tracker_status status ON status.id = task.status_id
    WHERE task.assignee_id = (SELECT id FROM person WHERE login = 'anna') AND status.is_closed = ?
    ORDER BY task.id LIMIT -1 OFFSET ?)"""
TELL = """
WITH RECURSIVE told(place) AS (SELECT 1 UNION ALL SELECT place + 1 FROM told WHERE place < ?)
INSERT INTO tracker_entry (task_id, author_id, created_at, notes, is_private)
SELECT task.id, task.author_id, task.updated_at, 'Проверила ещё раз: ' || substr(task.description, 1, 200), 0
FROM told, tracker_task task WHERE task.id BETWEEN ? AND ?"""
IN_WORK = """
SELECT id FROM tracker_task WHERE id > ? AND status_id = 2
AND assignee_id = (SELECT id FROM person WHERE login = 'anna') ORDER BY id"""


class Many(NamedTuple):
    """A data folder, the number of a task of anna's with ENTRIES_OF_ONE entries, and of another one in work."""

    folder: Path
    task: int
    change: int


def seeded(folder: Path, tasks: int) -> Many:
    """`folder` with the demo's people and `tasks` tasks: the demo's own, again and again, with a few entries each."""
    database = Database(f"sqlite:///{folder / STORE}")
    schema.migrate(database, "demo")
    database.run_here(lambda session: load(session, datetime.now(UTC)), writes=True)
    database.close()
    with closing(sqlite3.connect(folder / STORE)) as store, store:
        own = store.execute("SELECT max(id) FROM tracker_task").fetchone()[0]
        names = [
            row[1] for row in store.execute("PRAGMA table_info(tracker_task)") if row[1] not in ("id", "parent_id")
        ]
        columns = ", ".join(names)
        repeat = f"INSERT INTO tracker_task ({columns}) SELECT {columns} FROM tracker_task ORDER BY id LIMIT ?"
        while missing := tasks - store.execute("SELECT count(*) FROM tracker_task").fetchone()[0]:
            store.execute(repeat, (max(0, missing),))
        store.execute(HAND_OVER, (False, OPEN_OF_ANNA))
        store.execute(HAND_OVER, (True, CLOSED_OF_ANNA))
        store.execute(TELL, (ENTRIES, own + 1, tasks))
        (task,), (change,) = store.execute(IN_WORK, (own,)).fetchmany(2)
        store.execute(TELL, (ENTRIES_OF_ONE - ENTRIES, task, task))
    return Many(folder, task, change)
