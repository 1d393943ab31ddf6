"""The Tracker port over Redmine's database for reading and its REST API for writing."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from typing import TypeVar

from helpdesk.errors import Nonsense
from helpdesk.redmine_client import RedmineClient
from helpdesk.tasks.cards import Asking, Cards
from helpdesk.tasks.creation import Blank
from helpdesk.tasks.lists import Asked, TaskPage, TaskQuery, Vocabulary
from helpdesk.tasks.model import Actor, Attachment, Ref, Task, TextFormat
from helpdesk.tasks.projects import ProjectMember
from helpdesk.tasks.redmine.database import cards, lists, members, new_task, one_task, statistics
from helpdesk.tasks.redmine.database.connection import RedmineDatabase
from helpdesk.tasks.redmine.database.reading import Reading
from helpdesk.tasks.redmine.database.silence import Silent
from helpdesk.tasks.redmine.database.source import Source
from helpdesk.tasks.redmine.rest import RestTracker
from helpdesk.tasks.statistics import Statistics
from helpdesk.tasks.tracker import Capabilities, State

T = TypeVar("T")


class SqlTracker(RestTracker):
    """As RestTracker, and while the database does not answer it is that."""

    def __init__(self, client: RedmineClient, text_format: TextFormat, database: RedmineDatabase) -> None:
        super().__init__(client, text_format)
        self.source = Source(database)

    @property
    def capabilities(self) -> Capabilities:
        if self.state.kind != "full":
            return super().capabilities
        return Capabilities(self.text_format, searches="subject, description and comments", exact_assignees=True)

    @property
    def state(self) -> State:
        return self.source.database.state

    async def vocabulary(self, actor: Actor) -> Vocabulary:
        return await self._read(actor, lists.vocabulary, lambda: super(SqlTracker, self).vocabulary(actor))

    async def members(self, actor: Actor, project_id: int) -> tuple[ProjectMember, ...]:
        return await self._read(
            actor,
            lambda read: members.members(read, project_id),
            lambda: super(SqlTracker, self).members(actor, project_id),
        )

    async def tasks(self, actor: Actor, asked: Asked, *, summed: bool = False) -> TaskPage:
        return await self._read(
            actor,
            lambda read: lists.tasks(read, asked, summed),
            lambda: super(SqlTracker, self).tasks(actor, asked, summed=summed),
        )

    async def cards(self, actor: Actor, asked: Asking) -> Cards:
        return await self._read(
            actor, lambda read: cards.cards(read, asked), lambda: super(SqlTracker, self).cards(actor, asked)
        )

    async def seen(self, actor: Actor, task_ids: Collection[int]) -> Mapping[int, bool]:
        return await self._read(
            actor, lambda read: lists.seen(read, task_ids), lambda: super(SqlTracker, self).seen(actor, task_ids)
        )

    async def statistics(self, actor: Actor, query: TaskQuery, now: datetime) -> Statistics:
        return await self._read(
            actor,
            lambda read: statistics.statistics(read, query, now),
            lambda: super(SqlTracker, self).statistics(actor, query, now),
        )

    async def _task(self, actor: Actor, task_id: int) -> Task:
        return await self._read(
            actor, lambda read: one_task.task(read, task_id), lambda: super(SqlTracker, self)._task(actor, task_id)
        )

    async def _attachment(self, actor: Actor, task_id: int, file_id: int) -> Attachment:
        return await self._read(
            actor,
            lambda read: one_task.attachment(read, task_id, file_id),
            lambda: super(SqlTracker, self)._attachment(actor, task_id, file_id),
        )

    async def _projects_for_new(self, actor: Actor) -> tuple[Ref, ...]:
        return await self._read(
            actor, new_task.projects_for_new, lambda: super(SqlTracker, self)._projects_for_new(actor)
        )

    async def _blank(self, actor: Actor, project_id: int, tracker_id: int | None) -> Blank:
        return await self._read(
            actor,
            lambda read: new_task.blank(read, project_id, tracker_id),
            lambda: super(SqlTracker, self)._blank(actor, project_id, tracker_id),
        )

    async def _read(self, actor: Actor, work: Callable[[Reading], T], otherwise: Callable[[], Awaitable[T]]) -> T:
        """What the database says; what REST says while the database does not answer, or with what can't be read."""
        try:
            return await self.source.read(actor, work)
        except (Silent, Nonsense):
            return await otherwise()
