"""Count the requests of quality control: by what they are about, whose work they are, and by their kinds.

A table has a line for each value of a field, for each assignee or each project. Its columns are what happened in the
period, the kinds of request that came in in it, or how many came in in each part of it; the last one is how many had
come in in the period before. A request with several values of the field counts in several lines, and once in the sum.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.quality.model import FIELD_NAMES, KIND_NAMES, NO_PROJECT, NO_TRACKER, QualityChoices
from helpdesk.reports import periods
from helpdesk.reports.address import FIELD, Address, field_of
from helpdesk.reports.labels import NO_ONE, NO_VALUE, Labels, step_text
from helpdesk.reports.model import EXECUTOR, TIME, Choices, Counts, Key, Measure, Question, Selection
from helpdesk.reports.periods import Period
from helpdesk.reports.report import THREADS, Reporter

PER_PAGE = 100
MOST_PARTS = 60
"""So many parts of a period are columns at most."""
ALL, BEFORE = "all", "before"
"""The columns of all that came in, and of what came in in the period before."""
TRACKER = "tracker"
UNNAMED = (NO_ONE, NO_VALUE)
"""What no sentence says that most came in about."""


class Tab(NamedTuple):
    """A table: the field whose values are its lines, or else their group, and whether its columns are kinds."""

    title: Sentence
    role: str
    by_kind: bool = False

    def group(self, choices: QualityChoices) -> str:
        """Return the group of its lines; empty while its field is not chosen."""
        if self.role not in FIELD_NAMES:
            return self.role
        return f"{FIELD}{choices.fields[self.role]}" if self.role in choices.fields else ""


TABS = {
    "object": Tab(sentence("By object"), "object"),
    "type-object": Tab(sentence("By type and object"), "object", True),
    "resort": Tab(sentence("By resort"), "resort"),
    "type-resort": Tab(sentence("By type and resort"), "resort", True),
    "country": Tab(sentence("By country"), "country"),
    "assignee": Tab(sentence("By assignee"), EXECUTOR),
    "project": Tab(sentence("By project"), "project"),
}
MEASURES: Mapping[Measure, Sentence] = {
    "created": sentence("Came in"),
    "closed": sentence("Were closed"),
    "open": sentence("Open at the end"),
}


class Column(NamedTuple):
    """A column: what it counts, of which kind, and in which period where that is not the table's."""

    title: Sentence | str
    measure: Measure = "created"
    kind: str = ""
    period: Period | None = None


class Line(NamedTuple):
    """A value, and a kind where each has its line, with the numbers by column; `key` is the value as it is counted,
    `name` as people read it."""

    key: str
    kind: str
    name: Sentence | str
    numbers: Mapping[str, int]
    weight: int

    @property
    def grown(self) -> int:
        """Return how many more came in than in the period before."""
        return self.weight - self.numbers[BEFORE]


class Table(NamedTuple):
    """The lines with the largest number first, and the sum of all requests, each counted once. `main` is the column
    that is compared with the period before, which is `earlier`."""

    columns: Mapping[str, Column]
    main: str
    earlier: Period
    lines: tuple[Line, ...]
    total: Mapping[str, int]
    growing: Line | None
    """The line of the value that has grown by most."""

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.lines) // PER_PAGE))

    @property
    def most(self) -> int:
        """Return the largest weight, at least 1."""
        return (self.lines[0].weight if self.lines else 0) or 1

    @property
    def first(self) -> Line | None:
        """Return the line of the value that most came in about."""
        return next((it for it in self.lines if it.name not in UNNAMED and it.weight), None)

    def lines_of(self, page: int) -> tuple[Line, ...]:
        return self.lines[(page - 1) * PER_PAGE : page * PER_PAGE]


async def restricted(reporter: Reporter, address: Address, choices: QualityChoices) -> Address:
    """Return the address with what quality control counts at all: its trackers and projects."""
    ours = choices.tracker_ids
    wanted = tuple(it for it in address.tracker_ids if it in ours) if address.tracker_ids else ours
    projects = address.project_ids or choices.projects
    if address.project_ids and choices.projects:
        projects = common(address.project_ids, choices.projects, await reporter.source.parents()) or (NO_PROJECT,)
    return address._replace(tracker_ids=wanted or (NO_TRACKER,), project_ids=projects)


def common(some: Sequence[int], others: Sequence[int], parents: Mapping[int, int]) -> tuple[int, ...]:
    """Return the projects, with those below them, that are at or below one of both."""
    pairs = (some, others), (others, some)
    return tuple({it: None for its, tops in pairs for it in its if not set(tops).isdisjoint(_upwards(it, parents))})


def _upwards(project: int, parents: Mapping[int, int]) -> list[int]:
    """Return a project and those above it."""
    way: list[int] = []
    while project and project not in way:
        way.append(project)
        project = parents.get(project, 0)
    return way


async def selection_of(reporter: Reporter, address: Address, choices: QualityChoices) -> Selection:
    """Return the filters of an address, within what quality control counts."""
    return await reporter.selection(await restricted(reporter, address, choices))


