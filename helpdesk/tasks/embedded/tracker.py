"""The Tracker port over `store`."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

from sqlalchemy import and_
from sqlmodel import Session

from helpdesk.errors import NotFound
from helpdesk.store import task_parts as parts
from helpdesk.store import tasks as rows
from helpdesk.store.blobs import Blobs
from helpdesk.store.database import Database
from helpdesk.tasks.cards import Asking, Cards
from helpdesk.tasks.checking import require_comment, wanted
from helpdesk.tasks.creation import Blank, NewTask
from helpdesk.tasks.embedded import creating
from helpdesk.tasks.embedded.cards import cards
from helpdesk.tasks.embedded.files import Files
from helpdesk.tasks.embedded.lists import by_status, condition, page, statuses, vocabulary
from helpdesk.tasks.embedded.reading import load, load_to_write, require_visible
from helpdesk.tasks.embedded.rights import priorities, projects, rights, visible
from helpdesk.tasks.embedded.writing import delete, edit_comment, write
from helpdesk.tasks.files import Staged, Upload
from helpdesk.tasks.lists import Asked, TaskPage, TaskQuery, Vocabulary
from helpdesk.tasks.model import Actor, Edit, Opened, Ref, Task, Written
from helpdesk.tasks.projects import ProjectMember, members
from helpdesk.tasks.statistics import Cell, Statistics, borders, counted, only_open
from helpdesk.tasks.tracker import Capabilities, State


class EmbeddedTracker:
    """The Tracker port over `store`; an Actor's id is the account's."""

    capabilities = Capabilities("markdown", searches="subject and description", exact_assignees=True)
    state = State()

    def __init__(
        self, database: Database, blobs: Blobs, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.database = database
        self.clock = clock
        self.files = Files(database, blobs, clock)

    async def vocabulary(self, actor: Actor) -> Vocabulary:
        return await self.database.run(lambda session: vocabulary(session, actor))

    async def members(self, actor: Actor, project_id: int) -> tuple[ProjectMember, ...]:
        def work(session: Session) -> tuple[ProjectMember, ...]:
            if project_id not in rights(session, actor).permissions:
                raise NotFound
            return members(rows.memberships(session, project_id))

        return await self.database.run(work)

    async def tasks(self, actor: Actor, asked: Asked, *, summed: bool = False) -> TaskPage:
        def work(session: Session) -> TaskPage:
            if callable(asked):
                words = vocabulary(session, actor)
                return page(session, actor, asked(words), summed)._replace(words=words)
            return page(session, actor, asked, summed)

        return await self.database.run(work)

    async def cards(self, actor: Actor, asked: Asking) -> Cards:
        return await self.database.run(lambda session: cards(session, actor, asked))

    async def seen(self, actor: Actor, task_ids: Collection[int]) -> Mapping[int, bool]:
        def work(session: Session) -> dict[int, bool]:
            mine = rights(session, actor)
            found = rows.projects_of(session, and_(visible(mine, actor), rows.among(task_ids)))
            return {task: mine.has(project, "view_private") for task, project in found}

        return await self.database.run(work)

    async def statistics(self, actor: Actor, query: TaskQuery, now: datetime) -> Statistics:
        def work(session: Session) -> Statistics:
            matching = condition(session, actor, only_open(query))
            return counted(
                by_status(session, actor, query),
                (Cell(*row) for row in rows.divided(session, matching, borders(now), now.date())),
                statuses(session),
                priorities(session),
                projects(session, rights(session, actor)),
            )

        return await self.database.run(work)

    async def task(self, actor: Actor, task_id: int) -> Task:
        return await self.database.run(lambda session: load(session, actor, task_id))

    async def change(self, actor: Actor, task_id: int, edit: Edit) -> Written:
        def work(session: Session) -> Written:
            before = load_to_write(session, actor, task_id)
            write(session, actor, self.clock(), before, wanted(before, edit))
            return Written(before, load(session, actor, task_id))

        return await self.database.run(work, writes=True)

    async def comment(self, actor: Actor, task_id: int, text: str, private: bool = False) -> Written:
        def work(session: Session) -> Written:
            before = load_to_write(session, actor, task_id)
            require_comment(before, private)
            write(session, actor, self.clock(), before, Edit(comment=text), private)
            return Written(before, load(session, actor, task_id))

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
            return delete(session, load_to_write(session, actor, task_id))

        await self.files.blobs.forget(await self.database.run(work, writes=True))

    async def projects_for_new(self, actor: Actor) -> tuple[Ref, ...]:
        return await self.database.run(lambda session: creating.projects(session, rights(session, actor)))

    async def blank(self, actor: Actor, project_id: int, tracker_id: int | None = None) -> Blank:
        return await self.database.run(lambda session: creating.blank(session, actor, project_id, tracker_id))

    async def create(self, actor: Actor, wish: NewTask) -> Task:
        def work(session: Session) -> Task:
            return load(session, actor, creating.create(session, actor, wish, self.clock()))

        return await self.database.run(work, writes=True)

    async def stage(self, actor: Actor, upload: Upload) -> Staged:
        return await self.files.stage(actor, upload)

    async def open_file(self, actor: Actor, task_id: int, file_id: int, first: int = 0) -> Opened:
        await self.database.run(lambda session: require_visible(session, actor, task_id))
        return await self.files.open(task_id, file_id, first)
