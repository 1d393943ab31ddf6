"""The Tracker port over `store`."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sqlalchemy import and_
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from helpdesk.store import tables
from helpdesk.store import tasks as rows
from helpdesk.store.database import Database
from helpdesk.tasks.checking import require_comment, wanted
from helpdesk.tasks.embedded.matching import matching
from helpdesk.tasks.embedded.reading import load, load_to_write, row_of
from helpdesk.tasks.embedded.rights import priorities, projects, rights, visible
from helpdesk.tasks.lists import Summary, TaskPage, TaskQuery, Vocabulary
from helpdesk.tasks.model import Actor, Edit, Field, Ref, Status, Task, Written
from helpdesk.tasks.tracker import Capabilities

COLUMNS: dict[Field, str] = {"status": "status_id", "priority": "priority_id", "assignee": "assignee_id"}


class EmbeddedTracker:
    """The Tracker port over `store`; an Actor's id is the account's."""

    capabilities = Capabilities("markdown", searches="subject and description", exact_assignees=True)

    def __init__(self, database: Database, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.database = database
        self.clock = clock

    async def vocabulary(self, actor: Actor) -> Vocabulary:
        def work(session: Session) -> Vocabulary:
            return Vocabulary(
                tuple(Status(*row) for row in rows.statuses(session)),
                priorities(session),
                projects(session, rights(session, actor)),
                tuple(Ref(*row) for row in rows.trackers(session)),
            )

        return await self.database.run(work)

    async def tasks(self, actor: Actor, query: TaskQuery) -> TaskPage:
        def work(session: Session) -> TaskPage:
            condition = _condition(session, actor, query)
            found = rows.page(session, condition, query.sort, query.descending, query.per_page, query.offset)
            ranks = {priority.id: priority for priority in priorities(session)}
            return TaskPage(tuple(row_of(row, ranks) for row in found), rows.count(session, condition), query)

        return await self.database.run(work)

    async def summary(self, actor: Actor, query: TaskQuery) -> Summary:
        everything = query._replace(status_ids=(), closed=True)

        def work(session: Session) -> Summary:
            condition = _condition(session, actor, everything)
            found = rows.by_status(session, condition)
            fresh = sum(number for is_closed, is_default, number in found if is_default and not is_closed)
            closed = sum(number for is_closed, _, number in found if is_closed)
            return Summary(fresh, sum(number for *_, number in found) - closed, closed)

        return await self.database.run(work)

    async def task(self, actor: Actor, task_id: int) -> Task:
        return await self.database.run(lambda session: load(session, actor, task_id))

    async def change(self, actor: Actor, task_id: int, edit: Edit) -> Written:
        def work(session: Session) -> Written:
            before = load_to_write(session, actor, task_id)
            wish = wanted(before, edit)
            self._write(session, actor, before, wish.changes, wish.comment)
            return Written(before, load(session, actor, task_id))

        return await self.database.run(work, writes=True)

    async def comment(self, actor: Actor, task_id: int, text: str, private: bool = False) -> Written:
        def work(session: Session) -> Written:
            before = load_to_write(session, actor, task_id)
            require_comment(before, private)
            self._write(session, actor, before, {}, text, private)
            return Written(before, load(session, actor, task_id))

        return await self.database.run(work, writes=True)

    def _write(
        self,
        session: Session,
        actor: Actor,
        before: Task,
        changes: Mapping[Field, int | None],
        comment: str,
        private: bool = False,
    ) -> None:
        """The task's new values, its next version, and the entry that tells of them."""
        now = self.clock()
        task = session.get_one(tables.Task, before.id)
        entry = tables.Entry(
            task_id=before.id, author_id=actor.id, created_at=now, notes=comment.strip(), is_private=private
        )
        session.add(entry)
        session.flush()
        assert entry.id is not None
        for field, value in changes.items():
            old, new = (None if v is None else str(v) for v in (before.value(field), value))
            session.add(tables.Change(entry_id=entry.id, field=field, old_value=old, new_value=new))
            setattr(task, COLUMNS[field], value)
        if "status" in changes:
            closed = session.get_one(tables.Status, changes["status"]).is_closed
            task.closed_at = now if closed else None
        if changes or not private:  # nobody who may not see a private comment shall notice it
            task.updated_at = now
            task.version += 1


def _condition(session: Session, actor: Actor, query: TaskQuery) -> ColumnElement[bool]:
    """What the actor may see and the query asks for."""
    mine = rights(session, actor)
    return and_(visible(mine, actor), *matching(session, actor, mine, query))
