"""Tell how long tasks took until their first answer and their solution, and how long in the period before."""

from asyncio import gather
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.promises.clock import Meaning
from helpdesk.promises.rules import Book
from helpdesk.reports import periods, times
from helpdesk.reports.address import DEPARTMENT, NO_CHOICE, Address
from helpdesk.reports.labels import Labels
from helpdesk.reports.lines import PER_PAGE, authors_of, by_department, check_lines, order, with_heads
from helpdesk.reports.model import EXECUTOR, TIME, Choices, Counts, Keys, Measure, Question
from helpdesk.reports.periods import Period
from helpdesk.reports.report import Report, Reporter
from helpdesk.reports.times import Group, Times, TimesOfTasks

GROUPS = (EXECUTOR, TIME, "project", "tracker", "priority", DEPARTMENT)
"""What times are grouped by: what a task's history tells."""
MEASURED: tuple[Measure, ...] = ("closed", "created")
"""Whose times are told: those of the tasks that were closed in the period, or created in it."""
MOST_READ = 5_000
"""As many histories of a period are read; where there are more tasks, those of a sample."""
MOST_AT_A_GLANCE = 1_000
"""As many are read beside other numbers."""
NO_TIMES = Times(0, 0, None, None)
SAMPLED = sentence(
    "These are the times of one task in %(every)s. How many are answered or closed is estimated from them.", every=1
)
SAMPLED_BEFORE = sentence("The times before are those of one task in %(every)s.", every=1)


def sampled_note(text: Sentence, every: int) -> Sentence | None:
    """Return what there is to say of a sample of one task in `every`; None where all were read."""
    return text._replace(values={"every": every}) if every > 1 else None


