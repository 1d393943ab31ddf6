"""Tell how long tasks took until their first answer and their solution, and how long in the period before."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from helpdesk.errors import Invalid, sentence
from helpdesk.promises.clock import Meaning
from helpdesk.promises.rules import Book
from helpdesk.reports import periods, times
from helpdesk.reports.address import DEPARTMENT, Address
from helpdesk.reports.labels import Labels
from helpdesk.reports.model import Choices, Key, Life, Measure, Question
from helpdesk.reports.periods import Period
from helpdesk.reports.report import EXECUTOR, PER_PAGE, TIME, Report, Reporter
from helpdesk.reports.times import THREADS, Group, TimesOfTasks

GROUPS = (EXECUTOR, TIME, "project", "tracker", "priority", DEPARTMENT)
"""What times are grouped by: what a task's history tells."""
MOST_TASKS = 50_000
"""As many histories are read for a page."""
MOST_AT_A_GLANCE = 5_000
"""As many are read beside other numbers."""
TOO_MANY = sentence(
    "These are %(number)s tasks. Times are reckoned of at most %(most)s: choose a shorter period or a filter."
)


class Row(NamedTuple):
    """The times of the tasks with these values of the groups."""

    keys: tuple[Key, ...]
    times: TimesOfTasks

    @property
    def number(self) -> int:
        """Return how many tasks there are."""
        return self.times.solution.number + self.times.solution.missing


class Pace(NamedTuple):
    """The times of tasks by the groups that there are times for, of all of them, and of those of the period before."""

    address: Address
    measure: Measure
    period: Period
    rows: tuple[Row, ...]
    whole: Row
    earlier: Period
    before: TimesOfTasks
    labels: Labels

    def rows_of(self, page: int) -> tuple[Row, ...]:
        return self.rows[(page - 1) * PER_PAGE : page * PER_PAGE]


async def pace(reporter: Reporter, address: Address, choices: Choices, book: Book, now: int) -> Pace:
    """Reckon the times of the tasks that were created, or else closed, in the period. Raises Invalid for too many."""
    period, measure = address.within(reporter.today), address.measure or "closed"
    parts = periods.parts(period, address.step(reporter.today))
    groups = tuple(it for it in address.groups if it in GROUPS)
    selection, earlier = await reporter.selection(address), periods.before(period, address.period)
    borders = (parts[0].borders(reporter.zone)[0], *(it.borders(reporter.zone)[1] for it in parts))
    question = Question(selection, measure, borders)
    past = question._replace(borders=earlier.borders(reporter.zone))
    await check_number(reporter, question, past)
    statuses = meaning(choices, book)
    keyed = [await group_of(reporter, it, question, statuses) for it in groups]
    found = await times.times(reporter.source.lives_of(reporter.actor, question), keyed, book.hours_of, statuses, now)
    before = await times.times(reporter.source.lives_of(reporter.actor, past), [], book.hours_of, statuses, now)
    labels = Labels(choices, parts)
    rows = await THREADS.run(_sorted, found.groups, groups, labels)
    executors = [key for row in rows for group, key in zip(groups, row.keys, strict=True) if group == EXECUTOR]
    names = await reporter.names([*executors, *address.executor_ids])
    return Pace(
        address._replace(groups=groups),
        measure,
        period,
        rows,
        Row((), found.total),
        earlier,
        before.total,
        labels._replace(people=names),
    )


async def at_a_glance(reporter: Reporter, report: Report, choices: Choices, book: Book, now: int) -> Pace | None:
    """Return the times of the closed tasks of a report; None where that would take long, or where none was closed."""
    if not 0 < report.total.closed + report.before.closed <= MOST_AT_A_GLANCE:
        return None
    return await pace(reporter, report.address._replace(groups=(), cells=(), measure="closed"), choices, book, now)


def meaning(choices: Choices, book: Book) -> Meaning:
    """Return what the statuses mean for clocks."""
    closed = frozenset(it.id for it in choices.vocabulary.statuses if it.is_closed)
    return Meaning(closed, book.statuses.waiting)


async def check_number(reporter: Reporter, *questions: Question) -> None:
    """Raise Invalid where questions are about too many tasks to read their histories for a page."""
    number = sum(it.get((), 0) for it in await reporter.source.counts_of(reporter.actor, questions))
    if number > MOST_TASKS:
        raise Invalid({"period": [TOO_MANY._replace(values={"number": number, "most": MOST_TASKS})]})


async def group_of(reporter: Reporter, group: str, question: Question, statuses: Meaning) -> Group:
    """Return a group of tasks by their histories."""
    if group == TIME:
        return times.by_time(question, statuses)
    if group != DEPARTMENT:
        return times.by_attribute(group)
    counts = await reporter.source.counts(reporter.actor, question._replace(groups=("author",)))
    departments = await reporter.departments.of({int(key) for (key,) in counts})
    return lambda life: (_department(life, departments),)


def _department(life: Life, departments: Mapping[int, str]) -> str:
    return departments.get(life.author_id, "")


def _sorted(found: Mapping[tuple[Key, ...], TimesOfTasks], groups: Sequence[str], labels: Labels) -> tuple[Row, ...]:
    """Return the rows in the order of their groups; without one, those with most tasks first. There may be many: it
    runs in a thread."""
    rows = [Row(keys, it) for keys, it in found.items()]
    orders = [labels.places(group) for group in groups]

    def place(row: Row) -> list[tuple[int, str]]:
        return [
            (-sums[key] if order is None else order.get(key, len(order)), str(key))
            for order, sums, key in zip(orders, totals, row.keys, strict=True)
        ]

    totals = [_sums(rows, at) for at in range(len(groups))]
    return tuple(sorted(rows, key=place))


def _sums(rows: Sequence[Row], at: int) -> dict[Key, int]:
    sums: dict[Key, int] = {}
    for row in rows:
        sums[row.keys[at]] = sums.get(row.keys[at], 0) + row.number
    return sums
