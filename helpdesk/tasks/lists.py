"""Lists of tasks: what is asked for, and what is found."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Literal, NamedTuple

from helpdesk.tasks import search as tasks_search
from helpdesk.tasks.model import Priority, Ref, Status, TaskRow
from helpdesk.tasks.phases import Summary
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

EXPORTED_AT_ONCE = 100


class Vocabulary(NamedTuple):
    """The choices of a list's filters, in the tracker's order; projects in that of their tree."""

    statuses: tuple[Status, ...]
    priorities: tuple[Priority, ...]
    projects: tuple[Project, ...]
    trackers: tuple[Ref, ...]


class TaskQuery(NamedTuple):
    """The filters, order and page of a list of visible tasks.

    `search` of `#123` finds that very task, of `123` that task and those with the digits in their texts. By its number
    a task is found whosever it is, and comes first; such a search looks through closed ones, too, and all else that is
    asked holds for it. "me" as an assignee is the person and the person's groups; "nobody" is only an assignee. A
    project stands for those below it, too; `task_ids` leave no other task. `updated_since`, `created_since` and
    `due_by` are themselves included, `created_before` is not. `skip` leaves out as many more than the pages before.
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
        return tasks_search.number(self.search)

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words that the texts of tasks must contain, except that of the wanted number."""
        return tasks_search.words(self.search)

    @property
    def only_open(self) -> bool:
        """Whether closed tasks are left out: that is so unless something asks for them."""
        return not (self.closed or self.status_ids or self.wanted_id is not None)

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page + self.skip


Asked = TaskQuery | Callable[[Vocabulary], TaskQuery]
"""A query, or a function that makes one of the vocabulary and may raise Invalid."""


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
