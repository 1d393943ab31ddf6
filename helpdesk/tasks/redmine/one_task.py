"""One task over Redmine's REST API: what it says, what it names, and what this person may do to it."""

import asyncio
from collections.abc import Sequence

from helpdesk.errors import LockedOut, NotAllowed, NotFound
from helpdesk.redmine_client import JSON, part
from helpdesk.tasks.fields import CustomValue
from helpdesk.tasks.model import Actor, Choices, Link, Member, Ref, Task
from helpdesk.tasks.redmine import choosing, custom, listing, reading
from helpdesk.tasks.redmine.links import links
from helpdesk.tasks.redmine.lists import Lists
from helpdesk.tasks.redmine.look_ups import People
from helpdesk.tasks.redmine.rights import Me
from helpdesk.tasks.redmine.words import PAGE

PARTS = "journals,attachments,allowed_statuses,children,relations,watchers"


class OneTask(Lists):
    async def task(self, actor: Actor, task_id: int) -> Task:
        async with self.asking():
            return await self._task(actor, task_id)

    async def _task(self, actor: Actor, task_id: int) -> Task:
        mine = await self.look_up.me(actor)
        return await self._compose(actor, mine, await self._issue(actor, task_id, PARTS))

    async def _issue(self, actor: Actor, task_id: int, parts: str) -> JSON:
        """Redmine tells the invisible (403) from the missing (404); we do not."""
        try:
            found = await self.client.get(f"/issues/{task_id}.json", actor.login, [("include", parts)])
        except LockedOut:
            raise
        except NotAllowed as error:
            raise NotFound(detail=error.detail) from error
        return part(found, "issue")

    async def _compose(self, actor: Actor, mine: Me, issue: JSON) -> Task:
        """The issue with its history in words and this person's choices."""
        row = reading.row(issue, await self.look_up.priorities())
        journals: list[JSON] = issue.get("journals", [])
        people = await self.look_up.people(actor, row.project.id)
        names = await self.look_up.names(actor, people, journals, issue)
        parent, children, relations = links(issue).to(await self._linked(actor, links(issue).ids))
        watchers = tuple(Member(*reading.ref(user)) for user in issue.get("watchers", ()))
        entries = tuple(reading.entry(journal, names) for journal in journals)
        task = Task(
            row=row,
            description=reading.plain(issue.get("description")),
            start_date=reading.day(issue.get("start_date")),
            done_ratio=reading.number(issue, "done_ratio") if issue.get("done_ratio") else 0,
            closed_on=reading.moment(issue["closed_on"]) if issue.get("closed_on") else None,
            entries=entries,
            attachments=tuple(map(reading.attachment, issue.get("attachments", ()))),
            choices=Choices(),
            version=f"{issue['updated_on']}.{max((entry.id for entry in entries), default=0)}",
            estimated_hours=reading.hours(issue.get("estimated_hours")),
            spent_hours=reading.hours(issue.get("spent_hours")) or 0.0,
            custom=await self._custom(issue, people),
            parent=parent,
            children=children,
            relations=relations,
            watchers=watchers,
            watched=await self._watched(actor, issue, watchers),
        )
        return await self._with_choices(actor, mine, issue, people, task)

    async def _with_choices(self, actor: Actor, mine: Me, issue: JSON, people: People, task: Task) -> Task:
        project = await self.look_up.project(actor, task.row.project.id)
        row = task.row
        may = (await self.look_up.rights_in(mine, task.row.project.id)).in_project(project.is_closed)
        involved = [Ref(who.id, who.name) for who in (row.author, row.assignee) if who]
        offers = choosing.Offers(
            statuses=tuple(map(reading.status, issue.get("allowed_statuses", ()))),
            priorities=await self.look_up.priorities(),
            assignees=choosing.by_name([*people.assignable, *involved]),
            trackers=project.trackers if may.has("add_issues") else (),
            fields=await self.look_up.standard_fields(row.tracker.id),
            fixed=frozenset().union(*choosing.DERIVED.values()) if issue.get("children") else frozenset(),
        )
        entries = tuple(
            entry._replace(may_edit=bool(entry.notes) and may.may_edit_note_of(entry.author, actor.id))
            for entry in task.entries
        )
        chosen = choosing.choices(may, actor.id, task, offers)
        # Redmine's own page lets one watch in a closed project, too; its REST API does not.
        return task._replace(entries=entries, choices=chosen._replace(may_watch=not project.is_closed))

    async def _linked(self, actor: Actor, ids: Sequence[int]) -> dict[int, Link]:
        """The tasks of these ids that this person may see: Redmine names children and parents to everybody."""
        places = range(0, len(ids), PAGE)
        asked = [listing.with_ids(ids[place : place + PAGE]) for place in places]
        pages = await asyncio.gather(*(self._list(actor, filters, PAGE, 0) for filters in asked))
        rows = (reading.row(issue, ()) for issues, _ in pages for issue in issues)
        return {row.id: Link(row.id, row.subject, row.status) for row in rows}

    async def _watched(self, actor: Actor, issue: JSON, watchers: tuple[Member, ...]) -> bool:
        """Whether this person watches. Who may not see the watchers may still ask for what one watches oneself."""
        if "watchers" in issue:
            return actor.id in {watcher.id for watcher in watchers}
        task_id = reading.number(issue, "id")
        _, total = await self._list(actor, listing.with_ids([task_id]) | listing.WATCHED_BY_ME, 1, 0)
        return total == 1

    async def _custom(self, issue: JSON, people: People) -> tuple[CustomValue, ...]:
        """The custom fields, with the names of people and versions where a field keeps their ids."""
        known = await self.look_up.definitions()
        return tuple(
            [await self._labelled(held, known, people, issue) for held in custom.values(issue, known)],
        )

    async def _labelled(self, held: CustomValue, known: custom.Definitions, people: People, issue: JSON) -> CustomValue:
        kind = known[held.field.id].format if held.field.id in known else ""
        if kind == "user":
            names = {value: people.names.get(value) or await self.look_up.name(value) for value in held.value}
            return custom.labelled(held, names)
        if kind == "version":
            project = reading.ref(issue["project"]).id
            return custom.labelled(held, await self.look_up.project_words(project, "versions"))
        return held
