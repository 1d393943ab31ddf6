"""Conditions and groups of reports over the tables of a backend, in the dialects of all databases that we know.

MySQL 5.7 has neither common table expressions nor window functions, so there are none.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.sql.elements import ColumnElement

from helpdesk.errors import NotFound
from helpdesk.reports.model import NOBODY, Key, Selection

Column = ColumnElement[Any]
Condition = ColumnElement[bool]

LONGEST_KEY = 200
"""As many characters of a custom field's text are told apart."""
EARLIEST, LATEST = datetime(1000, 1, 2, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
"""What a database can compare with."""
MIX, IDS = 7_919, 10_007
"""Two primes that mix ids for a sample. Every third id could be that of one server of a cluster, or of none."""


class Events(NamedTuple):
    """The changes of status, as tables of their own in a statement; `old` and `new` are ids as texts."""

    source: sa.FromClause
    condition: Condition
    id: Column
    task: Column
    moment: Column
    author: Column
    old: Column
    new: Column


class Values(NamedTuple):
    """The texts of one custom field, as a table of its own in a statement. `seen` are the tasks that show it."""

    source: sa.FromClause
    condition: Condition
    task: Column
    text: Column
    place: Column
    is_multiple: bool
    seen: Condition


@dataclass(frozen=True)
class Tables:
    """A backend's tables as one person sees them: `visible` tasks, with their columns.

    `closed` are the statuses that close a task. `local` returns a moment as columns hold it. `below` adds the projects
    below some. `values` raises NotFound for a field that is gone, or that the person sees nowhere. `closed_at` is the
    backend's own note of the last closing. It is all that is asked of tasks that were never reopened, which are most:
    `again` is the condition that a column holds the id of one of the others, whose history is read.
    """

    tasks: sa.FromClause
    id: Column
    project: Column
    tracker: Column
    status: Column
    priority: Column
    author: Column
    assignee: Column
    created: Column
    updated: Column
    closed_at: Column
    visible: Condition
    closed: Sequence[int]
    is_mysql: bool
    local: Callable[[datetime], datetime]
    below: Callable[[Collection[int]], Collection[int]]
    events: Callable[[], Events]
    values: Callable[[int], Values]
    again: Callable[[Column], Condition]

    @property
    def is_open(self) -> Condition:
        return self.status.not_in(self.closed)

    def steps(self) -> "Steps":
        """Return the changes of status as closings and reopenings."""
        return Steps(self.events(), [str(each) for each in self.closed])

    @property
    def executor(self) -> Column:
        """Return the assignee, else who closed the task last by its history, else NOBODY."""
        step = self.steps()
        closer = step.select(step.events.author).where(step.events.task == self.id, step.closes)
        closer = closer.order_by(step.events.moment.desc(), step.events.id.desc()).limit(1)
        last = closer.correlate(self.tasks).scalar_subquery()
        return sa.func.coalesce(self.assignee, last, sa.literal_column(str(NOBODY)))

    def border(self, moment: datetime) -> datetime:
        return self.local(min(max(moment, EARLIEST), LATEST))

    def text(self, value: Column) -> Column:
        """Return a text as it is told apart from others: MySQL would take é and E for e."""
        cut = sa.func.substr(value, 1, LONGEST_KEY)
        if not self.is_mysql:
            return cut
        # In the character set of the connection first, whatever the column's is.
        return sa.cast(sa.cast(cut, mysql.CHAR(charset="utf8mb4")), sa.LargeBinary)

    def apart(self, column: Column) -> Column:
        """Return a column to group a table of its own by. By the bare column MariaDB would join that table row by row
        (LATERAL DERIVED), and lose rows beside other subqueries: seen in 10.11."""
        return column + 0 if self.is_mysql else column

    def parameter(self, text: str) -> str | bytes:
        """Return a text to compare with those of `text`."""
        cut = text[:LONGEST_KEY]
        return cut.encode("utf-8", "replace") if self.is_mysql else cut


class Steps:
    """Changes of status that close tasks or reopen them. A status that is gone counts as open."""

    def __init__(self, events: Events, closed: list[str]) -> None:
        self.events = events
        was, becomes = events.old.in_(closed), events.new.in_(closed)
        self.closes = sa.and_(becomes, sa.or_(events.old.is_(None), sa.not_(was)))
        self.reopens = sa.and_(was, sa.or_(events.new.is_(None), sa.not_(becomes)))
        self.crosses = sa.or_(self.closes, self.reopens)
        self.opened = sa.case((self.reopens, 1), else_=-1)

    def select(self, *columns: Column) -> sa.Select[Any]:
        return sa.select(*columns).select_from(self.events.source).where(self.events.condition)


def among(column: Column, ids: Iterable[int]) -> Condition:
    """Return the condition that a column is one of these ids. There may be more than a statement has parameters."""
    return column.in_(sa.bindparam(None, sorted(set(ids)), sa.Integer, expanding=True, literal_execute=True))


def conditions(tables: Tables, selection: Selection) -> Iterator[Condition]:
    """Yield the conditions of a selection, without that of visibility. Raises NotFound."""
    if selection.every > 1:
        yield tables.id % IDS * MIX % IDS % selection.every == 0
    chosen = (
        (tables.project, selection.project_ids and tables.below(selection.project_ids)),
        (tables.tracker, selection.tracker_ids),
        (tables.status, selection.status_ids),
        (tables.priority, selection.priority_ids),
        (tables.author, selection.author_ids),
        (tables.id, selection.task_ids),
    )
    yield from (among(column, ids) for column, ids in chosen if ids)
    if selection.executor_ids:
        yield executed_by(tables, selection.executor_ids)
    if selection.phase:
        yield tables.is_open if selection.phase == "open" else tables.status.in_(tables.closed)
    for field_id in dict.fromkeys(field_id for field_id, _ in selection.fields):
        yield has_text(tables, field_id, [text for each, text in selection.fields if each == field_id])
    if selection.unchanged_since:
        # No column by itself: nearly all tasks are unchanged, and an index by it would lead to each of them.
        yield sa.case((tables.updated < tables.border(selection.unchanged_since), 1), else_=0) == 1
    if selection.created_since:
        yield tables.created >= tables.border(selection.created_since)


def executed_by(tables: Tables, ids: Collection[int]) -> Condition:
    """Return the condition that one of these is the executor; the history is asked for those without assignee alone."""
    unassigned = sa.and_(tables.assignee.is_(None), among(tables.executor, ids))
    return sa.or_(among(tables.assignee, ids), unassigned)


def has_text(tables: Tables, field_id: int, texts: Collection[str]) -> Condition:
    """Return the condition that a field has one of these texts, of which "" is no value. Raises NotFound."""
    values = tables.values(field_id)
    wanted = [tables.parameter(text) for text in texts if text and "\0" not in text]
    present = sa.exists().select_from(values.source).where(values.task == tables.id, values.condition)
    having = present.where(tables.text(values.text).in_(wanted)).correlate(tables.tasks)
    has = sa.and_(values.seen, having) if wanted else sa.false()
    if "" not in texts:
        return has
    return sa.or_(has, sa.not_(values.seen), sa.not_(present.correlate(tables.tasks)))


def place(column: Column, borders: Sequence[datetime]) -> Column:
    """Return the number of borders that are not after a column's moment, in few comparisons for each row."""
    if not borders:
        return sa.literal_column("0")
    return _place(column, borders, 0, len(borders))


def _place(column: Column, borders: Sequence[datetime], low: int, high: int) -> Column:
    if low == high:
        return sa.literal_column(str(low))
    middle = (low + high) // 2
    before, after = _place(column, borders, low, middle), _place(column, borders, middle + 1, high)
    return sa.case((column < borders[middle], before), else_=after)


def is_key(tables: Tables, group: str, key: Key) -> Condition:
    """Return the condition that a task has this key in a group. Raises NotFound."""
    if field_id := field_of(group):
        return has_text(tables, field_id, [str(key)])
    try:
        number = int(key)
    except ValueError:
        return sa.false()
    return executed_by(tables, [number]) if group == "executor" else among(column_of(tables, group), [number])


def column_of(tables: Tables, group: str) -> Column:
    """Return the column of a group by ids. Raises NotFound for a group that there is not."""
    columns = {
        "project": tables.project,
        "tracker": tables.tracker,
        "status": tables.status,
        "priority": tables.priority,
        "author": tables.author,
        "executor": tables.executor,
    }
    if group not in columns:
        raise NotFound
    return columns[group]


def field_of(group: str) -> int | None:
    """Return the custom field of a group `cf_7`; None for other groups."""
    number = group.removeprefix("cf_")
    is_number = number != group and number.isascii() and number.isdigit() and len(number) < 10
    return int(number) if is_number else None
