"""The Backend port over `store`."""

import logging
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import and_
from sqlmodel import Session

from helpdesk.errors import NotFound, SavedUnseen
from helpdesk.store import locks
from helpdesk.store.blobs import Blobs
from helpdesk.store.database import Database
from helpdesk.store.tracker import task_parts as parts
from helpdesk.store.tracker import tasks as rows
from helpdesk.tasks.backend import Capabilities, State
from helpdesk.tasks.checks import require_comment, wanted
from helpdesk.tasks.creation import NewTask, NewTaskForm
from helpdesk.tasks.embedded import create as embedded_create
from helpdesk.tasks.embedded.files import Files
from helpdesk.tasks.embedded.lists import among, cards, condition, numbers, page, statuses, vocabulary
from helpdesk.tasks.embedded.permissions import priorities, projects, rights, visible
from helpdesk.tasks.embedded.row_mapper import load, load_to_write, require_visible
from helpdesk.tasks.embedded.update import delete, edit_comment, entries_since, write
from helpdesk.tasks.files import Staged, Upload
from helpdesk.tasks.lists import (
    EXPORTED_AT_ONCE,
    CardQueryFactory,
    Cards,
    QueryFactory,
    TaskPage,
    TaskQuery,
    Vocabulary,
)
from helpdesk.tasks.model import Actor, Edit, OpenFile, Ref, Status, Task, TaskRow, Written
from helpdesk.tasks.phases import NO_RULES, Rules
from helpdesk.tasks.projects import ProjectMember, members
from helpdesk.tasks.statistics import Cell, Statistics, borders, counted

log = logging.getLogger(__name__)


