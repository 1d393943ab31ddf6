"""The tracker that needs no other system: projects, roles, a workflow, private comments, all in our own store.

A role's permissions: `view_all` (else only what one asked for or is assigned), `edit` (priority and assignee),
`comment`, `view_private`, `comment_privately`, `assignable`. Statuses follow the workflow alone.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, or_
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from helpdesk.errors import NotFound
from helpdesk.store import tables
from helpdesk.store import tasks as rows
from helpdesk.store.database import Database
from helpdesk.tasks.model import (
    Actor,
    Choices,
    Edit,
    Entry,
    Field,
    FieldChange,
    Member,
    Priority,
    Ref,
    Status,
    Summary,
    Task,
    TaskPage,
    TaskQuery,
    TaskRow,
    Vocabulary,
    Who,
    Written,
    ranked,
)
from helpdesk.tasks.tracker import Capabilities, require_comment, wanted

COLUMNS: dict[Field, str] = {"status": "status_id", "priority": "priority_id", "assignee": "assignee_id"}


class Rights(NamedTuple):
    """What the actor may do, by project."""

    permissions: dict[int, set[str]]
    roles: dict[int, set[int]]

    def has(self, project_id: int, permission: str) -> bool:
        return permission in self.permissions.get(project_id, ())


class EmbeddedTracker:
    """The Tracker port over `store`; an Actor's id is the account's."""

    capabilities = Capabilities("markdown", searches="subject and description", exact_assignees=True)

    def __init__(self, database: Database, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.database = database
        self.clock = clock

    async def vocabulary(self, actor: Actor) -> Vocabulary:
        def work(session: Session) -> Vocabulary:
            return Vocabulary(
                tuple(Status(*row) for row in rows.statuses(session)),
                _priorities(session),
                tuple(Ref(*row) for row in rows.projects(session, rights(session, actor).permissions)),
                tuple(Ref(*row) for row in rows.trackers(session)),
            )

        return await self.database.run(work)

    async def tasks(self, actor: Actor, query: TaskQuery) -> TaskPage:
        def work(session: Session) -> TaskPage:
            condition = and_(_visible(rights(session, actor), actor), *_matching(actor, query))
            found = rows.page(session, condition, query.sort, query.descending, query.per_page, query.offset)
            ranks = {priority.id: priority for priority in _priorities(session)}
            return TaskPage(tuple(_row(row, ranks) for row in found), rows.count(session, condition), query)

        return await self.database.run(work)

    async def summary(self, actor: Actor, query: TaskQuery) -> Summary:
        everything = query._replace(status_ids=(), closed=True)

        def work(session: Session) -> Summary:
            condition = and_(_visible(rights(session, actor), actor), *_matching(actor, everything))
            found = rows.by_status(session, condition)
            fresh = sum(number for is_closed, is_default, number in found if is_default and not is_closed)
            closed = sum(number for is_closed, _, number in found if is_closed)
            return Summary(fresh, sum(number for *_, number in found) - closed, closed)

        return await self.database.run(work)

    async def task(self, actor: Actor, task_id: int) -> Task:
        return await self.database.run(lambda session: load(session, actor, task_id))

    async def change(self, actor: Actor, task_id: int, edit: Edit) -> Written:
        def work(session: Session) -> Written:
            before = load_to_write(session, actor, task_id)
            changes = wanted(before, edit)
            self._write(session, actor, before, changes, edit.comment)
            return Written(before, load(session, actor, task_id))

        return await self.database.run(work, writes=True)

    async def comment(self, actor: Actor, task_id: int, text: str, private: bool = False) -> Written:
        def work(session: Session) -> Written:
            before = load_to_write(session, actor, task_id)
            require_comment(before, private)
            self._write(session, actor, before, {}, text, private)
            return Written(before, load(session, actor, task_id))

        return await self.database.run(work, writes=True)

    def _write(
        self,
        session: Session,
        actor: Actor,
        before: Task,
        changes: dict[Field, int | None],
        comment: str,
        private: bool = False,
    ) -> None:
        """The task's new values, its next version, and the entry that tells of them."""
        now = self.clock()
        task = session.get_one(tables.Task, before.id)
        entry = tables.Entry(
            task_id=before.id, author_id=actor.id, created_at=now, notes=comment.strip(), is_private=private
        )
        session.add(entry)
        session.flush()
        assert entry.id is not None
        for field, value in changes.items():
            old, new = (None if v is None else str(v) for v in (before.value(field), value))
            session.add(tables.Change(entry_id=entry.id, field=field, old_value=old, new_value=new))
            setattr(task, COLUMNS[field], value)
        if "status" in changes:
            closed = session.get_one(tables.Status, changes["status"]).is_closed
            task.closed_at = now if closed else None
        if changes or not private:  # nobody who may not see a private comment shall notice it
            task.updated_at = now
            task.version += 1


def rights(session: Session, actor: Actor) -> Rights:
    """The actor's permissions and roles by project; an administrator has every role everywhere."""
    found = rows.all_roles(session) if actor.is_admin else rows.roles_by_project(session, actor.id)
    permissions, roles = defaultdict(set), defaultdict(set)
    for project_id, role_id, names in found:
        permissions[project_id].update(names.split())
        roles[project_id].add(role_id)
    return Rights(permissions, roles)


