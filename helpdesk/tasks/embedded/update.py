"""Writes an edit to the embedded tracker's tables, and returns the entries since a version."""

from collections.abc import Container, Iterator, Sequence
from datetime import date, datetime

from sqlmodel import Session

from helpdesk.errors import Invalid, NotAllowed, NotFound, sentence
from helpdesk.store.casefold import fold
from helpdesk.store.models import tables
from helpdesk.store.tracker import task_parts as parts
from helpdesk.store.tracker.files import delete_of_task
from helpdesk.tasks.checks import require_new_text
from helpdesk.tasks.embedded.files import attach
from helpdesk.tasks.embedded.row_mapper import load
from helpdesk.tasks.fields import Texts, Value, cf_name, format_number, history_name
from helpdesk.tasks.model import Actor, Edit, Entry, Ref, Task
from helpdesk.texts import trimmed

COLUMNS: dict[str, str] = {
    "status": "status_id",
    "priority": "priority_id",
    "assignee": "assignee_id",
    "tracker": "kind_id",
    "parent": "parent_id",
}
LONGEST_VALUE = 255
NO_PARENT = sentence("This task can't be the parent: it must be another one of the same project, and no part of this.")


def write(
    session: Session, actor: Actor, now: datetime, before: Task, edit: Edit
) -> tuple[frozenset[int], frozenset[int]]:
    """Write the new values, the next version and their entries; return the ids of the entries and of the files.

    A private comment beside changes gets an entry of its own, for its readers are fewer than those of the changes.
    Source: Redmine's Journal#split_private_notes. Raises Invalid for an impossible parent.
    """
    parent_id = edit.details.get("parent")
    if isinstance(parent_id, int):
        require_parent(session, actor, parent_id, before.row.project, parts.branch(session, before.id))
    task, notes = session.get_one(tables.Task, before.id), trimmed(edit.comment)
    files, private = attach(session, before.id, edit.files), bool(edit.private and notes)
    changed = [*_field_changes(before, edit), *(("attachment", None, name) for name in files.values())]
    texts = [("", False), (notes, True)] if private and changed else [(notes, private)]
    entries = [_add_entry(session, before.id, actor, now, *text) for text in texts]
    session.add_all(
        tables.Change(entry_id=entries[0], field=name, old_value=old, new_value=new) for name, old, new in changed
    )
    for field, number in edit.changes.items():
        setattr(task, COLUMNS[field], number)
    for detail, value in edit.details.items():
        setattr(task, COLUMNS.get(detail, detail), value)
    parts.put_custom_values(session, before.id, edit.custom)
    if "status" in edit.changes:
        closed = session.get_one(tables.Status, edit.changes["status"]).is_closed
        task.closed_at = (before.closed_on or now) if closed else None
    if edit.details.keys() & {"subject", "description"}:
        task.words = fold(f"{task.subject}\n{task.description}")
    if changed or not private:  # a private comment must not be noticed by people who may not see it
        task.updated_at = now
        task.version += 1
    return frozenset(entries), frozenset(files)


def _add_entry(session: Session, task_id: int, actor: Actor, now: datetime, notes: str, is_private: bool) -> int:
    entry = tables.Entry(task_id=task_id, author_id=actor.id, created_at=now, notes=notes, is_private=is_private)
    session.add(entry)
    session.flush()
    assert entry.id is not None
    return entry.id


def edit_comment(session: Session, before: Task, entry_id: int, text: str) -> None:
    """Give a comment another text, which keeps the task's version. Raises as the port says."""
    entry = require_new_text(before, entry_id, text)
    row = session.get_one(tables.Entry, entry.id)
    if text or entry.changes:
        row.notes = text
    else:
        session.delete(row)


def delete(session: Session, before: Task) -> list[str]:
    """Delete a task and its sub-tasks, as Redmine does; return the blobs to delete then. Raises NotAllowed."""
    if not before.choices.may_delete:
        raise NotAllowed
    ids = parts.branch(session, before.id)
    blobs = [name for task_id in ids for name in delete_of_task(session, task_id)]
    parts.remove(session, ids)
    return blobs


def _field_changes(before: Task, edit: Edit) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield each change as the history keeps it; of a description, and of long values, only that it was changed."""
    for field, number in edit.changes.items():
        yield field, _text(before.value(field)), _text(number)
    for detail, value in edit.details.items():
        name = history_name(detail)
        yield (name, None, None) if detail == "description" else (name, _text(before.detail(detail)), _text(value))
    kinds = {it.field.id: it.field.kind for it in before.custom}
    for field_id, texts in edit.custom.items():
        old, new = _joined(before.custom_value(field_id)), _joined(texts)
        too_long = kinds[field_id] == "long_text" or max(len(old or ""), len(new or "")) > LONGEST_VALUE
        yield (cf_name(field_id), None, None) if too_long else (cf_name(field_id), old, new)


def _text(value: Value) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return format_number(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _joined(texts: Texts) -> str | None:
    return "\n".join(texts) or None


def require_parent(session: Session, actor: Actor, parent_id: int, project: Ref, below: Container[int] = ()) -> None:
    """Raise Invalid for a parent that is hidden, of another project, or among `below`: the task and its sub-tasks."""
    try:
        parent = load(session, actor, parent_id)
    except NotFound as error:
        raise Invalid({"parent_id": [NO_PARENT]}) from error
    if parent.row.project != project or parent_id in below:
        raise Invalid({"parent_id": [NO_PARENT]})


def entries_since(task: Task, version: str) -> Sequence[Entry] | None:
    """Return the entries of the writes after `version`, each of which made one; None for no version of this task.

    A comment deleted since still counts as a write: then an older entry is returned as well.
    """
    known = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0
    writes = int(task.version) - known
    counted = sorted(entry for entry in task.entries if entry.changes or not entry.private)
    if known < 1 or not 0 <= writes <= len(counted):
        return None
    return counted[len(counted) - writes :]
