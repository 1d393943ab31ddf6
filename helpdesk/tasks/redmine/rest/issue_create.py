"""New tasks over Redmine's REST API."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime

from helpdesk.errors import Invalid, NotFound, OutcomeUnknown, Unavailable
from helpdesk.redmine_client import JSON, part
from helpdesk.tasks.checks import normal, require_creatable
from helpdesk.tasks.creation import NewTask, NewTaskForm, default_priority, one_of
from helpdesk.tasks.fields import CustomField
from helpdesk.tasks.files import Staged
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor, Ref, Task
from helpdesk.tasks.redmine import allowed_actions
from helpdesk.tasks.redmine.rest import custom_fields, json_mapper, payloads, query_params
from helpdesk.tasks.redmine.rest.calls import Claim, RestCalls
from helpdesk.tasks.redmine.rest.issue import Issues, ReadTask
from helpdesk.tasks.redmine.rest.user_cache import Me

ReadForm = Callable[[Actor, int, int | None], Awaitable[NewTaskForm]]


class IssueCreate:
    """`read_task` and `read_form` read within a write: by SQL where that is possible."""

    def __init__(self, calls: RestCalls, issues: Issues, read_task: ReadTask, read_form: ReadForm) -> None:
        self.calls, self.client, self.users = calls, calls.client, calls.users
        self.issues, self.read_task, self.read_form = issues, read_task, read_form

    async def create(self, actor: Actor, new_task: NewTask) -> Task:
        """Create a task. Redmine creates it even where it ignores some value, as a status, or a tracker that a role may
        not use. That is no error: the task exists, and it is returned as it is."""
        began = datetime.now(UTC).replace(microsecond=0)
        async with self.calls.writing(actor) as write:
            form = await self.read_form(actor, new_task.project_id, new_task.tracker_id)
            new_task = normal(form, new_task)
            require_creatable(form, new_task)
            body = {"issue": _body(new_task, form)}
            content = (actor.id, new_task.project_id, new_task.subject, new_task.description)
            with self.calls.claims.among(*content) as claim:
                answer = await write.send(self._post(actor, body, new_task.files))
                task = await self._created(actor, claim, part(answer, "issue")) if answer else None
                if task is None:
                    number = claim.take(await self._same_tasks(actor, new_task, began), surely=False)
                    task = await self.read_task(actor, number) if number else None
        if task is None:  # it may have been created nevertheless: Redmine's clock may be behind ours
            raise OutcomeUnknown(detail=write.lost.detail if write.lost else "Redmine says nothing of the task it made")
        return task

    async def _post(self, actor: Actor, body: JSON, files: Sequence[Staged]) -> JSON:
        try:
            return await self.client.post("/issues.json", body, actor.login)
        except Invalid as error:
            raise payloads.refusal(error, files) from error

    async def _created(self, actor: Actor, claim: Claim, issue: JSON) -> Task:
        """Return the new task; as Redmine's answer has it, when its author may not see it or it can't be read now."""
        claim.take([number := json_mapper.number(issue, "id")])
        try:
            return await self.read_task(actor, number)
        except (NotFound, Unavailable):
            return await self.issues.to_task(actor, await self.users.me(actor), issue)

    async def _same_tasks(self, actor: Actor, new_task: NewTask, began: datetime) -> list[int]:
        """Return the candidates for the new task after a lost answer: the same texts of the same author in the same
        project, since we began by our clock. There are none where Redmine's clock is behind ours."""
        query = TaskQuery(
            authors=("me",), project_ids=(new_task.project_id,), updated_since=began, include_closed=True, sort="id"
        )
        issues, _ = await self.issues.lists.issues(actor, query_params.filters(query), query.per_page, 0)
        return [
            json_mapper.number(issue, "id")
            for issue in issues
            if json_mapper.moment(issue["created_on"]) >= began
            and payloads.same(json_mapper.text(issue, "subject"), new_task.subject)
            and payloads.same(issue.get("description"), new_task.description)
        ]


