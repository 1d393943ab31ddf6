"""Reckon which promises of time were kept, of the tasks that were created in a period.

A promise is kept when its clock stopped in time, and missed when its time was over before, also while the clock goes
on. Tasks have the promises and the calendars of today.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from itertools import product
from typing import Literal, NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.promises.clock import KINDS, Clock, Kind
from helpdesk.promises.rules import Book
from helpdesk.reports import periods
from helpdesk.reports.address import Address
from helpdesk.reports.labels import Labels
from helpdesk.reports.lines import PER_PAGE, order, with_heads
from helpdesk.reports.listed import picked, sampled
from helpdesk.reports.model import TIME, Choices, Found, Keys, Life, Question
from helpdesk.reports.pace import GROUPS, group_of, sampled_note
from helpdesk.reports.periods import Period
from helpdesk.reports.report import Reporter
from helpdesk.reports.times import THREADS, Group

Outcome = Literal["kept", "missed", "running"]
OUTCOMES: tuple[Outcome, ...] = ("kept", "missed", "running")
Place = tuple[Kind, Outcome]
SAMPLED = sentence("These are the promises of one task in %(every)s. All numbers are estimated from them.", every=1)


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

    keys: Keys
    numbers: Mapping[Kind, Kept]


class KeptReport(NamedTuple):
    """The promises of a period by the groups that there are for them, and all together.

    They are estimated from about one task of `every`.
    """

    address: Address
    period: Period
    lines: Sequence[Line]
    whole: Line
    every: int
    labels: Labels

    @property
    def note(self) -> Sentence | None:
        """Return what there is to say of a sample."""
        return sampled_note(SAMPLED, self.every)

    def lines_of(self, page: int) -> Sequence[Line]:
        return self.lines[(page - 1) * PER_PAGE : page * PER_PAGE]


class Past(NamedTuple):
    """The promises of the tasks of the period before, estimated from about one task of `every`."""

    period: Period
    numbers: Mapping[Kind, Kept]
    every: int


def outcome(clock: Clock) -> Outcome:
    """Return what became of a promise."""
    if clock.is_over:
        return "missed"
    return "kept" if clock.state == "stopped" else "running"


async def kept(reporter: Reporter, address: Address, choices: Choices, book: Book, now: int) -> KeptReport:
    """Count the promises of a period, by time where no group is asked for."""
    address = address._replace(groups=tuple(it for it in address.groups if it in GROUPS) or (TIME,))
    period, step = address.within(reporter.today), address.step(reporter.today)
    parts = periods.parts(period, step)
    question = Question(await reporter.selection(address), "created", periods.borders(parts, reporter.zone))
    tally = await _reckoned(reporter, address, question, book, now)
    labels = Labels(choices, parts)
    lines = await THREADS.run(_lines, tally.groups, address.groups, labels)
    labels = await reporter.named(labels, address, [it.keys for it in lines])
    return KeptReport(address, period, lines, Line((), _numbers(tally.whole)), tally.every, labels)


async def before(reporter: Reporter, address: Address, book: Book, now: int) -> Past:
    """Count the promises of the period before that of an address, all together."""
    address, earlier = address._replace(groups=()), periods.before(address.within(reporter.today), address.period)
    question = Question(await reporter.selection(address), "created", earlier.borders(reporter.zone))
    tally = await _reckoned(reporter, address, question, book, now)
    return Past(earlier, _numbers(tally.whole), tally.every)


async def tasks(reporter: Reporter, address: Address, place: Place, book: Book, now: int, per_page: int) -> Found:
    """Return a page of the tasks that a number of the report counts, the newest first. Raises Invalid for groups that
    histories do not tell."""
    borders = address.within(reporter.today).borders(reporter.zone)
    question = await sampled(reporter, Question(await reporter.selection(address), "created", borders))

    def is_there(life: Life) -> bool:
        return place in ((it.kind, outcome(it)) for it in book.clocks(life, now))

    return await picked(reporter, address, question, is_there, per_page)


class _Tally:
    """Counts promises, each as often as a task of the sample stands for others."""

    def __init__(self, book: Book, groups: Sequence[Group], now: int, every: int) -> None:
        self.book, self.keys_of, self.now, self.every = book, groups, now, every
        self.whole = Counter[Place]()
        self.groups: dict[Keys, Counter[Place]] = {}

    def add(self, lives: Iterable[Life]) -> None:
        for life in lives:
            places = {(it.kind, outcome(it)): self.every for it in self.book.clocks(life, self.now)}
            self.whole.update(places)
            for keys in product(*(group(life) for group in self.keys_of)) if places else ():
                self.groups.setdefault(keys, Counter()).update(places)


async def _reckoned(reporter: Reporter, address: Address, question: Question, book: Book, now: int) -> _Tally:
    """Count the promises of a question, by a sample of its tasks where there are many."""
    if not book.rules:
        return _Tally(book, (), now, 1)
    question = await sampled(reporter, question)
    groups = [await group_of(reporter, it, question, book.statuses) for it in address.groups]
    tally = _Tally(book, groups, now, question.selection.every)
    async with aclosing(reporter.source.lives_of(reporter.actor, question)) as histories:
        async for lives in histories:
            await THREADS.run(tally.add, lives)
    return tally


def _numbers(tally: Counter[Place]) -> dict[Kind, Kept]:
    return {kind: Kept(*(tally[kind, it] for it in OUTCOMES)) for kind in KINDS}


def _lines(groups: Mapping[Keys, Counter[Place]], names: Sequence[str], labels: Labels) -> list[Line]:
    """Return the lines in their order, those with most missed promises first where groups have none. There may be
    many: it runs in a thread."""
    missed = {keys: sum(tally[kind, "missed"] for kind in KINDS) for keys, tally in groups.items()}
    place = order(names, labels, with_heads(missed))
    return [Line(keys, _numbers(groups[keys])) for keys in sorted(groups, key=place)]
