"""The history of a task: comments and changes, as far as the person may see them, with names for ids."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from helpdesk.redmine_client import JSON
from helpdesk.tasks.fields import CustomField
from helpdesk.tasks.model import Entry, Member
from helpdesk.tasks.redmine.allowed_actions import Rights
from helpdesk.tasks.redmine.rest import json_mapper
from helpdesk.tasks.redmine.rest.custom_fields import Definition, is_by_number, named
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql.source import Reading

VALUE_NAMES = {
    "version": t.versions.c.name,
    "attachment": t.attachments.c.filename,
    "enumeration": t.custom_field_enumerations.c.name,
}
NAME_TABLES = {"fixed_version_id": t.versions, "category_id": t.issue_categories}

_TASK: sa.BindParameter[int] = sa.bindparam("task")
_JOURNALS = (
    sa.select(t.journals, *(t.journal_details.c[name] for name in ("property", "prop_key", "old_value", "value")))
    .outerjoin_from(t.journals, t.journal_details, t.journal_details.c.journal_id == t.journals.c.id)
    .where(t.journals.c.journalized_id == _TASK, t.journals.c.journalized_type == "Issue")
    .order_by(t.journals.c.created_on, t.journals.c.id, t.journal_details.c.id)
)


class JournalRow(NamedTuple):
    """A journal with its details, as Redmine keeps them."""

    journal: Any
    details: list[JSON]

    @property
    def other_tasks(self) -> list[int]:
        """Return the tasks that changes of relations name."""
        ids = (
            detail["new_value"] or detail["old_value"] for detail in self.details if detail["property"] == "relation"
        )
        return [int(each) for each in ids if each and each.isdigit()]


def journals(read: Reading, task_id: int, project_id: int) -> list[JournalRow]:
    """Return the journals of a task, oldest first, without others' private comments that this person may not read.

    Source: Issue#visible_journals_with_index.
    """
    by_id: dict[int, JournalRow] = {}
    for row in read.db.execute(_JOURNALS, {"task": task_id}):
        details = by_id.setdefault(row.id, JournalRow(row, [])).details
        if row.property is not None:
            names = {"property": row.property, "name": row.prop_key}
            details.append({**names, "old_value": row.old_value, "new_value": row.value})
    may = read.permissions.permits("view_private_notes", project_id)
    return [it for it in by_id.values() if may or not it.journal.private_notes or it.journal.user_id == read.person.id]


def people_in(rows: Iterable[JournalRow]) -> set[int]:
    """Return the ids of authors and assignees."""
    ids = {it.journal.user_id for it in rows}
    for it in rows:
        for detail in it.details:
            if detail["name"] == "assigned_to_id":
                ids |= {int(each) for each in (detail["old_value"], detail["new_value"]) if each and each.isdigit()}
    return ids


def entries(
    read: Reading, rows: list[JournalRow], project_id: int, may: Rights, people: Mapping[int, str], seen: Container[int]
) -> tuple[Entry, ...]:
    """Return the entries with a text or changes for this person; `seen` are the other tasks that the person sees.

    Source: Journal#visible_details.
    """
    names = _names(read, rows, people)
    mapped = (_entry(read, it, project_id, may, names, people, seen) for it in rows)
    return tuple(entry for entry in mapped if entry.notes.strip() or entry.changes)


def _entry(
    read: Reading,
    row: JournalRow,
    project_id: int,
    may: Rights,
    names: json_mapper.Names,
    people: Mapping[int, str],
    seen: Container[int],
) -> Entry:
    journal = row.journal
    author = Member(journal.user_id, people.get(journal.user_id, f"#{journal.user_id}"))
    visible = (detail for detail in row.details if _is_visible(read, detail, project_id, seen))
    return Entry(
        id=journal.id,
        author=author,
        created_on=read.moment(journal.created_on),
        notes=json_mapper.plain(journal.notes),
        private=bool(journal.private_notes),
        changes=tuple(json_mapper.change(detail, names) for detail in visible),
        may_edit=bool((journal.notes or "").strip()) and may.may_edit_note_of(author, read.person.id),
    )


def _is_visible(read: Reading, detail: JSON, project_id: int, seen: Container[int]) -> bool:
    match detail["property"]:
        case "relation":
            other = detail["new_value"] or detail["old_value"] or ""
            return other.isdigit() and int(other) in seen
        case "cf":
            field = read.config.fields.get(int(detail["name"])) if detail["name"].isdigit() else None
            return field is not None and read.sees(field, project_id)
        case _:
            return True


def _names(read: Reading, rows: list[JournalRow], people: Mapping[int, str]) -> json_mapper.Names:
    config = read.config
    visible = read.permissions.projects
    return json_mapper.Names(
        by_field={
            "status": {str(number): status.name for number, status in config.statuses.items()},
            "priority": {str(number): priority.name for number, priority in config.priorities.items()},
            "tracker": {str(number): tracker.name for number, tracker in config.trackers.items()},
            "project": {str(project.id): project.name for project in config.projects if project.id in visible},
            "assignee": {str(number): name for number, name in people.items()},
            "parent_id": {},
            "child_id": {},
            **{field: _names_in_table(read, rows, field) for field in NAME_TABLES},
        },
        custom_fields=_fields(read, rows),
    )


def _fields(read: Reading, rows: Iterable[JournalRow]) -> dict[int, CustomField]:
    """Return the custom fields, with the names of the numbers in their changes."""
    values: dict[str, list[str]] = defaultdict(list)
    for detail in (detail for it in rows for detail in it.details if detail["property"] == "cf"):
        values[detail["name"]] += filter(None, (detail["old_value"], detail["new_value"]))
    return {number: with_value_names(read, it, values[str(number)]) for number, it in read.config.fields.items()}


def _names_in_table(read: Reading, rows: list[JournalRow], field: str) -> dict[str, str]:
    """Return the names of the versions or categories in changes, without a query when there are none."""
    ids = json_mapper.values_of(field, [{"details": it.details} for it in rows])
    if not ids:
        return {}
    table = NAME_TABLES[field]
    query = sa.select(table).where(table.c.id.in_(sorted(int(each) for each in ids if each.isdigit())))
    return {str(row.id): row.name for row in read.db.execute(query)}


def with_value_names(read: Reading, definition: Definition, value: Iterable[str]) -> CustomField:
    """Return the field, with the names of the numbers in `value`."""
    texts = [each for each in value if each]
    known = {option.value for option in definition.field.options}
    ids = {int(each) for each in texts if each not in known and each.isascii() and each.isdigit()}
    if not is_by_number(definition) or not ids:
        return definition.field
    return named(definition.field, texts, _value_names(read, definition.format, ids))


def _value_names(read: Reading, format: str, ids: set[int]) -> Mapping[str, str]:
    if format == "user":
        return {str(number): name for number, name in read.names(ids).items()}
    if format not in VALUE_NAMES:
        return {}
    name = VALUE_NAMES[format]
    rows = read.db.execute(sa.select(name.table.c.id, name).where(name.table.c.id.in_(sorted(ids))))
    return {str(row.id): row[1] for row in rows}
