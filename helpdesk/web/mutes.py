"""What a person does not want to hear of: one task, or all of a project."""

from collections.abc import Collection
from typing import Literal, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, Sentence, Unavailable, sentence
from helpdesk.notifications.preferences import Preferences, from_json, to_json
from helpdesk.store import preferences
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Ref
from helpdesk.web import inputs
from helpdesk.web.guards import actor
from helpdesk.web.keeping import person_here
from helpdesk.web.rendering import came_from, data, html, is_htmx, see_other, services, spoken, wants_html

Kind = Literal["task", "project"]

MOST = 100
"""Of each kind: as many as one look at the tracker names."""

SAYS: dict[tuple[Kind, bool], Sentence] = {
    ("task", True): sentence("You will hear of this task only when somebody turns to you."),
    ("task", False): sentence("You will be told of this task again."),
    ("project", True): sentence("You will hear of this project only when somebody turns to you."),
    ("project", False): sentence("You will be told of this project again."),
}
TOO_MANY = sentence("You have muted %(most)s already: be told of one again first.", most=MOST)


class Mute(NamedTuple):
    """A task or a project, and whether it is muted; `name` is empty where the person may not see it, None while that
    can't be known."""

    kind: Kind
    number: int
    muted: bool
    name: str | None


async def task(request: Request) -> Response:
    """Hear no more of a task, or again, as `muted` says. Raises NotFound for one that is not seen."""
    return await _change(request, "task", request.path_params["task_id"])


async def project(request: Request) -> Response:
    """The same for all of a project."""
    return await _change(request, "project", request.path_params["project_id"])


async def named(request: Request, chosen: Preferences) -> list[Mute]:
    """All that is muted, tasks behind projects, each by its name."""
    if not (chosen.muted_projects or chosen.muted_tasks):
        return []
    try:
        names = await _names(request, chosen.muted_projects, chosen.muted_tasks)
    except Unavailable:  # one can be told again of what has no name just now
        names = None
    numbers: dict[Kind, frozenset[int]] = {"project": chosen.muted_projects, "task": chosen.muted_tasks}
    return [
        Mute(kind, number, True, None if names is None else names[kind].get(number, ""))
        for kind in numbers
        for number in sorted(numbers[kind])
    ]


def of_task(told: str, task_id: int, project: Ref) -> tuple[Mute, Mute]:
    """Whether a task and its project are muted, by the JSON of what the person chose."""
    chosen = from_json(told)
    return (
        Mute("task", task_id, task_id in chosen.muted_tasks, ""),
        Mute("project", project.id, project.id in chosen.muted_projects, project.name),
    )


async def _change(request: Request, kind: Kind, number: int) -> Response:
    if number > inputs.LARGEST_ID:
        raise NotFound
    person, muted = await person_here(request), (await inputs.read(request)).flag("muted", True)
    one = frozenset({number})
    names = await (_names(request, (), one) if kind == "task" else _names(request, one, ()))
    seen = number in names[kind]

    def anew(told: str) -> str:
        before = from_json(told)
        held = before.muted_tasks if kind == "task" else before.muted_projects
        if not seen and (muted or number not in held):
            raise NotFound
        after = held | one if muted else held - one
        if len(after) > max(MOST, len(held)):
            raise inputs.refusal("muted", TOO_MANY)
        return to_json(before._replace(muted_tasks=after) if kind == "task" else before._replace(muted_projects=after))

    await services(request).database.run(lambda db: preferences.change(db, person.id, anew), writes=True)
    if not wants_html(request):
        return data(request, {"message": spoken(request, SAYS[kind, muted]), "muted": muted})
    if not is_htmx(request):
        return see_other(came_from(request))
    mute = Mute(kind, number, muted, names[kind].get(number, ""))
    return html(request, "notifications/_muted.html", mute=mute, says=SAYS[kind, muted])


async def _names(request: Request, projects: Collection[int], tasks: Collection[int]) -> dict[Kind, dict[int, str]]:
    """What those of them are called that the person sees. Raises Unavailable."""
    who, tracker = await actor(request), services(request).tracker
    found: dict[Kind, dict[int, str]] = {"task": {}, "project": {}}
    if tasks:
        query = TaskQuery(task_ids=tuple(sorted(tasks)), closed=True, per_page=MOST)
        found["task"] = {row.id: row.subject for row in (await tracker.tasks(who, query)).rows}
    if projects:
        words = await tracker.vocabulary(who)
        found["project"] = {it.id: it.name for it in words.projects if it.id in projects}
    return found
