"""The Tracker port over Redmine's REST API, acting as the person, so that Redmine's own history names that person.

Redmine answers 204 to what it ignores (a forbidden transition, a read-only field, a private note of somebody without
that permission), and its last writer wins. So every write is checked before and read back after. Between the check and
the write lies the time of one request, in which another's change is not noticed: REST offers nothing against that.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from operator import itemgetter

from helpdesk.errors import (
    Conflict,
    LockedOut,
    Nonsense,
    NotAllowed,
    NotFound,
    Unavailable,
    Unsure,
    WrongKey,
)
from helpdesk.redmine_client import JSON, NotSent, RedmineClient, Unanswered, part, within
from helpdesk.tasks.lists import Summary, TaskPage, TaskQuery, Vocabulary
from helpdesk.tasks.model import Actor, Choices, Edit, Ref, Task, TaskRow, TextFormat, Written
from helpdesk.tasks.projects import with_descendants
from helpdesk.tasks.redmine import listing, reading, writing
from helpdesk.tasks.redmine.look_ups import LookUps, People, items
from helpdesk.tasks.redmine.rights import Me, Rights
from helpdesk.tasks.tracker import Capabilities

PARTS = "journals,attachments,allowed_statuses"


class RestTracker:
    """An Actor's id and login are Redmine's. `text_format` is Redmine's own setting, which REST does not tell."""

    def __init__(self, client: RedmineClient, text_format: TextFormat) -> None:
        self.client = client
        self.capabilities = Capabilities(text_format, searches="subject", exact_assignees=False)
        self.look_up = LookUps(client)

    async def vocabulary(self, actor: Actor) -> Vocabulary:
        async with self._asking():
            await self.look_up.me(actor)
            look = self.look_up
            return Vocabulary(
                await look.statuses(), await look.priorities(), await look.projects(actor), await look.trackers()
            )

    async def tasks(self, actor: Actor, query: TaskQuery) -> TaskPage:
        async with self._asking():
            await self.look_up.me(actor)
            issues, total = await self._list(actor, await self._filters(actor, query), query.per_page, query.offset)
            priorities = await self.look_up.priorities()
            return TaskPage(tuple(reading.row(issue, priorities) for issue in issues), total, query)

    async def summary(self, actor: Actor, query: TaskQuery) -> Summary:
        async with self._asking():
            await self.look_up.me(actor)
            kinds = listing.statuses_of_summary(await self.look_up.statuses())
            asked = await self._filters(actor, query._replace(status_ids=(), closed=True))
            counts = await asyncio.gather(*(self._list(actor, asked | {"status_id": kind}, 1, 0) for kind in kinds))
            return Summary(*(total for _, total in counts))

    async def task(self, actor: Actor, task_id: int) -> Task:
        async with self._asking():
            return await self._task(actor, task_id)

    async def change(self, actor: Actor, task_id: int, edit: Edit) -> Written:
        def require_kept(written: Written) -> None:
            writing.require_changed(written, edit, actor)

        return await self._write(actor, task_id, lambda before: writing.changing(before, edit), require_kept)

    async def comment(self, actor: Actor, task_id: int, text: str, private: bool = False) -> Written:
        def require_kept(written: Written) -> None:
            if not writing.tells(written, actor, text, private):
                raise NotAllowed(detail=f"the comment on {task_id} was not kept as it was sent")

        return await self._write(actor, task_id, lambda before: writing.commenting(before, text, private), require_kept)

    async def _filters(self, actor: Actor, query: TaskQuery) -> listing.Filters:
        """What to ask Redmine for, with the projects below those that were chosen."""
        if query.project_ids:
            wanted = with_descendants(query.project_ids, await self.look_up.projects(actor))
            query = query._replace(project_ids=wanted)
        return listing.filters(query)

    async def _list(self, actor: Actor, filters: listing.Filters, limit: int, offset: int) -> tuple[list[JSON], int]:
        """Issues of one page and how many there are. Redmine answers 403 to somebody who may view issues nowhere."""
        try:
            found = await self.client.get("/issues.json", actor.login, listing.params(filters, limit, offset))
        except LockedOut:
            raise
        except NotAllowed:
            return [], 0
        except NotFound as error:
            raise Nonsense(detail=error.detail) from error
        return items(found, "issues"), reading.number(found, "total_count")

    async def _write(
        self,
        actor: Actor,
        task_id: int,
        wish: Callable[[Task], JSON],
        require_kept: Callable[[Written], None],
    ) -> Written:
        """Look, PUT once, look again. When the answer to the PUT was lost, what is there decides."""
        sent = False
        try:
            async with self._asking():
                before = await self._task(actor, task_id)
                body = wish(before)
                sent = True
                lost = await self._put(actor, task_id, body)
                if isinstance(lost, NotSent | WrongKey):
                    sent = False
                    raise lost
                written = Written(before, await self._task(actor, task_id))
        except Unavailable as error:
            if sent:
                raise Unsure(detail=error.detail) from error
            raise
        try:
            require_kept(written)
        except NotAllowed:
            if lost:
                raise Unsure(detail=lost.detail) if isinstance(lost, Unanswered) else lost from None
            raise
        return written

    async def _put(self, actor: Actor, task_id: int, body: JSON) -> Unavailable | None:
        """Write. The failure is given back that may leave open whether it was written."""
        try:
            await self.client.put(f"/issues/{task_id}.json", {"issue": body}, actor.login)
        except Unavailable as error:
            return error
        except Conflict as conflict:
            raise Conflict(await self._task(actor, task_id)) from conflict
        return None

    async def _task(self, actor: Actor, task_id: int) -> Task:
        mine = await self.look_up.me(actor)
        try:
            found = await self.client.get(f"/issues/{task_id}.json", actor.login, [("include", PARTS)])
        except LockedOut:
            raise
        except NotAllowed as error:
            raise NotFound(detail=error.detail) from error
        return await self._compose(actor, mine, part(found, "issue"))

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
            done_ratio=reading.number(issue, "done_ratio") if issue.get("done_ratio") else 0,
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
    async def _asking(self) -> AsyncIterator[None]:
        """One verb's calls: over in time, and an answer that lacks what it must have is Nonsense."""
        try:
            async with within(self.client.deadline):
                yield
        except reading.BROKEN as error:
            raise reading.nonsense(error) from error
