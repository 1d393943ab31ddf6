"""One task over Redmine's REST API, with names for its ids and the person's allowed actions."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

from helpdesk.errors import NotFound
from helpdesk.redmine_client import JSON, part
from helpdesk.tasks.fields import CustomField, CustomValue
from helpdesk.tasks.model import Actor, Attachment, Choices, Link, Member, Ref, Task
from helpdesk.tasks.redmine import allowed_actions
from helpdesk.tasks.redmine.rest import custom_fields, json_mapper, lock_version, query_params
from helpdesk.tasks.redmine.rest.calls import RestCalls
from helpdesk.tasks.redmine.rest.lists import IssueLists
from helpdesk.tasks.redmine.rest.metadata_cache import PAGE, names_by_id
from helpdesk.tasks.redmine.rest.user_cache import Me, People, forbidden_is_missing

ReadTask = Callable[[Actor, int], Awaitable[Task]]
NAMED_BY_PROJECT = {"fixed_version_id": "versions", "category_id": "issue_categories"}
PARTS = "journals,attachments,allowed_statuses,children,relations,watchers"


class Issues:
    """Reads single issues as one person, within the caller's call."""

    def __init__(self, calls: RestCalls, lists: IssueLists) -> None:
        self.client, self.metadata, self.users, self.lists = calls.client, calls.metadata, calls.users, lists

    async def task(self, actor: Actor, task_id: int) -> Task:
        mine = await self.users.me(actor)
        return await self.to_task(actor, mine, await self.issue(actor, task_id, PARTS))

    async def issue(self, actor: Actor, task_id: int, parts: str) -> JSON:
        with forbidden_is_missing():
            answer = await self.client.get(f"/issues/{task_id}.json", actor.login, [("include", parts)])
        return part(answer, "issue")

    async def to_task(self, actor: Actor, mine: Me, issue: JSON) -> Task:
        """Map the issue with its history and this person's choices."""
        row = json_mapper.row(issue, await self.metadata.priorities())
        people = await self.users.people(actor, row.project.id)
        names = await self._names(actor, people, issue)
        links = json_mapper.links(issue)
        parent, children, relations = links.to(await self._linked(actor, links.ids))
        watchers = tuple(Member(*json_mapper.ref(user)) for user in issue.get("watchers", ()))
        entries = tuple(json_mapper.entry(journal, names) for journal in issue.get("journals", ()))
        task = Task(
            row=row,
            description=json_mapper.plain(issue.get("description")),
            start_date=json_mapper.day(issue.get("start_date")),
            done_ratio=json_mapper.number(issue, "done_ratio") if issue.get("done_ratio") else 0,
            closed_on=json_mapper.moment(issue["closed_on"]) if issue.get("closed_on") else None,
            entries=entries,
            attachments=tuple(map(json_mapper.attachment, issue.get("attachments", ()))),
            choices=Choices(),
            version=lock_version.version(json_mapper.moment(issue["updated_on"]), entries),
            estimated_hours=json_mapper.hours(issue.get("estimated_hours")),
            spent_hours=json_mapper.hours(issue.get("spent_hours")) or 0.0,
            custom=await self._custom(actor, issue, people),
            parent=parent,
            children=children,
            relations=relations,
            watchers=watchers,
            watched=await self._watched(actor, issue, watchers),
        )
        return await self._with_choices(actor, mine, issue, people, task)

    async def _with_choices(self, actor: Actor, mine: Me, issue: JSON, people: People, task: Task) -> Task:
        project = await self.users.project(actor, task.row.project.id)
        row = task.row
        may = (await self.users.rights_in(mine, task.row.project.id)).in_project(project.is_closed)
        involved = [Ref(it.id, it.name) for it in (row.author, row.assignee) if it]
        offers = allowed_actions.Offers(
            statuses=tuple(map(json_mapper.status, issue.get("allowed_statuses", ()))),
            priorities=await self.metadata.priorities(),
            assignees=allowed_actions.by_name([*people.assignable, *involved]),
            trackers=project.trackers if may.has("add_issues") else (),
            fields=await self.metadata.standard_fields(row.tracker.id),
            fixed=frozenset().union(*allowed_actions.DERIVED.values()) if issue.get("children") else frozenset(),
        )
        entries = tuple(
            entry._replace(may_edit=bool(entry.notes) and may.may_edit_note_of(entry.author, actor.id))
            for entry in task.entries
        )
        chosen = allowed_actions.choices(may, actor.id, task, offers)
        # Redmine's own page lets one watch in a closed project, too; its REST API does not.
        return task._replace(entries=entries, choices=chosen._replace(may_watch=not project.is_closed))

    async def _linked(self, actor: Actor, ids: Sequence[int]) -> dict[int, Link]:
        """Return the tasks of these ids that this person may see: Redmine names children and parents to everybody."""
        chunks = [query_params.with_ids(ids[start : start + PAGE]) for start in range(0, len(ids), PAGE)]
        pages = await asyncio.gather(*(self.lists.issues(actor, filters, PAGE, 0) for filters in chunks))
        rows = (json_mapper.row(issue, ()) for issues, _ in pages for issue in issues)
        return {row.id: Link(row.id, row.subject, row.status) for row in rows}

    async def _watched(self, actor: Actor, issue: JSON, watchers: tuple[Member, ...]) -> bool:
        """Whether this person watches. People who may not see the watchers may still list what they watch."""
        if "watchers" in issue:
            return actor.id in {watcher.id for watcher in watchers}
        task_id = json_mapper.number(issue, "id")
        _, total = await self.lists.issues(actor, query_params.with_ids([task_id]) | query_params.WATCHED_BY_ME, 1, 0)
        return total == 1

    async def _custom(self, actor: Actor, issue: JSON, people: People) -> tuple[CustomValue, ...]:
        known = await self.metadata.definitions()
        values = custom_fields.values(issue, known)
        fields = await asyncio.gather(*(self._named(actor, known, it.field, it.value, people, issue) for it in values))
        return tuple(it._replace(field=field) for it, field in zip(values, fields, strict=True))

    async def _names(self, actor: Actor, people: People, issue: JSON) -> json_mapper.Names:
        """Return the names of the ids in an issue's history."""
        journals: list[JSON] = issue.get("journals", [])
        metadata, project_id = self.metadata, json_mapper.ref(issue["project"]).id
        named = [issue.get("author"), issue.get("assigned_to"), *(journal.get("user") for journal in journals)]
        assignees = people.names | names_by_id(json_mapper.ref(person) for person in named if person)
        assignees |= await self._user_names(json_mapper.values_of("assigned_to_id", journals) - assignees.keys())
        of_project = {
            field: await metadata.names_in_project(project_id, kind)
            for field, kind in NAMED_BY_PROJECT.items()
            if json_mapper.values_of(field, journals)
        }
        by_field = {
            "status": names_by_id(await metadata.statuses()),
            "priority": names_by_id(await metadata.priorities()),
            "tracker": names_by_id(await metadata.trackers()),
            "project": names_by_id(await self.users.projects(actor)),
            "assignee": assignees,
            "parent_id": {},
            "child_id": {},
            **of_project,
        }
        return json_mapper.Names(by_field, await self._changed_fields(actor, people, issue, journals))

    async def _changed_fields(
        self, actor: Actor, people: People, issue: JSON, journals: Sequence[JSON]
    ) -> dict[int, CustomField]:
        """Return the custom fields of a history, with the names of the numbers in their changes."""
        known = await self.metadata.definitions()
        fields = custom_fields.fields(issue, known)
        values = json_mapper.values_of_fields(it for journal in journals for it in journal.get("details", ()))
        named = await asyncio.gather(
            *(
                self._named(actor, known, fields[number], values[number], people, issue)
                for number in values.keys() & fields.keys()
            )
        )
        return fields | {field.id: field for field in named}

    async def _user_names(self, ids: Collection[str]) -> dict[str, str]:
        """Return the names of former members by their ids."""
        return dict(zip(ids, await asyncio.gather(*map(self.metadata.name, ids)), strict=True))

    async def _named(
        self,
        actor: Actor,
        known: custom_fields.Definitions,
        field: CustomField,
        value: Sequence[str],
        people: People,
        issue: JSON,
    ) -> CustomField:
        if field.id not in known or not custom_fields.is_by_number(known[field.id]):
            return field
        names, ids = dict[str, str](), [each for each in value if each.isascii() and each.isdigit()]
        match known[field.id].format:
            case "user":
                names = people.names | await self._user_names(set(ids) - people.names.keys())
            case "version":
                names = await self.metadata.names_in_project(json_mapper.ref(issue["project"]).id, "versions")
            case "attachment":
                files = await asyncio.gather(*(self._file_of_field(actor, each) for each in ids))
                names = {str(file.id): file.filename for file in files if file}
        return custom_fields.named(field, value, names)

    async def attachment(self, actor: Actor, task_id: int, file_id: int) -> Attachment:
        """Return a file of a task, or of one of its custom fields. Raises NotFound."""
        issue = await self.issue(actor, task_id, "attachments")
        files = map(json_mapper.attachment, issue.get("attachments", ()))
        file = next((file for file in files if file.id == file_id), None)
        if file is None and await self._is_of_field(issue, str(file_id)):
            file = await self._file_of_field(actor, str(file_id))
        if file is None:
            raise NotFound
        return file

    async def _is_of_field(self, issue: JSON, value: str) -> bool:
        values = custom_fields.values(issue, await self.metadata.definitions())
        return any(it.field.kind == "file" and value in it.value for it in values)

    async def _file_of_field(self, actor: Actor, value: str) -> Attachment | None:
        """Return the file of that number in a custom field; None when it is gone, or hidden from this person."""
        try:
            with forbidden_is_missing():
                answer = await self.client.get(f"/attachments/{value}.json", actor.login)
        except NotFound:
            return None
        return json_mapper.attachment(part(answer, "attachment"))
