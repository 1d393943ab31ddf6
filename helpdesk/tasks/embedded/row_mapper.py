"""Maps rows of the embedded tracker's tables to tasks, with their custom fields and histories.

A change in a history keeps ids and plain values; names are those of today.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from sqlalchemy import and_
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from helpdesk.errors import NotFound
from helpdesk.store.models import tables
from helpdesk.store.tracker import task_parts as parts
from helpdesk.store.tracker import tasks as rows
from helpdesk.tasks.embedded import files
from helpdesk.tasks.embedded.permissions import Rights, choices, priorities, rights, visible
from helpdesk.tasks.fields import CustomField, CustomValue, Kind, Option, cf_name
from helpdesk.tasks.model import Actor, Entry, FieldChange, Link, Member, Priority, Ref, Relation, Status, Task, TaskRow
from helpdesk.tasks.relations import relation_from


def load(session: Session, actor: Actor, task_id: int) -> Task:
    """Read a task as the actor sees it. Raises NotFound, also for a task that the actor may not see."""
    mine = rights(session, actor)
    seen = visible(mine)
    row = rows.one(session, and_(rows.TASK.c.id == task_id, seen))
    if row is None:
        raise NotFound
    fields = definitions(session, row.project_id, row.kind_id)
    parent, children, relations = _links(session, task_id, row.parent_id, seen)
    watchers = _watchers(session, actor, mine, row)
    return Task(
        row=row_of(row, {priority.id: priority for priority in priorities(session)}),
        description=row.description,
        start_date=row.start_date,
        done_ratio=row.done_ratio,
        closed_on=row.closed_at,
        entries=_entries(session, actor, mine, row),
        attachments=files.of_task(session, task_id),
        choices=choices(session, actor, mine, row, fields),
        version=str(row.version),
        estimated_hours=row.estimated_hours,
        spent_hours=(row.spent_hours or 0.0) if mine.has(row.project_id, "view_all") else 0.0,
        custom=_custom_values(session, task_id, fields),
        parent=parent,
        children=children,
        relations=relations,
        watchers=watchers,
        watched=any(it.id == actor.id for it in watchers),
    )


def require_visible(session: Session, actor: Actor, task_id: int) -> None:
    """Raise NotFound for a task that the actor may not see."""
    if not rows.count(session, and_(rows.TASK.c.id == task_id, visible(rights(session, actor)))):
        raise NotFound


def load_to_write(session: Session, actor: Actor, task_id: int) -> Task:
    """Load a task with its row locked until the end of the transaction, where the database has such locks."""
    session.get(tables.Task, task_id, with_for_update=True)
    return load(session, actor, task_id)


def row_of(row: Any, priorities: dict[int, Priority]) -> TaskRow:
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
        is_private=row.is_private,
    )


def _watchers(session: Session, actor: Actor, mine: Rights, row: Any) -> tuple[Member, ...]:
    """Return the watchers; people who do not see the whole project see only themselves."""
    every = mine.has(row.project_id, "view_all")
    return tuple(Member(*each) for each in parts.watchers(session, row.id) if every or each.id == actor.id)


def _links(
    session: Session, task_id: int, parent_id: int | None, seen: ColumnElement[bool]
) -> tuple[Link | None, tuple[Link, ...], tuple[Relation, ...]]:
    """Return parent, sub-tasks and relations of a task among the tasks that are `seen`."""
    relations = parts.relations(session, task_id)
    ids = {id for row in relations for id in (row.task_id, row.other_id)} | ({parent_id} if parent_id else set())
    rows_seen = parts.links(session, task_id, ids - {task_id}, seen)
    links = {row.id: Link(row.id, row.subject, Status(row.status_id, row.name, row.is_closed)) for row in rows_seen}
    sides = [relation_from(task_id, row.kind, row.task_id, row.other_id) for row in relations]
    return (
        links.get(parent_id) if parent_id else None,
        tuple(links[row.id] for row in rows_seen if row.parent_id == task_id),
        tuple(Relation(kind, links[other]) for kind, other in sides if other in links),
    )


def definition(row: Any) -> CustomField:
    """Map a row of a custom field."""
    return CustomField(
        id=row.id,
        name=row.name,
        kind=cast(Kind, row.kind),
        options=tuple(Option(each, each) for each in row.options.splitlines()),
        multiple=row.multiple,
        required=row.required,
        default=tuple(row.default.splitlines()),
        hint=row.hint,
    )


def definitions(session: Session, project_id: int, kind_id: int) -> tuple[CustomField, ...]:
    """Return the custom fields of tasks of this project and tracker, in their order."""
    return tuple(map(definition, parts.custom_fields(session, project_id, kind_id)))


def _custom_values(session: Session, task_id: int, fields: tuple[CustomField, ...]) -> tuple[CustomValue, ...]:
    values = defaultdict(list)
    for field_id, value in parts.custom_values(session, task_id):
        values[field_id].append(value)
    return tuple(CustomValue(field, tuple(values[field.id])) for field in fields)


class Names(NamedTuple):
    """The names of ids in changes, by field and id as text, and the custom fields by their name in changes."""

    names: Mapping[str, Mapping[str, str]]
    fields: Mapping[str, CustomField]


def _entries(session: Session, actor: Actor, mine: Rights, task: Any) -> tuple[Entry, ...]:
    changes, by_entry = rows.changes(session, task.id), defaultdict(list)
    names = _names(session, changes)
    for change in changes:
        by_entry[change.entry_id].append(_change(change, names))
    edits, own = (mine.has(task.project_id, each) for each in ("edit_comments", "edit_own_comments"))
    return tuple(
        Entry(
            id=row.id,
            author=Member(row.author_id, row.author, row.author_email),
            created_on=row.created_at,
            notes=row.notes,
            private=row.is_private,
            changes=tuple(by_entry[row.id]),
            may_edit=bool(row.notes) and (edits or (own and row.author_id == actor.id)),
        )
        for row in rows.entries(session, task.id, mine.has(task.project_id, "view_private"), actor.id)
    )


def _change(change: Any, names: Names) -> FieldChange:
    values = (change.old_value, change.new_value)
    if field := names.fields.get(change.field):
        old, new = (None if value is None else ", ".join(field.labels(tuple(value.split("\n")))) for value in values)
        return FieldChange("custom_field", old, new, field.name, field.kind)
    by_id = names.names.get(change.field)
    old, new = (by_id.get(value, f"#{value}") if by_id is not None and value else value for value in values)
    return FieldChange(change.field, old, new)


def _names(session: Session, changes: Any) -> Names:
    values = {(c.field, value) for c in changes for value in (c.old_value, c.new_value) if value}
    people = {int(value) for field, value in values if field == "assignee"}
    custom = {int(c.field.removeprefix("cf_")) for c in changes if c.field.startswith("cf_")}
    fields = map(definition, parts.custom_fields_named(session, custom)) if custom else ()
    changed = {field for field, _ in values}
    tables_of = {"status": rows.statuses, "priority": rows.priorities, "tracker": rows.trackers}
    names = {
        name: {str(row.id): row.name for row in read(session)} for name, read in tables_of.items() if name in changed
    }
    assignees = {str(key): name for key, name in rows.names(session, people).items()} if people else {}
    return Names({**names, "assignee": assignees, "parent_id": {}}, {cf_name(field.id): field for field in fields})
