"""The Backend port over Redmine: read by SQL where that is possible, else over REST; written over REST.

Each part is given what it uses. A person's id and login in an Actor are Redmine's.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from helpdesk.redmine_client import RedmineClient
from helpdesk.tasks.backend import Capabilities, State
from helpdesk.tasks.creation import NewTaskForm
from helpdesk.tasks.lists import EXPORTED_AT_ONCE, TaskQuery
from helpdesk.tasks.model import Actor, Ref, Task, TaskRow, TextFormat
from helpdesk.tasks.redmine.rest.calls import RestCalls
from helpdesk.tasks.redmine.rest.files import IssueFiles
from helpdesk.tasks.redmine.rest.issue_create import IssueCreate
from helpdesk.tasks.redmine.rest.issue_update import IssueUpdate
from helpdesk.tasks.redmine.rest.reader import RestReader
from helpdesk.tasks.redmine.sql.failures import Silent
from helpdesk.tasks.redmine.sql.reader import SqlReader
from helpdesk.tasks.redmine.sql.source import Source


class FallbackReader:
    """Reads by SQL; over REST while the database does not answer, or with what can't be read."""

    def __init__(self, sql: SqlReader, rest: RestReader) -> None:
        self.sql, self.rest, self.either = sql, rest, sql.source.or_rest
        self.vocabulary = self.either(sql.vocabulary, rest.vocabulary)
        self.members = self.either(sql.members, rest.members)
        self.tasks = self.either(sql.tasks, rest.tasks)
        self.cards = self.either(sql.cards, rest.cards)
        self.seen = self.either(sql.seen, rest.seen)
        self.statistics = self.either(sql.statistics, rest.statistics)
        self.task = self.either(sql.task, rest.task)
        self.attachment = self.either(sql.attachment, rest.attachment)
        self.projects_for_new = self.either(sql.projects_for_new, rest.projects_for_new)
        self.new_task_form = self.either(sql.new_task_form, rest.new_task_form)

    async def export(self, actor: Actor, query: TaskQuery) -> AsyncGenerator[tuple[TaskRow, ...], None]:
        """Ask for the numbers at first, and read some tasks at a time: nothing moves them then. Should the database
        fall silent meanwhile, REST is asked for the rest by their numbers, whether they still match or not."""
        try:
            with self.sql.source.database.readable():
                ids = await self.sql.numbers(actor, query)
        except Silent:
            async with aclosing(self.rest.export(actor, query)) as pages:
                async for page in pages:
                    yield page
            return
        for place in range(0, len(ids), EXPORTED_AT_ONCE):
            some = ids[place : place + EXPORTED_AT_ONCE]
            by_sql = partial(self.sql.rows, actor, query, some)
            yield await self.either(by_sql, partial(self.rest.lists.numbered, actor, some))()


class RedmineBackend:
    """Without a `source` all goes over REST. `text_format` is Redmine's own setting, which REST does not tell."""

    def __init__(self, client: RedmineClient, text_format: TextFormat, source: Source | None = None) -> None:
        self.text_format, self.source = text_format, source
        self.calls = calls = RestCalls(client)
        rest = RestReader(calls)
        self.reader = reader = FallbackReader(SqlReader(source), rest) if source else rest
        self.statuses, self.vocabulary, self.members = rest.lists.statuses, reader.vocabulary, reader.members
        self.tasks, self.export, self.cards = reader.tasks, reader.export, reader.cards
        self.seen, self.statistics = reader.seen, reader.statistics
        self.update = update = IssueUpdate(calls, rest.issues, reader.task)
        self.change, self.comment, self.edit_comment = update.change, update.comment, update.edit_comment
        self.watch, self.delete = update.watch, update.delete
        self.create = IssueCreate(calls, rest.issues, reader.task, reader.new_task_form).create
        files = IssueFiles(calls, reader.attachment)
        self.stage, self.open_file = files.stage, files.open_file

    @property
    def capabilities(self) -> Capabilities:
        if self.source is None or self.state.kind != "full":
            return Capabilities(self.text_format, searches="subject", exact_assignees=False)
        return Capabilities(self.text_format, searches="subject, description and comments", exact_assignees=True)

    @property
    def state(self) -> State:
        return self.source.database.state if self.source else State()

    async def task(self, actor: Actor, task_id: int) -> Task:
        async with self.calls.reading():
            return await self.reader.task(actor, task_id)

    async def projects_for_new(self, actor: Actor) -> tuple[Ref, ...]:
        async with self.calls.reading():
            return await self.reader.projects_for_new(actor)

    async def new_task_form(self, actor: Actor, project_id: int, tracker_id: int | None = None) -> NewTaskForm:
        async with self.calls.reading():
            return await self.reader.new_task_form(actor, project_id, tracker_id)
