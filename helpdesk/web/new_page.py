"""The page of a new task: first where, then the form that this place has."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound
from helpdesk.tasks.creation import Blank
from helpdesk.tasks.model import Ref
from helpdesk.web import blanks, inputs, keeping, uploads
from helpdesk.web.guards import actor
from helpdesk.web.rendering import html, is_htmx, services, spoken


async def page(request: Request, typed: Mapping[str, Any], status: int = 200, **context: Any) -> Response:
    """The form with what was typed into it, by itself for htmx or in its page; without a project only where to go."""
    projects, blank = await offered(request, typed)
    around = {"draft": None, "why": None, "preview": None}
    told = {
        "projects": projects,
        "blank": blank,
        "controls": blanks.of_blank(blank, typed, lambda says: spoken(request, says)) if blank else (),
        "typed_by": keeping.typed_by(request, await keeping.person_here(request)),
        "brought": uploads.listed(request, await actor(request)),
        "limit": uploads.limit(request),
    }
    template = "tasks/_new.html" if is_htmx(request) else "tasks/new.html"
    return html(request, template, status, **{**around, **told, **context})


async def offered(request: Request, typed: Mapping[str, Any]) -> tuple[tuple[Ref, ...], Blank | None]:
    """Where this person may create tasks, and the blank of the place that was typed, or of the only one there is."""
    who, tracker = await actor(request), services(request).tracker
    projects = await tracker.projects_for_new(who)
    named = next((project for project in projects if str(project.id) == str(typed.get("project_id"))), None)
    project = named or (projects[0] if len(projects) == 1 else None)
    if project is None:
        return projects, None
    try:
        return projects, await tracker.blank(who, project.id, _number(typed.get("tracker_id")))
    except NotFound:  # another project's tracker: this one's first takes its place
        return projects, await tracker.blank(who, project.id)


def _number(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and int(text) <= inputs.LARGEST_ID else None
