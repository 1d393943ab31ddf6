"""Define requests: tasks as the people see them who asked for help, with public comments and files alone."""

from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import zip_longest
from typing import NamedTuple

from helpdesk.people.model import Person
from helpdesk.tasks.files import Staged
from helpdesk.tasks.model import Actor, Attachment, Entry, Member, Ref, Status, Task, TaskRow
from helpdesk.tasks.phases import Phase, Summary
from helpdesk.tasks.projects import Project

GRADES = (1, 2, 3, 4, 5)


class Requester(NamedTuple):
    """An employee: the account, the identity in the backend if there is one, and the proven addresses.

    The addresses are those of the account and of its aliases, as `addresses.normalized` returns them.
    """

    person: Person
    actor: Actor | None = None
    addresses: frozenset[str] = frozenset()


class Ownership(NamedTuple):
    """Whose a task is: the number of its author in the backend, and the texts of its fields with addresses.

    `names` are those of the fields by REQUESTER_FIELDS, where there are several.
    """

    author: int | None
    fields: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def seen_with(self, custom_fields: Collection[int]) -> "Ownership":
        """Return what somebody knows of it who sees these custom fields of the task."""
        shown = {f"cf_{number}" for number in custom_fields}
        named = zip_longest(self.names, self.fields, fillvalue="")
        return Ownership(self.author, tuple(it for name, it in named if name in shown or not name.startswith("cf_")))


class OwnTask(NamedTuple):
    """What a backend tells first of a task that is a person's request; `row` where it told the whole row."""

    ownership: Ownership
    status: Status
    updated_on: datetime
    row: TaskRow | None = None


OwnTasks = Mapping[int, OwnTask]
"""The requests of a person by id, the last changed first."""


class Whole(NamedTuple):
    """A task with its history, and the files that private comments brought, by the entry that names them."""

    task: Task
    private_files: Mapping[int, frozenset[int]]


class RequestQuery(NamedTuple):
    """A page of one's requests, the last changed first. Without a `phase` any; closed ones are included."""

    phase: Phase | None = None
    search: str = ""
    page: int = 1
    per_page: int = 25


class RequestPage(NamedTuple):
    """One page of requests and their total. The summary counts those of any phase that the search finds, `every` all
    requests of the person."""

    rows: tuple[TaskRow, ...]
    total: int
    query: RequestQuery
    summary: Summary
    phases: Mapping[int, Phase]
    every: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.query.per_page))


class Activity(NamedTuple):
    """What happened to a request: a comment, or a new status by name."""

    task_id: int
    subject: str
    at: datetime
    author: Member | None
    comment: str = ""
    status: str = ""


class Grade(NamedTuple):
    """One requester's grade, one of GRADES, and a word."""

    grade: int
    word: str
    given_at: datetime


class Request(NamedTuple):
    """A request. `entries` are public comments and changes of the status; `files` came with no private comment.

    `reopens` is the status to which an answer moves it, `solves` the one of "solved, thank you"; None where the
    workflow offers none. `is_done` says that it is closed or resolved, so that it may be graded. `version` changes
    with what is shown alone.
    """

    row: TaskRow
    phase: Phase
    description: str
    entries: tuple[Entry, ...]
    files: tuple[Attachment, ...]
    version: str = ""
    may_answer: bool = False
    is_done: bool = False
    reopens: Ref | None = None
    solves: Ref | None = None
    grade: Grade | None = None

    @property
    def id(self) -> int:
        return self.row.id

    @property
    def updated_on(self) -> datetime:
        """Return the moment of the last public entry: that of the task tells when staff wrote to each other."""
        return max([self.row.created_on, *(entry.created_on for entry in self.entries)])


class Category(NamedTuple):
    """What a new request is about. It leads to a project and perhaps a tracker of the backend."""

    id: int
    name: str
    hint: str
    project_id: int
    tracker_id: int | None


class Places(NamedTuple):
    """Where categories may lead: all projects and types of the backend, and the projects where requests can be made."""

    projects: tuple[Project, ...]
    trackers: tuple[Ref, ...]
    open: frozenset[int]


class NewRequest(NamedTuple):
    subject: str
    text: str
    category_id: int
    files: tuple[Staged, ...] = ()


class Asker(NamedTuple):
    """Who asked for a task, as staff see it. `person_id` is None for an address of nobody here."""

    name: str
    email: str = ""
    person_id: int | None = None
    login: str = ""
    phone: str = ""
    office: str = ""
    department: str = ""
