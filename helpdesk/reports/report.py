"""Make a report: ask the backend what its address says, and put the numbers together."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from helpdesk.reports import address as addresses
from helpdesk.reports import periods
from helpdesk.reports.address import DEPARTMENT, FIELD, Address, field_of
from helpdesk.reports.departments import NO_PERSON, Departments
from helpdesk.reports.labels import Labels
from helpdesk.reports.lines import PER_PAGE, Line, Numbers, authors_of, by_department, check_lines, order
from helpdesk.reports.model import (
    EXECUTOR,
    MEASURES,
    NOBODY,
    TIME,
    Choices,
    Counts,
    Found,
    Key,
    Keys,
    Measure,
    Question,
    Selection,
)
from helpdesk.reports.periods import DAY, Period
from helpdesk.reports.source import ReportSource
from helpdesk.tasks.model import Actor
from helpdesk.threads import Threads

THREADS = Threads(2)
STALE = 30
"""After so many days without a change a task is surely stuck."""


class Part(NamedTuple):
    """A part of the period with its numbers."""

    period: Period
    numbers: Numbers


class Standing(NamedTuple):
    """How many tasks of a project or an executor are open: at the beginning or stuck (`before`), and at the end."""

    key: Key
    before: int
    now: int


class Report(NamedTuple):
    """The numbers of a report. `earlier` is the period that it is compared with, and `before` the numbers of that.

    `begin` is how many were open at the beginning. `lines` of the first group are each followed by those of the second.
    `growing` is the project whose open tasks have become more by most, and `busiest` the executor with most of them.
    """

    address: Address
    period: Period
    step: str
    parts: tuple[Part, ...]
    total: Numbers
    earlier: Period
    before: Numbers
    begin: int
    lines: tuple[Line, ...]
    growing: Standing | None
    busiest: Standing | None
    labels: Labels

    def lines_of(self, page: int) -> tuple[Line, ...]:
        """Return the lines of a page. One that begins within a group repeats the line of that."""
        begin = (page - 1) * PER_PAGE
        shown = self.lines[begin : begin + PER_PAGE]
        if shown and begin and len(shown[0].keys) > 1:
            head = next(it for it in reversed(self.lines[:begin]) if len(it.keys) == 1)
            return (head, *shown)
        return shown


Ask = tuple[str, Measure]
"""What a question is for, and its measure."""
Answers = Mapping[Ask, Counts]
PARTS, WHOLE, STANDING, STUCK = "parts", "whole", "standing", "stuck"


class Reporter(NamedTuple):
    """Makes reports for a person: with the person's eyes, on a day, in a time zone."""

    source: ReportSource
    actor: Actor
    departments: Departments
    zone: ZoneInfo
    today: date

    async def choices(self, address: Address) -> Choices:
        """Return what reports can be filtered and grouped by. Raises Invalid where the address names a field that is
        gone."""
        choices = await self.source.choices(self.actor)
        addresses.check(address, choices)
        return choices

    async def report(self, address: Address, choices: Choices, page: int | None = None) -> Report:
        """Make a report whose address `choices` has checked. People are named on that page, or on all of them.

        Raises Invalid for groups with more than MOST_LINES values.
        """
        period, step = address.within(self.today), address.step(self.today)
        parts, earlier = periods.parts(period, step), periods.before(period, address.period)
        asked = self._questions(await self.selection(address), address.groups, parts, earlier)
        found = dict(zip(asked, await self.source.counts_of(self.actor, tuple(asked.values())), strict=True))
        labels, places = Labels(choices, parts), len(asked[PARTS, "created"].borders) - 1
        series = [_numbers(found, PARTS, (place,)) for place in range(places - len(parts), places)]
        report = Report(
            address,
            period,
            step,
            tuple(map(Part, parts, series)),
            _whole(found, len(asked[WHOLE, "closed"].borders) - 2, series),
            earlier,
            _whole(found, 0, [_numbers(found, PARTS, (0,))]),
            sum(number for (*_, place), number in found[STANDING, "open"].items() if place == 0),
            await THREADS.run(_lines, found, address.groups, await self._departments(found, address.groups), labels),
            await THREADS.run(_growing, found[STANDING, "open"]),
            await THREADS.run(_busiest, found[STANDING, "open"], found.get((STUCK, "open"), {})),
            labels,
        )
        return await self._named(report, page)

    async def found(self, address: Address, measure: Measure, per_page: int) -> Found:
        """Return a page of the tasks that a number counts: those of the cells of an address in its period."""
        question = Question(
            await self.listed(address),
            measure,
            address.within(self.today).borders(self.zone),
            tuple(it for it in address.groups if it not in (DEPARTMENT, TIME)),
        )
        if DEPARTMENT in address.groups and address.cells:
            question = await self._of_department(question, address.cells[address.groups.index(DEPARTMENT)])
        return await self.source.found(self.actor, question, address.cell(), address.page, per_page)

    async def selection(self, address: Address) -> Selection:
        """Return the filters of an address, with the people of its departments."""
        authors = await self.departments.authors(address.departments) if address.departments else ()
        return address.selection(authors)

    async def listed(self, address: Address) -> Selection:
        """Return the filters of the tasks of a number. With days, these are only those that are open now and have not
        changed for so many of them."""
        selection = await self.selection(address)
        return self.unchanged(selection, address.days) if address.days else selection

    async def departments_of(self, question: Question) -> Mapping[int, str]:
        """Return the department of each author of a question's tasks; "" if none is known."""
        counts = await self.source.counts(self.actor, question._replace(groups=("author",)))
        authors = [int(author) for (author,) in counts]
        known = await self.departments.of(authors)
        return {it: known.get(it, "") for it in authors}

    async def names(self, keys: Iterable[Key]) -> Mapping[int, str]:
        """Return the names of executors."""
        ids = {int(it) for it in keys} - {NOBODY}
        return await self.source.names(self.actor, ids) if ids else {}

    async def named(
        self, labels: Labels, address: Address, lines: Iterable[Keys] = (), more: Iterable[Key] = ()
    ) -> Labels:
        """Add the names of an address: of executors in the keys of its lines, in its filter, and some more, and of the
        values of custom fields that are ids."""
        pairs = {pair for keys in lines for pair in zip(address.groups, keys, strict=False)}
        executors = [key for group, key in pairs if group == EXECUTOR]
        texts = {(field_of(group), str(key)) for group, key in pairs if group.startswith(FIELD)} | {*address.fields}
        values = dict[tuple[int, str], str]()
        for field in labels.choices.fields:
            known = {"", *(it.value for it in field.options)}
            if field.kind == "list" and (unknown := {text for id, text in texts if id == field.id} - known):
                names = await self.source.value_names(self.actor, field.id, unknown)
                values |= {(field.id, text): name for text, name in names.items()}
        people = await self.names([*executors, *address.executor_ids, *more])
        return labels._replace(people=people, values=values)

    def unchanged(self, selection: Selection, days: int) -> Selection:
        """Leave only tasks that are open now and were changed last on a day that is so many days ago, or longer."""
        return selection._replace(
            unchanged_since=periods.midnight(self.today - (days - 1) * DAY, self.zone), phase="open"
        )

    def _questions(
        self, selection: Selection, groups: Sequence[str], parts: Sequence[Period], earlier: Period
    ) -> dict[Ask, Question]:
        """Return everything that a report asks: the parts of the period after the one before, both as a whole for what
        may have happened to a task twice, the groups, and how the open tasks stand."""
        borders = periods.borders(parts, self.zone)
        whole, begin, end = earlier.borders(self.zone), borders[0], borders[-1]
        gap = whole if whole[1] < begin else whole[:1]
        asked: dict[Ask, Question] = {}
        for measure in MEASURES:
            asked[PARTS, measure] = Question(selection, measure, (*gap, *borders), (TIME,))
            if measure in ("closed", "reopened"):
                asked[WHOLE, measure] = Question(selection, measure, (*gap, begin, end), (TIME,))
            for depth in range(1, len(groups) + 1):
                kept = tuple("author" if it == DEPARTMENT else it for it in groups[:depth])
                asked[str(depth), measure] = Question(
                    selection, measure, borders if TIME in kept else (begin, end), kept
                )
        asked[STANDING, "open"] = Question(selection, "open", (begin - DAY, begin, end), ("project", EXECUTOR, TIME))
        if selection.phase != "closed":  # none of which is open now
            stuck = self.unchanged(selection, STALE)
            asked[STUCK, "open"] = Question(stuck, "open", (begin, end), ("project", EXECUTOR))
        return asked

    async def _departments(self, found: Answers, groups: Sequence[str]) -> Mapping[int, str]:
        """Return the departments of the authors who are counted, where these are a group."""
        if DEPARTMENT not in groups:
            return {}
        place = groups.index(DEPARTMENT)
        counted = [found[str(place + 1), measure] for measure in MEASURES]
        return await self.departments.of(await THREADS.run(authors_of, counted, place))

    async def _of_department(self, question: Question, department: str) -> Question:
        """Leave only the authors of a department; "" are those of whom none is known."""
        departments = await self.departments_of(question)
        ids = tuple(it for it, its in departments.items() if its == department) or (NO_PERSON,)
        return question._replace(selection=question.selection._replace(author_ids=ids))

    async def _named(self, report: Report, page: int | None) -> Report:
        """Add the names of the executors who are shown."""
        shown = report.lines if page is None else report.lines_of(page)
        busiest = [report.busiest.key] if report.busiest else []
        labels = await self.named(report.labels, report.address, [it.keys for it in shown], busiest)
        return report._replace(labels=labels)