def load(session: Session, actor: Actor, task_id: int) -> Task:
    """One task as the actor sees it. Raises NotFound, also for what the actor may not see."""
    mine = rights(session, actor)
    row = rows.one(session, and_(rows.TASK.c.id == task_id, _visible(mine, actor)))
    if row is None:
        raise NotFound
    return Task(
        row=_row(row, {priority.id: priority for priority in _priorities(session)}),
        description=row.description,
        start_date=row.start_date,
        done_ratio=row.done_ratio,
        closed_on=row.closed_at,
        entries=_entries(session, actor, task_id, mine.has(row.project_id, "view_private")),
        attachments=(),
        choices=_choices(session, mine, row),
        version=str(row.version),
    )


def load_to_write(session: Session, actor: Actor, task_id: int) -> Task:
    """The same, with the task's row locked until the end of the transaction, where the database has such locks."""
    session.get(tables.Task, task_id, with_for_update=True)
    return load(session, actor, task_id)


def _visible(mine: Rights, actor: Actor) -> ColumnElement[bool]:
    whole = [project for project in mine.permissions if mine.has(project, "view_all")]
    own = [project for project in mine.permissions if project not in whole]
    return rows.visible(actor.id, whole, own)


def _matching(actor: Actor, query: TaskQuery) -> list[ColumnElement[bool]]:
    """The query's conditions; a number searched for is looked up among all visible tasks, open or closed."""
    if query.wanted_id is not None:
        return [rows.TASK.c.id == query.wanted_id]
    task, conditions = rows.TASK.c, []
    if query.assignees:
        conditions.append(_any_of(task.assignee_id, query.assignees, actor))
    if query.authors:
        conditions.append(_any_of(task.author_id, query.authors, actor))
    if query.status_ids:
        conditions.append(task.status_id.in_(query.status_ids))
    elif not query.closed:
        conditions.append(rows.STATUS.c.is_closed.is_(False))
    chosen = (
        (task.priority_id, query.priority_ids),
        (task.project_id, query.project_ids),
        (task.kind_id, query.tracker_ids),
    )
    conditions += [column.in_(ids) for column, ids in chosen if ids]
    if query.updated_since:
        conditions.append(task.updated_at >= query.updated_since)
    if query.due_by:
        conditions.append(task.due_date <= query.due_by)
    if query.search:
        conditions.append(rows.containing(query.search))
    return conditions


def _any_of(column: ColumnElement[Any], people: tuple[Who, ...], actor: Actor) -> ColumnElement[bool]:
    ids = [actor.id if who == "me" else who for who in people if who != "nobody"]
    return or_(column.in_(ids), column.is_(None)) if "nobody" in people else column.in_(ids)


def _row(row: Any, priorities: dict[int, Priority]) -> TaskRow:
    return TaskRow(
        id=row.id,
        subject=row.subject,
        status=Status(row.status_id, row.status, row.is_closed),
        priority=priorities[row.priority_id],
        project=Ref(row.project_id, row.project),
        tracker=Ref(row.kind_id, row.kind),
        due_date=row.due_date,
        assignee=Member(row.assignee_id, row.assignee, row.assignee_email) if row.assignee_id else None,
        author=Member(row.author_id, row.author, row.author_email),
        created_on=row.created_at,
        updated_on=row.updated_at,
    )


def _entries(session: Session, actor: Actor, task_id: int, with_private: bool) -> tuple[Entry, ...]:
    told = defaultdict(list)
    words = _words(session, changed := rows.changes(session, task_id))
    for change in changed:
        old, new = (words[change.field].get(value) for value in (change.old_value, change.new_value))
        told[change.entry_id].append(FieldChange(change.field, old, new))
    return tuple(
        Entry(
            id=row.id,
            author=Member(row.author_id, row.author, row.author_email),
            created_on=row.created_at,
            notes=row.notes,
            private=row.is_private,
            changes=tuple(told[row.id]),
        )
        for row in rows.entries(session, task_id, with_private, actor.id)
    )


def _words(session: Session, changed: Any) -> dict[str, dict[str | None, str]]:
    """What the ids in changes are called, by field."""
    people = {int(v) for c in changed if c.field == "assignee" for v in (c.old_value, c.new_value) if v}
    return {
        "status": {str(row.id): row.name for row in rows.statuses(session)},
        "priority": {str(row.id): row.name for row in rows.priorities(session)},
        "assignee": {str(key): name for key, name in rows.names(session, people).items()},
    }


def _choices(session: Session, mine: Rights, row: Any) -> Choices:
    project = row.project_id
    statuses = rows.next_statuses(session, mine.roles[project], row.status_id)
    edits = mine.has(project, "edit")
    return Choices(
        statuses=tuple(Status(*status) for status in statuses),
        priorities=_priorities(session) if edits else (),
        assignees=_assignees(session, row) if edits else (),
        may_comment=mine.has(project, "comment"),
        may_comment_privately=mine.has(project, "comment_privately"),
    )


def _priorities(session: Session) -> tuple[Priority, ...]:
    return ranked(rows.priorities(session))


def _assignees(session: Session, row: Any) -> tuple[Ref, ...]:
    """Members with an assignable role, and whoever is assigned now, by name."""
    people = {
        person_id: name
        for person_id, name, permissions in rows.members(session, row.project_id)
        if "assignable" in permissions.split()
    }
    if row.assignee_id:
        people.setdefault(row.assignee_id, row.assignee)
    return tuple(Ref(*item) for item in sorted(people.items(), key=lambda item: item[1]))
