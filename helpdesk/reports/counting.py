"""Count and find the tasks of a question by one builder, so that a number's tasks are those that it counts."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from helpdesk.reports.model import TIME, Counts, Key, Question
from helpdesk.reports.sql import Column, Condition, Events, Tables, column_of, conditions, field_of, is_key, place

Run = Callable[[sa.Select[Any]], Iterable[Any]]
"""Runs a statement and returns its rows."""
TASKS = sa.func.count()
MOST_PAGES = 1_000_000


class Part(NamedTuple):
    """Rows of tasks to which something happened at `moment`; a task may be in several rows where it `repeats`.

    Where it does not `count` it happened when the task was created.
    """

    source: sa.FromClause
    moment: Column
    conditions: tuple[Condition, ...]
    repeats: bool = False
    counts: Condition | None = None

    def place(self, tables: Tables, borders: Sequence[datetime]) -> Column:
        own = place(self.moment, borders)
        return own if self.counts is None else sa.case((self.counts, own), else_=place(tables.created, borders))


def counts(tables: Tables, run: Run, question: Question) -> Counts:
    """Count the tasks of a question by its groups. Raises NotFound for a custom field that is not there."""
    if question.measure == "open":
        return _open(tables, run, question)
    borders = [tables.border(each) for each in question.borders]
    total: Counter[tuple[Key, ...]] = Counter()
    for part in _parts(tables, question):
        amount = sa.func.count(sa.distinct(tables.id)) if part.repeats else TASKS
        moments = {TIME: part.place(tables, borders[1:-1])}
        for *keys, number in run(_grouped(tables, question, part, moments, question.groups, amount)):
            total[_plain(keys)] += number
    return {keys: number for keys, number in total.items() if number}


def picked(tables: Tables, question: Question, cell: Mapping[str, Key]) -> sa.Subquery:
    """Return the `id` of each task that a question counts where its groups have these values. Raises NotFound."""
    question, more = _narrowed(tables, question, cell)
    parts = _open_at(tables, question) if question.measure == "open" else _parts(tables, question)
    shared = [tables.visible, *conditions(tables, question.selection), *more]
    each = [sa.select(tables.id.label("id")).select_from(it.source).where(*it.conditions, *shared) for it in parts]
    distinct = [one.distinct() if it.repeats else one for one, it in zip(each, parts, strict=True)]
    return (sa.union_all(*distinct) if len(each) > 1 else distinct[0]).subquery()


def _narrowed(tables: Tables, question: Question, cell: Mapping[str, Key]) -> tuple[Question, list[Condition]]:
    """Return the question for the time of a cell, and the conditions of its other values."""
    more = [is_key(tables, group, key) for group, key in cell.items() if group != TIME]
    if TIME in cell:
        number = cell[TIME]
        if not isinstance(number, int) or not 0 <= number < len(question.borders) - 1:
            return question, [sa.false()]
        question = question._replace(borders=question.borders[number : number + 2])
    return question, more


def _parts(tables: Tables, question: Question) -> list[Part]:
    """Return what happened within the borders of a question of any measure but `open`."""
    begin, end = tables.border(question.borders[0]), tables.border(question.borders[-1])

    def within(column: Column) -> Condition:
        return sa.and_(column >= begin, column < end)

    if question.measure == "created":
        return [Part(tables.tasks, tables.created, (within(tables.created),))]
    step = tables.steps()
    events = step.events
    source = events.source.join(tables.tasks, tables.id == events.task)
    history = (events.condition, tables.again(events.task), events.moment >= begin)
    if question.measure == "reopened":
        return [Part(source, events.moment, (*history, step.reopens, events.moment < end), repeats=True)]
    # What begins with a reopening was closed when it was created.
    begun_closed = sa.and_(step.reopens, sa.not_(_crossed_before(tables, events)), within(tables.created))
    closed = sa.or_(sa.and_(step.closes, events.moment < end), begun_closed)
    once = (tables.status.in_(tables.closed), within(tables.closed_at), sa.not_(tables.again(tables.id)))
    return [
        Part(tables.tasks, tables.closed_at, once),
        Part(source, events.moment, (*history, closed), True, step.closes),
    ]


def _crossed_before(tables: Tables, later: Events) -> Condition:
    """Return the condition that a task was closed or reopened before an event."""
    step = tables.steps()
    events = step.events
    same = sa.and_(events.moment == later.moment, events.id < later.id)
    earlier = sa.exists().select_from(events.source).where(events.task == later.task, events.condition, step.crosses)
    return earlier.where(sa.or_(events.moment < later.moment, same))


def _open_at(tables: Tables, question: Question) -> list[Part]:
    """Return the tasks that are open at the last border: what they are now, without what happened since."""
    border, step = tables.border(question.borders[-1]), tables.steps()
    since = step.select(step.events.task.label("task"), sa.func.sum(step.opened).label("opened"))
    since = since.where(tables.again(step.events.task), step.crosses, step.events.moment >= border)
    later = since.group_by(step.events.task).subquery("later")
    open_then = sa.case((tables.is_open, 1), else_=0) - sa.func.coalesce(later.c.opened, 0) > 0
    source, there = tables.tasks.outerjoin(later, later.c.task == tables.id), tables.created < border
    again = tables.again(tables.id)
    once = sa.or_(tables.is_open, tables.closed_at >= border)
    return [
        Part(tables.tasks, tables.created, (there, once, sa.not_(again))),
        Part(source, tables.created, (there, again, open_then)),
    ]


def _open(tables: Tables, run: Run, question: Question) -> Counts:
    """Count the tasks that are open at borders: each from one place, that of its creation, until another."""
    has_time = TIME in question.groups
    borders = [tables.border(each) for each in (question.borders[1:] if has_time else question.borders[-1:])]
    others = tuple(group for group in question.groups if group != TIME)
    changes: Counter[tuple[tuple[Key, ...], int]] = Counter()
    for part, until, amount in _spans(tables, borders):
        moments = {"since": place(part.moment, borders), "until": until}
        statement = _grouped(tables, question, part, moments, ("since", "until", *others), amount)
        for begin, end, *keys, number in run(statement.where(moments["since"] < moments["until"])):
            changes[_plain(keys), begin] += int(number)
            changes[_plain(keys), end] -= int(number)
    return _summed(changes, len(borders), question.groups.index(TIME) if has_time else None)


def _spans(tables: Tables, borders: Sequence[Any]) -> Iterator[tuple[Part, Column, Column]]:
    """Yield tasks that are open since they were created, the place where that ends, and how often each row counts.

    Of tasks with a history those that are open now count for ever, without what happened since each border.
    """
    there, again, is_open = tables.created < borders[-1], tables.again(tables.id), tables.is_open
    for_ever: Column = sa.literal_column(str(len(borders)))
    end = sa.case((is_open, for_ever), else_=place(tables.closed_at, borders))
    yield Part(tables.tasks, tables.created, (there, sa.not_(again))), end, TASKS
    yield Part(tables.tasks, tables.created, (there, again, is_open)), for_ever, TASKS
    step = tables.steps()
    events = step.events
    source = events.source.join(tables.tasks, tables.id == events.task)
    moved = (there, events.condition, tables.again(events.task), step.crosses, events.moment >= borders[0])
    yield Part(source, tables.created, moved), place(events.moment, borders), -sa.func.sum(step.opened)


def _summed(changes: Mapping[tuple[tuple[Key, ...], int], int], places: int, position: int | None) -> Counts:
    """Return the running sums of changes as counts, with their places where the group of times is."""
    counted: dict[tuple[Key, ...], int] = {}
    for keys in dict.fromkeys(keys for keys, _ in changes):
        number = 0
        for index in range(places):
            number += changes.get((keys, index), 0)
            if number > 0:
                counted[keys if position is None else (*keys[:position], index, *keys[position:])] = number
    return counted


def _grouped(
    tables: Tables,
    question: Question,
    part: Part,
    moments: Mapping[str, Column],
    groups: Sequence[str],
    amount: Column,
) -> sa.Select[Any]:
    """Return the statement for the amount of each combination of keys."""
    source, keys = part.source, list[Column]()
    for number, group in enumerate(groups):
        name = f"key_{number}"
        if group in moments:
            keys.append(moments[group].label(name))
        elif field_id := field_of(group):
            values = tables.values(field_id)
            matches = [values.task == tables.id, values.condition, values.seen]
            if values.is_multiple:
                twin = tables.values(field_id)
                same = (twin.task == values.task, twin.condition, tables.text(twin.text) == tables.text(values.text))
                again = sa.exists().select_from(twin.source).where(*same, twin.place < values.place)
                matches.append(sa.not_(again.correlate(values.source)))
            source = source.outerjoin(values.source, sa.and_(*matches))
            keys.append(sa.func.coalesce(tables.text(values.text), "").label(name))
        else:
            keys.append(column_of(tables, group).label(name))
    chosen = (*part.conditions, tables.visible, *conditions(tables, question.selection))
    # By name in GROUP BY: with repeated parameters PostgreSQL does not recognise the expressions as the same.
    names = [key.name for key in keys]
    return sa.select(*keys, amount).select_from(source).where(*chosen).group_by(*names)


def _plain(keys: Iterable[Any]) -> tuple[Key, ...]:
    """Return keys without the bytes of MySQL's texts."""
    return tuple(key.decode("utf-8", "replace") if isinstance(key, bytes) else key for key in keys)


def page(tables: Tables, question: Question, picked: sa.Subquery, number: int, size: int) -> sa.Select[Any]:
    """Return the statement for the ids of a page of what was picked, in the order of `ReportSource.found`."""
    number, size = min(max(number, 1), MOST_PAGES), max(size, 1)
    ids = sa.select(picked.c.id).limit(size).offset((number - 1) * size)
    if not question.selection.unchanged_since:
        return ids.order_by(picked.c.id.desc())
    return ids.join(tables.tasks, tables.id == picked.c.id).order_by(tables.updated, tables.id)


def created(tables: Tables, question: Question, place: int) -> sa.Select[Any]:
    """Return the statement for the creation of one of a question's tasks: that created last is at place 0."""
    its = picked(tables, question, {})
    found = sa.select(tables.created).select_from(tables.tasks.join(its, its.c.id == tables.id))
    return found.order_by(tables.created.desc()).limit(1).offset(place)


def executor_ids(tables: Tables) -> sa.Select[Any]:
    """Return the statement for the executors of visible tasks, each once."""
    return sa.select(tables.executor.label("executor")).where(tables.visible).distinct()
