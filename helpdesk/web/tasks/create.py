"""A new task, by its page or by a program. Going to another project or tracker loses nothing typed or uploaded."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial, wraps
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotFound, Sentence, TooLarge, sentence
from helpdesk.people.model import Person
from helpdesk.store.call_lists import Call
from helpdesk.tasks.creation import NewTask, NewTaskForm
from helpdesk.tasks.model import Actor, Ref, Task
from helpdesk.web.core import flash, request_data, session
from helpdesk.web.core.after_write import Act, record, saved
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import (
    answer,
    answer_refusal,
    choose,
    html,
    htmx_redirect,
    json_response,
    redirect_path,
    see_other,
)
from helpdesk.web.core.guards import Handler, actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import translate
from helpdesk.web.drafts import service as drafts
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.files import uploads
from helpdesk.web.task_calls import creation as from_call
from helpdesk.web.tasks import colors, form_fields, rendered_texts, schemas, task_input
from helpdesk.web.tasks import page as task_page

PLACE = "tasks:new"
QUICK = "quick"
"""The field of the short form on the card of a call, which stays there when the task is created."""
LAST_PROJECT = "project"
"""The cookie of the project in which this browser created its last task: the next form begins with it."""
CREATED = sentence("The task was created.")
NO_PROJECT = sentence("There is no such project, or you may not create tasks in it.")
NO_TRACKER = sentence("There is no such type here.")
CHOICES = ("status_id", "priority_id", "assignee_id")
DETAILS = {"tracker": "tracker_id", "parent": "parent_id"}
ALIASES = {"assigned_to_id": "assignee_id"}
"""The names of the contract, and the names of our forms."""
Form = tuple[tuple[Ref, ...], NewTaskForm | None]
"""The projects for new tasks, and the form of one of them."""


@drafts.belongs_to("new")
async def new(request: Request) -> Response:
    """Show the form, filled in by the query or, with `?draft=1`, by the draft; a POST creates the task.

    Without that a page first asks what shall become of a draft, so that nothing new is saved over it. A task from a
    call has a draft of its own, which fills the form at once: somebody waits on the phone.
    """
    if request.method == "POST":
        return await _create(request)
    query = request_data.query_values(request)
    return await answer(request, json=lambda: _to_json(request, query), page=lambda: _to_page(request, query))


async def _to_json(request: Request, typed: Mapping[str, Any]) -> Response:
    projects, form = await _form(request, typed)
    return json_response(request, schemas.new_task(projects, form, await colors.load(request)))


async def _to_page(request: Request, query: Mapping[str, Any]) -> Response:
    call = await from_call.call_of_form(request, query)
    draft = await drafts.of_place(request, _place(call))
    if draft and not call and "draft" not in query and choose(request, page=True, fragment=False):
        return html(request, "tasks/new_draft.html", draft=draft, typed_by=await drafts.form_owner(request))
    unfinished = await drafts.of_place(request, PLACE) if call else None
    typed = {**from_call.prefilled(request, call), **query, **(draft.fields if draft else {})}
    uploads.restore(request, (await actor(request)).id, typed.get("staged"))
    return await _page(request, typed, draft=draft, unfinished=unfinished)


def _place(call: Call | None) -> str:
    return f"{PLACE}:{call.id}" if call else PLACE


async def new_form(request: Request) -> Response:
    """Show the form for another project or tracker, with all that was typed into this one, which becomes a draft."""
    if request.method != "POST":
        return see_other(path_to(request, "tasks:new"))
    person, fields = await drafts.person_typing(request), await request_data.read(request)
    return await answer(
        request,
        json=lambda: _to_json(request, fields.values),
        page=lambda: _other_form(request, person, fields),
    )


async def _other_form(request: Request, person: Person, fields: request_data.Fields) -> Response:
    error = None
    try:
        await uploads.receive(request, await actor(request))
    except (Invalid, TooLarge) as refusal:
        error = refusal
    with suppress(Invalid):  # a value that can't be stored is refused when the form is sent
        seals = [seal for seal, _ in uploads.sealed(request, (await actor(request)).id)]
        place = _place(await from_call.call_of_form(request, fields.values))
        await drafts.keep(request, person.id, place, {**fields.values, "staged": seals})
    if fields.values.get(QUICK):  # its draft fills the whole form
        whole = f"{path_to(request, PLACE)}?{_choices(fields)}"
        return choose(request, page=see_other(whole), fragment=htmx_redirect(request, whole))
    loaded = await _form(request, fields.values)
    if choose(request, page=False, fragment=loaded[1] and _has_other_texts(fields, loaded[1])):
        return htmx_redirect(request, f"{path_to(request, PLACE)}?{_choices(fields)}&draft=1")
    return await _page(request, fields.values, status_of(error) if error else 200, loaded, error=error)


def _choices(fields: request_data.Fields) -> str:
    """Return the query that opens the form for the same project, tracker and call."""
    names = ("project_id", "tracker_id", from_call.FIELD)
    return urlencode({name: fields.values[name] for name in names if name in fields.values})


def _has_other_texts(fields: request_data.Fields, form: NewTaskForm) -> bool:
    """Tell whether the form has a description where the one that was sent has none, or the other way round.

    The page changes what stands beside its texts, so that one may type on meanwhile, and is loaded anew for others.
    """
    return ("description" in fields.values) != ("description" in form.details)


async def new_preview(request: Request) -> Response:
    """Show the description as HTML: beside its field for htmx, else in the page."""
    if request.method != "POST":
        return see_other(path_to(request, "tasks:new"))
    await drafts.person_typing(request)
    fields = await request_data.read(request)
    preview_html = (await rendered_texts.render(request, fields.text("description"), None)).html

    async def page() -> Response:
        await uploads.receive(request, await actor(request))
        return await _page(request, fields.values, preview=preview_html)

    return await answer(
        request,
        json=lambda: json_response(request, {"html": preview_html}),
        page=page,
        fragment=lambda: html(request, "tasks/_preview.html", preview=preview_html),
    )


async def create(request: Request) -> Response:
    """Create the task of a form or of a program; a refused form keeps everything, its files too."""
    who, fields = await actor(request), await request_data.read(request)
    try:
        files = await uploads.receive(request, who)
        task = await _created(request, who, _new_task(fields)._replace(files=files))
        message = await from_call.link(request, fields.values, task.id) or CREATED
    except (Invalid, TooLarge) as error:
        refusal, status = error, status_of(error)
        return await answer_refusal(request, refusal, page=lambda: _page(request, fields.values, status, error=refusal))
    body = {"message": translate(request, message), "data": schemas.created(task)}
    to_task = partial(_to_task, request, task, message)
    quickly = partial(_to_task, request, task, message, is_quick=True) if fields.values.get(QUICK) else None
    return await answer(request, json=lambda: json_response(request, body, 201), page=to_task, fragment=quickly)


def _to_task(request: Request, task: Task, message: Sentence, is_quick: bool = False) -> Response:
    """Lead to the task, or say on the card of the call that it is there."""
    if is_quick:
        response = html(request, "tasks/_quick_done.html", task=task, message=message)
    else:
        response = flash.redirect(request, task_page.address(request, task.id), message)
    session.keep_choice(response, LAST_PROJECT, str(task.row.project.id))
    return response


def _another(handler: Handler) -> Handler:
    """Let the button `another` lead to a new form of the same kind, which says what was created and leads to it.

    It is outside of `idempotent`: after a lost answer the form may be sent again by the other button.
    """

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        response, values = await handler(request), (await request_data.read(request)).values
        created = redirect_path(response)
        if not created or not values.get("another"):
            return response
        same = urlencode({name: values[name] for name in ("project_id", "tracker_id") if name in values})
        message = sentence("Task #%(number)s was created.", number=created.rpartition("/")[2])
        following = flash.redirect(request, f"{path_to(request, 'tasks:new')}?{same}", message, created)
        session.keep_choice(following, LAST_PROJECT, str(values["project_id"]))
        return following

    return guarded


def _new_task(fields: request_data.Fields) -> NewTask:
    """Read a new task from a body. Raises Invalid."""
    values = {ALIASES.get(name, name): value for name, value in fields.values.items()}
    fields = fields._replace(values=values)
    edit = task_input.edit(fields)
    details: dict[str, Any] = {DETAILS.get(name, name): it for name, it in edit.details.items() if name != "done_ratio"}
    choices = {name: fields.number(name) for name in CHOICES if name in values}
    project_id = fields.number("project_id")
    if project_id is None:
        raise Invalid({"project_id": [NO_PROJECT]})
    return NewTask(project_id, **{"subject": "", **details, **choices}, custom=edit.custom)


async def _created(request: Request, who: Actor, new_task: NewTask) -> Task:
    """Create a task. Raises Invalid in the names of the body, also for a project or tracker that is not offered."""
    backend = services(request).backend
    try:
        return await _write(request, who, new_task)
    except NotFound as error:
        offered = {project.id for project in await backend.projects_for_new(who)}
        is_offered = new_task.project_id in offered
        raise Invalid({"tracker_id": [NO_TRACKER]} if is_offered else {"project_id": [NO_PROJECT]}) from error
    except Invalid as refusal:
        for alias, name in ALIASES.items():
            if name in refusal.fields:
                refusal.fields[alias] = refusal.fields.pop(name)
        raise


async def _write(request: Request, who: Actor, new_task: NewTask) -> Task:
    """Write a new task, and record it. Where it was written without its number being known, nothing is recorded."""
    task = await saved(request, services(request).backend.create(who, new_task))
    await record(request, Act("task_created", task.id))
    return task


async def _page(
    request: Request, typed: Mapping[str, Any], status: int = 200, loaded: Form | None = None, **context: Any
) -> Response:
    """Show the form with the typed values, by itself for htmx or in its page; without a project its texts alone."""
    projects, form = loaded or await _form(request, typed)
    call = await from_call.call_of_form(request, typed)
    own_form = "tasks/_quick_form.html" if typed.get(QUICK) and call else "tasks/_create_form.html"
    shared = {
        **{"draft": None, "unfinished": None, "error": None, "preview": None},
        "projects": projects,
        "new_form": form,
        "texts": form_fields.NEW_TEXTS,
        "controls": form_fields.of_new(form or form_fields.ANYWHERE, typed, partial(translate, request)),
        "typed_by": await drafts.form_owner(request),
        "draft_id": typed.get(drafts.DRAFT_ID),
        "call": call,
        **uploads.context(request, (await actor(request)).id),
    }
    template = choose(request, page="tasks/new.html", fragment=own_form)
    return html(request, template, status, **{**shared, **context})


async def _form(request: Request, typed: Mapping[str, Any]) -> Form:
    """Return the projects for new tasks, and the form of the chosen project, of the last one or of the only one."""
    who, backend = await actor(request), services(request).backend
    projects = await backend.projects_for_new(who)
    wanted = str(typed.get("project_id") or session.cookie(request, LAST_PROJECT))
    chosen = next((project for project in projects if str(project.id) == wanted), None)
    project = chosen or (projects[0] if len(projects) == 1 else None)
    if project is None:
        return projects, None
    tracker_id = request_data.an_id(str(typed.get("tracker_id"))) or None
    try:
        return projects, await backend.new_task_form(who, project.id, tracker_id)
    except NotFound:  # a tracker of another project: the first of this one is taken instead
        return projects, await backend.new_task_form(who, project.id)


_create = drafts.keeps_draft(_another(idempotent(create)))
