"""Redmine's JSON as our tasks. Source of the shapes: Redmine 5, app/views/issues/show.api.rsb and its neighbours."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from helpdesk.errors import Nonsense
from helpdesk.redmine_client import JSON
from helpdesk.tasks.model import Attachment, Entry, FieldChange, Member, Priority, Ref, Status, TaskRow

ATTRIBUTES = {
    "status_id": "status",
    "priority_id": "priority",
    "assigned_to_id": "assignee",
    "tracker_id": "tracker",
    "project_id": "project",
}
LONG_TEXTS = {"description"}


class Names(NamedTuple):
    """What ids in a history are called: field of ATTRIBUTES → id as text → name."""

    by_field: Mapping[str, Mapping[str, str]]
    custom_fields: Mapping[str, str]

    def word(self, field: str, value: str | None) -> str | None:
        """The name of an id, the value itself where it is none, `#7` for an id nobody can name."""
        if value is None or value == "":
            return None
        if field not in self.by_field:
            return value
        return self.by_field[field].get(value, f"#{value}")


def row(issue: JSON, priorities: Iterable[Priority]) -> TaskRow:
    """An issue of a list or of its own page. Raises Nonsense when it lacks what every issue has."""
    ranks = {priority.id: priority.rank for priority in priorities}
    try:
        return TaskRow(
            id=int(issue["id"]),
            subject=str(issue["subject"]),
            status=status(issue["status"]),
            priority=Priority(*ref(issue["priority"]), ranks.get(issue["priority"]["id"], 1)),
            project=ref(issue["project"]),
            tracker=ref(issue["tracker"]),
            due_date=day(issue.get("due_date")),
            assignee=member(issue.get("assigned_to")),
            author=member(issue.get("author")),
            created_on=moment(issue["created_on"]),
            updated_on=moment(issue["updated_on"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Nonsense(detail=f"an issue without its fields: {error!r}") from error


def ref(found: JSON) -> Ref:
    return Ref(int(found["id"]), str(found["name"]))


def status(found: JSON) -> Status:
    return Status(int(found["id"]), str(found["name"]), bool(found.get("is_closed", False)))


def member(found: JSON | None) -> Member | None:
    return Member(int(found["id"]), str(found["name"])) if found else None


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def attachment(found: JSON) -> Attachment:
    return Attachment(
        int(found["id"]), str(found["filename"]), int(found["filesize"]), str(found.get("content_type") or "")
    )


def entry(journal: JSON, names: Names) -> Entry:
    """A journal: its note, and its details in words."""
    return Entry(
        id=int(journal["id"]),
        author=member(journal.get("user")),
        created_on=moment(journal["created_on"]),
        notes=str(journal.get("notes") or "").replace("\r\n", "\n"),
        private=bool(journal.get("private_notes")),
        changes=tuple(change(detail, names) for detail in journal.get("details", ())),
    )


def change(detail: JSON, names: Names) -> FieldChange:
    """A journal's detail: an attribute, a custom field (`cf`), an attachment or a relation."""
    name, old, new = str(detail["name"]), detail.get("old_value"), detail.get("new_value")
    if detail.get("property") == "cf":
        return FieldChange("custom_field", old or None, new or None, names.custom_fields.get(name, f"#{name}"))
    if detail.get("property") != "attr":
        return FieldChange(str(detail.get("property")), old or None, new or None)
    if name in LONG_TEXTS:
        return FieldChange(name, None, None)
    field = ATTRIBUTES.get(name, name)
    return FieldChange(field, names.word(field, old), names.word(field, new))


def people_changed(journals: list[JSON]) -> set[str]:
    """The ids of people whom changes of the assignee name."""
    details = (d for j in journals for d in j.get("details", ()) if d.get("name") == "assigned_to_id")
    return {value for d in details for value in (d.get("old_value"), d.get("new_value")) if value}
