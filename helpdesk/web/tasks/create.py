"""A new task, by its page or by a program. Going to another project or tracker loses nothing typed or brought."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotFound, TooLarge, sentence
from helpdesk.people.model import Person
from helpdesk.tasks.creation import NewTask
from helpdesk.tasks.model import Actor, Task
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import saved
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, answer_refusal, html, htmx_redirect, json_response, see_other
from helpdesk.web.core.guards import actor
from helpdesk.web.core.idempotency import idempotent
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import translate
from helpdesk.web.drafts import service as drafts
from helpdesk.web.files import uploads
from helpdesk.web.tasks import colors, create_page, create_schemas, task_form
from helpdesk.web.tasks import page as task_page

PLACE = "tasks:new"
CREATED = sentence("The task was created.")
NO_PROJECT = sentence("There is no such project, or you may not create tasks in it.")
NO_TRACKER = sentence("There is no such tracker here.")
CHOICES = ("status_id", "priority_id", "assignee_id")
DETAILS = {"tracker": "tracker_id", "parent": "parent_id"}


@drafts.belongs_to("new")
async def new(request: Request) -> Response:
    """GET is the form, filled in by the query or by a draft; POST makes the task."""
    if request.method == "POST":
        return await _create(request)
    query = request_data.query_values(request)
    return await answer(request, json=lambda: _to_json(request, query), page=lambda: _to_page(request, query))


async def _to_json(request: Request, typed: Mapping[str, Any]) -> Response:
    projects, form = await create_page.offered(request, typed)
    return json_response(request, create_schemas.offered(projects, form, await colors.known(request)))


async def _to_page(request: Request, query: Mapping[str, Any]) -> Response:
    draft = None if any(query.get(name) for name in drafts.TEXTS) else await drafts.offer(request, PLACE)
    typed = {**(draft.fields if draft else {}), **query}
    uploads.recall(request, await actor(request), typed.get("staged"))
    return await create_page.page(request, typed, draft=draft)


async def new_form(request: Request) -> Response:
    """The form for another project or tracker, with all that was typed into this one, which becomes a draft, too."""
    if request.method != "POST":
        return see_other(path_to(request, "tasks:new"))
    person, fields = await drafts.person_typing(request), await request_data.read(request)
    return await answer(
        request,
        json=lambda: _to_json(request, fields.values),
        page=lambda: _moved(request, person, fields),
    )


async def _moved(request: Request, person: Person, fields: request_data.Fields) -> Response:
    why = None
    try:
        await uploads.arrived(request, await actor(request))
    except (Invalid, TooLarge) as refusal:
        why = refusal
    with suppress(Invalid):  # what can't be stored is told when it is sent in earnest
        seals = [seal for seal, _ in uploads.listed(request, await actor(request))]
        await drafts.keep(request, person.id, PLACE, {**fields.values, "staged": seals})
    return await create_page.page(request, fields.values, status_of(why) if why else 200, why=why)


async def new_preview(request: Request) -> Response:
    """The description as it will look: beside it for htmx, else on the page anew."""
    if request.method != "POST":
        return see_other(path_to(request, "tasks:new"))
    await drafts.person_typing(request)
    fields = await request_data.read(request)
    preview_html = (await task_page.all_of(request, fields.text("description"), None)).html

    async def page() -> Response:
        await uploads.arrived(request, await actor(request))
        return await create_page.page(request, fields.values, preview=preview_html)

    return await answer(
        request,
        json=lambda: json_response(request, {"html": preview_html}),
        page=page,
        fragment=lambda: html(request, "tasks/_preview.html", preview=preview_html),
    )


async def create(request: Request) -> Response:
    """Make the task that a form or a program wishes for; a refused form keeps everything, its files too."""
    who, fields = await actor(request), await request_data.read(request)
    try:
        files = await uploads.arrived(request, who)
        task = await _made(request, who, wanted(fields)._replace(files=files))
    except (Invalid, TooLarge) as refusal:
        return await _refused(request, refusal)
    body = {"message": translate(request, CREATED), "data": create_schemas.created(task)}
    return await answer(
        request,
        json=lambda: json_response(request, body, 201),
        page=lambda: htmx_redirect(request, task_page.address(request, task.id)),
    )


async def _refused(request: Request, refusal: Invalid | TooLarge) -> Response:
    values, status = (await request_data.read(request)).values, status_of(refusal)
    return await answer_refusal(request, refusal, page=lambda: create_page.page(request, values, status, why=refusal))


def wanted(fields: request_data.Fields) -> NewTask:
    """Read a new task from a body; `assigned_to_id` is the contract's name. Raises Invalid."""
    values = {name.replace("assigned_to_id", "assignee_id"): value for name, value in fields.values.items()}
    named = fields._replace(values=values)
    edit = task_form.edit(named)
    given: dict[str, Any] = {DETAILS.get(name, name): it for name, it in edit.details.items() if name != "done_ratio"}
    chosen = {name: named.number(name) for name in CHOICES if name in values}
    project_id = named.number("project_id")
    if project_id is None:
        raise Invalid({"project_id": [NO_PROJECT]})
    return NewTask(project_id, **{"subject": "", **given, **chosen}, custom=edit.custom)


async def _made(request: Request, who: Actor, wanted: NewTask) -> Task:
    """The task. Raises Invalid in the names of the body, for a project or tracker that is not offered, too."""
    tracker = services(request).backend
    try:
        return await saved(request, tracker.create(who, wanted))
    except NotFound as error:
        offered = {project.id for project in await tracker.projects_for_new(who)}
        known = wanted.project_id in offered
        raise Invalid({"tracker_id": [NO_TRACKER]} if known else {"project_id": [NO_PROJECT]}) from error
    except Invalid as refusal:
        if "assignee_id" in refusal.fields:
            refusal.fields["assigned_to_id"] = refusal.fields.pop("assignee_id")
        raise


_create = drafts.keeps_draft(idempotent(create))
