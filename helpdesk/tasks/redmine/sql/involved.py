"""Read the people who work on tasks and watch them. A group stands for its members."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.reports.model import Involved
from helpdesk.tasks.model import Member
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql import users
from helpdesk.tasks.redmine.sql.batched_selects import BatchedSelects
from helpdesk.tasks.redmine.sql.source import Source
from helpdesk.tasks.redmine.sql.tables import grouped

_WATCHER = t.watchers.c
_TASKS: sa.BindParameter[Any] = sa.bindparam("tasks", expanding=True)
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
WATCHERS = sa.select(_WATCHER.watchable_id, _WATCHER.user_id).where(
    _WATCHER.watchable_id.in_(_TASKS), _WATCHER.watchable_type == "Issue"
)
_INVOLVED = BatchedSelects(
    task=t.select_columns(t.issues, "id subject project_id assigned_to_id").where(t.issues.c.id.in_(_TASKS)),
    watcher=WATCHERS,
)
_PRINCIPALS = BatchedSelects(
    user=sa.select(*users.NAME_COLUMNS).where(t.users.c.id.in_(_IDS)),
    member=sa.select(t.groups_users).where(t.groups_users.c.group_id.in_(_IDS)),
)


def involved(db: Connection, source: Source, task_ids: Iterable[int]) -> dict[int, Involved]:
    """Return the people of those of these tasks that are there."""
    rows = _INVOLVED.ask(db, {"tasks": sorted(task_ids) or [0]})
    watchers = grouped((row.watchable_id, row.user_id) for row in rows["watcher"])
    ids = {*(row.assigned_to_id for row in rows["task"]), *(id for its in watchers.values() for id in its)}
    people = People(db, ids, source.config(db).settings["user_format"])
    return {
        row.id: Involved(
            row.subject, row.project_id, people.people(row.assigned_to_id), people.people(*watchers.get(row.id, ()))
        )
        for row in rows["task"]
    }


class People:
    """Names of people, and the people behind a number: a group stands for its members."""

    def __init__(self, db: Connection, ids: Iterable[int | None], style: str) -> None:
        rows = _PRINCIPALS.ask(db, {"ids": sorted({each for each in ids if each is not None}) or [0]})
        self.names = {row.id: users.name(row, style) for row in rows["user"]}
        self.groups = {row.id for row in rows["user"] if row.type not in users.PEOPLE}
        self.members = grouped((row.group_id, row.user_id) for row in rows["member"])

    def people(self, *ids: int | None) -> frozenset[int]:
        each = (self.members.get(id, frozenset()) if id in self.groups else {id} for id in ids if id is not None)
        return frozenset().union(*each)

    def member(self, number: int) -> Member:
        return Member(number, self.names.get(number, f"#{number}"))
