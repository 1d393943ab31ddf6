"""Define tasks and their parts, for every backend. Times are aware UTC; ids are the backend's."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Literal, NamedTuple

from helpdesk.tasks.fields import CustomValue, Detail, Kind, Texts, Value
from helpdesk.tasks.files import Chunks, Staged
from helpdesk.texts import trimmed

Field = Literal["status", "priority", "assignee"]
TextFormat = Literal["textile", "markdown", "html"]


class Actor(NamedTuple):
    """The person who acts: id and login in the backend. `session` is an opaque mark of this sign-in."""

    id: int
    login: str
    is_admin: bool = False
    session: str = ""


class Ref(NamedTuple):
    id: int
    name: str


class Member(NamedTuple):
    """A person as a task shows one; the e-mail is empty where the backend does not return it."""

    id: int
    name: str
    email: str = ""


class Status(NamedTuple):
    """A status. New tasks begin in the default one; a list's Vocabulary sets `is_default`, a task does not."""

    id: int
    name: str
    is_closed: bool = False
    is_default: bool = False


class Priority(NamedTuple):
    """A priority. `rank` is 0 below the default, 1 for the default, 2 above it, 3 for the topmost of several above."""

    id: int
    name: str
    rank: int = 1


class TaskRow(NamedTuple):
    """A task as lists show it."""

    id: int
    subject: str
    status: Status
    priority: Priority
    project: Ref
    tracker: Ref
    due_date: date | None
    assignee: Member | None
    author: Member | None
    created_on: datetime
    updated_on: datetime
    is_private: bool = False


class FieldChange(NamedTuple):
    """A change of one field; its values are names. `label` names a custom field, or one that `field` has no word for.

    `kind` is the custom field's: days are ISO and yes is "1", as in its value; commas separate several values.
    """

    field: str
    old: str | None
    new: str | None
    label: str = ""
    kind: Kind = "text"


class Entry(NamedTuple):
    """One entry of a history: a comment, changes, or both. `may_edit` says whether this person may edit its comment."""

    id: int
    author: Member | None
    created_on: datetime
    notes: str = ""
    private: bool = False
    changes: tuple[FieldChange, ...] = ()
    may_edit: bool = False

    def has_change(self, field: str, label: str = "") -> bool:
        return any((change.field, change.label) == (field, label) for change in self.changes)

    def replaces(self, other: FieldChange) -> bool:
        """Return whether this entry replaced the very value that another change set."""
        replaced = {(change.field, change.label, change.old) for change in self.changes}
        return (other.field, other.label, other.new) in replaced


class ConflictingChange(NamedTuple):
    """A change by somebody else that a Conflict reports; `name` is the field's name in forms and JSON."""

    name: str
    entry: Entry
    change: FieldChange


class Attachment(NamedTuple):
    """A file of a task; `size` in bytes."""

    id: int
    filename: str
    size: int
    content_type: str
    author: Member | None = None
    created_on: datetime | None = None


class OpenFile(NamedTuple):
    """A file of a task. `read` opens its bytes from an offset on. It raises NotFound when they are lost."""

    file: Attachment
    read: Callable[[int], Awaitable[Chunks]]


class Link(NamedTuple):
    """Another task to which this one refers, as far as this person may see it."""

    id: int
    subject: str
    status: Status | None = None


class Relation(NamedTuple):
    """A relation of `other` to this task: `kind` is one of Redmine's, as seen from this task.

    Source: Redmine's IssueRelation::TYPES (relates, duplicates, duplicated, blocks, blocked, precedes, follows,
    copied_to, copied_from).
    """

    kind: str
    other: Link


class Choices(NamedTuple):
    """The allowed actions of this person on this task; an empty tuple means that there is no choice.

    `details` and `custom` (by id) are further fields that the person may write; `required` ones must not be empty.
    """

    statuses: tuple[Status, ...] = ()
    priorities: tuple[Priority, ...] = ()
    assignees: tuple[Ref, ...] = ()
    may_comment: bool = False
    may_comment_privately: bool = False
    trackers: tuple[Ref, ...] = ()
    details: frozenset[Detail] = frozenset()
    custom: frozenset[int] = frozenset()
    required: frozenset[Detail] = frozenset({"subject"})
    may_attach: bool = False
    may_watch: bool = False
    may_delete: bool = False


