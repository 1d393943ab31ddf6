"""Lists of tasks: what is asked for, and what is found."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Literal, NamedTuple

from helpdesk.tasks.model import Priority, Ref, Status, TaskRow
from helpdesk.tasks.projects import Project

Who = int | Literal["me", "nobody"]

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


class Vocabulary(NamedTuple):
    """What a list can be filtered by, in the tracker's order; projects in that of their tree."""

    statuses: tuple[Status, ...]
    priorities: tuple[Priority, ...]
    projects: tuple[Project, ...]
    trackers: tuple[Ref, ...]

    @property
    def begun(self) -> tuple[int, ...]:
        """The open statuses but for those that tasks begin in."""
        return tuple(it.id for it in self.statuses if not it.is_closed and not it.is_default)

    @property
    def closed(self) -> tuple[int, ...]:
        return tuple(it.id for it in self.statuses if it.is_closed)


class TaskQuery(NamedTuple):
    """Which of the tasks that a person may see, in which order, which page.

    `search` of digits, with `#` or without, means that very task. "me" as an assignee is the person and the person's
    groups; "nobody" is only an assignee. A project stands for those below it, too; `task_ids` leave no other task.
    `updated_since`, `created_since` and `due_by` are themselves included, `created_before` is not. `skip` leaves out as
    many more than the pages before.
    """

    assignees: tuple[Who, ...] = ()
    authors: tuple[Who, ...] = ()
    search: str = ""
    status_ids: tuple[int, ...] = ()
    priority_ids: tuple[int, ...] = ()
    project_ids: tuple[int, ...] = ()
    tracker_ids: tuple[int, ...] = ()
    task_ids: tuple[int, ...] = ()
    updated_since: datetime | None = None
    due_by: date | None = None
    created_since: datetime | None = None
    created_before: datetime | None = None
    closed: bool = False
    sort: str = "updated_on"
    descending: bool = True
    page: int = 1
    per_page: int = 25
    skip: int = 0

    @property
    def wanted_id(self) -> int | None:
        """The task that `search` names by number, if it does."""
        digits = self.search.removeprefix("#")
        return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page + self.skip


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


Asked = TaskQuery | Callable[[Vocabulary], TaskQuery]
"""A query, or what makes one of the words that there are; it may raise Invalid."""


class TaskPage(NamedTuple):
    """`summary` is there when it was asked for, `words` when the query was made of them."""

    rows: tuple[TaskRow, ...]
    total: int
    query: TaskQuery
    summary: Summary | None = None
    words: Vocabulary | None = None

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.query.per_page))
