"""Find the tasks of a question, those that a number counts: `numbers.py` counts them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from helpdesk.reports.model import TIME, Key, Question
from helpdesk.reports.sql import Column, Condition, Events, Tables, conditions, is_key

MOST_PAGES = 1_000_000


class Part(NamedTuple):
    """Rows of tasks to which something happened; a task may be in several rows where it `repeats`."""

    source: sa.FromClause
    conditions: tuple[Condition, ...]
    repeats: bool = False


def picked(tables: Tables, question: Question, cell: Mapping[str, Key]) -> sa.Subquery:
    """Return the `id` of each task that a question counts where its groups have these values. Raises NotFound."""
    question, more = _narrowed(tables, question, cell)
    parts = _open_at(tables, question) if question.measure == "open" else _parts(tables, question)
    shared = [*conditions(tables, question.selection), tables.visible, *more]
    each = [sa.select(tables.id.label("id")).select_from(it.source).where(*shared, *it.conditions) for it in parts]
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
        return [Part(tables.tasks, (within(tables.created),))]
    step = tables.steps()
    events = step.events
    source = events.source.join(tables.tasks, tables.id == events.task)
    history = (events.condition, tables.again(events.task), events.moment >= begin)
    if question.measure == "reopened":
        return [Part(source, (*history, step.reopens, events.moment < end), repeats=True)]
    # What begins with a reopening was closed when it was created.
    begun_closed = sa.and_(step.reopens, sa.not_(_crossed_before(tables, events)), within(tables.created))
    closed = sa.or_(sa.and_(step.closes, events.moment < end), begun_closed)
    once = (tables.status.in_(tables.closed), within(tables.closed_at), sa.not_(tables.again(tables.id)))
    return [Part(tables.tasks, once), Part(source, (*history, closed), repeats=True)]


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
    if is_settled(question):
        return [Part(tables.tasks, (tables.created < border, tables.is_open))]
    task = tables.apart(step.events.task)
    since = step.select(task.label("task"), sa.func.sum(step.opened).label("opened"))
    since = since.where(tables.again(step.events.task), step.crosses, step.events.moment >= border)
    later = since.group_by(task).subquery("later")
    open_then = sa.case((tables.is_open, 1), else_=0) - sa.func.coalesce(later.c.opened, 0) > 0
    source, there = tables.tasks.outerjoin(later, later.c.task == tables.id), tables.created < border
    again = tables.again(tables.id)
    once = sa.or_(tables.is_open, tables.closed_at >= border)
    return [Part(tables.tasks, (there, once, sa.not_(again))), Part(source, (there, again, open_then))]


def is_settled(question: Question) -> bool:
    """Tell whether tasks are open at all borders because they are now, and have not changed since."""
    unchanged, first = question.selection.unchanged_since, question.borders[1 if TIME in question.groups else -1]
    is_open_now = question.measure == question.selection.phase == "open"
    return is_open_now and unchanged is not None and first >= unchanged


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
