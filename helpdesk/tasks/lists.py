"""Define lists, boards and searches: queries for tasks, and their results."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Literal, NamedTuple
from unicodedata import category, decimal

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
LONGEST_SEARCH = 200
MOST_SEARCH_WORDS = 10
READ = 2_000
"""The characters of a search that are read; the rest is cut without looking."""
LARGEST_NUMBER = 2**31 - 1
JOINERS = "\u200c\u200d"
"""They are invisible by themselves; within a word they belong to it, in emoji and in some scripts."""
BLANKS = "\u034f\u115f\u1160\u2800\u3164\uffa0"
"""Letters and marks that are invisible."""


class Vocabulary(NamedTuple):
    """The choices of a list's filters, in the backend's order; projects in that of their tree."""

    statuses: tuple[Status, ...]
    priorities: tuple[Priority, ...]
    projects: tuple[Project, ...]
    trackers: tuple[Ref, ...]


class TaskQuery(NamedTuple):
    """The filters, order and page of a list of visible tasks.

    `search` of `#123` finds that very task, of `123` that task and those with the digits in their texts. A task found
    by its number may have any assignee and may be closed, and comes first; all other filters apply to it. "me" as an
    assignee is the person and the person's groups; "nobody" is only an assignee. A project includes those below it;
    `task_ids` leave no other task. `updated_since`, `created_since` and `due_by` are inclusive, `created_before` is
    not. `skip` leaves out as many more than the pages before.
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
        """Return the task that `search` names by number, if any."""
        return search_number(self.search)

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words that the texts of tasks must contain, except that of the wanted number."""
        return search_words(self.search)

    @property
    def only_open(self) -> bool:
        """Return whether closed tasks are left out: unless a filter includes them."""
        return not (self.closed or self.status_ids or self.wanted_id is not None)

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page + self.skip

    def of_any_status(self) -> "TaskQuery":
        """Return the query without its filter by status."""
        return self._replace(status_ids=(), closed=True)

    def with_closed(self) -> "TaskQuery":
        """Return the query for closed tasks, too, unless it names statuses: every summary counts these."""
        return self._replace(closed=True)


QueryFactory = Callable[[Vocabulary], TaskQuery]
"""Makes a query from the vocabulary; it may raise Invalid."""


class TaskPage(NamedTuple):
    """`summary` is there when it was requested, `vocabulary` when the query was made from it."""

    rows: tuple[TaskRow, ...]
    total: int
    query: TaskQuery
    summary: Summary | None = None
    vocabulary: Vocabulary | None = None

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
        """Return the query for the tasks that are counted, if any are."""
        return self.query._replace(status_ids=self.counted)

    @property
    def of_cards(self) -> TaskQuery | None:
        """Return the query for the cards of all statuses; None where `only` leaves nothing of it."""
        query = self.query.of_any_status()
        if self.only is None:
            return query
        left = tuple(each for each in dict.fromkeys(self.only) if not query.task_ids or each in query.task_ids)
        return query._replace(task_ids=left) if left else None

    def columns(self, totals: Mapping[int, int]) -> tuple[int, ...]:
        """Return the statuses that may have cards on this page, each once; `totals` tell which have too few."""
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


def clean_search(typed: str) -> tuple[str, bool]:
    """Return the part of `typed` that is searched, and whether it is less than its visible text.

    Invisible characters are dropped; line ends and NUL bytes are spaces.
    """
    words = list(dict.fromkeys(_visible_words(typed[:READ])))
    search = " ".join(words[:MOST_SEARCH_WORDS])[:LONGEST_SEARCH].rstrip()
    return search, search != " ".join(words) or bool(typed[READ:].strip())


def search_number(search: str) -> int | None:
    """Return the task named by its number, `123` or `#123`; None for a text that can't be one."""
    digits = _plain_digits(search).removeprefix("#").strip()
    significant = digits.lstrip("0") or "0"
    if not (digits.isascii() and digits.isdigit()) or len(significant) > len(str(LARGEST_NUMBER)):
        return None
    return int(significant) if int(significant) <= LARGEST_NUMBER else None


def search_words(search: str) -> tuple[str, ...]:
    """Return the words that texts must have, all of them; none for an empty search or `#123`."""
    if search_number(search) is None:
        return tuple(search.split())
    plain = _plain_digits(search)
    return () if plain.startswith("#") else (plain,)


def _visible_words(typed: str) -> Iterator[str]:
    visible = "".join(map(_visible, typed))
    return (word for each in visible.split() if (word := each.strip(JOINERS)))


def _visible(character: str) -> str:
    if character in JOINERS:
        return character
    if character in BLANKS:
        return ""
    return {"Cc": " ", "Cs": " ", "Cf": ""}.get(category(character), character)


def _plain_digits(search: str) -> str:
    """Return the search with digits of any script, and the number sign, in ASCII."""
    text = search.strip().replace("\N{FULLWIDTH NUMBER SIGN}", "#")
    return "".join(str(decimal(each)) if each.isdecimal() else each for each in text)
