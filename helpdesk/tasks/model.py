"""What a task is to us, whichever tracker keeps it. Times are aware UTC; ids are the tracker's."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Literal, NamedTuple

Field = Literal["status", "priority", "assignee"]
Who = int | Literal["me", "nobody"]
TextFormat = Literal["textile", "markdown", "html"]

SORTS = (
    "id",
    "subject",
    "status",
    "priority",
    "project",
    "due_date",
    "assigned_to",
    "author",
    "created_on",
    "updated_on",
)


class Actor(NamedTuple):
    """Who acts: the person's id and login in the tracker. `session` is an opaque mark of this sign-in."""

    id: int
    login: str
    is_admin: bool = False
    session: str = ""


class Ref(NamedTuple):
    id: int
    name: str


class Member(NamedTuple):
    """A person as a task shows one; the e-mail is empty where the tracker does not tell it."""

    id: int
    name: str
    email: str = ""


class Status(NamedTuple):
    id: int
    name: str
    is_closed: bool = False


class Priority(NamedTuple):
    """`rank` is 0 below the tracker's default, 1 for the default, 2 above it, 3 for the topmost of several above."""

    id: int
    name: str
    rank: int = 1


class Vocabulary(NamedTuple):
    """What a list can be filtered by, in the tracker's order."""

    statuses: tuple[Status, ...]
    priorities: tuple[Priority, ...]
    projects: tuple[Ref, ...]
    trackers: tuple[Ref, ...]


class TaskQuery(NamedTuple):
    """Which of the tasks that a person may see, in which order, which page.

    `search` of digits, with `#` or without, means that very task. "me" as an assignee is the person and the person's
    groups; "nobody" is only an assignee. `updated_since` and `due_by` are themselves included.
    """

    assignees: tuple[Who, ...] = ()
    authors: tuple[Who, ...] = ()
    search: str = ""
    status_ids: tuple[int, ...] = ()
    priority_ids: tuple[int, ...] = ()
    project_ids: tuple[int, ...] = ()
    tracker_ids: tuple[int, ...] = ()
    updated_since: datetime | None = None
    due_by: date | None = None
    closed: bool = False
    sort: str = "updated_on"
    descending: bool = True
    page: int = 1
    per_page: int = 25

    @property
    def wanted_id(self) -> int | None:
        """The task that `search` names by number, if it does."""
        digits = self.search.removeprefix("#")
        return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page


class Summary(NamedTuple):
    """How many tasks match a query, whatever their status: `fresh` are the open ones that nobody has begun."""

    fresh: int
    open: int
    closed: int

    @property
    def total(self) -> int:
        return self.open + self.closed

    @property
    def in_progress(self) -> int:
        return self.open - self.fresh


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


class TaskPage(NamedTuple):
    rows: tuple[TaskRow, ...]
    total: int
    query: TaskQuery

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.query.per_page))


class FieldChange(NamedTuple):
    """One change in an entry's history, its values in words. `label` names a custom field or what `field` can't."""

    field: str
    old: str | None
    new: str | None
    label: str = ""


class Entry(NamedTuple):
    """One act on a task: a comment, changes, or both."""

    id: int
    author: Member | None
    created_on: datetime
    notes: str = ""
    private: bool = False
    changes: tuple[FieldChange, ...] = ()


class Attachment(NamedTuple):
    id: int
    filename: str
    size: int
    content_type: str


class Choices(NamedTuple):
    """What this person may do to this task now; an empty tuple means: nothing to choose."""

    statuses: tuple[Status, ...] = ()
    priorities: tuple[Priority, ...] = ()
    assignees: tuple[Ref, ...] = ()
    may_comment: bool = False
    may_comment_privately: bool = False


class Task(NamedTuple):
    """One task with all that this person may see of it. `version` is opaque and changes with every write."""

    row: TaskRow
    description: str
    start_date: date | None
    done_ratio: int
    closed_on: datetime | None
    entries: tuple[Entry, ...]
    attachments: tuple[Attachment, ...]
    choices: Choices
    version: str

    @property
    def id(self) -> int:
        return self.row.id

    def value(self, field: Field) -> int | None:
        """The id that `field` holds; None for nobody assigned."""
        held = {"status": self.row.status, "priority": self.row.priority, "assignee": self.row.assignee}[field]
        return held.id if held else None


class Edit(NamedTuple):
    """A wish to change fields, with a comment or without. `version`, when given, must be the current one."""

    changes: Mapping[Field, int | None]
    comment: str = ""
    version: str | None = None


class Written(NamedTuple):
    """The task before and after a write, both as this person sees it."""

    before: Task
    after: Task

    @property
    def new_entries(self) -> tuple[Entry, ...]:
        known = {entry.id for entry in self.before.entries}
        return tuple(entry for entry in self.after.entries if entry.id not in known)

    def comment_of(self, person_id: int) -> Entry:
        """The comment just written by this person; others may have written meanwhile."""
        own = (entry for entry in reversed(self.new_entries) if entry.author and entry.author.id == person_id)
        return next(entry for entry in own if entry.notes)


def ranked(priorities: Iterable[tuple[int, str, bool]]) -> tuple[Priority, ...]:
    """(id, name, is default) in the tracker's order, lowest first, with their ranks."""
    listed = list(priorities)
    default = next((place for place, (_, _, is_default) in enumerate(listed) if is_default), 0)
    top = len(listed) - 1 if len(listed) - default > 2 else len(listed)

    def rank(place: int) -> int:
        return 0 if place < default else 1 if place == default else 3 if place == top else 2

    return tuple(Priority(id, name, rank(place)) for place, (id, name, _) in enumerate(listed))
