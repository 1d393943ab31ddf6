"""Reckon which promises of time were kept, of the tasks that were created in a period.

A promise is kept when its clock stopped in time, and missed when its time was over before, also while the clock goes
on. Tasks have the promises and the calendars of today.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from itertools import product
from typing import Literal, NamedTuple

from helpdesk.errors import Invalid, sentence
from helpdesk.promises.clock import KINDS, Clock, Kind
from helpdesk.promises.rules import Book
from helpdesk.reports import periods
from helpdesk.reports.address import DEPARTMENT, NO_CHOICE, Address
from helpdesk.reports.labels import Labels
from helpdesk.reports.lines import PER_PAGE, order, with_heads
from helpdesk.reports.model import TIME, Choices, Found, Key, Life, Question, Selection
from helpdesk.reports.pace import GROUPS, group_of
from helpdesk.reports.periods import Period
from helpdesk.reports.report import Reporter
from helpdesk.reports.times import THREADS, Group

Outcome = Literal["kept", "missed", "running"]
OUTCOMES: tuple[Outcome, ...] = ("kept", "missed", "running")
Place = tuple[Kind, Outcome]
MOST_TASKS = 50_000
"""As many histories are read for a page."""
TOO_MANY = sentence(
    "These are %(number)s tasks. Times are reckoned of at most %(most)s: choose a shorter period or a filter."
)


class Kept(NamedTuple):
    """How many promises were kept, how many were missed, and how many are not decided."""

    kept: int = 0
    missed: int = 0
    running: int = 0

    @property
    def share(self) -> int | None:
        """Return the percentage of the decided ones that were kept, rounded down; None without any."""
        decided = self.kept + self.missed
        return self.kept * 100 // decided if decided else None


class Line(NamedTuple):
    """The promises of the tasks with these values of the groups, by the kind of promise."""

    keys: tuple[Key, ...]
    numbers: Mapping[Kind, Kept]


class KeptReport(NamedTuple):
    """The promises of a period by the groups that there are for them, and all together."""

    address: Address
    period: Period
    lines: Sequence[Line]
    whole: Line
    labels: Labels

    def lines_of(self, page: int) -> Sequence[Line]:
        return self.lines[(page - 1) * PER_PAGE : page * PER_PAGE]


def outcome(clock: Clock) -> Outcome:
    """Return what became of a promise."""
    if clock.is_over:
        return "missed"
    return "kept" if clock.state == "stopped" else "running"


async def kept(reporter: Reporter, address: Address, choices: Choices, book: Book, now: int) -> KeptReport:
    """Count the promises of a period, by time where no group is asked for. Raises Invalid for too many tasks."""
    address = address._replace(groups=tuple(it for it in address.groups if it in GROUPS) or (TIME,))
    period, step = address.within(reporter.today), address.step(reporter.today)
    parts = periods.parts(period, step)
    question = Question(await reporter.selection(address), "created", periods.borders(parts, reporter.zone))
    tally = await _reckoned(reporter, address, question, book, now)
    labels = Labels(choices, parts)
    lines = await THREADS.run(_lines, tally.groups, address.groups, labels)
    names = await reporter.names_of(address, [it.keys for it in lines])
    return KeptReport(address, period, lines, Line((), _numbers(tally.whole)), labels._replace(people=names))


async def tasks(reporter: Reporter, address: Address, place: Place, book: Book, now: int, per_page: int) -> Found:
    """Return a page of the tasks that a number of the report counts, the newest first. Raises as `kept` does."""
    address = address._replace(groups=address.groups if address.cells else ())
    if not set(address.groups) <= {*GROUPS} - {TIME}:
        raise Invalid({"group": [NO_CHOICE]})
    borders = address.within(reporter.today).borders(reporter.zone)
    question = Question(await reporter.selection(address), "created", borders)
    tally = await _reckoned(reporter, address, question, book, now)
    cell = tuple(it if group == DEPARTMENT else address.cell().get(group, it) for group, it in _cells(address))
    ids = sorted(tally.ids.get((cell, place), ()), reverse=True)
    shown = tuple(ids[(address.page - 1) * per_page : address.page * per_page])
    if not shown:
        return Found((), len(ids))
    asked = question._replace(selection=Selection(task_ids=shown))
    return Found((await reporter.source.found(reporter.actor, asked, {}, 1, per_page)).rows, len(ids))


class _Tally:
    """Counts promises. Of tasks nothing is kept but their ids."""

    def __init__(self, book: Book, groups: Sequence[Group], now: int) -> None:
        self.book, self.keys_of, self.now = book, groups, now
        self.whole = Counter[Place]()
        self.groups: dict[tuple[Key, ...], Counter[Place]] = {}
        self.ids: dict[tuple[tuple[Key, ...], Place], list[int]] = {}

    def add(self, lives: Iterable[Life]) -> None:
        for life in lives:
            places: list[Place] = [(it.kind, outcome(it)) for it in self.book.clocks(life, self.now)]
            self.whole.update(places)
            for keys in product(*(group(life) for group in self.keys_of)) if places else ():
                self.groups.setdefault(keys, Counter()).update(places)
                for place in places:
                    self.ids.setdefault((keys, place), []).append(life.id)


async def _reckoned(reporter: Reporter, address: Address, question: Question, book: Book, now: int) -> _Tally:
    """Count the promises of a question. Raises Invalid where it is about too many tasks for a page."""
    number = (await reporter.source.counts(reporter.actor, question)).get((), 0)
    if number > MOST_TASKS:
        raise Invalid({"period": [TOO_MANY._replace(values={"number": number, "most": MOST_TASKS})]})
    groups = [await group_of(reporter, it, question, book.statuses) for it in address.groups]
    tally = _Tally(book, groups, now)
    if book.rules:
        async with aclosing(reporter.source.lives_of(reporter.actor, question)) as histories:
            async for lives in histories:
                await THREADS.run(tally.add, lives)
    return tally


def _numbers(tally: Counter[Place]) -> dict[Kind, Kept]:
    return {kind: Kept(*(tally[kind, it] for it in OUTCOMES)) for kind in KINDS}


def _lines(groups: Mapping[tuple[Key, ...], Counter[Place]], names: Sequence[str], labels: Labels) -> list[Line]:
    """Return the lines in their order, those with most missed promises first where groups have none. There may be
    many: it runs in a thread."""
    missed = {keys: sum(tally[kind, "missed"] for kind in KINDS) for keys, tally in groups.items()}
    place = order(names, labels, with_heads(missed))
    return [Line(keys, _numbers(groups[keys])) for keys in sorted(groups, key=place)]


def _cells(address: Address) -> Iterable[tuple[str, Key]]:
    return zip(address.groups, address.cells, strict=True)
