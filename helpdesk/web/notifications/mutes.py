"""Mute notifications about one task, or about all tasks of a project."""

from collections.abc import Collection
from dataclasses import replace
from typing import Literal, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, Sentence, Unavailable, sentence
from helpdesk.notifications.preferences import Preferences
from helpdesk.notifications.preferences_json import from_json, to_json
from helpdesk.store import preferences as store
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Ref
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import answer, html, json_response
from helpdesk.web.core.navigation import current_url
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user, required
from helpdesk.web.core.templating import translate

Kind = Literal["task", "project"]
KINDS: tuple[Kind, Kind] = ("project", "task")

MOST_MUTES = 100
"""Of each kind: as many as one query to the backend can name."""

MESSAGES: dict[tuple[Kind, bool], Sentence] = {
    ("task", True): sentence("You will hear of this task only when somebody turns to you."),
    ("task", False): sentence("You will be notified about this task again."),
    ("project", True): sentence("You will hear of this project only when somebody turns to you."),
    ("project", False): sentence("You will be notified about this project again."),
}
TOO_MANY = sentence("You have muted %(most)s already: unmute one first.", most=MOST_MUTES)


class Mute(NamedTuple):
    """A task or a project, and whether it is muted.

    `name` is empty when the person may not see it, and for a task on its own page, which shows it; None while it cannot
    be known.
    """

    kind: Kind
    number: int
    muted: bool
    name: str | None


async def mute_task(request: Request) -> Response:
    """Mute a task, or unmute it, as `muted` says. Raises NotFound for a task that the person may not see."""
    return await _change(request, "task", request_data.task_id(request))


async def mute_project(request: Request) -> Response:
    """Mute all tasks of a project, or unmute them."""
    return await _change(request, "project", request_data.path_id(request, "project_id"))


async def of_preferences(request: Request, preferences: Preferences) -> list[Mute]:
    """Return all mutes with their names, projects first."""
    try:
        names = {kind: await _visible_names(request, kind, _muted(preferences, kind)) for kind in KINDS}
    except Unavailable:  # a mute can be taken off without its name
        names = None
    return [
        Mute(kind, number, True, None if names is None else names[kind].get(number, ""))
        for kind in KINDS
        for number in sorted(_muted(preferences, kind))
    ]


def of_task(preferences_json: str, task_id: int, project: Ref) -> tuple[Mute, Mute]:
    """Return whether a task and its project are muted, from the person's preferences as JSON."""
    preferences = from_json(preferences_json)
    return (
        Mute("task", task_id, task_id in preferences.muted_tasks, ""),
        Mute("project", project.id, project.id in preferences.muted_projects, project.name),
    )


async def _change(request: Request, kind: Kind, number: int) -> Response:
    person, mute = await current_user(request), (await request_data.read(request)).flag("muted", True)
    one = frozenset({number})
    names = await _visible_names(request, kind, one)

    def changed(preferences_json: str) -> str:
        preferences = from_json(preferences_json)
        before = _muted(preferences, kind)
        if number not in names and (mute or number not in before):
            raise NotFound
        after = before | one if mute else before - one
        if len(after) > max(MOST_MUTES, len(before)):
            raise request_data.refusal("muted", TOO_MANY)
        is_task = kind == "task"
        return to_json(
            replace(preferences, muted_tasks=after) if is_task else replace(preferences, muted_projects=after)
        )

    await stored(request, lambda db: store.change(db, person.id, changed))
    message = MESSAGES[kind, mute]
    row = Mute(kind, number, mute, names.get(number, ""))
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, message), "muted": mute}),
        page=lambda: flash.redirect(request, current_url(request), message),
        fragment=lambda: html(request, "notifications/_muted.html", mute=row, message=message),
    )


def _muted(preferences: Preferences, kind: Kind) -> frozenset[int]:
    return preferences.muted_tasks if kind == "task" else preferences.muted_projects


async def _visible_names(request: Request, kind: Kind, numbers: Collection[int]) -> dict[int, str]:
    """Return the names of those that the person may see. Raises Unavailable."""
    who, backend = services(request).visible_tasks.actor(await required(request)), services(request).backend
    if not numbers or who is None:
        return {}
    if kind == "task":
        query = TaskQuery(task_ids=tuple(sorted(numbers)), include_closed=True, per_page=MOST_MUTES)
        return {row.id: row.subject for row in (await backend.tasks(who, query)).rows}
    return {it.id: it.name for it in (await backend.vocabulary(who)).projects if it.id in numbers}
