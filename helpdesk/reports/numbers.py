"""Count the tasks of several questions in few statements.

Most tasks were never reopened, and when they were created and closed is all that there is to know of them: one
statement counts those of all questions that have the same selection and groups. Of the others, which are few, one
statement reads what happened to them, for all questions of a selection; it is put together here.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from helpdesk.reports.counting import is_settled
from helpdesk.reports.model import TIME, Counts, Keys, Question, Selection
from helpdesk.reports.sql import Column, Condition, Tables, column_of, conditions, field_of, place

Run = Callable[[sa.Select[Any]], Iterable[Any]]
"""Runs a statement and returns its rows."""
Batch = tuple[Selection, tuple[str, ...]]
FEW_BORDERS = 4
"""With as few, the values of more groups are few more rows."""


class Tally:
    """The numbers of a question so far. Places of moments are those among `union`, the borders of several questions.

    With `unchanged` it counts what is open now and was changed before: that is a column, and no selection of its own.
    """

    def __init__(self, tables: Tables, question: Question) -> None:
        self.measure, self.selection = question.measure, question.selection
        self.unchanged: datetime | None = None
        self.groups = tuple(group for group in question.groups if group != TIME)
        if is_settled(question) and (moment := question.selection.unchanged_since):
            self.unchanged = tables.border(moment)
            self.selection = question.selection._replace(unchanged_since=None, phase="")
        borders = [tables.border(each) for each in question.borders]
        self.time = question.groups.index(TIME) if TIME in question.groups else None
        if self.time is None:
            borders = [borders[0], borders[-1]]
        self.borders = borders[1:] if self.measure == "open" else borders
        self.found: Counter[Keys] = Counter()
        self._changes: Counter[tuple[Keys, int]] = Counter()

    def span_at(self, union: Sequence[datetime]) -> list[int | None]:
        """Return the place of time at which something counts that happened at each place among `union`."""
        cuts = [bisect_left(union, each) for each in self.borders]
        spans = (bisect_left(cuts, at) - 1 for at in range(len(union) + 1))
        return [span if 0 <= span < len(cuts) - 1 else None for span in spans]

    def first_at(self, union: Sequence[datetime]) -> list[int]:
        """Return the first border that is after each place among `union`."""
        cuts = [bisect_left(union, each) for each in self.borders]
        return [bisect_left(cuts, at) for at in range(len(union) + 1)]

    def add(self, keys: Keys, span: int | None, number: int) -> None:
        """Count tasks to which something happened."""
        if span is not None:
            self.found[self._at(keys, span)] += number

    def open(self, keys: Keys, begin: int, end: int, number: int) -> None:
        """Count tasks that are open from one border until before another."""
        if begin < end:
            self._changes[keys, begin] += number
            self._changes[keys, end] -= number

    def counts(self) -> Counts:
        for keys in dict.fromkeys(keys for keys, _ in self._changes):
            number = 0
            for border in range(len(self.borders)):
                number += self._changes[keys, border]
                self.found[self._at(keys, border)] = max(number, 0)
        return {keys: number for keys, number in self.found.items() if number}

    def _at(self, keys: Keys, span: int) -> Keys:
        return keys if self.time is None else (*keys[: self.time], span, *keys[self.time :])


def counts(tables: Tables, run: Run, questions: Sequence[Question]) -> tuple[Counts, ...]:
    """Count the tasks of questions by their groups. Raises NotFound for a custom field that is not there."""
    tallies = [Tally(tables, each) for each in questions]
    plain, reopened = defaultdict[Batch, list[Tally]](list), defaultdict[Any, list[Tally]](list)
    for each in tallies:
        if each.measure != "reopened":
            plain[each.selection, each.groups].append(each)
        if each.measure != "created" and each.unchanged is None:
            # A task with several values of a field is in several rows.
            reopened[each.selection, frozenset(filter(field_of, each.groups))].append(each)
    for batch in _widened(plain):
        _count_plain(tables, run, batch)
    for batch in reopened.values():
        _count_reopened(tables, run, batch)
    return tuple(each.counts() for each in tallies)


def _widened(batches: Mapping[Batch, list[Tally]]) -> Iterator[list[Tally]]:
    """Yield the tallies of batches, those of few borders with others that have their groups, too."""
    left = dict(batches)
    for selection, groups in sorted(batches, key=lambda it: len(it[1])):
        its = left[selection, groups]
        for (same, wider), more in left.items():
            is_wider = same == selection and set(groups) < set(wider) and not any(map(field_of, wider))
            if is_wider and len(_union([*its, *more])) <= FEW_BORDERS:
                more.extend(its)
                del left[selection, groups]
                break
    yield from left.values()


def _count_plain(tables: Tables, run: Run, tallies: Sequence[Tally]) -> None:
    """Count what was created; of the rest what was never reopened, and all that is open now as if it always had been
    since it was created."""
    union, moments = _union(tallies), sorted({each.unchanged for each in tallies if each.unchanged})
    created, closed, opened = ([each for each in tallies if each.measure == it] for it in ("created", "closed", "open"))
    wanted, then = list[Condition](), list[Condition]()
    if created:
        wanted.append(_within(tables.created, created))
    if closed:
        then.append(_within(tables.closed_at, closed))
    if opened:
        there = tables.created < _union(opened)[-1]
        wanted.append(sa.and_(tables.is_open, there))
        if not all(each.unchanged for each in opened):
            then.append(sa.and_(there, tables.closed_at >= _union(opened)[0]))
    if then:
        wanted.append(sa.and_(tables.status.in_(tables.closed), sa.or_(*then)))
    now, later = len(union), len(union) + 1
    until = sa.case(
        (tables.is_open, sa.literal_column(str(now))),
        (tables.again(tables.id), sa.literal_column(str(later))),
        else_=place(tables.closed_at, union),
    )
    columns = (
        place(tables.created, union if created or opened else ()),
        until if closed or opened else sa.literal_column("0"),
        place(tables.updated, moments),
    )
    statement = _selected(tables, tallies, tables.tasks, columns, [sa.or_(*wanted)])
    places = [(each, each.span_at(union), each.first_at(union), _picked(tallies, each)) for each in tallies]
    for since, end, changed, *group, number in run(_counted(statement)):
        keys = _plain(group)
        for each, span, first, own in places:
            key = tuple(keys[i] for i in own)
            if each.measure == "created":
                each.add(key, span[since], number)
            elif each.measure == "closed":
                each.add(key, span[end] if end < now else None, number)
            elif each.unchanged is None or (end == now and changed <= moments.index(each.unchanged)):
                each.open(key, first[since], first[end] if end < later else 0, number)


def _count_reopened(tables: Tables, run: Run, tallies: Sequence[Tally]) -> None:
    """Count what happened to tasks that were reopened. What is open at a border is what is open now, of
    `_count_plain`, without what happened since."""
    union, step = _union(tallies), tables.steps()
    events = step.events
    happened = [events.condition, tables.again(events.task), step.crosses, events.moment >= union[0]]
    if all(each.measure == "reopened" for each in tallies):
        happened.append(events.moment < union[-1])
    source = events.source.join(tables.tasks, tables.id == events.task)
    is_open = sa.case((tables.is_open, 1), else_=0)
    columns = (tables.id, place(tables.created, union), place(events.moment, union), step.opened, is_open)
    statement = _selected(tables, tallies, source, columns, happened)
    closings, reopenings = set[tuple[int, Keys, int]](), set[tuple[int, Keys, int]]()
    states, firsts = dict[tuple[int, Keys], int](), dict[tuple[int, Keys], tuple[int, int]]()
    moves = Counter[tuple[Keys, int, int, int]]()
    last_first = (tables.id, events.moment.desc(), events.id.desc())
    for task, since, at, opened, now, *group in run(statement.order_by(*last_first)):
        row = task, _plain(group)
        # A history that leads elsewhere than to the present status opens no task twice.
        after = states.get(row, now)
        states[row], firsts[row] = after - opened, (since, opened)
        if change := (after > 0) - (after > opened):
            moves[row[1], since, at, change] += 1
        (reopenings if opened > 0 else closings).add((*row, at))
    # What begins with a reopening was closed when it was created.
    closings |= {(*row, since) for row, (since, opened) in firsts.items() if opened > 0}
    for each in tallies:
        own = _picked(tallies, each)
        if each.measure == "open":
            first = each.first_at(union)
            for (keys, since, at, change), number in moves.items():
                each.open(tuple(keys[i] for i in own), first[since], first[max(since, at)], -change * number)
        else:
            span, its = each.span_at(union), reopenings if each.measure == "reopened" else closings
            for _, keys, place_of_time in {(task, tuple(keys[i] for i in own), span[at]) for task, keys, at in its}:
                each.add(keys, place_of_time, 1)


def _union(tallies: Iterable[Tally]) -> list[datetime]:
    return sorted({border for each in tallies for border in each.borders})


def _groups(tallies: Iterable[Tally]) -> list[str]:
    return list(dict.fromkeys(group for each in tallies for group in each.groups))


def _picked(tallies: Iterable[Tally], tally: Tally) -> list[int]:
    """Return the places of a tally's groups among those of all."""
    groups = _groups(tallies)
    return [groups.index(group) for group in tally.groups]


