"""A demo store with as many more people as a large company has: signed in, and watching one task."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from itsdangerous import Signer

from helpdesk.store import tokens
from helpdesk.store.models.tables import Membership, Person, Session, Watcher
from tests.running import STORE

SECRET = "for the length of a measurement and no longer"


class Crowd(NamedTuple):
    """The task that all of them watch, and the session cookie of each."""

    task: int
    cookies: list[str]


def gather(folder: Path, many: int) -> Crowd:
    """Give the demo in `folder` so many members of a project who watch the first of its tasks that is anna's."""
    (folder / "secret_key").write_text(SECRET)
    now = datetime.now(UTC)
    names = [f"person{number}" for number in range(many)]
    with closing(sqlite3.connect(folder / STORE)) as store, store:
        task, project = store.execute(
            "SELECT id, project_id FROM tracker_task WHERE assignee_id = (SELECT id FROM person WHERE login = 'anna')"
        ).fetchone()
        (role,) = store.execute(
            "SELECT role_id FROM tracker_membership WHERE project_id = ? AND person_id = "
            "(SELECT id FROM person WHERE login = 'anna')",
            (project,),
        ).fetchone()
        (first,) = store.execute("SELECT max(id) + 1 FROM person").fetchone()
        people = range(first, first + many)
        _insert(store, Person, [
            {"id": id, "source": "local", "login": name, "login_folded": name, "full_name": name, "created_at": now,
             "email": "", "email_folded": "", "department": "", "position": ""}
            for id, name in zip(people, names, strict=True)
        ])  # fmt: skip
        _insert(store, Membership, [{"project_id": project, "person_id": id, "role_id": role} for id in people])
        _insert(store, Watcher, [{"task_id": task, "person_id": id} for id in people])
        _insert(store, Session, [
            {"id_hash": tokens.hashed(name), "person_id": id, "created_at": now, "expires_at": now + timedelta(1),
             "address": "", "user_agent": ""}
            for id, name in zip(people, names, strict=True)
        ])  # fmt: skip
    return Crowd(task, [Signer(SECRET, salt="session").sign(name).decode() for name in names])


def _insert(store: sqlite3.Connection, table: type, rows: list[dict[str, object]]) -> None:
    names = list(rows[0])
    values = [tuple(_plain(row[name]) for name in names) for row in rows]
    store.executemany(
        f"INSERT INTO {table.__tablename__} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", values
    )


def _plain(value: object) -> object:
    """As SQLAlchemy keeps moments in SQLite."""
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value
