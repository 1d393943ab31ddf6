"""The ReportSource port over Redmine's database. REST can't count so."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa

from helpdesk.reports import counting, numbers
from helpdesk.reports.executors import Executors
from helpdesk.reports.model import Choices, Comment, Counts, Found, Involved, Key, Question, Selection, people
from helpdesk.reports.sql import Tables, conditions
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.lives import RedmineLives
from helpdesk.tasks.redmine.sql.again import Again
from helpdesk.tasks.redmine.sql.involved import involved
from helpdesk.tasks.redmine.sql.lists import vocabulary
from helpdesk.tasks.redmine.sql.lives import last_comments
from helpdesk.tasks.redmine.sql.query_conditions import issues
from helpdesk.tasks.redmine.sql.report_tables import report_tables, snapshot
from helpdesk.tasks.redmine.sql.report_values import fields, value_names
from helpdesk.tasks.redmine.sql.source import ROWS, Reading, Source
from helpdesk.tasks.redmine.visibility import Condition

T = TypeVar("T")


class RedmineReports(RedmineLives):
    """The ReportSource port over Redmine's database."""

    def __init__(self, source: Source) -> None:
        super().__init__(source, self._counted, self._selected)
        self.again, self.executors = Again(), Executors()

    async def choices(self, actor: Actor) -> Choices:
        def work(read: Reading, tables: Tables) -> Choices:
            ids = self.executors.ids(tables, read.db.scalars)
            return Choices(vocabulary(read), fields(read), people(ids, read.names(ids)))

        return await self._at_one_moment(actor, work)

    async def counts(self, actor: Actor, question: Question) -> Counts:
        return (await self.counts_of(actor, [question]))[0]

    async def counts_of(self, actor: Actor, questions: Sequence[Question]) -> tuple[Counts, ...]:
        def work(read: Reading, tables: Tables) -> tuple[Counts, ...]:
            return numbers.counts(tables, read.db.execute, questions)

        return await self._at_one_moment(actor, work)

    async def found(
        self, actor: Actor, question: Question, cell: Mapping[str, Key], page: int = 1, per_page: int = 25
    ) -> Found:
        return await self._at_one_moment(
            actor, lambda read, tables: _found(read, tables, question, cell, page, per_page)
        )

    async def created(self, actor: Actor, question: Question, place: int) -> datetime | None:
        def work(read: Reading, tables: Tables) -> datetime | None:
            found = read.db.scalar(counting.created(tables, question, place))
            return found and read.moment(found)

        return await self._at_one_moment(actor, work)

    async def names(self, actor: Actor, ids: Collection[int]) -> Mapping[int, str]:
        return await self._read(actor, lambda read: read.names(ids))

    async def last_comments(self, actor: Actor, task_ids: Collection[int]) -> Mapping[int, Comment]:
        return await self._read(actor, lambda read: last_comments(read, task_ids))

    async def value_names(self, actor: Actor, field_id: int, texts: Collection[str]) -> Mapping[str, str]:
        return await self._read(actor, lambda read: value_names(read, field_id, texts))

    async def parents(self) -> Mapping[int, int]:
        projects = await self._read(None, lambda read: read.config.projects)
        return {it.id: it.parent_id for it in projects if it.parent_id is not None}

    async def involved(self, task_ids: Collection[int]) -> Mapping[int, Involved]:
        return await self._read(None, lambda read: involved(read.db, self.source, task_ids))

    def _counted(self, read: Reading, question: Question) -> Condition:
        picked = counting.picked(report_tables(read, self.again), question, {})
        return issues.id.in_(sa.select(picked.c.id))

    def _selected(self, read: Reading, selection: Selection) -> Condition:
        return sa.and_(sa.true(), *conditions(report_tables(read, self.again), selection))

    async def _at_one_moment(self, actor: Actor, work: Callable[[Reading, Tables], T]) -> T:
        """Run `work` with all of its statements as of one moment. Raises Silent."""

        def in_snapshot(read: Reading) -> T:
            with snapshot(read):
                return work(read, report_tables(read, self.again))

        return await self._read(actor, in_snapshot)


def _found(
    read: Reading, tables: Tables, question: Question, cell: Mapping[str, Key], page: int, per_page: int
) -> Found:
    picked = counting.picked(tables, question, cell)
    total = read.db.scalar(sa.select(sa.func.count()).select_from(picked))
    ids = read.db.scalars(counting.page(tables, question, picked, page, per_page)).all()
    shown = {
        row.id: row for row in read.task_rows(read.db.execute(ROWS.where(issues.id.in_(ids), tables.visible)).all())
    }
    return Found(tuple(shown[id] for id in ids if id in shown), total or 0)