def _numbers(found: Answers, name: str, key: Keys) -> Numbers:
    return Numbers(*(found[name, measure].get(key, 0) for measure in MEASURES))


def _whole(found: Answers, place: int, parts: Sequence[Numbers]) -> Numbers:
    """Return the numbers of several parts together: a task that was closed in two of them was closed once."""
    closed, reopened = (found[WHOLE, measure].get((place,), 0) for measure in ("closed", "reopened"))
    return Numbers(sum(it.created for it in parts), closed, reopened, parts[-1].open)


def _lines(found: Answers, groups: Sequence[str], departments: Mapping[int, str], labels: Labels) -> tuple[Line, ...]:
    """Return the lines of all groups in their order. There may be many: it runs in a thread. Raises Invalid for more
    than MOST_LINES."""
    lines: dict[Keys, Numbers] = {}
    for depth in range(1, len(groups) + 1):
        level = [found[str(depth), measure] for measure in MEASURES]
        if DEPARTMENT in groups[:depth]:
            level = [by_department(it, groups.index(DEPARTMENT), departments) for it in level]
        # A history that contradicts the present status may leave a value of the second group without one of the first.
        keys = {key: None for counts in level for key in counts if depth == 1 or key[:1] in lines}
        check_lines(len(keys))
        lines |= {key: Numbers(*(counts.get(key, 0) for counts in level)) for key in keys}
    place = order(groups, labels, {keys: numbers.weight for keys, numbers in lines.items()})
    return tuple(Line(keys, lines[keys]) for keys in sorted(lines, key=place))


def _growing(counts: Counts) -> Standing | None:
    """Return the project whose open tasks have become more by most; None where they have in none."""
    numbers = Counter[tuple[Key, Key]]()
    for (project, _, place), number in counts.items():
        numbers[project, place] += number
    projects = dict.fromkeys(project for project, _ in numbers)
    standings = [Standing(it, numbers[it, 0], numbers[it, 1]) for it in projects]
    most = max(standings, key=lambda it: it.now - it.before, default=None)
    return most if most and most.now > most.before else None


def _busiest(counts: Counts, stuck: Counts) -> Standing | None:
    """Return the executor with most open tasks, and how many of them are stuck."""
    numbers, unchanged = Counter[Key](), Counter[Key]()
    for (_, person, place), number in counts.items():
        numbers[person] += number * (place == 1)
    for (_, person), number in stuck.items():
        unchanged[person] += number
    people = [Standing(it, unchanged[it], number) for it, number in numbers.items() if number and it != NOBODY]
    return max(people, key=lambda it: (it.now, it.before), default=None)
