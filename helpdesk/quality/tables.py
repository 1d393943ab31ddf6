"""Count the requests of quality control: by what they are about, and by their kinds.

A table has a line for each value of a field. Its columns are what happened in the period, or the kinds of request that
came in it. A request with several values of the field counts in several lines, and once in the sum.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.quality.model import KIND_NAMES, NO_TRACKER, QualityChoices
from helpdesk.reports import periods
from helpdesk.reports.address import FIELD, Address
from helpdesk.reports.labels import Labels
from helpdesk.reports.model import Choices, Counts, Measure, Question
from helpdesk.reports.report import Reporter
from helpdesk.tasks.model import Status
from helpdesk.tasks.phases import Rules, phase

PER_PAGE = 100
EVER = datetime(1970, 1, 1, tzinfo=UTC)
MEASURES: tuple[Measure, ...] = ("created", "closed", "open")
ALL = "all"
"""The column of all kinds."""


class Tab(NamedTuple):
    """A table: the field whose values are its lines, and whether its columns are kinds."""

    title: Sentence
    field: str
    by_kind: bool = False


TABS = {
    "object": Tab(sentence("By object"), "object"),
    "type-object": Tab(sentence("By type and object"), "object", True),
    "resort": Tab(sentence("By resort"), "resort"),
    "type-resort": Tab(sentence("By type and resort"), "resort", True),
    "country": Tab(sentence("By country"), "country"),
}
COLUMNS: Mapping[str, Sentence] = {
    "created": sentence("Came in"),
    "closed": sentence("Were closed"),
    "open": sentence("Open at the end"),
    **KIND_NAMES,
    ALL: sentence("All"),
}


class Line(NamedTuple):
    """A value with its numbers by column; `key` is the value as it is counted, `name` as people read it."""

    key: str
    name: Sentence | str
    numbers: Mapping[str, int]
    weight: int


class Table(NamedTuple):
    """The lines with the largest number first, and the sum of all requests, each counted once."""

    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    total: Mapping[str, int]

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.lines) // PER_PAGE))

    @property
    def most(self) -> int:
        """Return the largest weight, at least 1."""
        return max((line.weight for line in self.lines), default=0) or 1

    def lines_of(self, page: int) -> tuple[Line, ...]:
        return self.lines[(page - 1) * PER_PAGE : page * PER_PAGE]


class Totals(NamedTuple):
    """All requests of a person's quality control, those that nobody has looked at, and those that are open."""

    all: int
    new: int
    open: int


WHICH = Totals._fields


def restricted(address: Address, choices: QualityChoices) -> Address:
    """Return the address with what quality control counts at all: its trackers and projects."""
    ours = choices.tracker_ids
    wanted = tuple(it for it in address.tracker_ids if it in ours) if address.tracker_ids else ours
    return address._replace(tracker_ids=wanted or (NO_TRACKER,), project_ids=choices.projects)


def new_ids(statuses: Iterable[Status], rules: Rules) -> tuple[int, ...]:
    """Return the statuses of requests that nobody has looked at; one that no task has if there are none."""
    return tuple(it.id for it in statuses if phase(it, rules) == "new") or (0,)


def of_now(reporter: Reporter, choices: QualityChoices, which: str, new: Sequence[int]) -> Question:
    """Return the question for the requests of one of WHICH; `new` are the statuses of those nobody has looked at."""
    selection = restricted(Address(), choices).selection()
    if which == "new":
        selection = selection._replace(status_ids=tuple(new))
    elif which == "open":
        selection = selection._replace(phase="open")
    return Question(selection, "created", (EVER, periods.midnight(reporter.today + periods.DAY, reporter.zone)))


async def totals(reporter: Reporter, choices: QualityChoices, new: Sequence[int]) -> Totals:
    """Count the requests of now, whatever the address says."""
    questions = [of_now(reporter, choices, which, new) for which in WHICH]
    return Totals(*map(_sum, await reporter.source.counts_of(reporter.actor, questions)))


async def table(reporter: Reporter, address: Address, tab: Tab, choices: QualityChoices, offered: Choices) -> Table:
    """Count a tab in the period of an address. Raises NotFound for a field that is gone."""
    selection = await reporter.selection(restricted(address, choices))
    borders, group = address.within(reporter.today).borders(reporter.zone), f"{FIELD}{choices.fields[tab.field]}"

    def ask(measure: Measure, *groups: str) -> Question:
        return Question(selection, measure, borders, groups)

    labels = Labels(offered)
    if tab.by_kind:
        asked = [ask("created", group, "tracker"), ask("created", "tracker"), ask("created", group), ask("created")]
        cells, sums, lines, total = await reporter.source.counts_of(reporter.actor, asked)
        columns = (*choices.kinds, ALL)
        by_column = _by_kind(cells, choices) | {(str(key), ALL): number for (key,), number in lines.items()}
        whole = {kind: number for (_, kind), number in _by_kind(_with_key(sums), choices).items()} | {ALL: _sum(total)}
    else:
        asked = [ask(it, *groups) for it in MEASURES for groups in ((group,), ())]
        answers = await reporter.source.counts_of(reporter.actor, asked)
        columns = tuple(MEASURES)
        by_column = {
            (str(key), it): number
            for it, counts in zip(MEASURES, answers[::2], strict=True)
            for (key,), number in counts.items()
        }
        whole = {it: _sum(counts) for it, counts in zip(MEASURES, answers[1::2], strict=True)}
    return Table(columns, _lines(by_column, columns, labels, group), {it: whole.get(it, 0) for it in columns})


def _lines(
    numbers: Mapping[tuple[str, str], int], columns: Sequence[str], labels: Labels, group: str
) -> tuple[Line, ...]:
    keys = dict.fromkeys(key for key, _ in numbers)
    weighing = ALL if ALL in columns else "created"
    lines = [
        Line(
            key,
            labels.of(group, key),
            {it: numbers.get((key, it), 0) for it in columns},
            numbers.get((key, weighing), 0),
        )
        for key in keys
    ]
    return tuple(sorted(lines, key=lambda it: (-it.weight, -sum(it.numbers.values()), it.key)))


def _by_kind(counts: Counts, choices: QualityChoices) -> dict[tuple[str, str], int]:
    """Add up the trackers of each kind."""
    found: dict[tuple[str, str], int] = {}
    for (key, tracker_id), number in counts.items():
        place = str(key), choices.kind_of(int(tracker_id))
        found[place] = found.get(place, 0) + number
    return found


def _with_key(counts: Counts) -> Counts:
    return {("", *key): number for key, number in counts.items()}


def _sum(counts: Counts) -> int:
    return counts.get((), 0)