async def table(reporter: Reporter, address: Address, tab: Tab, choices: QualityChoices, offered: Choices) -> Table:
    """Count a tab in the period of an address. Raises NotFound for a field that is gone."""
    selection = await selection_of(reporter, address, choices)
    period, group = address.within(reporter.today), tab.group(choices)
    parts = periods.parts(period, address.by) if address.by else ()
    earlier = periods.before(period, address.period)
    own = (TRACKER,) if tab.by_kind and parts else ()  # a line for each kind
    whole, before = period.borders(reporter.zone), earlier.borders(reporter.zone)
    if parts:
        spans = [_Span("", "created", periods.borders(parts, reporter.zone), (TIME,))]
    elif tab.by_kind:
        spans = [_Span("", "created", whole, (TRACKER,))]
    else:
        spans = [_Span(it, it, whole) for it in MEASURES]
    asked = [
        (it, Question(selection, it.measure, it.borders, (*line, *it.groups)))
        for it in (*spans, _Span(BEFORE, "created", before))
        for line in ((group, *own), ())
    ]
    answers = await reporter.source.counts_of(reporter.actor, [question for _, question in asked])
    columns = _columns(tab, choices, parts, earlier)
    keys = await THREADS.run(_unnamed, group, asked, answers, offered)
    labels = await reporter.named(Labels(offered), Address(groups=(group,)), keys)
    return await THREADS.run(_summed, tab, choices, parts, columns, earlier, asked, answers, labels)


class _Span(NamedTuple):
    """What is counted at once: for a column, or else for those of its groups."""

    column: str
    measure: Measure
    borders: tuple[datetime, ...]
    groups: tuple[str, ...] = ()


def _unnamed(
    group: str, asked: Sequence[tuple[_Span, Question]], answers: Sequence[Counts], offered: Choices
) -> set[tuple[Key]]:
    """Return the values of the lines that are ids without a name in what is offered."""
    field = next((it for it in offered.fields if group == f"{FIELD}{it.id}"), None)
    if group != EXECUTOR and (field is None or field.kind != "list"):
        return set()
    pairs = zip(asked, answers, strict=True)
    keys = {key[0] for (_, question), counts in pairs if group in question.groups for key in counts}
    return {(it,) for it in keys.difference(option.value for option in (field.options if field else ()))}


def _summed(
    tab: Tab,
    choices: QualityChoices,
    parts: Sequence[Period],
    columns: Mapping[str, Column],
    earlier: Period,
    asked: Sequence[tuple[_Span, Question]],
    answers: Sequence[Counts],
    labels: Labels,
) -> Table:
    """Put what was counted into lines: of 10,000 values by months it takes half a second."""
    group, sums = tab.group(choices), dict[tuple[str, str], dict[str, int]]()
    total = dict.fromkeys(columns, 0)
    for (span, question), counts in zip(asked, answers, strict=True):
        for key, number in counts.items():
            its = dict(zip(question.groups, key, strict=True))
            kind = choices.kind_of(int(its[TRACKER])) if TRACKER in its else ""
            column = _part(parts[int(its[TIME])]) if TIME in its else span.column or kind
            numbers = total
            if group in its:
                of_kind = kind if tab.by_kind and parts else ""
                numbers = sums.setdefault((str(its[group]), of_kind), dict.fromkeys(columns, 0))
            numbers[column] += number
    main = ALL if ALL in columns else "created"
    for numbers in (*sums.values(), total) if ALL in columns else ():
        numbers[ALL] = sum(numbers.values()) - numbers[BEFORE]
    is_field = tab.role in FIELD_NAMES
    if is_field:
        labels = _with_options(labels, field_of(group), [key for key, _ in sums])
    lines = [
        Line(key, kind, labels.of(group, key if is_field else int(key)), its, its[main])
        for (key, kind), its in sums.items()
    ]
    lines.sort(key=lambda it: (-it.weight, -sum(it.numbers.values()), it.key, it.kind))
    most = max((it for it in lines if it.name not in UNNAMED), key=lambda it: it.grown, default=None)
    return Table(columns, main, earlier, tuple(lines), total, most if most and most.grown > 0 else None)


def _with_options(labels: Labels, id: int, texts: Sequence[str]) -> Labels:
    """Add the names of options, of all values at once: a field may have 10,000 of them."""
    field = next((it for it in labels.choices.fields if it.id == id and it.kind == "list"), None)
    if field is None:
        return labels
    options = zip(((id, text) for text in texts), field.labels(tuple(texts)), strict=True)
    return labels._replace(values={**dict(options), **labels.values})


def _columns(tab: Tab, choices: QualityChoices, parts: Sequence[Period], earlier: Period) -> dict[str, Column]:
    found: dict[str, Column] = {it: Column(title, it) for it, title in MEASURES.items()}
    if parts:
        found = {_part(it): Column(step_text(parts, place), period=it) for place, it in enumerate(parts)}
    elif tab.by_kind:
        found = {kind: Column(KIND_NAMES[kind], kind=kind) for kind in choices.kinds}
    if parts or tab.by_kind:
        found[ALL] = Column(sentence("All"))
    return {**found, BEFORE: Column(sentence("Came in before"), period=earlier)}


def _part(part: Period) -> str:
    """Return what the column of a part is called."""
    return part.first.isoformat()
