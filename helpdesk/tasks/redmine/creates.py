"""New tasks over Redmine's REST API."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from helpdesk.errors import Invalid, NotFound, Unavailable, Unsure
from helpdesk.redmine_client import JSON, part
from helpdesk.tasks.checking import require_creatable
from helpdesk.tasks.creation import Blank, NewTask
from helpdesk.tasks.fields import CustomField
from helpdesk.tasks.files import Staged
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor, Ref, Task
from helpdesk.tasks.redmine import choosing, custom, listing, reading, writing
from helpdesk.tasks.redmine.one_task import OneTask
from helpdesk.tasks.redmine.rights import Me


class Creates(OneTask):
    async def projects_for_new(self, actor: Actor) -> tuple[Ref, ...]:
        """Those where this person is a member: the rights of people who are none are not told by REST."""
        async with self.asking():
            return await self._projects_for_new(actor)

    async def blank(self, actor: Actor, project_id: int, tracker_id: int | None = None) -> Blank:
        """Which statuses a task may begin in, and which trackers a role is limited to, REST does not tell: the
        tracker's own first status is offered, and all trackers of the project."""
        async with self.asking():
            return await self._blank(actor, project_id, tracker_id)

    async def create(self, actor: Actor, wish: NewTask) -> Task:
        """Redmine makes the task also where it ignores something of the wish, as a status, or a tracker that a role is
        kept from. No error then: the task is there, and what is given back is what it says."""
        began = datetime.now(UTC).replace(microsecond=0)
        async with self.writing(actor) as once:
            blank = await self._blank(actor, wish.project_id, wish.tracker_id)
            require_creatable(blank, wish)
            body = {"issue": _body(wish, blank)}
            made = await once.send(self._post(actor, body, wish.files))
            task = await self._made(actor, part(made, "issue")) if made else await self._found(actor, wish, began)
        if task is None:
            raise once.missing(Unsure(detail="Redmine says nothing of the task it made"))
        return task

    async def _post(self, actor: Actor, body: JSON, files: Sequence[Staged]) -> JSON:
        try:
            return await self.client.post("/issues.json", body, actor.login)
        except Invalid as error:
            raise writing.refusal(error, files) from error

    async def _made(self, actor: Actor, issue: JSON) -> Task:
        """The new task; as its making told it, when its author may not see it or it can't be read just now."""
        try:
            return await self._task(actor, reading.number(issue, "id"))
        except (NotFound, Unavailable):
            return await self._compose(actor, await self.look_up.me(actor), issue)

    async def _found(self, actor: Actor, wish: NewTask, began: datetime) -> Task | None:
        """The task, after an answer was lost: the same texts of the same author in the same project, since we began
        by our clock. Where Redmine's clock is behind ours nothing is found."""
        query = TaskQuery(authors=("me",), project_ids=(wish.project_id,), updated_since=began, closed=True, sort="id")
        issues, _ = await self._list(actor, listing.filters(query), query.per_page, 0)
        for issue in issues:
            is_new = reading.moment(issue["created_on"]) >= began
            same = writing.same(reading.text(issue, "subject"), wish.subject)
            if is_new and same and writing.same(issue.get("description"), wish.description):
                return await self._task(actor, reading.number(issue, "id"))
        return None

    async def _projects_for_new(self, actor: Actor) -> tuple[Ref, ...]:
        mine = await self.look_up.me(actor)
        with_tasks = await self.look_up.projects_with_tasks(actor)
        offered = [project for project in await self.look_up.projects(actor) if project.id in with_tasks]
        return tuple(
            [Ref(p.id, p.name) for p in offered if (await self.look_up.rights_in(mine, p.id)).has("add_issues")]
        )

    async def _blank(self, actor: Actor, project_id: int, tracker_id: int | None) -> Blank:
        mine, look = await self.look_up.me(actor), self.look_up
        project = _one_of(await self._projects_for_new(actor), project_id)
        trackers = (await look.project(actor, project_id)).trackers
        tracker = _one_of(trackers, tracker_id if tracker_id is not None else trackers[0].id if trackers else 0)
        fields, may = await look.standard_fields(tracker.id), await look.rights_in(mine, project_id)
        first = await look.first_status(tracker.id)
        priorities, people = await look.priorities(), await look.people(actor, project_id)
        me = [Ref(actor.id, name)] if (name := people.names.get(str(actor.id))) else []
        return Blank(
            project=project,
            tracker=tracker,
            trackers=trackers,
            statuses=(first,) if first else (),
            priorities=priorities,
            assignees=choosing.by_name([*people.assignable, *me]) if "assigned_to_id" in fields else (),
            default_priority=next((priority.id for priority in priorities if priority.rank == 1), None),
            details=choosing.details(may, fields) - {"done_ratio"},
            custom=await self._fields_of(actor, mine, project_id, tracker.id),
            may_attach=True,
        )

    async def _fields_of(self, actor: Actor, mine: Me, project_id: int, tracker_id: int) -> tuple[CustomField, ...]:
        """The custom fields that a new task will have, as far as this person sees them and we can write them."""
        known, roles = await self.look_up.definitions(), mine.roles.get(project_id, ())
        numbers = await self._numbers_of_fields(actor, known, project_id, tracker_id)
        found = [known[number] for number in numbers if number in known]
        return tuple(one.field for one in found if one.seen_by(roles, mine.is_admin) and one.field.kind != "other")

    async def _numbers_of_fields(
        self, actor: Actor, known: custom.Definitions, project_id: int, tracker_id: int
    ) -> Iterable[int]:
        """Redmine tells which projects name a field, but not which fields are in all projects. A task of the same
        project and tracker has the very fields; where there is none yet: those of the tracker that the project names,
        or that no project names. Source: Redmine's Issue#available_custom_fields, Project#all_issue_custom_fields."""
        told = await self.look_up.fields_in_use(project_id, tracker_id)
        if told is not None:
            return told
        named = (await self.look_up.project(actor, project_id)).fields
        elsewhere = await self.look_up.fields_named_by_projects() - named
        return [number for number, one in known.items() if tracker_id in one.trackers and number not in elsewhere]


def _one_of(offered: Iterable[Ref], wanted: int) -> Ref:
    found = next((each for each in offered if each.id == wanted), None)
    if found is None:
        raise NotFound
    return found


def _body(wish: NewTask, blank: Blank) -> JSON:
    """What is absent is left to Redmine: its default priority, today as the start, the fields' own defaults."""
    given = {
        "status_id": wish.status_id,
        "priority_id": wish.priority_id,
        "assigned_to_id": wish.assignee_id,
        "start_date": wish.start_date,
        "due_date": wish.due_date,
        "estimated_hours": wish.estimated_hours,
        "parent_issue_id": wish.parent_id,
    }
    fields = {field.id: field for field in blank.custom}
    return {
        "project_id": blank.project.id,
        "tracker_id": blank.tracker.id,
        "subject": wish.subject.strip(),
        "description": wish.description,
        "custom_fields": [custom.written(fields[number], value) for number, value in wish.custom.items()],
        "uploads": writing.uploads(wish.files),
    } | {name: writing.plainly(value) for name, value in given.items() if value is not None}
