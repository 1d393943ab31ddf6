"""Mute notifications about one task, or about all tasks of a project."""

from collections.abc import Collection
from dataclasses import replace
from typing import Literal, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, Sentence, Unavailable, sentence
from helpdesk.notifications.preferences import Preferences, from_json, to_json
from helpdesk.store import preferences
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Ref
from helpdesk.web.core import path_params, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import is_htmx, wants_html
from helpdesk.web.core.guards import actor
from helpdesk.web.core.responses import html, json_response, see_other
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import current_url, translate

Kind = Literal["task", "project"]

MOST = 100
"""Mutes of each kind: as many as one query to the backend can name."""

SAYS: dict[tuple[Kind, bool], Sentence] = {
    ("task", True): sentence("You will hear of this task only when somebody turns to you."),
    ("task", False): sentence("You will be told of this task again."),
    ("project", True): sentence("You will hear of this project only when somebody turns to you."),
    ("project", False): sentence("You will be told of this project again."),
}
TOO_MANY = sentence("You have muted %(most)s already: be told of one again first.", most=MOST)


class Mute(NamedTuple):
    """A task or a project, and whether it is muted. `name` is empty when the person may not see it, and None while that
    cannot be known."""

    kind: Kind
    number: int
    muted: bool
    name: str | None


async def task(request: Request) -> Response:
    """Mute a task, or unmute it, as `muted` says. Raises NotFound for a task that the person may not see."""
    return await _change(request, "task", path_params.task_id(request))


async def project(request: Request) -> Response:
    """Mute all tasks of a project, or unmute them."""
    return await _change(request, "project", path_params.number(request, "project_id"))


async def named(request: Request, chosen: Preferences) -> list[Mute]:
    """Return all mutes with their names, projects first."""
    if not (chosen.muted_projects or chosen.muted_tasks):
        return []
    try:
        names = await _names(request, chosen.muted_projects, chosen.muted_tasks)
    except Unavailable:  # a mute can be taken off without its name
        names = None
    numbers: dict[Kind, frozenset[int]] = {"project": chosen.muted_projects, "task": chosen.muted_tasks}
    return [
        Mute(kind, number, True, None if names is None else names[kind].get(number, ""))
        for kind in numbers
        for number in sorted(numbers[kind])
    ]


def of_task(stored: str, task_id: int, project: Ref) -> tuple[Mute, Mute]:
    """Return whether a task and its project are muted, from the person's preferences as JSON."""
    chosen = from_json(stored)
    return (
        Mute("task", task_id, task_id in chosen.muted_tasks, ""),
        Mute("project", project.id, project.id in chosen.muted_projects, project.name),
    )


async def _change(request: Request, kind: Kind, number: int) -> Response:
    person, muted = await current_user(request), (await request_data.read(request)).flag("muted", True)
    one = frozenset({number})
    names = await (_names(request, (), one) if kind == "task" else _names(request, one, ()))
    seen = number in names[kind]

    def changed(stored: str) -> str:
        before = from_json(stored)
        held = before.muted_tasks if kind == "task" else before.muted_projects
        if not seen and (muted or number not in held):
            raise NotFound
        after = held | one if muted else held - one
        if len(after) > max(MOST, len(held)):
            raise request_data.refusal("muted", TOO_MANY)
        return to_json(replace(before, muted_tasks=after) if kind == "task" else replace(before, muted_projects=after))

    await stored(request, lambda db: preferences.change(db, person.id, changed))
    if not wants_html(request):
        return json_response(request, {"message": translate(request, SAYS[kind, muted]), "muted": muted})
    if not is_htmx(request):
        return see_other(current_url(request))
    mute = Mute(kind, number, muted, names[kind].get(number, ""))
    return html(request, "notifications/_muted.html", mute=mute, says=SAYS[kind, muted])


async def _names(request: Request, projects: Collection[int], tasks: Collection[int]) -> dict[Kind, dict[int, str]]:
    """Return the names of those that the person may see. Raises Unavailable."""
    who, tracker = await actor(request), services(request).backend
    found: dict[Kind, dict[int, str]] = {"task": {}, "project": {}}
    if tasks:
        query = TaskQuery(task_ids=tuple(sorted(tasks)), closed=True, per_page=MOST)
        found["task"] = {row.id: row.subject for row in (await tracker.tasks(who, query)).rows}
    if projects:
        words = await tracker.vocabulary(who)
        found["project"] = {it.id: it.name for it in words.projects if it.id in projects}
    return found