class NewTaskForms:
    """Reads the forms of new tasks, within the caller's call."""

    def __init__(self, calls: RestCalls) -> None:
        self.metadata, self.users = calls.metadata, calls.users

    async def projects(self, actor: Actor) -> tuple[Ref, ...]:
        """Return the projects where this person is a member: REST does not tell the rights of others."""
        mine = await self.users.me(actor)
        with_tasks = await self.users.projects_with_tasks(actor)
        offered = [project for project in await self.users.projects(actor) if project.id in with_tasks]
        return tuple([Ref(p.id, p.name) for p in offered if (await self.users.rights_in(mine, p.id)).has("add_issues")])

    async def form(self, actor: Actor, project_id: int, tracker_id: int | None) -> NewTaskForm:
        """Return the form of a new task. REST does not tell the allowed first statuses, nor a role's limits to some
        trackers: the tracker's own first status is offered, and all trackers of the project."""
        mine, metadata = await self.users.me(actor), self.metadata
        project = one_of(await self.projects(actor), project_id)
        trackers = (await self.users.project(actor, project_id)).trackers
        tracker = one_of(trackers, tracker_id)
        fields, may = await metadata.standard_fields(tracker.id), await self.users.rights_in(mine, project_id)
        first = await metadata.first_status(tracker.id)
        priorities, people = await metadata.priorities(), await self.users.people(actor, project_id)
        me = [Ref(actor.id, name)] if (name := people.names.get(str(actor.id))) else []
        return NewTaskForm(
            project=project,
            tracker=tracker,
            trackers=trackers,
            statuses=(first,) if first else (),
            priorities=priorities,
            assignees=allowed_actions.by_name([*people.assignable, *me]) if "assigned_to_id" in fields else (),
            default_priority=default_priority(priorities),
            details=allowed_actions.of_new(may, fields),
            custom=await self._fields_of(actor, mine, project_id, tracker.id),
            may_attach=True,
        )

    async def _fields_of(self, actor: Actor, mine: Me, project_id: int, tracker_id: int) -> tuple[CustomField, ...]:
        """Return the custom fields that a new task will have, as far as this person sees them and we can write them."""
        known, roles = await self.metadata.definitions(), mine.roles.get(project_id, ())
        ids = await self._field_ids(actor, known, project_id, tracker_id)
        definitions = [known[number] for number in ids if number in known]
        return tuple(it.field for it in definitions if it.seen_by(roles, mine.is_admin) and it.field.is_writable)

    async def _field_ids(
        self, actor: Actor, known: custom_fields.Definitions, project_id: int, tracker_id: int
    ) -> Iterable[int]:
        """Return the ids of the fields of a new task. Redmine tells the projects that name a field, but not the fields
        of all projects. Another task of the same project and tracker has the same fields; where there is none yet, it
        is the tracker's fields that the project names, or that no project names.

        Source: Redmine's Issue#available_custom_fields, Project#all_issue_custom_fields.
        """
        in_use = await self.metadata.fields_in_use(project_id, tracker_id)
        if in_use is not None:
            return in_use
        named = (await self.users.project(actor, project_id)).fields
        elsewhere = await self.metadata.fields_named_by_projects() - named
        return [number for number, it in known.items() if tracker_id in it.trackers and number not in elsewhere]


def _body(new_task: NewTask, form: NewTaskForm) -> JSON:
    """Return the request; absent values are left to Redmine: its default priority, today as the start, and so on."""
    values = {
        "status_id": new_task.status_id,
        "priority_id": new_task.priority_id,
        "assigned_to_id": new_task.assignee_id,
        "start_date": new_task.start_date,
        "due_date": new_task.due_date,
        "estimated_hours": new_task.estimated_hours,
        "parent_issue_id": new_task.parent_id,
        "is_private": new_task.is_private,
    }
    fields = {field.id: field for field in form.custom}
    return {
        "project_id": form.project.id,
        "tracker_id": form.tracker.id,
        "subject": new_task.subject.strip(),
        "description": new_task.description,
        "custom_fields": [custom_fields.written(fields[number], value) for number, value in new_task.custom.items()],
        "uploads": payloads.uploads(new_task.files),
    } | {name: payloads.plainly(value) for name, value in values.items() if value is not None}
