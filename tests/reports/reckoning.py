"""What reports must count, reckoned task by task from the story of a random company.

Nothing here knows of databases: a task has a history of statuses, and whoever asks has a list of what they see.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from helpdesk.reports.model import MEASURES, NAMED_GROUPS, Key, Question, Selection
from helpdesk.reports.source import ReportSource
from helpdesk.tasks.model import Actor

BEGIN, END = datetime(2023, 10, 20, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)
TEXTS = ("Анталья", "анталья", "Кемер", "Кемер ", "é", "e", "🏖", "=1+1", "a\nb", "x" * 300)


class Step(NamedTuple):
    """A change of status; several may be of one second, in their order."""

    moment: datetime
    status: int
    by: int


class Tale(NamedTuple):
    """A task as it is now, and how its status came to be."""

    id: int
    project: int
    tracker: int
    priority: int
    author: int
    assignee: int | None
    is_private: bool
    created: datetime
    first: int
    steps: tuple[Step, ...]
    texts: Mapping[int, tuple[str, ...]]

    @property
    def status(self) -> int:
        return self.steps[-1].status if self.steps else self.first

    @property
    def updated(self) -> datetime:
        return self.steps[-1].moment if self.steps else self.created

    def statuses(self) -> Iterator[tuple[datetime, int, int]]:
        """Yield (moment, status, who) from the creation on."""
        yield self.created, self.first, self.author
        yield from self.steps


class Company(NamedTuple):
    """The ids of which tales are made. `parents` are the projects above others, `fields` the most texts of each."""

    projects: Sequence[int]
    parents: Mapping[int, int | None]
    trackers: Sequence[int]
    priorities: Sequence[int]
    statuses: Sequence[int]
    gone: Sequence[int]
    closed: Collection[int]
    people: Sequence[int]
    assignees: Sequence[int]
    fields: Mapping[int, int]


def tales(dice: Random, company: Company, ids: Sequence[int], zone: ZoneInfo) -> list[Tale]:
    """Return a random task for each id: born closed, reopened, moved about within seconds and at midnight."""
    return [_tale(dice, company, number, zone) for number in ids]


def _tale(dice: Random, it: Company, number: int, zone: ZoneInfo) -> Tale:
    created = moment = _moment(dice, BEGIN, zone)
    closed, others = sorted(it.closed), [each for each in it.statuses if each not in it.closed]
    first = dice.choice(closed) if dice.random() < 0.1 else dice.choice(others)
    steps = list[Step]()
    for _ in range(dice.choice((0, 0, 1, 1, 2, 2, 3, 5, 8))):
        moment = _later(dice, moment, zone)
        among = dice.choice((closed, others, others, [*closed, *it.gone]))
        steps.append(Step(moment, dice.choice(among), dice.choice(it.people)))
    if steps and steps[-1].status in it.gone:
        steps[-1] = steps[-1]._replace(status=dice.choice(it.statuses))
    texts = {
        field: tuple(dice.sample(TEXTS, dice.randint(0, most)))
        for field, most in it.fields.items()
        if dice.random() < 0.8
    }
    return Tale(
        number, dice.choice(it.projects), dice.choice(it.trackers), dice.choice(it.priorities),
        dice.choice(it.people), dice.choice((None, *it.assignees)) if dice.random() < 0.7 else None,
        dice.random() < 0.2, created, first, tuple(steps), texts,
    )  # fmt: skip


def _moment(dice: Random, begin: datetime, zone: ZoneInfo) -> datetime:
    """Return a random moment, often a second about midnight; never in an hour that the clocks show twice."""
    found = begin + timedelta(seconds=dice.randrange(int((END - begin).total_seconds())))
    if dice.random() < 0.3:
        midnight = found.astimezone(zone).replace(hour=0, minute=0, second=0)
        found = midnight.astimezone(UTC) + timedelta(seconds=dice.choice((-1, 0, 1)))
    local = found.astimezone(zone)
    is_twice = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
    return max(found + timedelta(hours=3) if is_twice else found, begin)


def _later(dice: Random, moment: datetime, zone: ZoneInfo) -> datetime:
    if dice.random() < 0.4:
        found = moment + timedelta(seconds=dice.choice((0, 0, 1, 60, 3600, 86_400)))
        local = found.astimezone(zone)
        if local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset():
            return min(found, END)
        return moment
    return _moment(dice, moment, zone) if moment < END - timedelta(days=2) else moment


def executor(tale: Tale, closed: Collection[int]) -> int:
    """Return the assignee, else who closed the task last, else nobody."""
    if tale.assignee is not None:
        return tale.assignee
    closers = [
        by for (_, before, _), (_, after, by) in pairwise(tale.statuses()) if after in closed and before not in closed
    ]
    return closers[-1] if closers else 0


def happened(tale: Tale, measure: str, closed: Collection[int]) -> list[datetime]:
    """Return the moments at which a task was created, closed or reopened."""
    if measure == "created":
        return [tale.created]
    states = [(moment, status in closed) for moment, status, _ in tale.statuses()]
    if measure == "closed":
        born = [tale.created] if states[0][1] else []
        return born + [moment for (_, was), (moment, now) in pairwise(states) if now and not was]
    return [moment for (_, was), (moment, now) in pairwise(states) if was and not now]


def is_open_at(tale: Tale, border: datetime, closed: Collection[int]) -> bool:
    """Whether a task is open just before a border."""
    before = [status for moment, status, _ in tale.statuses() if moment < border]
    return bool(before) and before[-1] not in closed


def places(tale: Tale, question: Question, closed: Collection[int]) -> set[int]:
    """Return the places of time at which a task counts."""
    spans = list(pairwise(question.borders))
    if question.measure == "open":
        return {place for place, (_, end) in enumerate(spans) if is_open_at(tale, end, closed)}
    moments = happened(tale, question.measure, closed)
    return {place for place, (begin, end) in enumerate(spans) for moment in moments if begin <= moment < end}


Shown = Callable[[Tale, int], tuple[str, ...]]
"""Returns the texts of a custom field of a task that a person sees."""


class Reckoning(NamedTuple):
    """The tales that a person sees, and how custom fields show themselves to them."""

    company: Company
    seen: Sequence[Tale]
    shown: Shown

    def counts(self, question: Question) -> dict[tuple[Key, ...], int]:
        """Return the numbers by the groups of a question."""
        found: Counter[tuple[Key, ...]] = Counter()
        for _, keys in self.counted(question):
            found.update(keys)
        return dict(found)

    def tasks(self, question: Question, cell: Mapping[str, Key]) -> list[int]:
        """Return the ids of the tasks at a cell, the newest first, and of stale ones those that are longest so; without
        a time those that are open at the end."""
        if question.measure == "open" and "time" not in cell:
            question = question._replace(groups=tuple(group for group in question.groups if group != "time"))
        wanted = [(question.groups.index(group), key) for group, key in cell.items()]
        found = {
            tale.id: tale
            for tale, keys in self.counted(question)
            if any(all(each[i] == key for i, key in wanted) for each in keys)
        }
        if question.selection.unchanged_since:
            return sorted(found, key=lambda id: (found[id].updated, id))
        return sorted(found, reverse=True)

    def counted(self, question: Question) -> Iterator[tuple[Tale, set[tuple[Key, ...]]]]:
        """Yield the tasks of a question, each with its keys."""
        closed, has_time = self.company.closed, "time" in question.groups
        whole = question if has_time else question._replace(borders=(question.borders[0], question.borders[-1]))
        for tale in self.seen:
            if not self._is_chosen(tale, question.selection):
                continue
            at = places(tale, whole, closed)
            if at:
                yield tale, set(product(*(self._keys(tale, group, at) for group in question.groups)))

    def _keys(self, tale: Tale, group: str, at: Iterable[int]) -> list[Key]:
        if group == "time":
            return list(at)
        if group.startswith("cf_"):
            return list({text[:200] for text in self.shown(tale, int(group[3:]))}) or [""]
        named = {
            "project": tale.project,
            "tracker": tale.tracker,
            "status": tale.status,
            "priority": tale.priority,
            "author": tale.author,
        }
        return [executor(tale, self.company.closed) if group == "executor" else named[group]]

    def _is_chosen(self, tale: Tale, it: Selection) -> bool:
        plain = (
            (it.tracker_ids, tale.tracker),
            (it.status_ids, tale.status),
            (it.priority_ids, tale.priority),
            (it.author_ids, tale.author),
            (it.executor_ids, executor(tale, self.company.closed)),
            (it.task_ids, tale.id),
        )
        if any(ids and value not in ids for ids, value in plain):
            return False
        if it.project_ids and not set(self._above(tale.project)) & set(it.project_ids):
            return False
        if it.phase and (it.phase == "closed") != (tale.status in self.company.closed):
            return False
        for field in {field for field, _ in it.fields}:
            texts = {text[:200] for text in self.shown(tale, field)} or {""}
            if not texts & {text[:200] for each, text in it.fields if each == field}:
                return False
        return (it.unchanged_since is None or tale.updated < it.unchanged_since) and (
            it.created_since is None or tale.created >= it.created_since
        )

    def _above(self, project: int | None) -> Iterator[int]:
        while project is not None:
            yield project
            project = self.company.parents.get(project)


def question(dice: Random, company: Company, zone: ZoneInfo, fields: Sequence[int]) -> Question:
    """Return a random question; its borders are midnights, some of them those of days when the clocks change."""
    begin = dice.choice((datetime(2023, 11, 1), datetime(2025, 3, 25), datetime(2026, 10, 20)))
    days, number = dice.choice(((1, 12), (7, 20), (30, 36)))
    borders = tuple((begin + timedelta(days=days * place)).replace(tzinfo=zone) for place in range(number + 1))
    if dice.random() < 0.3:
        borders = (borders[0], borders[-1])
    named = [*NAMED_GROUPS, "time", *(f"cf_{field}" for field in fields)]
    groups = tuple(dict.fromkeys(dice.sample(named, dice.randint(0, 3))))
    return Question(_selection(dice, company, fields), dice.choice(MEASURES), borders, groups)


def alike(asked: Question) -> Iterator[Question]:
    """Yield what a page asks together: every measure by all groups and by fewer, in parts and as a whole."""
    ends = (asked.borders[0], asked.borders[-1])
    for measure in MEASURES:
        for groups in {asked.groups, asked.groups[:1], ()}:
            yield from (Question(asked.selection, measure, borders, groups) for borders in (asked.borders, ends))


def _selection(dice: Random, it: Company, fields: Sequence[int]) -> Selection:
    def some(ids: Sequence[int], often: float = 0.2) -> tuple[int, ...]:
        return tuple(dice.sample(list(ids), min(len(ids), dice.randint(1, 3)))) if dice.random() < often else ()

    def maybe() -> datetime | None:
        return BEGIN + (END - BEGIN) * dice.random() if dice.random() < 0.1 else None

    return Selection(
        project_ids=some(it.projects),
        tracker_ids=some(it.trackers, 0.1),
        status_ids=some(it.statuses, 0.1),
        phase=dice.choice(("", "", "", "open", "closed")),
        priority_ids=some(it.priorities, 0.1),
        executor_ids=some([0, *it.people, *it.assignees]),
        author_ids=some(it.people),
        fields=_texts(dice, fields) if fields and dice.random() < 0.2 else (),
        unchanged_since=maybe(),
        created_since=maybe(),
    )  # fmt: skip


def _texts(dice: Random, fields: Sequence[int]) -> tuple[tuple[int, str], ...]:
    return tuple((dice.choice(fields), dice.choice(("", *TEXTS))) for _ in range(2))


def last_closing(tale: Tale, closed: Collection[int]) -> datetime | None:
    """Return when a task was closed last, as backends note it."""
    return max(happened(tale, "closed", closed), default=None)


async def differences(
    source: ReportSource, actor: Actor, reckoning: Reckoning, asked: Question, dice: Random
) -> list[str]:
    """Return how a source's numbers and its tasks differ from the reckoned ones."""
    named = asked._replace(selection=asked.selection._replace(task_ids=()))
    together = [asked, *alike(named)]
    answers = await source.counts_of(actor, [it._replace(selection=asked.selection) for it in together])
    found = []
    for it, counted in zip(together, answers, strict=True):
        expected = reckoning.counts(it)
        wrong = [key for key in expected.keys() | counted.keys() if expected.get(key) != counted.get(key)]
        found += [f"{actor.id}, {it}, {key}: {counted.get(key)} and not {expected.get(key)}" for key in wrong]
    expected = reckoning.counts(asked)
    found += [f"alone, {actor.id}, {named}"] * (await source.counts(actor, asked) != expected)
    cells = [dict(zip(asked.groups, keys, strict=True)) for keys in dice.sample(list(expected), min(len(expected), 2))]
    for cell in [*cells, {}]:
        page, tasks = await source.found(actor, asked, cell, 1, 1_000), reckoning.tasks(asked, cell)
        ids = [row.id for row in page.rows]
        if ids != tasks or page.total != len(tasks):
            found.append(f"{actor.id}, {named} at {cell}: {set(ids) ^ set(tasks)} of {page.total} differ")
    created = sorted((it.created for it in reckoning.seen if it.id in tasks), reverse=True)
    place = dice.randrange(len(created) + 1)
    if await source.created(actor, asked, place) != next(iter(created[place:]), None):
        found.append(f"{actor.id}, {named}: another task was created as number {place} of {len(created)}")
    return found
