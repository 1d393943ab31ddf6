"""Redmine's JSON as our tasks. Source of the shapes: Redmine 5, app/views/issues/show.api.rsb and its neighbours.

What lacks its fields raises Nonsense, or one of BROKEN, which `nonsense` turns into it.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from helpdesk.errors import Nonsense
from helpdesk.redmine_client import JSON
from helpdesk.tasks import projects
from helpdesk.tasks.fields import CustomField
from helpdesk.tasks.model import Attachment, Entry, FieldChange, Member, Priority, Ref, Status, TaskRow
from helpdesk.tasks.projects import Project, ProjectMember

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
    """What ids in a history are called: field of ATTRIBUTES → id as text → name; and the custom fields by their ids."""

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
    )


def number(found: JSON, name: str) -> int:
    """A whole number. Raises Nonsense for `"7"`, 7.0 and true, which int() would take."""
    if type(found[name]) is not int:
        raise Nonsense(detail=f"{name} is not a whole number")
    return int(found[name])


def text(found: JSON, name: str) -> str:
    if not isinstance(found[name], str):
        raise Nonsense(detail=f"{name} is not a text")
    return str(found[name])


def ref(found: JSON) -> Ref:
    return Ref(number(found, "id"), text(found, "name"))


def project(found: JSON) -> Project:
    """A project of a list; Redmine tells the parent only to whom that is visible."""
    parent = ref(found["parent"]).id if found.get("parent") else None
    return Project(*ref(found), str(found.get("identifier") or ""), str(found.get("description") or ""), parent)


def members(memberships: Iterable[JSON], places: Mapping[int, int]) -> tuple[ProjectMember, ...]:
    """The people of a project's memberships, without its groups; `places` are those of the roles in their order."""
    rows: list[tuple[int, str, str | None]] = []
    for found in memberships:
        roles = sorted(map(ref, found["roles"]), key=lambda role: places.get(role.id, len(places)))
        if "user" in found:
            person = ref(found["user"])
            rows += [(*person, role.name) for role in roles] or [(*person, None)]
    return projects.members(rows)


def status(found: JSON) -> Status:
    return Status(*ref(found), found.get("is_closed") is True)


def member(found: JSON | None) -> Member | None:
    return Member(*ref(found)) if found else None


def moment(told: str) -> datetime:
    """A point in time. Raises Nonsense for one without its distance from UTC."""
    found = datetime.fromisoformat(told)
    if found.tzinfo is None:
        raise Nonsense(detail="a time without its zone")
    return found


def day(told: str | None) -> date | None:
    return date.fromisoformat(told) if told else None


def plain(told: object) -> str:
    """A long text with the line ends that everybody else uses; Redmine keeps those of a form."""
    return str(told or "").replace("\r\n", "\n")


def attachment(found: JSON) -> Attachment:
    return Attachment(
        id=number(found, "id"),
        filename=text(found, "filename"),
        size=number(found, "filesize"),
        content_type=str(found.get("content_type") or ""),
        author=member(found.get("author")),
        created_on=moment(found["created_on"]) if found.get("created_on") else None,
    )


def hours(told: object) -> float | None:
    """A number of hours; Redmine writes whole ones without a point, and none as null."""
    if told is None or type(told) in (int, float):
        return None if told is None else float(str(told))
    raise Nonsense(detail="hours that are no number")


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


def _value(told: object) -> str | None:
    return None if told is None or told == "" else str(told)


def values_of(attribute: str, journals: list[JSON]) -> set[str]:
    """The ids that changes of an attribute name."""
    details = (d for j in journals for d in j.get("details", ()) if d.get("name") == attribute)
    return {value for d in details for value in (d.get("old_value"), d.get("new_value")) if value}


def nonsense(error: Exception) -> Nonsense:
    """What went wrong in reading an answer, without quoting it: answers hold people's texts and keys."""
    what = error.args[0] if isinstance(error, KeyError) else type(error).__name__
    return Nonsense(detail=f"an answer without its fields: {what}")
