"""Define lists, boards and searches: queries for tasks, and their results."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Literal, NamedTuple

from helpdesk.tasks.model import Priority, Ref, Status, TaskRow
from helpdesk.tasks.phases import Summary
from helpdesk.tasks.projects import Project
from helpdesk.tasks.search_text import search_number, search_words

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
    """The choices of a list's filters, in the backend's order; projects in that of their tree.

    `may_edit` is False for a person who is known to be allowed to edit the tasks of no project: lists then offer no
    changes. Single tasks still offer what is allowed there.
    """

    statuses: tuple[Status, ...]
    priorities: tuple[Priority, ...]
    projects: tuple[Project, ...]
    trackers: tuple[Ref, ...]
    may_edit: bool = True


class TaskQuery(NamedTuple):
    """The filters, order and page of a list of visible tasks.

    `search` of `#123` finds that very task, of `123` that task and those with the digits in their texts. A task found
    by its number may have any assignee and may be closed, and comes first; all other filters apply to it. "me" as an
    assignee is the person and the person's groups; "nobody" is only an assignee. A project includes those below it;
    `task_ids` leave no other task. `updated_since`, `created_since` and `due_by` are inclusive, `created_before` is
    not. `include_closed` adds closed tasks; where there are `status_ids`, these decide alone. `skip` leaves out as
    many more than the pages before. With `public_only` private comments are not searched, whoever may read them.
    `promise` filters by the state of promises: backends ignore it, `web/clocks/promised.py` asks them for `task_ids`.
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
    include_closed: bool = False
    sort: str = "updated_on"
    descending: bool = True
    page: int = 1
    per_page: int = 25
    skip: int = 0
    public_only: bool = False
    promise: str = ""

    @property
    def wanted_id(self) -> int | None:
        """Return the task that `search` names by number, if any."""
        return search_number(self.search)

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words that the texts of tasks must contain, except that of the wanted number."""
        return search_words(self.search)

    @property
    def only_open(self) -> bool:
        """Return whether closed tasks are left out: unless a filter includes them."""
        return not (self.include_closed or self.status_ids or self.wanted_id is not None)

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page + self.skip

    def of_any_status(self) -> "TaskQuery":
        """Return the query without its filter by status."""
        return self._replace(status_ids=(), include_closed=True)

    def including_closed(self) -> "TaskQuery":
        """Return the query with closed tasks added, which summaries count; a filter by status still decides alone."""
        return self._replace(include_closed=True)


QueryFactory = Callable[[Vocabulary], TaskQuery]
"""Makes a query from the vocabulary; it may raise Invalid."""


class TaskPage(NamedTuple):
    """`summary` is there when it was requested, `vocabulary` when the query was made from it.

    `resolved` counts those tasks of the summary whose status `colors.resolved` names.
    """

    rows: tuple[TaskRow, ...]
    total: int
    query: TaskQuery
    summary: Summary | None = None
    vocabulary: Vocabulary | None = None
    resolved: int = 0

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.query.per_page))


class Card(NamedTuple):
    """A task as a board shows it. `comments` counts those that this person may read; None where it is not known."""

    row: TaskRow
    comments: int | None = None


class CardQuery(NamedTuple):
    """The cards and totals of a board: `query`, whatever its filter by status.

    Its order, page and size apply within each of `statuses`; `counted` are the statuses whose totals are wanted. `only`
    leaves cards of no other tasks, and changes no total.
    """

    query: TaskQuery
    statuses: tuple[int, ...] = ()
    counted: tuple[int, ...] = ()
    only: tuple[int, ...] | None = None

    @property
    def of_totals(self) -> TaskQuery:
        """Return the query for the tasks that are counted.

        Only for a query with `counted`: without, it has no filter by status.
        """
        return self.query._replace(status_ids=self.counted)

    @property
    def of_cards(self) -> TaskQuery | None:
        """Return the query for the cards of all statuses; None where `only` leaves nothing of it."""
        query = self.query.of_any_status()
        if self.only is None:
            return query
        left = tuple(each for each in dict.fromkeys(self.only) if not query.task_ids or each in query.task_ids)
        return query._replace(task_ids=left) if left else None

    def statuses_on_page(self, totals: Mapping[int, int]) -> tuple[int, ...]:
        """Return the statuses that may have cards on this page, each once.

        A status whose total in `totals` ends before this page is left out.
        """
        least = self.query.offset + 1
        return tuple(it for it in dict.fromkeys(self.statuses) if totals.get(it, least) >= least)

    def in_order(self, cards: Iterable[Card]) -> tuple[Card, ...]:
        """Return the cards by the order of their statuses, and within each as they come."""
        positions = {status: position for position, status in enumerate(dict.fromkeys(self.statuses))}
        return tuple(sorted(cards, key=lambda card: positions[card.row.status.id]))


CardQueryFactory = Callable[[Vocabulary], CardQuery]
"""Makes a card query from the vocabulary; it may raise Invalid."""


class Cards(NamedTuple):
    """Cards of each status in the query's order; `totals` by status, 0 for one of `counted` without tasks."""

    query: CardQuery
    vocabulary: Vocabulary
    cards: tuple[Card, ...]
    totals: Mapping[int, int]
