"""The Tracker port over Redmine's REST API, acting as the person, so that Redmine's own history names that person.

Redmine answers 204 to what it ignores (a forbidden transition, a read-only field, a private note of somebody without
that permission), and its last writer wins. So every write is checked before and read back after. Between the check and
the write lies the time of one request, in which another's change is not noticed: REST offers nothing against that.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from operator import itemgetter

from helpdesk.errors import Conflict, LockedOut, Nonsense, NotAllowed, NotFound, Unavailable, sentence
from helpdesk.redmine_client import JSON, Params, RedmineClient, within
from helpdesk.tasks.model import (
    Actor,
    Choices,
    Edit,
    Entry,
    Field,
    Ref,
    Task,
    TaskPage,
    TaskQuery,
    TaskRow,
    TextFormat,
    Vocabulary,
    Written,
)
from helpdesk.tasks.redmine import reading
from helpdesk.tasks.redmine.look_ups import LookUps, People, items
from helpdesk.tasks.redmine.rights import Me, Rights
from helpdesk.tasks.tracker import Capabilities, require_change, require_offered

PARTS = "journals,attachments,allowed_statuses"
Filters = dict[str, tuple[str, Sequence[str | int]]]
ATTRIBUTES: dict[Field, str] = {"status": "status_id", "priority": "priority_id", "assignee": "assigned_to_id"}


class RestTracker:
    """An Actor's id and login are Redmine's. `text_format` is Redmine's own setting, which REST does not tell."""

    def __init__(self, client: RedmineClient, text_format: TextFormat) -> None:
        self.client = client
        self.capabilities = Capabilities(text_format, searches="subject", exact_assignees=False)
        self.look_up = LookUps(client)

    async def vocabulary(self, actor: Actor) -> Vocabulary:
        async with _asking():
            await self.look_up.me(actor)
            look = self.look_up
            return Vocabulary(await look.statuses(), await look.priorities(), await look.projects(actor))

    async def tasks(self, actor: Actor, query: TaskQuery) -> TaskPage:
        # Redmine answers 403 to a list for somebody who may view issues nowhere: for us a list of none.
        async with _asking():
            await self.look_up.me(actor)
            try:
                found = await self.client.get("/issues.json", actor.login, _filters(query))
            except LockedOut:
                raise
            except NotAllowed:
                return TaskPage((), 0, query)
            priorities = await self.look_up.priorities()
            rows = tuple(reading.row(issue, priorities) for issue in items(found, "issues"))
            return TaskPage(rows, int(found.get("total_count", 0)), query)

    async def task(self, actor: Actor, task_id: int) -> Task:
        async with _asking():
            return await self._task(actor, task_id)

    async def change(self, actor: Actor, task_id: int, edit: Edit) -> Written:
        async with _asking():
            before = await self._task(actor, task_id)
            if edit.version is not None and edit.version != before.version:
                raise Conflict(before)
            changes = require_change(before, edit)
            require_offered(before.choices, changes)
            comment = edit.comment.strip()
            if comment and not before.choices.may_comment:
                raise NotAllowed
            body: JSON = {ATTRIBUTES[field]: "" if value is None else value for field, value in changes.items()}
            after = await self._write(actor, before, body | ({"notes": comment} if comment else {}))
            _require_changed(after, changes, commented=bool(comment))
            return Written(before, after)

    async def comment(self, actor: Actor, task_id: int, text: str, private: bool = False) -> Written:
        async with _asking():
            before = await self._task(actor, task_id)
            allowed = before.choices.may_comment_privately if private else before.choices.may_comment
            if not allowed:
                raise NotAllowed
            after = await self._write(actor, before, {"notes": text.strip(), "private_notes": private})
            written = Written(before, after)
            if not any(_says(entry, actor, text) and entry.private == private for entry in written.new_entries):
                raise NotAllowed(detail=f"the comment on {task_id} was not kept as it was sent")
            return written

    async def _write(self, actor: Actor, before: Task, body: JSON) -> Task:
        """PUT once, then the task as Redmine has it. When the answer to the PUT was lost, what is there decides."""
        try:
            await self.client.put(f"/issues/{before.id}.json", {"issue": body}, actor.login)
        except Unavailable:
            after = await self._task(actor, before.id)
            if after.version == before.version:
                raise
            return after
        except Conflict as conflict:
            raise Conflict(await self._task(actor, before.id)) from conflict
        return await self._task(actor, before.id)

    async def _task(self, actor: Actor, task_id: int) -> Task:
        mine = await self.look_up.me(actor)
        try:
            found = await self.client.get(f"/issues/{task_id}.json", actor.login, [("include", PARTS)])
        except LockedOut:
            raise
        except NotAllowed as error:
            raise NotFound(detail=error.detail) from error
        issue = found.get("issue")
        if not isinstance(issue, dict):
            raise Nonsense(detail=f"/issues/{task_id}.json: no issue")
        return await self._compose(actor, mine, issue)

    async def _compose(self, actor: Actor, mine: Me, issue: JSON) -> Task:
        """The issue with its history in words and this person's choices."""
        row = reading.row(issue, await self.look_up.priorities())
        journals: list[JSON] = issue.get("journals", [])
        people = await self.look_up.people(actor, row.project.id)
        names = await self.look_up.names(actor, people, journals, issue)
        entries = tuple(reading.entry(journal, names) for journal in journals)
        return Task(
            row=row,
            description=str(issue.get("description") or ""),
            start_date=reading.day(issue.get("start_date")),
            done_ratio=int(issue.get("done_ratio") or 0),
            closed_on=reading.moment(issue["closed_on"]) if issue.get("closed_on") else None,
            entries=entries,
            attachments=tuple(map(reading.attachment, issue.get("attachments", ()))),
            choices=await self._choices(await self.look_up.rights_in(mine, row.project.id), actor, row, issue, people),
            version=f"{issue['updated_on']}.{max((entry.id for entry in entries), default=0)}",
        )

    async def _choices(self, may: Rights, actor: Actor, row: TaskRow, issue: JSON, people: People) -> Choices:
        edits = may.may_edit(is_author=row.author is not None and row.author.id == actor.id)
        assignees = dict(people.assignable) | {who.id: who.name for who in (row.author, row.assignee) if who}
        return Choices(
            statuses=tuple(map(reading.status, issue.get("allowed_statuses", ()))) if edits else (),
            priorities=await self.look_up.priorities() if edits else (),
            assignees=tuple(Ref(*who) for who in sorted(assignees.items(), key=itemgetter(1))) if edits else (),
            may_comment=may.may_comment,
            may_comment_privately=may.may_comment_privately,
        )


