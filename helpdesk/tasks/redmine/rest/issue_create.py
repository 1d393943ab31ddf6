"""New tasks over Redmine's REST API."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime

from helpdesk.errors import Invalid, NotFound, OutcomeUnknown, Unavailable
from helpdesk.redmine_client import JSON, part
from helpdesk.tasks.checks import normal, require_creatable
from helpdesk.tasks.creation import NewTask, NewTaskForm
from helpdesk.tasks.fields import CustomField
from helpdesk.tasks.files import Staged
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor, Ref, Task
from helpdesk.tasks.redmine import allowed_actions
from helpdesk.tasks.redmine.rest import custom_fields, json_mapper, payloads, query_params
from helpdesk.tasks.redmine.rest.calls import Claim, RestCalls
from helpdesk.tasks.redmine.rest.issue import Issues, ReadTask
from helpdesk.tasks.redmine.rest.permissions import Me

ReadForm = Callable[[Actor, int, int | None], Awaitable[NewTaskForm]]


class IssueCreate:
    """`read_task` and `read_form` read within a write: by SQL where that is possible."""

    def __init__(self, calls: RestCalls, issues: Issues, read_task: ReadTask, read_form: ReadForm) -> None:
        self.calls, self.client, self.users = calls, calls.client, calls.users
        self.issues, self.read_task, self.read_form = issues, read_task, read_form

    async def create(self, actor: Actor, new_task: NewTask) -> Task:
        """Redmine makes the task also where it ignores something of the wish, as a status, or a tracker that a role is
        kept from. No error then: the task is there, and what is given back is what it says."""
        began = datetime.now(UTC).replace(microsecond=0)
        async with self.calls.writing(actor) as write:
            form = await self.read_form(actor, new_task.project_id, new_task.tracker_id)
            new_task = normal(form, new_task)
            require_creatable(form, new_task)
            body = {"issue": _body(new_task, form)}
            with self.calls.claims.among(
                actor.id, new_task.project_id, new_task.subject, new_task.description
            ) as claim:
                answer = await write.send(self._post(actor, body, new_task.files))
                task = await self._created(actor, claim, part(answer, "issue")) if answer else None
                if task is None and (
                    number := claim.take(await self._same_tasks(actor, new_task, began), surely=False)
                ):
                    task = await self.read_task(actor, number)
        if task is None:  # perhaps it was made all the same: Redmine's clock may be behind ours
            raise OutcomeUnknown(detail=write.lost.detail if write.lost else "Redmine says nothing of the task it made")
        return task

    async def _post(self, actor: Actor, body: JSON, files: Sequence[Staged]) -> JSON:
        try:
            return await self.client.post("/issues.json", body, actor.login)
        except Invalid as error:
            raise payloads.refusal(error, files) from error

    async def _created(self, actor: Actor, claim: Claim, issue: JSON) -> Task:
        """The new task; as its making told it, when its author may not see it or it can't be read just now."""
        claim.take([number := json_mapper.number(issue, "id")])
        try:
            return await self.read_task(actor, number)
        except (NotFound, Unavailable):
            return await self.issues.to_task(actor, await self.users.me(actor), issue)

    async def _same_tasks(self, actor: Actor, new_task: NewTask, began: datetime) -> list[int]:
        """Return the tasks it may be after an answer was lost: the same texts of the same author in the same project,
        since we began by our clock. Where Redmine's clock is behind ours nothing is found."""
        query = TaskQuery(
            authors=("me",), project_ids=(new_task.project_id,), updated_since=began, closed=True, sort="id"
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
    """Reads what a new task may say, within a call of the part that asks."""

    def __init__(self, calls: RestCalls) -> None:
        self.metadata, self.users = calls.metadata, calls.users

    async def projects(self, actor: Actor) -> tuple[Ref, ...]:
        """Return the projects where this person is a member: REST does not tell the rights of others."""
        mine = await self.users.me(actor)
        with_tasks = await self.users.projects_with_tasks(actor)
        offered = [project for project in await self.users.projects(actor) if project.id in with_tasks]
        return tuple([Ref(p.id, p.name) for p in offered if (await self.users.rights_in(mine, p.id)).has("add_issues")])

    async def form(self, actor: Actor, project_id: int, tracker_id: int | None) -> NewTaskForm:
        """Which statuses a task may begin in, and which trackers a role is limited to, REST does not tell: the
        tracker's own first status is offered, and all trackers of the project."""
        mine, metadata = await self.users.me(actor), self.metadata
        project = _one_of(await self.projects(actor), project_id)
        trackers = (await self.users.project(actor, project_id)).trackers
        tracker = _one_of(trackers, tracker_id if tracker_id is not None else trackers[0].id if trackers else 0)
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
            default_priority=next((priority.id for priority in priorities if priority.rank == 1), None),
            details=allowed_actions.of_new(may, fields),
            custom=await self._fields_of(actor, mine, project_id, tracker.id),
            may_attach=True,
        )

    async def _fields_of(self, actor: Actor, mine: Me, project_id: int, tracker_id: int) -> tuple[CustomField, ...]:
        """The custom fields that a new task will have, as far as this person sees them and we can write them."""
        known, roles = await self.metadata.definitions(), mine.roles.get(project_id, ())
        numbers = await self._numbers_of_fields(actor, known, project_id, tracker_id)
        found = [known[number] for number in numbers if number in known]
        return tuple(one.field for one in found if one.seen_by(roles, mine.is_admin) and one.field.is_writable)

    async def _numbers_of_fields(
        self, actor: Actor, known: custom_fields.Definitions, project_id: int, tracker_id: int
    ) -> Iterable[int]:
        """Redmine tells which projects name a field, but not which fields are in all projects. A task of the same
        project and tracker has the very fields; where there is none yet: those of the tracker that the project names,
        or that no project names. Source: Redmine's Issue#available_custom_fields, Project#all_issue_custom_fields."""
        in_use = await self.metadata.fields_in_use(project_id, tracker_id)
        if in_use is not None:
            return in_use
        named = (await self.users.project(actor, project_id)).fields
        elsewhere = await self.metadata.fields_named_by_projects() - named
        return [number for number, one in known.items() if tracker_id in one.trackers and number not in elsewhere]


def _one_of(offered: Iterable[Ref], wanted: int) -> Ref:
    found = next((each for each in offered if each.id == wanted), None)
    if found is None:
        raise NotFound
    return found


def _body(new_task: NewTask, form: NewTaskForm) -> JSON:
    """What is absent is left to Redmine: its default priority, today as the start, the fields' own defaults."""
    given = {
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
    } | {name: payloads.plainly(value) for name, value in given.items() if value is not None}
