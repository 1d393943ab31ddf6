"""Lead an administrator through the first start: a project, the workflow, the people, a category of requests.

Each step can be left and taken up again. One that is done already, here or elsewhere, is passed over.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, sentence
from helpdesk.store.tracker import first_steps, projects, vocabulary
from helpdesk.store.tracker.first_steps import STEPS, Progress
from helpdesk.store.tracker.projects import MemberRow, ProjectRow
from helpdesk.store.tracker.vocabulary import TYPES, Word
from helpdesk.web.core.faces import answer, json_response
from helpdesk.web.core.request_data import clean
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import translate
from helpdesk.web.tracker import pages

TITLES = {
    "project": sentence("Your company and its first project"),
    "workflow": sentence("Statuses and workflow"),
    "people": sentence("People"),
    "category": sentence("What people ask for"),
}
"""The names of the steps."""
DEFAULT_SET = (
    (
        sentence("Statuses"),
        first_steps.STATUS_KEYS,
        sentence("New, In progress, Waiting for an answer, Resolved, Closed, Rejected"),
    ),
    (sentence("Priorities"), first_steps.PRIORITY_KEYS, sentence("Low, Normal, High, Urgent")),
    (sentence("Types"), first_steps.TYPE_KEYS, sentence("Incident, Request, Change")),
    (sentence("Roles"), first_steps.ROLE_KEYS, sentence("Support staff, Requester")),
)
"""The parts of the default set with the keys of their words, and their names in the order of the keys.

The names are stored in the language of who makes the set. They are translated together: one alone, such as "New", may
be another word elsewhere.
"""
LONGEST_SEARCH = 200

Refused = Callable[[Mapping[str, Any], HelpdeskError], Awaitable[Response]]


class Setup(NamedTuple):
    """What the page of the steps shows. `people` may become staff; `staff` are the ids of those who are."""

    progress: Progress
    projects: list[ProjectRow]
    types: list[Word]
    people: list[MemberRow]
    staff: set[int]


async def setup(request: Request) -> Response:
    """Show the step that the address names, else the first that is not done."""
    progress = await pages.load(request, first_steps.progress)
    done = {name: getattr(progress, name) for name in STEPS}
    return await answer(
        request,
        json=lambda: json_response(request, {"steps": done, "next": progress.next_step}),
        page=lambda: form(request, request.query_params.get("step", "")),
    )


async def form(
    request: Request,
    step: str,
    typed: Mapping[str, Any] = {},
    error: HelpdeskError | None = None,
    **more: Any,
) -> Response:
    """Render the page with one step's form. `more` is the login and the link of an account that was just added."""
    search = clean("q", request.query_params.get("q", ""), LONGEST_SEARCH)
    found = await pages.load(request, lambda db: _read(db, search))
    shown = step if step in STEPS else found.progress.next_step
    context = {**found._asdict(), "step": shown, "steps": TITLES, "typed": typed, "searched": search, "link": None}
    context |= {"default_set": DEFAULT_SET, "may_register": services(request).settings.may_register}
    return await pages.page(request, "tracker/setup.html", error, **context | more)


def refused(request: Request, step: str) -> Refused:
    """Return what shows a step's form again after a refusal."""

    async def show(values: Mapping[str, Any], error: HelpdeskError) -> Response:
        return await form(request, step, values, error)

    return show


def _read(db: Session, search: str) -> Setup:
    known = [it for it in projects.all_projects(db) if not it.is_archived]
    people, types = projects.find_people(db, search), vocabulary.all_words(db, TYPES)
    return Setup(first_steps.progress(db), known, types, people, first_steps.staff(db))


def names(request: Request) -> dict[str, str]:
    """Return the names of the default set by their keys, in the person's language."""
    return {
        key: name
        for _, keys, texts in DEFAULT_SET
        for key, name in zip(keys, translate(request, texts).split(", "), strict=True)
    }