class EmbeddedBackend:
    """The Backend port over `store`; an Actor's id is the account's."""

    capabilities = Capabilities("markdown", searches="subject and description", exact_assignees=True)
    state = State()

    def __init__(
        self, database: Database, blobs: Blobs, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.database = database
        self.clock = clock
        self.files = Files(database, blobs, clock)

    async def statuses(self) -> tuple[Status, ...]:
        return await self.database.run(statuses)

    async def vocabulary(self, actor: Actor) -> Vocabulary:
        return await self.database.run(lambda session: vocabulary(session, rights(session, actor)))

    async def members(self, actor: Actor, project_id: int) -> tuple[ProjectMember, ...]:
        def work(session: Session) -> tuple[ProjectMember, ...]:
            if project_id not in rights(session, actor).permissions:
                raise NotFound
            return members(rows.memberships(session, project_id))

        return await self.database.run(work)

    async def colleagues(self, actor: Actor) -> tuple[Ref, ...]:
        def work(session: Session) -> tuple[Ref, ...]:
            return tuple(Ref(*it) for it in rows.colleagues(session, rights(session, actor).permissions))

        return await self.database.run(work)

    async def tasks(
        self, actor: Actor, query: TaskQuery | QueryFactory, *, summed: bool = False, rules: Rules = NO_RULES
    ) -> TaskPage:
        def work(session: Session) -> TaskPage:
            mine = rights(session, actor)
            if callable(query):
                choices = vocabulary(session, mine)
                return page(session, mine, query(choices), summed, rules)._replace(vocabulary=choices)
            return page(session, mine, query, summed, rules)

        return await self.database.run(work)

    async def export(self, actor: Actor, query: TaskQuery) -> AsyncGenerator[tuple[TaskRow, ...], None]:
        """Read the ids first, and then some tasks at a time, so that no change moves them."""
        ids = await self.database.run(lambda session: numbers(session, rights(session, actor), query))
        rest = query._replace(task_ids=())  # these are among them; there may be too many to name them each time

        def read(session: Session, some: Sequence[int]) -> tuple[TaskRow, ...]:
            return among(session, rights(session, actor), rest, some)

        for start in range(0, len(ids), EXPORTED_AT_ONCE):
            yield await self.database.run(partial(read, some=ids[start : start + EXPORTED_AT_ONCE]))

    async def cards(self, actor: Actor, factory: CardQueryFactory) -> Cards:
        return await self.database.run(lambda session: cards(session, rights(session, actor), factory))

    async def seen(self, actor: Actor, task_ids: Collection[int]) -> Mapping[int, bool]:
        def work(session: Session) -> dict[int, bool]:
            mine = rights(session, actor)
            projects = rows.projects_of(session, and_(visible(mine), rows.TASK.c.id.in_(sorted(task_ids))))
            return {task: mine.has(project, "view_private") for task, project in projects}

        return await self.database.run(work)

    async def statistics(self, actor: Actor, query: TaskQuery, now: datetime, rules: Rules = NO_RULES) -> Statistics:
        def work(session: Session) -> Statistics:
            mine = rights(session, actor)
            matched = condition(session, mine, query.including_closed())
            return counted(
                rows.by_status(session, matched),
                (Cell(*row) for row in rows.divided(session, and_(matched, rows.OPEN), borders(now), now.date())),
                statuses(session),
                priorities(session),
                projects(session, mine),
                rules,
            )

        return await self.database.run(work)

    async def task(self, actor: Actor, task_id: int) -> Task:
        return await self.database.run(lambda session: load(session, actor, task_id))

    async def change(self, actor: Actor, task_id: int, edit: Edit) -> Written:
        def work(session: Session) -> Written | None:
            if "parent" in edit.details:
                locks.tasks_around(session, task_id)
            before = load_to_write(session, actor, task_id)
            entry_ids, file_ids = write(session, actor, self.clock(), before, wanted(before, edit, entries_since))
            try:
                after = load(session, actor, task_id)
            except NotFound:  # the change hid the task from its author
                return None
            return Written(before, after, entry_ids, file_ids)

        written = await self.database.run(work, writes=True)
        if written is None:
            raise SavedUnseen
        return written

    async def comment(self, actor: Actor, task_id: int, text: str, private: bool = False) -> Written:
        def work(session: Session) -> Written:
            before = load_to_write(session, actor, task_id)
            require_comment(before, private)
            entry_ids, _ = write(session, actor, self.clock(), before, Edit(comment=text, private=private))
            return Written(before, load(session, actor, task_id), entry_ids)

        return await self.database.run(work, writes=True)

    async def edit_comment(self, actor: Actor, task_id: int, entry_id: int, text: str) -> Written:
        def work(session: Session) -> Written:
            before = load_to_write(session, actor, task_id)
            edit_comment(session, before, entry_id, text.strip())
            return Written(before, load(session, actor, task_id))

        return await self.database.run(work, writes=True)

    async def watch(self, actor: Actor, task_id: int, watching: bool) -> Task:
        def work(session: Session) -> Task:
            load_to_write(session, actor, task_id)
            parts.watch(session, task_id, actor.id, watching)
            return load(session, actor, task_id)

        return await self.database.run(work, writes=True)

    async def delete(self, actor: Actor, task_id: int) -> None:
        def work(session: Session) -> list[str]:
            locks.tasks_around(session, task_id)
            return delete(session, load_to_write(session, actor, task_id))

        keys = await self.database.run(work, writes=True)
        try:
            await self.files.blobs.delete(keys)
        except OSError:  # the task is deleted; the files only take space
            log.exception("files of a deleted task were not removed", extra={"task": task_id})

    async def projects_for_new(self, actor: Actor) -> tuple[Ref, ...]:
        return await self.database.run(lambda session: embedded_create.projects(session, rights(session, actor)))

    async def new_task_form(self, actor: Actor, project_id: int, tracker_id: int | None = None) -> NewTaskForm:
        return await self.database.run(
            lambda session: embedded_create.new_task_form(session, actor, project_id, tracker_id)
        )

    async def create(self, actor: Actor, new_task: NewTask) -> Task:
        def work(session: Session) -> Task:
            return load(session, actor, embedded_create.create(session, actor, new_task, self.clock()))

        return await self.database.run(work, writes=True)

    async def stage(self, actor: Actor, upload: Upload) -> Staged:
        return await self.files.stage(actor, upload)

    async def open_file(self, actor: Actor, task_id: int, file_id: int) -> OpenFile:
        await self.database.run(lambda session: require_visible(session, actor, task_id))
        return await self.files.open(task_id, file_id)
