"""Histories of many of Redmine's tasks, some at a time."""

from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from functools import partial
from typing import TypeVar

from helpdesk.reports.model import Life, Question, Selection
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.sql import lives
from helpdesk.tasks.redmine.sql.source import Reading, Source
from helpdesk.tasks.redmine.visibility import Condition, Person

T = TypeVar("T")

AT_ONCE = 2_000
EVERYBODYS = Person(0, is_admin=True)
"""An administrator who is nobody: it sees every task that anybody sees."""


class RedmineLives:
    """`counted` returns the condition of the tasks of a question, `selected` that of a selection."""

    def __init__(
        self,
        source: Source,
        counted: Callable[[Reading, Question], Condition],
        selected: Callable[[Reading, Selection], Condition],
    ) -> None:
        self.source, self.counted, self.selected = source, counted, selected

    async def lives(self, actor: Actor, task_ids: Collection[int]) -> Mapping[int, Life]:
        found = await self._read(actor, lambda read: lives.lives(read, task_ids))
        return {life.id: life for life in found}

    async def lives_of(self, actor: Actor, question: Question) -> AsyncGenerator[tuple[Life, ...], None]:
        async for some in self._all(actor, lambda read: self.counted(read, question)):
            yield some

    async def open_lives(self, selection: Selection) -> AsyncGenerator[tuple[Life, ...], None]:
        wanted = selection._replace(phase="open")
        async for some in self._all(None, lambda read: self.selected(read, wanted)):
            yield some

    async def _all(
        self, actor: Actor | None, asked: Callable[[Reading], Condition]
    ) -> AsyncGenerator[tuple[Life, ...], None]:
        """Yield the histories of tasks. The ids are read first, so that no change moves the tasks."""
        ids = await self._read(actor, lambda read: lives.ids(read, asked(read)))
        for start in range(0, len(ids), AT_ONCE):
            yield await self._read(actor, partial(lives.lives, task_ids=ids[start : start + AT_ONCE]))

    async def _read(self, actor: Actor | None, work: Callable[[Reading], T]) -> T:
        """Run `work` as the actor, or as EVERYBODYS. Raises Silent, also for what can't be read."""
        database, source = self.source.database, self.source
        with database.readable():
            if actor:
                return await source.read(actor, work)
            return await database.run(lambda db: work(Reading(db, database, source.config(db), EVERYBODYS)))