@asynccontextmanager
async def _asking() -> AsyncIterator[None]:
    """One verb's calls: over in time, and an answer that lacks what it must have is Nonsense."""
    try:
        async with within():
            yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Nonsense(detail=f"an answer without its fields: {error!r}") from error


def _filters(query: TaskQuery) -> Params:
    """The query in Redmine's own long form of filters, where no character of a value has a meaning."""
    if query.wanted_id is not None:
        filters: Filters = {"issue_id": ("=", [query.wanted_id]), "status_id": ("*", [""])}
    else:
        mine = "assigned_to_id" if query.scope == "assigned" else "author_id"
        filters = {mine: ("=", ["me"]), "status_id": ("*" if query.closed else "o", [""])}
        if query.status_ids:
            filters["status_id"] = ("=", list(query.status_ids))
        if query.priority_ids:
            filters["priority_id"] = ("=", list(query.priority_ids))
        if query.project_ids:
            filters["project_id"] = ("=", list(query.project_ids))
        if query.search:
            filters["subject"] = ("~", [query.search])
    yield from (("f[]", name) for name in filters)
    yield from ((f"op[{name}]", operator) for name, (operator, _) in filters.items())
    yield from ((f"v[{name}][]", str(value)) for name, (_, values) in filters.items() for value in values)
    yield from (("limit", query.per_page), ("offset", query.offset))
    yield ("sort", f"{query.sort}:{'desc' if query.descending else 'asc'},id:desc")


def _require_changed(after: Task, changes: dict[Field, int | None], commented: bool) -> None:
    """Raise NotAllowed when Redmine silently kept an old value; say so when it kept the comment all the same."""
    ignored = [field for field, value in changes.items() if after.value(field) != value]
    if ignored:
        kept = sentence("The task system kept your comment but did not accept the change.") if commented else None
        raise NotAllowed(kept, detail=f"Redmine ignored {', '.join(ignored)} of {after.id}")


def _says(entry: Entry, actor: Actor, text: str) -> bool:
    same = entry.notes.strip() == text.replace("\r\n", "\n").strip()
    return same and entry.author is not None and entry.author.id == actor.id
