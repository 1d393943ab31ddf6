"""The ReportSource port over `store`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from helpdesk.reports import counting, numbers
from helpdesk.reports.executors import Executors
from helpdesk.reports.model import (
    LONGEST_BEGINNING,
    Choices,
    Comment,
    Counts,
    Found,
    Involved,
    Key,
    Question,
    Selection,
    people,
)
from helpdesk.reports.sql import conditions
from helpdesk.store.database import Database, in_batches
from helpdesk.store.tracker import lists as list_rows
from helpdesk.store.tracker import tasks as rows
from helpdesk.tasks.embedded.feed import involved
from helpdesk.tasks.embedded.lists import vocabulary
from helpdesk.tasks.embedded.lives import EmbeddedLives
from helpdesk.tasks.embedded.permissions import Rights, priorities, rights, visible
from helpdesk.tasks.embedded.report_tables import fields, report_tables
from helpdesk.tasks.embedded.row_mapper import row_of
from helpdesk.tasks.model import Actor


class EmbeddedReports(EmbeddedLives):
    """The ReportSource port over `store`; an Actor's id is the account's."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, _counted, _selected)
        self.executors = Executors()

    async def choices(self, actor: Actor) -> Choices:
        return await self.database.run(lambda session: _choices(session, actor, self.executors))

    async def counts(self, actor: Actor, question: Question) -> Counts:
        return (await self.counts_of(actor, [question]))[0]

    async def counts_of(self, actor: Actor, questions: Sequence[Question]) -> tuple[Counts, ...]:
        def work(session: Session) -> tuple[Counts, ...]:
            tables = report_tables(session, rights(session, actor))
            return numbers.counts(tables, session.execute, questions)

        return await self.database.run(work)

    async def found(
        self, actor: Actor, question: Question, cell: Mapping[str, Key], page: int = 1, per_page: int = 25
    ) -> Found:
        return await self.database.run(lambda session: _found(session, actor, question, cell, page, per_page))

    async def created(self, actor: Actor, question: Question, place: int) -> datetime | None:
        def work(session: Session) -> datetime | None:
            tables = report_tables(session, rights(session, actor))
            moment: datetime | None = session.scalar(counting.created(tables, question, place))
            return moment

        return await self.database.run(work)

    async def names(self, actor: Actor, ids: Collection[int]) -> Mapping[int, str]:
        return await self.database.run(lambda session: _names(session, ids))

    async def last_comments(self, actor: Actor, task_ids: Collection[int]) -> Mapping[int, Comment]:
        return await self.database.run(lambda session: _last_comments(session, actor, task_ids))

    async def value_names(self, actor: Actor, field_id: int, texts: Collection[str]) -> Mapping[str, str]:
        return {}  # no field of the embedded tracker holds ids

    async def parents(self) -> Mapping[int, int]:
        return await self.database.run(_parents)

    async def involved(self, task_ids: Collection[int]) -> Mapping[int, Involved]:
        return await self.database.run(lambda session: involved(session, task_ids))


def _counted(session: Session, mine: Rights, question: Question) -> ColumnElement[bool]:
    picked = counting.picked(report_tables(session, mine), question, {})
    return rows.TASK.c.id.in_(sa.select(picked.c.id))


def _selected(session: Session, mine: Rights, selection: Selection) -> ColumnElement[bool]:
    return sa.and_(sa.true(), *conditions(report_tables(session, mine), selection))


def _choices(session: Session, actor: Actor, executors: Executors) -> Choices:
    mine = rights(session, actor)
    ids = executors.ids(report_tables(session, mine), session.scalars)
    return Choices(vocabulary(session, mine), fields(session, mine), people(ids, _names(session, ids)))


def _parents(session: Session) -> dict[int, int]:
    its = rows.PROJECT.c
    found = session.execute(sa.select(its.id, its.parent_id).where(its.parent_id.is_not(None)))
    return {row.id: row.parent_id for row in found}


def _names(session: Session, ids: Iterable[int]) -> dict[int, str]:
    return {key: name for batch in in_batches(ids) for key, name in rows.names(session, batch).items()}


def _last_comments(session: Session, actor: Actor, task_ids: Collection[int]) -> dict[int, Comment]:
    mine = rights(session, actor)
    seen = session.scalars(sa.select(rows.TASK.c.id).where(rows.TASK.c.id.in_(task_ids), visible(mine))).all()
    private = [it for it, names in mine.permissions.items() if "view_private" in names]
    found = list_rows.last_comments(session, seen, private, mine.person_id, LONGEST_BEGINNING)
    names = _names(session, {row[1] for row in found})
    return {row[0]: Comment(names.get(row[1], ""), *row[2:]) for row in found}


def _found(
    session: Session, actor: Actor, question: Question, cell: Mapping[str, Key], page: int, per_page: int
) -> Found:
    tables = report_tables(session, rights(session, actor))
    picked = counting.picked(tables, question, cell)
    total = session.scalar(sa.select(sa.func.count()).select_from(picked))
    ids = session.scalars(counting.page(tables, question, picked, page, per_page)).all()
    ranks = {priority.id: priority for priority in priorities(session)}
    shown = list_rows.rows_of(session, ids, tables.visible)
    return Found(tuple(row_of(row, ranks) for row in shown), total or 0)
