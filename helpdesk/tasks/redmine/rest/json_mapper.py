"""Redmine's JSON as our tasks. Source of the shapes: Redmine 5, app/views/issues/show.api.rsb and its neighbours.

What lacks its fields raises BadResponse, or one of BROKEN, which `bad_response` turns into it.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from helpdesk.errors import BadResponse
from helpdesk.redmine_client import JSON
from helpdesk.tasks import projects
from helpdesk.tasks.fields import CustomField
from helpdesk.tasks.model import (
    Attachment,
    Entry,
    FieldChange,
    Link,
    Member,
    Priority,
    Ref,
    Relation,
    Status,
    TaskRow,
)
from helpdesk.tasks.projects import Project, ProjectMember

ATTRIBUTES = {
    "status_id": "status",
    "priority_id": "priority",
    "assigned_to_id": "assignee",
    "tracker_id": "tracker",
    "project_id": "project",
}
LONG_TEXTS = {"description"}
_DIRECTED = {"duplicates": "duplicated", "blocks": "blocked", "precedes": "follows", "copied_to": "copied_from"}
OPPOSITE = {"relates": "relates"} | _DIRECTED | {theirs: ours for ours, theirs in _DIRECTED.items()}
"""The kinds of relations as seen from the other task. Source: Redmine 5, IssueRelation::TYPES."""
BROKEN = (LookupError, TypeError, ValueError, AttributeError)


class Names(NamedTuple):
    """The names of ids in a history: field of ATTRIBUTES → id as text → name; and the custom fields by their ids."""

    by_field: Mapping[str, Mapping[str, str]]
    custom_fields: Mapping[int, CustomField]

    def word(self, field: str, value: str | None) -> str | None:
        """The name of an id, the value itself where it is none, `#7` for an id nobody can name."""
        if value is None or field not in self.by_field:
            return value
        return self.by_field[field].get(value, f"#{value}")


def row(issue: JSON, priorities: Iterable[Priority]) -> TaskRow:
    """An issue of a list or of its own page."""
    ranks = {priority.id: priority.rank for priority in priorities}
    priority = ref(issue["priority"])
    return TaskRow(
        id=number(issue, "id"),
        subject=text(issue, "subject"),
        status=status(issue["status"]),
        priority=Priority(*priority, ranks.get(priority.id, 1)),
        project=ref(issue["project"]),
        tracker=ref(issue["tracker"]),
        due_date=day(issue.get("due_date")),
        assignee=member(issue.get("assigned_to")),
        author=member(issue.get("author")),
        created_on=moment(issue["created_on"]),
        updated_on=moment(issue["updated_on"]),
        is_private=issue.get("is_private") is True,
    )


def number(found: JSON, name: str) -> int:
    """A whole number. Raises BadResponse for `"7"`, 7.0 and true, which int() would take."""
    if type(found[name]) is not int:
        raise BadResponse(detail=f"{name} is not a whole number")
    return int(found[name])


def text(found: JSON, name: str) -> str:
    if not isinstance(found[name], str):
        raise BadResponse(detail=f"{name} is not a text")
    return str(found[name])


def ref(found: JSON) -> Ref:
    return Ref(number(found, "id"), text(found, "name"))


def project(found: JSON) -> Project:
    """A project of a list; Redmine tells the parent only to whom that is visible."""
    parent = ref(found["parent"]).id if found.get("parent") else None
    return Project(*ref(found), str(found.get("identifier") or ""), str(found.get("description") or ""), parent)


def members(memberships: Iterable[JSON], ranks: Mapping[int, int]) -> tuple[ProjectMember, ...]:
    """The people of a project's memberships, without its groups; `ranks` are those of the roles in their order."""
    rows: list[tuple[int, str, str | None]] = []
    for found in memberships:
        roles = sorted(map(ref, found["roles"]), key=lambda role: ranks.get(role.id, len(ranks)))
        if "user" in found:
            person = ref(found["user"])
            rows += [(*person, role.name) for role in roles] or [(*person, None)]
    return projects.members(rows)


def status(found: JSON) -> Status:
    return Status(*ref(found), found.get("is_closed") is True)


def member(found: JSON | None) -> Member | None:
    return Member(*ref(found)) if found else None


def moment(value: str) -> datetime:
    """A point in time. Raises BadResponse for one without its distance from UTC."""
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise BadResponse(detail="a time without its zone")
    return found


def day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def plain(value: object) -> str:
    """A long text with the line ends that everybody else uses; Redmine keeps those of a form."""
    return str(value or "").replace("\r\n", "\n")


