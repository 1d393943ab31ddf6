"""Reads by SQL, as one person. Every method raises Silent while the database does not answer."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from helpdesk.tasks.creation import NewTaskForm
from helpdesk.tasks.lists import CardQueryFactory, Cards, QueryFactory, TaskPage, TaskQuery, Vocabulary
from helpdesk.tasks.model import Actor, Attachment, Ref, Task, TaskRow
from helpdesk.tasks.phases import NO_RULES, Rules
from helpdesk.tasks.projects import ProjectMember
from helpdesk.tasks.redmine.sql import cards, create_form, issue, lists, statistics
from helpdesk.tasks.redmine.sql.source import Source
from helpdesk.tasks.statistics import Statistics


class SqlReader:
    def __init__(self, source: Source) -> None:
        self.source = source

    async def vocabulary(self, actor: Actor) -> Vocabulary:
        return await self.source.read(actor, lists.vocabulary)

    async def members(self, actor: Actor, project_id: int) -> tuple[ProjectMember, ...]:
        return await self.source.read(actor, lambda read: lists.members(read, project_id))

    async def tasks(
        self, actor: Actor, asked: TaskQuery | QueryFactory, *, summed: bool = False, rules: Rules = NO_RULES
    ) -> TaskPage:
        return await self.source.read(actor, lambda read: lists.tasks(read, asked, summed, rules))

    async def numbers(self, actor: Actor, query: TaskQuery) -> Sequence[int]:
        """Return the ids of a query's tasks, in its order."""
        return await self.source.read(actor, lambda read: lists.numbers(read, query))

    async def rows(self, actor: Actor, query: TaskQuery, ids: Sequence[int]) -> tuple[TaskRow, ...]:
        """Return those of these tasks that still match the query."""
        return await self.source.read(actor, lambda read: lists.among(read, query, ids))

    async def cards(self, actor: Actor, asked: CardQueryFactory) -> Cards:
        return await self.source.read(actor, lambda read: cards.cards(read, asked))

    async def seen(self, actor: Actor, task_ids: Collection[int]) -> Mapping[int, bool]:
        return await self.source.read(actor, lambda read: lists.seen(read, task_ids))

    async def statistics(self, actor: Actor, query: TaskQuery, now: datetime, rules: Rules = NO_RULES) -> Statistics:
        return await self.source.read(actor, lambda read: statistics.statistics(read, query, now, rules))

    async def task(self, actor: Actor, task_id: int) -> Task:
        return await self.source.read(actor, lambda read: issue.task(read, task_id))

    async def attachment(self, actor: Actor, task_id: int, file_id: int) -> Attachment:
        return await self.source.read(actor, lambda read: issue.attachment(read, task_id, file_id))

    async def projects_for_new(self, actor: Actor) -> tuple[Ref, ...]:
        return await self.source.read(actor, create_form.projects_for_new)

    async def new_task_form(self, actor: Actor, project_id: int, tracker_id: int | None) -> NewTaskForm:
        return await self.source.read(actor, lambda read: create_form.new_task_form(read, project_id, tracker_id))
