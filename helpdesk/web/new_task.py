"""A new task, by its page or by a program. Going to another project or tracker loses nothing typed or brought."""

from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotFound, TooLarge, sentence
from helpdesk.tasks.creation import NewTask
from helpdesk.tasks.model import Actor, Task
from helpdesk.web import details, inputs, keeping, new_page, task_page, uploads
from helpdesk.web.api import new_shape
from helpdesk.web.errors import status_of
from helpdesk.web.guards import actor
from helpdesk.web.idempotency import once
from helpdesk.web.rendering import data, html, is_htmx, lead_to, path_to, see_other, services, spoken, wants_html

PLACE = "tasks:new"
CREATED = sentence("The task was created.")
NO_PROJECT = sentence("There is no such project, or you may not create tasks in it.")
NO_TRACKER = sentence("There is no such tracker here.")
CHOICES = ("status_id", "priority_id", "assignee_id")
DETAILS = {"tracker": "tracker_id", "parent": "parent_id"}


@keeping.belongs_to("new")
async def new(request: Request) -> Response:
    """GET is the form, filled in by the query or by a draft; POST makes the task."""
    if request.method == "POST":
        return await _create(request)
    query = inputs.of_query(request)
    if not wants_html(request):
        return data(request, new_shape.offered(*await new_page.offered(request, query)))
    draft = None if any(query.get(name) for name in keeping.TEXTS) else await keeping.offer(request, PLACE)
    typed = {**(draft.fields if draft else {}), **query}
    uploads.recall(request, await actor(request), typed.get("staged"))
    return await new_page.page(request, typed, draft=draft)


async def new_form(request: Request) -> Response:
    """The form for another project or tracker, with all that was typed into this one, which becomes a draft, too."""
    if request.method != "POST":
        return see_other(path_to(request, "tasks:new"))
    person, fields, why = await keeping.person_typing(request), await inputs.read(request), None
    if not wants_html(request):
        return data(request, new_shape.offered(*await new_page.offered(request, fields.values)))
    try:
        await uploads.arrived(request, await actor(request))
    except (Invalid, TooLarge) as refusal:
        why = refusal
    with suppress(Invalid):  # what can't be stored is told when it is sent in earnest
        seals = [seal for seal, _ in uploads.listed(request, await actor(request))]
        await keeping.keep(request, person.id, PLACE, {**fields.values, "staged": seals})
    return await new_page.page(request, fields.values, status_of(why) if why else 200, why=why)


async def new_preview(request: Request) -> Response:
    """The description as it will look: beside it for htmx, else on the page anew."""
    if request.method != "POST":
        return see_other(path_to(request, "tasks:new"))
    await keeping.person_typing(request)
    fields = await inputs.read(request)
    looks = (await task_page.rendered(request, {0: fields.text("description")}))[0]
    if not wants_html(request):
        return data(request, {"html": looks})
    if is_htmx(request):
        return html(request, "tasks/_preview.html", preview=looks)
    await uploads.arrived(request, await actor(request))
    return await new_page.page(request, fields.values, preview=looks)


async def create(request: Request) -> Response:
    """Make the task that a form or a program wishes for; a refused form keeps everything, its files too."""
    who, fields = await actor(request), await inputs.read(request)
    try:
        files = await uploads.arrived(request, who)
        task = await _made(request, who, wish(fields)._replace(files=files))
    except (Invalid, TooLarge) as refusal:
        if not wants_html(request):
            raise
        return await new_page.page(request, fields.values, status_of(refusal), why=refusal)
    if not wants_html(request):
        return data(request, {"message": spoken(request, CREATED), "data": new_shape.created(task)}, 201)
    return lead_to(request, task_page.address(request, task.id))


def wish(fields: inputs.Fields) -> NewTask:
    """What a body says of a new task; `assigned_to_id` is the contract's name. Raises Invalid."""
    values = {name.replace("assigned_to_id", "assignee_id"): value for name, value in fields.values.items()}
    named = fields._replace(values=values)
    edit = details.edit(named)
    given: dict[str, Any] = {DETAILS.get(name, name): it for name, it in edit.details.items() if name != "done_ratio"}
    chosen = {name: named.number(name) for name in CHOICES if name in values}
    project_id = named.number("project_id")
    if project_id is None:
        raise Invalid({"project_id": [NO_PROJECT]})
    return NewTask(project_id, **{"subject": "", **given, **chosen}, custom=edit.custom)


async def _made(request: Request, who: Actor, wanted: NewTask) -> Task:
    """The task. Raises Invalid in the names of the body, for a project or tracker that is not offered, too."""
    tracker = services(request).tracker
    try:
        return await tracker.create(who, wanted)
    except NotFound as error:
        offered = {project.id for project in await tracker.projects_for_new(who)}
        known = wanted.project_id in offered
        raise Invalid({"tracker_id": [NO_TRACKER]} if known else {"project_id": [NO_PROJECT]}) from error
    except Invalid as refusal:
        if "assignee_id" in refusal.fields:
            refusal.fields["assigned_to_id"] = refusal.fields.pop("assignee_id")
        raise


_create = keeping.kept(once(create))