def attachment(found: JSON) -> Attachment:
    return Attachment(
        id=number(found, "id"),
        filename=text(found, "filename"),
        size=number(found, "filesize"),
        content_type=str(found.get("content_type") or ""),
        author=member(found.get("author")),
        created_on=moment(found["created_on"]) if found.get("created_on") else None,
    )


def hours(value: object) -> float | None:
    """A number of hours; Redmine writes whole ones without a point, and none as null."""
    if value is None or type(value) in (int, float):
        return None if value is None else float(str(value))
    raise BadResponse(detail="hours that are no number")


def entry(journal: JSON, names: Names) -> Entry:
    """A journal: its note, and its details in words."""
    return Entry(
        id=number(journal, "id"),
        author=member(journal.get("user")),
        created_on=moment(journal["created_on"]),
        notes=plain(journal.get("notes")),
        private=bool(journal.get("private_notes")),
        changes=tuple(change(detail, names) for detail in journal.get("details", ())),
    )


def change(detail: JSON, names: Names) -> FieldChange:
    """A journal's detail: an attribute, a custom field (`cf`), an attachment or a relation."""
    kind, name = text(detail, "property"), text(detail, "name")
    old, new = _value(detail.get("old_value")), _value(detail.get("new_value"))
    if kind == "cf":
        return custom_change(names.custom_fields.get(int(name), CustomField(int(name), f"#{name}")), old, new)
    if kind != "attr":
        return FieldChange(kind, old, new)
    if name in LONG_TEXTS:
        return FieldChange(name, None, None)
    field = ATTRIBUTES.get(name, name)
    return FieldChange(field, names.word(field, old), names.word(field, new))


def custom_change(field: CustomField, old: str | None, new: str | None) -> FieldChange:
    """A change of a custom field; of one with several values Redmine tells each by itself."""
    before, after = (None if value is None else field.words((value,))[0] for value in (old, new))
    return FieldChange("custom_field", before, after, field.name, field.kind)


def _value(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def values_of(attribute: str, journals: list[JSON]) -> set[str]:
    """The ids that changes of an attribute name."""
    details = (d for j in journals for d in j.get("details", ()) if d.get("name") == attribute)
    return {value for d in details for value in (d.get("old_value"), d.get("new_value")) if value}


def values_of_fields(details: Iterable[JSON]) -> dict[int, list[str]]:
    """Return the values in changes of custom fields, by the field's id."""
    found: dict[int, list[str]] = {}
    for detail in (detail for detail in details if detail.get("property") == "cf"):
        values = (_value(detail.get(name)) for name in ("old_value", "new_value"))
        found.setdefault(int(detail["name"]), []).extend(value for value in values if value)
    return found


def bad_response(error: Exception) -> BadResponse:
    """Return the error for an answer that can't be read, without quoting it: answers hold people's texts and keys."""
    what = error.args[0] if isinstance(error, KeyError) else type(error).__name__
    return BadResponse(detail=f"an answer without its fields: {what}")


class Links(NamedTuple):
    """The tasks named, by id, as the issue tells them: of children and parent also what this person may not see."""

    parent: int | None
    children: tuple[int, ...]
    relations: tuple[tuple[str, int], ...]

    @property
    def ids(self) -> tuple[int, ...]:
        everything = [self.parent, *self.children, *(other for _, other in self.relations)]
        return tuple(dict.fromkeys(number for number in everything if number is not None))

    def to(self, found: Mapping[int, Link]) -> tuple[Link | None, tuple[Link, ...], tuple[Relation, ...]]:
        """Parent, children and relations among those that this person may see."""
        return (
            found.get(self.parent) if self.parent is not None else None,
            tuple(found[child] for child in self.children if child in found),
            tuple(Relation(kind, found[other]) for kind, other in self.relations if other in found),
        )


def links(issue: JSON) -> Links:
    return Links(
        parent=number(issue["parent"], "id") if issue.get("parent") else None,
        children=tuple(number(child, "id") for child in issue.get("children", ())),
        relations=tuple(_relation(relation, number(issue, "id")) for relation in issue.get("relations", ())),
    )


def _relation(relation: JSON, task_id: int) -> tuple[str, int]:
    return relation_from(
        task_id, text(relation, "relation_type"), number(relation, "issue_id"), number(relation, "issue_to_id")
    )


def relation_from(task_id: int, kind: str, source_id: int, target_id: int) -> tuple[str, int]:
    """Return the kind of a relation as seen from the task, and the other task."""
    return (kind, target_id) if source_id == task_id else (OPPOSITE.get(kind, kind), source_id)
