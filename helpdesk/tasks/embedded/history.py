"""The history of an embedded task: a change keeps ids and plain values, names are those of today."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlmodel import Session

from helpdesk.store.tracker import task_parts as parts
from helpdesk.store.tracker import tasks as rows
from helpdesk.tasks.embedded.custom_fields import definition
from helpdesk.tasks.embedded.permissions import Rights
from helpdesk.tasks.fields import CustomField, name_of
from helpdesk.tasks.model import Actor, Entry, FieldChange, Member


class Words(NamedTuple):
    """What ids in changes are called, by field and id as text, and the custom fields by their name in changes."""

    names: Mapping[str, Mapping[str, str]]
    fields: Mapping[str, CustomField]


def entries(session: Session, actor: Actor, mine: Rights, task: Any) -> tuple[Entry, ...]:
    """The acts on a task that the actor may see, oldest first."""
    changes, by_entry = rows.changes(session, task.id), defaultdict(list)
    words = _words(session, changes)
    for change in changes:
        by_entry[change.entry_id].append(_change(change, words))
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


def _change(change: Any, words: Words) -> FieldChange:
    values = (change.old_value, change.new_value)
    if field := words.fields.get(change.field):
        old, new = (None if value is None else ", ".join(field.words(tuple(value.split("\n")))) for value in values)
        return FieldChange("custom_field", old, new, field.name, field.kind)
    names = words.names.get(change.field)
    old, new = (names.get(value, f"#{value}") if names is not None and value else value for value in values)
    return FieldChange(change.field, old, new)


def _words(session: Session, changes: Any) -> Words:
    values = {(c.field, value) for c in changes for value in (c.old_value, c.new_value) if value}
    people = {int(value) for field, value in values if field == "assignee"}
    custom = {int(c.field.removeprefix("cf_")) for c in changes if c.field.startswith("cf_")}
    fields = map(definition, parts.custom_fields_named(session, custom)) if custom else ()
    asked = {field for field, _ in values}
    named = {"status": rows.statuses, "priority": rows.priorities, "tracker": rows.trackers}
    names = {field: {str(row.id): row.name for row in ask(session)} for field, ask in named.items() if field in asked}
    by_id = {str(key): name for key, name in rows.names(session, people).items()} if people else {}
    return Words({**names, "assignee": by_id, "parent_id": {}}, {name_of(field.id): field for field in fields})
