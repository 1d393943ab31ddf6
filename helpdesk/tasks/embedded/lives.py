"""Histories of the embedded tracker's tasks as far as times depend on them."""

from array import array
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from helpdesk.reports import histories
from helpdesk.reports.histories import Present, Step
from helpdesk.reports.model import Life, Question, Selection
from helpdesk.store.database import KEYS_AT_ONCE, Database
from helpdesk.store.tracker import lives as rows
from helpdesk.tasks.embedded.permissions import SYSTEM, Rights, rights, visible
from helpdesk.tasks.model import Actor

Asked = Callable[[Session, Rights], ColumnElement[bool]]
"""Returns the condition of tasks, which need not be limited to those that the person sees."""


class EmbeddedLives:
    """`counted` returns the condition of the tasks of a question, `selected` that of a selection."""

    def __init__(
        self,
        database: Database,
        counted: Callable[[Session, Rights, Question], ColumnElement[bool]],
        selected: Callable[[Session, Rights, Selection], ColumnElement[bool]],
    ) -> None:
        self.database, self.counted, self.selected = database, counted, selected

    async def lives(self, actor: Actor, task_ids: Collection[int]) -> Mapping[int, Life]:
        return {life.id: life for life in await self._lives(actor, task_ids)}

    async def lives_of(self, actor: Actor, question: Question) -> AsyncGenerator[tuple[Life, ...], None]:
        async for some in self._all(actor, lambda session, mine: self.counted(session, mine, question)):
            yield some

    async def open_lives(self, selection: Selection) -> AsyncGenerator[tuple[Life, ...], None]:
        wanted = selection._replace(phase="open")
        async for some in self._all(SYSTEM, lambda session, mine: self.selected(session, mine, wanted)):
            yield some

    async def _all(self, actor: Actor, asked: Asked) -> AsyncGenerator[tuple[Life, ...], None]:
        """Yield the histories of tasks. The ids are read first, so that no change moves the tasks."""

        def numbers(session: Session) -> Sequence[int]:
            mine = rights(session, actor)
            return array("q", rows.numbers(session, visible(mine) & asked(session, mine)))

        ids = await self.database.run(numbers)
        for start in range(0, len(ids), KEYS_AT_ONCE):
            yield await self._lives(actor, ids[start : start + KEYS_AT_ONCE])

    async def _lives(self, actor: Actor, task_ids: Collection[int]) -> tuple[Life, ...]:
        return await self.database.run(lambda session: _lives(session, actor, task_ids))


def _lives(session: Session, actor: Actor, task_ids: Collection[int]) -> tuple[Life, ...]:
    found = rows.tasks(session, task_ids, visible(rights(session, actor)))
    ids = [row.id for row in found]
    tasks = (Present._make((*row[:-1], _seconds(row.created_at))) for row in found)
    steps = (Step(row[0], _seconds(row[1]), *row[2:]) for row in rows.steps(session, ids))
    answers = {task_id: _seconds(moment) for task_id, moment in rows.answers(session, ids)}
    return tuple(histories.lives(tasks, steps, answers, rows.closed(session)))


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