def one_in(number: int, most: int) -> int:
    """Return of how many tasks one is read, so that about `most` of `number` are."""
    return max(1, -(-number // most))


class Row(NamedTuple):
    """The tasks with these values of the groups: their number, and the times of those whose histories were read."""

    keys: Keys
    number: int
    times: TimesOfTasks

    def missing(self, times: Times) -> int | None:
        """Return how many are not answered or closed yet: an estimate where a sample was read, None if none of it is
        here."""
        read = times.number + times.missing
        return None if read == 0 < self.number else round(times.missing * self.number / max(read, 1))


class Past(NamedTuple):
    """The times of the tasks of the period before."""

    period: Period
    row: Row
    every: int

    @property
    def note(self) -> Sentence | None:
        """Return what there is to say of a sample."""
        return sampled_note(SAMPLED_BEFORE, self.every)


class Pace(NamedTuple):
    """The times of tasks by the groups that there are times for, of all of them, and of those of the period before.

    They are those of about one task of `every`.
    """

    address: Address
    measure: Measure
    period: Period
    rows: tuple[Row, ...]
    whole: Row
    every: int
    before: Past
    labels: Labels

    @property
    def note(self) -> Sentence | None:
        """Return what there is to say of a sample."""
        return sampled_note(SAMPLED, self.every)

    def rows_of(self, page: int) -> tuple[Row, ...]:
        return self.rows[(page - 1) * PER_PAGE : page * PER_PAGE]


class _Asked(NamedTuple):
    """What is asked for an address: about the tasks of its period, and about those of the one before."""

    address: Address
    parts: tuple[Period, ...]
    earlier: Period
    now: Question
    past: Question

    @property
    def totals(self) -> Question:
        """Return the question for the number of tasks of both periods: at the first place, and at the last."""
        (begin, end), (since, *_, until) = self.past.borders, self.now.borders
        borders = (begin, *([end] if end < since else []), since, until)
        return self.now._replace(borders=borders, groups=(TIME,))

    @property
    def counted(self) -> Question:
        """Return the question for the number of tasks of each row, of whose departments the authors are known."""
        return self.now._replace(groups=tuple("author" if it == DEPARTMENT else it for it in self.address.groups))


async def pace(reporter: Reporter, address: Address, choices: Choices, book: Book, now: int) -> Pace:
    """Reckon the times of the tasks that were closed, or else created, in the period.

    Raises Invalid for others, and for groups with too many values.
    """
    if (address.measure or MEASURED[0]) not in MEASURED:
        raise Invalid({"measure": [NO_CHOICE]})
    asked = await _asked(reporter, address)
    counts, totals = await reporter.source.counts_of(reporter.actor, (asked.counted, asked.totals))
    numbers = totals.get((len(asked.totals.borders) - 2,), 0), totals.get((0,), 0)
    return await _reckoned(reporter, asked, counts, numbers, choices, book, now, MOST_READ)


async def at_a_glance(reporter: Reporter, report: Report, choices: Choices, book: Book, now: int) -> Pace | None:
    """Return the times of the closed tasks of a report; None where none was closed."""
    numbers = report.total.closed, report.before.closed
    if not any(numbers):
        return None
    asked = await _asked(reporter, report.address._replace(groups=(), cells=(), measure="closed"))
    return await _reckoned(reporter, asked, {}, numbers, choices, book, now, MOST_AT_A_GLANCE)


async def _asked(reporter: Reporter, address: Address) -> _Asked:
    period, selection = address.within(reporter.today), await reporter.selection(address)
    parts, earlier = periods.parts(period, address.step(reporter.today)), periods.before(period, address.period)
    now = Question(selection, address.measure or MEASURED[0], periods.borders(parts, reporter.zone))
    groups = tuple(it for it in address.groups if it in GROUPS)
    past = now._replace(borders=earlier.borders(reporter.zone))
    return _Asked(address._replace(groups=groups), parts, earlier, now, past)


async def _reckoned(
    reporter: Reporter,
    asked: _Asked,
    counts: Counts,
    numbers: tuple[int, int],
    choices: Choices,
    book: Book,
    now: int,
    most: int,
) -> Pace:
    """Read histories of the tasks that were counted, at most so many of each period."""
    groups, statuses, labels = asked.address.groups, meaning(choices, book), Labels(choices, asked.parts)
    counts = await _by_department(reporter, counts, groups) if groups else {}
    check_lines(len(counts))
    keyed = [await group_of(reporter, it, asked.now, statuses) for it in groups]
    every, every_past = (one_in(number, most) for number in numbers)

    async def read(question: Question, every: int, keyed: Sequence[Group]) -> times.Report:
        sample = question._replace(selection=question.selection._replace(every=every))
        lives = reporter.source.lives_of(reporter.actor, sample)
        return await times.times(lives, keyed, book.hours_of, statuses, now)

    found, before = await gather(read(asked.now, every, keyed), read(asked.past, every_past, []))
    rows = await times.THREADS.run(_rows, counts, found.groups, groups, labels)
    return Pace(
        asked.address,
        asked.now.measure,
        asked.address.within(reporter.today),
        rows,
        Row((), numbers[0], found.total),
        every,
        Past(asked.earlier, Row((), numbers[1], before.total), every_past),
        await reporter.named(labels, asked.address, [it.keys for it in rows]),
    )


async def _by_department(reporter: Reporter, counts: Counts, groups: Sequence[str]) -> Counts:
    """Return counts with departments in the place of authors, where these are a group."""
    if DEPARTMENT not in groups:
        return counts
    place = groups.index(DEPARTMENT)
    departments = await reporter.departments.of(await times.THREADS.run(authors_of, [counts], place))
    return await times.THREADS.run(by_department, counts, place, departments)


def meaning(choices: Choices, book: Book) -> Meaning:
    """Return what the statuses mean for clocks."""
    closed = frozenset(it.id for it in choices.vocabulary.statuses if it.is_closed)
    return Meaning(closed, book.statuses.waiting)


async def group_of(reporter: Reporter, group: str, question: Question, statuses: Meaning) -> Group:
    """Return a group of tasks by their histories."""
    return times.by_time(question, statuses) if group == TIME else await attribute_of(reporter, group, question)


async def attribute_of(reporter: Reporter, group: str, question: Question) -> Group:
    """Return a group of tasks by what they are, whatever happened to them."""
    if group != DEPARTMENT:
        return times.by_attribute(group)
    departments = await reporter.departments_of(question)
    return lambda life: (departments.get(life.author_id, ""),)


def _rows(counts: Counts, found: Mapping[Keys, TimesOfTasks], groups: Sequence[str], labels: Labels) -> tuple[Row, ...]:
    """Return rows in their order, those with most tasks first where groups have none."""
    nothing, place = TimesOfTasks(NO_TIMES, NO_TIMES), order(groups, labels, with_heads(counts))
    return tuple(Row(keys, counts[keys], found.get(keys, nothing)) for keys in sorted(counts, key=place))