def _within(column: Column, tallies: Iterable[Tally]) -> Condition:
    union = _union(tallies)
    return sa.and_(column >= union[0], column < union[-1])


def _selected(
    tables: Tables,
    tallies: Sequence[Tally],
    source: sa.FromClause,
    columns: Iterable[Column],
    chosen: Iterable[Condition],
) -> sa.Select[Any]:
    """Return the statement for columns and the groups of tallies, which have the same selection."""
    keys = list(columns)
    for group in _groups(tallies):
        if field_id := field_of(group):
            values = tables.values(field_id)
            matches = [values.task == tables.id, values.condition, values.seen]
            if values.is_multiple:
                twin = tables.values(field_id)
                same = (twin.task == values.task, twin.condition, tables.text(twin.text) == tables.text(values.text))
                again = sa.exists().select_from(twin.source).where(*same, twin.place < values.place)
                matches.append(sa.not_(again.correlate(values.source)))
            source = source.outerjoin(values.source, sa.and_(*matches))
            keys.append(sa.func.coalesce(tables.text(values.text), ""))
        else:
            keys.append(column_of(tables, group))
    named = (key.label(f"key_{number}") for number, key in enumerate(keys))
    every = (*chosen, tables.visible, *conditions(tables, tallies[0].selection))
    return sa.select(*named).select_from(source).where(*every)


def _counted(statement: sa.Select[Any]) -> sa.Select[Any]:
    """Return the statement for the number of rows with the same values."""
    # By name in GROUP BY: with repeated parameters PostgreSQL does not recognise the expressions as the same.
    names = [column.name for column in statement.selected_columns]
    return statement.add_columns(sa.func.count()).group_by(*names)


def _plain(keys: Iterable[Any]) -> Keys:
    """Return keys without the bytes of MySQL's texts."""
    return tuple(key.decode("utf-8", "replace") if isinstance(key, bytes) else key for key in keys)
