"""The page of a new task: first where, then the form that this place has."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound
from helpdesk.tasks.creation import NewTaskForm
from helpdesk.tasks.model import Ref
from helpdesk.web.core import request_data, session
from helpdesk.web.core.faces import choose, html
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import translate
from helpdesk.web.drafts import service as drafts
from helpdesk.web.files import uploads
from helpdesk.web.tasks import create_form


async def page(request: Request, typed: Mapping[str, Any], status: int = 200, **context: Any) -> Response:
    """The form with what was typed into it, by itself for htmx or in its page; without a project only where to go."""
    projects, blank = await offered(request, typed)
    around = {"draft": None, "why": None, "preview": None}
    shown = {
        "projects": projects,
        "blank": blank,
        "controls": create_form.of_blank(blank, typed, lambda says: translate(request, says)) if blank else (),
        "typed_by": drafts.form_owner(request, await session.current_user(request)),
        "brought": uploads.listed(request, await actor(request)),
        "limit": uploads.limit(request),
        "reference": uploads.reference(request),
    }
    template = choose(request, page="tasks/new.html", fragment="tasks/_create_form.html")
    return html(request, template, status, **{**around, **shown, **context})


async def offered(request: Request, typed: Mapping[str, Any]) -> tuple[tuple[Ref, ...], NewTaskForm | None]:
    """Return the projects for new tasks, and the form of the chosen project or of the only one."""
    who, tracker = await actor(request), services(request).backend
    projects = await tracker.projects_for_new(who)
    named = next((project for project in projects if str(project.id) == str(typed.get("project_id"))), None)
    project = named or (projects[0] if len(projects) == 1 else None)
    if project is None:
        return projects, None
    try:
        return projects, await tracker.new_task_form(who, project.id, _number(typed.get("tracker_id")))
    except NotFound:  # another project's tracker: this one's first takes its place
        return projects, await tracker.new_task_form(who, project.id)


def _number(value: object) -> int | None:
    return request_data.an_id(str(value)) or None
