"""Maps Redmine's JSON to tasks. Source of the shapes: Redmine 5, app/views/issues/show.api.rsb and its neighbours.

JSON without its fields raises BadResponse, or one of BROKEN, which `bad_response` turns into it.
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
from helpdesk.tasks.relations import relation_from

ATTRIBUTES = {
    "status_id": "status",
    "priority_id": "priority",
    "assigned_to_id": "assignee",
    "tracker_id": "tracker",
    "project_id": "project",
}
LONG_TEXTS = {"description"}
BROKEN = (LookupError, TypeError, ValueError, AttributeError)


class Names(NamedTuple):
    """The names of ids in a history: field of ATTRIBUTES → id as text → name; and the custom fields by their ids."""

    by_field: Mapping[str, Mapping[str, str]]
    custom_fields: Mapping[int, CustomField]

    def word(self, field: str, value: str | None) -> str | None:
        """Return the name of an id, `#7` for one without a name, and any other value itself."""
        if value is None or field not in self.by_field:
            return value
        return self.by_field[field].get(value, f"#{value}")


def row(issue: JSON, priorities: Iterable[Priority]) -> TaskRow:
    """Map an issue of a list or of its own page."""
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


def number(data: JSON, name: str) -> int:
    """Return a whole number. Raises BadResponse for `"7"`, 7.0 and true, which int() would take."""
    if type(data[name]) is not int:
        raise BadResponse(detail=f"{name} is not a whole number")
    return int(data[name])


def text(data: JSON, name: str) -> str:
    if not isinstance(data[name], str):
        raise BadResponse(detail=f"{name} is not a text")
    return str(data[name])


def ref(data: JSON) -> Ref:
    return Ref(number(data, "id"), text(data, "name"))


def project(data: JSON) -> Project:
    """Map a project of a list; Redmine names the parent only when that is visible."""
    parent = ref(data["parent"]).id if data.get("parent") else None
    return Project(*ref(data), str(data.get("identifier") or ""), str(data.get("description") or ""), parent)


def members(memberships: Iterable[JSON], ranks: Mapping[int, int]) -> tuple[ProjectMember, ...]:
    """Return the people of a project's memberships, without its groups; `ranks` give the order of the roles."""
    rows: list[tuple[int, str, str | None]] = []
    for membership in memberships:
        roles = sorted(map(ref, membership["roles"]), key=lambda role: ranks.get(role.id, len(ranks)))
        if "user" in membership:
            person = ref(membership["user"])
            rows += [(*person, role.name) for role in roles] or [(*person, None)]
    return projects.members(rows)


def status(data: JSON) -> Status:
    return Status(*ref(data), data.get("is_closed") is True)


def member(data: JSON | None) -> Member | None:
    return Member(*ref(data)) if data else None


def moment(value: str) -> datetime:
    """Return a point in time. Raises BadResponse for one without its distance from UTC."""
    result = datetime.fromisoformat(value)
    if result.tzinfo is None:
        raise BadResponse(detail="a time without its zone")
    return result


def day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def plain(value: object) -> str:
    """Return a long text with plain line ends; Redmine keeps those of HTML forms."""
    return str(value or "").replace("\r\n", "\n")


def attachment(data: JSON) -> Attachment:
    return Attachment(
        id=number(data, "id"),
        filename=text(data, "filename"),
        size=number(data, "filesize"),
        content_type=str(data.get("content_type") or ""),
        author=member(data.get("author")),
        created_on=moment(data["created_on"]) if data.get("created_on") else None,
    )


def hours(value: object) -> float | None:
    """Return hours; Redmine writes whole ones without a point, and none as null."""
    if value is None or type(value) in (int, float):
        return None if value is None else float(str(value))
    raise BadResponse(detail="hours that are no number")


def entry(journal: JSON, names: Names) -> Entry:
    """Map a journal: its note, and its details with names for ids."""
    return Entry(
        id=number(journal, "id"),
        author=member(journal.get("user")),
        created_on=moment(journal["created_on"]),
        notes=plain(journal.get("notes")),
        private=bool(journal.get("private_notes")),
        changes=tuple(change(detail, names) for detail in journal.get("details", ())),
    )


def change(detail: JSON, names: Names) -> FieldChange:
    """Map a journal's detail: an attribute, a custom field (`cf`), an attachment or a relation."""
    kind, name = text(detail, "property"), text(detail, "name")
    old, new = _value(detail.get("old_value")), _value(detail.get("new_value"))
    if kind == "cf":
        custom = names.custom_fields.get(int(name), CustomField(int(name), f"#{name}"))
        # Redmine names each value of a field with several by itself.
        before, after = (None if value is None else custom.labels((value,))[0] for value in (old, new))
        return FieldChange("custom_field", before, after, custom.name, custom.kind)
    if kind != "attr":
        return FieldChange(kind, old, new)
    if name in LONG_TEXTS:
        return FieldChange(name, None, None)
    field = ATTRIBUTES.get(name, name)
    return FieldChange(field, names.word(field, old), names.word(field, new))


def _value(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def values_of(attribute: str, journals: list[JSON]) -> set[str]:
    """Return the ids in changes of an attribute."""
    details = (d for j in journals for d in j.get("details", ()) if d.get("name") == attribute)
    return {value for d in details for value in (d.get("old_value"), d.get("new_value")) if value}


def values_of_fields(details: Iterable[JSON]) -> dict[int, list[str]]:
    """Return the values in changes of custom fields, by the field's id."""
    by_field: dict[int, list[str]] = {}
    for detail in (detail for detail in details if detail.get("property") == "cf"):
        values = (_value(detail.get(name)) for name in ("old_value", "new_value"))
        by_field.setdefault(int(detail["name"]), []).extend(value for value in values if value)
    return by_field


def bad_response(error: Exception) -> BadResponse:
    """Return the error for an answer that can't be read, without quoting it: answers hold people's texts and keys."""
    reason = error.args[0] if isinstance(error, KeyError) else type(error).__name__
    return BadResponse(detail=f"an answer without its fields: {reason}")


class Links(NamedTuple):
    """The ids of the tasks that an issue names: parent and children also where this person may not see them."""

    parent: int | None
    children: tuple[int, ...]
    relations: tuple[tuple[str, int], ...]

    @property
    def ids(self) -> tuple[int, ...]:
        everything = [self.parent, *self.children, *(other for _, other in self.relations)]
        return tuple(dict.fromkeys(number for number in everything if number is not None))

    def to(self, visible: Mapping[int, Link]) -> tuple[Link | None, tuple[Link, ...], tuple[Relation, ...]]:
        """Return parent, children and relations among the visible tasks."""
        return (
            visible.get(self.parent) if self.parent is not None else None,
            tuple(visible[child] for child in self.children if child in visible),
            tuple(Relation(kind, visible[other]) for kind, other in self.relations if other in visible),
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
