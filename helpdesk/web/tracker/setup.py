"""Lead an administrator through the first start: a project, the workflow, the people, a category of requests.

Each step can be left and taken up again. One that is done already, here or elsewhere, is passed over.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, Sentence, sentence
from helpdesk.store.tracker import first_steps, projects, vocabulary
from helpdesk.store.tracker.first_steps import STEPS, Progress
from helpdesk.store.tracker.projects import MemberRow, ProjectRow
from helpdesk.store.tracker.vocabulary import TYPES, Word
from helpdesk.web.core.faces import answer, json_response
from helpdesk.web.core.request_data import clean
from helpdesk.web.core.services import services
from helpdesk.web.tracker import pages

TITLES = {
    "project": sentence("Your company and its first project"),
    "workflow": sentence("Statuses and workflow"),
    "people": sentence("People"),
    "category": sentence("What people ask for"),
}
"""The names of the steps."""
NAMES = {
    "new": sentence("New"),
    "in_progress": sentence("In progress"),
    "waiting": sentence("Waiting for an answer"),
    "resolved": sentence("Resolved"),
    "closed": sentence("Closed"),
    "rejected": sentence("Rejected"),
    "low": sentence("Low"),
    "normal": sentence("Normal"),
    "high": sentence("High"),
    "urgent": sentence("Urgent"),
    "incident": sentence("Incident"),
    "request": sentence("Service request"),
    "change": sentence("Change request"),
    "staff": sentence("Support staff"),
    "requester": sentence("Requester"),
}
"""The names of the default set, which are stored in the language of who makes it."""
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
    context |= {"names": NAMES, "default_set": _default_set(), "may_register": services(request).settings.may_register}
    return pages.page(request, "tracker/setup.html", error, **context | more)


def refused(request: Request, step: str) -> Refused:
    """Return what shows a step's form again after a refusal."""

    async def show(values: Mapping[str, Any], error: HelpdeskError) -> Response:
        return await form(request, step, values, error)

    return show


def _read(db: Session, search: str) -> Setup:
    known = [it for it in projects.all_projects(db) if not it.is_archived]
    people, types = projects.find_people(db, search), vocabulary.all_words(db, TYPES)
    return Setup(first_steps.progress(db), known, types, people, first_steps.staff(db))


def _default_set() -> list[tuple[Sentence, tuple[str, ...]]]:
    return [
        (sentence("Statuses"), first_steps.STATUS_KEYS),
        (sentence("Priorities"), first_steps.PRIORITY_KEYS),
        (sentence("Types"), first_steps.TYPE_KEYS),
        (sentence("Roles"), first_steps.ROLE_KEYS),
    ]
