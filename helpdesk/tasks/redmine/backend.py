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
from helpdesk.tasks.redmine.rest.issue import Issues
from helpdesk.tasks.redmine.rest.issue_create import IssueCreate, NewTaskForms
from helpdesk.tasks.redmine.rest.issue_update import IssueUpdate
from helpdesk.tasks.redmine.rest.lists import IssueLists
from helpdesk.tasks.redmine.sql import issue, lists, workflow
from helpdesk.tasks.redmine.sql.failures import Silent
from helpdesk.tasks.redmine.sql.source import Source


class RestReader:
    """Reads over Redmine's REST API, as one person. `task`, `attachment`, `projects_for_new` and `new_task_form` run
    within the call of a verb, which bounds them by its deadline; the others bound themselves."""

    def __init__(self, calls: RestCalls) -> None:
        self.lists = lists = IssueLists(calls)
        self.issues = Issues(calls, lists)
        forms = NewTaskForms(calls)
        self.vocabulary, self.seen = lists.vocabulary, lists.seen
        self.members, self.colleagues = lists.members, lists.colleagues
        self.tasks, self.cards, self.export, self.statistics = lists.tasks, lists.cards, lists.export, lists.statistics
        self.task, self.attachment = self.issues.task, self.issues.attachment
        self.projects_for_new, self.new_task_form = forms.projects, forms.form


class FallbackReader:
    """Reads by SQL; over REST while the database does not answer, or with what can't be read."""

    def __init__(self, source: Source, rest: RestReader) -> None:
        self.source, self.rest = source, rest
        by_sql, either = source.reader, source.or_rest
        self.vocabulary = either(by_sql(lists.vocabulary), rest.vocabulary)
        self.members = either(by_sql(lists.members), rest.members)
        self.colleagues = either(by_sql(lists.colleagues), rest.colleagues)
        self.tasks = either(by_sql(lists.tasks), rest.tasks)
        self.cards = either(by_sql(lists.cards), rest.cards)
        self.seen = either(by_sql(lists.seen), rest.seen)
        self.statistics = either(by_sql(lists.statistics), rest.statistics)
        self.task = either(by_sql(issue.task), rest.task)
        self.attachment = either(by_sql(issue.attachment), rest.attachment)
        self.projects_for_new = either(by_sql(workflow.projects_for_new), rest.projects_for_new)
        self.new_task_form = either(by_sql(workflow.new_task_form), rest.new_task_form)

    async def export(self, actor: Actor, query: TaskQuery) -> AsyncGenerator[tuple[TaskRow, ...], None]:
        """Read the ids first, and then some tasks at a time, so that no change moves them. If the database falls silent
        meanwhile, the rest is read over REST by their ids, whether they still match or not."""
        try:
            with self.source.database.readable():
                ids = await self.source.read(actor, lambda read: lists.ids(read, query))
        except Silent:
            async with aclosing(self.rest.export(actor, query)) as pages:
                async for page in pages:
                    yield page
            return
        rest = query._replace(task_ids=())  # these are among them; there may be too many to name them each time
        for start in range(0, len(ids), EXPORTED_AT_ONCE):
            some = ids[start : start + EXPORTED_AT_ONCE]
            by_sql = partial(self.source.reader(lists.among), actor, rest, some)
            yield await self.source.or_rest(by_sql, partial(self.rest.lists.numbered, actor, some))()


class RedmineBackend:
    """Without a `source` all goes over REST. `text_format` is Redmine's own setting, which REST does not tell."""

    def __init__(self, client: RedmineClient, text_format: TextFormat, source: Source | None = None) -> None:
        self.text_format, self.source = text_format, source
        self.calls = calls = RestCalls(client)
        rest = RestReader(calls)
        self.reader = reader = FallbackReader(source, rest) if source else rest
        self.statuses, self.vocabulary = rest.lists.statuses, reader.vocabulary
        self.members, self.colleagues = reader.members, reader.colleagues
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