class Task(NamedTuple):
    """A task with everything that this person may see of it. `version` is opaque and changes with every write."""

    row: TaskRow
    description: str
    start_date: date | None
    done_ratio: int
    closed_on: datetime | None
    entries: tuple[Entry, ...]
    attachments: tuple[Attachment, ...]
    choices: Choices
    version: str
    estimated_hours: float | None = None
    spent_hours: float = 0.0
    custom: tuple[CustomValue, ...] = ()
    parent: Link | None = None
    children: tuple[Link, ...] = ()
    relations: tuple[Relation, ...] = ()
    watchers: tuple[Member, ...] = ()
    watched: bool = False

    @property
    def id(self) -> int:
        return self.row.id

    def offers(self, field: Field) -> bool:
        """Return whether this person may change `field` to another value."""
        choices = self.choices
        options = {"status": choices.statuses, "priority": choices.priorities, "assignee": choices.assignees}[field]
        return any(option[0] != self.value(field) for option in options) or (field == "assignee" and bool(options))

    def detail(self, detail: Detail) -> Value:
        """Return the value of `detail`; of tracker and parent the id."""
        values: dict[Detail, Value] = {
            "subject": self.row.subject,
            "description": self.description,
            "tracker": self.row.tracker.id,
            "start_date": self.start_date,
            "due_date": self.row.due_date,
            "done_ratio": self.done_ratio,
            "estimated_hours": self.estimated_hours,
            "parent": self.parent.id if self.parent else None,
            "is_private": self.row.is_private,
        }
        return values[detail]

    def custom_value(self, field_id: int) -> Texts:
        """Return the value of a custom field; empty for one that this task does not have."""
        return next((it.value for it in self.custom if it.field.id == field_id), ())

    def value(self, field: Field) -> int | None:
        """Return the id in `field`; None when nobody is assigned."""
        value = {"status": self.row.status, "priority": self.row.priority, "assignee": self.row.assignee}[field]
        return value.id if value else None


class Edit(NamedTuple):
    """A change of fields, perhaps with a comment, `private` or not, or files. `version` is the task's version when the
    person read it; `custom` is by the field's id."""

    changes: Mapping[Field, int | None] = {}
    comment: str = ""
    version: str | None = None
    details: Mapping[Detail, Value] = {}
    custom: Mapping[int, Texts] = {}
    files: tuple[Staged, ...] = ()
    private: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.changes or self.details or self.custom or self.files or trimmed(self.comment))


class Written(NamedTuple):
    """The task before and after a write, both as this person sees it.

    `entry_ids` and `file_ids` were created by this write. `entry_ids` is None when the backend can't tell them from
    entries that the same person wrote elsewhere at the same moment.
    """

    before: Task
    after: Task
    entry_ids: frozenset[int] | None = None
    file_ids: frozenset[int] = frozenset()

    @property
    def new_entries(self) -> tuple[Entry, ...]:
        known = {entry.id for entry in self.before.entries}
        return tuple(entry for entry in self.after.entries if entry.id not in known)

    def overwrote(self, person_id: int) -> tuple[tuple[Entry, FieldChange], ...]:
        """Return changes that others made after `before` was read and that this write replaced, each with its entry."""
        mine = self.own_entries(person_id)
        return tuple(
            (entry, change)
            for entry in self.new_entries
            for change in entry.changes
            if any(own.id > entry.id and own.replaces(change) for own in mine)
        )

    def was_replaced(self, person_id: int, field: str, label: str = "") -> bool:
        """Return whether this person changed a field and somebody changed it again before `after` was read."""
        own = [entry.id for entry in self.own_entries(person_id) if entry.has_change(field, label)]
        return any(entry.id > min(own) for entry in self.new_entries if own and entry.has_change(field, label))

    def own_entries(self, person_id: int) -> list[Entry]:
        """Return the entries that this write created; where that is not known, this person's new ones."""
        if self.entry_ids is not None:
            return [entry for entry in self.after.entries if entry.id in self.entry_ids]
        return [entry for entry in self.new_entries if entry.author and entry.author.id == person_id]

    def comment_of(self, person_id: int) -> Entry:
        """Return the comment that this person has just written; the same person may have written others meanwhile."""
        return next(entry for entry in reversed(self.own_entries(person_id)) if entry.notes)

    @property
    def added_files(self) -> tuple[Attachment, ...]:
        """Return the files that this write added."""
        return tuple(file for file in self.after.attachments if file.id in self.file_ids)


def ranked(priorities: Iterable[tuple[int, str, bool]]) -> tuple[Priority, ...]:
    """Return priorities with their ranks, of (id, name, is default) in the backend's order, lowest first."""
    listed = list(priorities)
    default = next((index for index, (_, _, is_default) in enumerate(listed) if is_default), 0)
    top = len(listed) - 1 if len(listed) - default > 2 else len(listed)

    def rank(index: int) -> int:
        return 0 if index < default else 1 if index == default else 3 if index == top else 2

    return tuple(Priority(id, name, rank(index)) for index, (id, name, _) in enumerate(listed))
