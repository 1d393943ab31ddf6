"""Show the start page: announcements, the tasks that wait for staff, the requests of others, and to administrators what
is broken."""

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk.errors import HelpdeskError, NotAllowed, StoreUnavailable, WrongKey
from helpdesk.people.model import Person
from helpdesk.store import absences
from helpdesk.web.accounts import splash
from helpdesk.web.admin import broken
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, html
from helpdesk.web.core.guards import actor
from helpdesk.web.core.navigation import Origin
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import today
from helpdesk.web.lists import page as list_page
from helpdesk.web.lists import saved_views
from helpdesk.web.start import news, sections
from helpdesk.web.start.sections import Section, Start
from helpdesk.web.tracker import setup_steps


async def home(request: Request) -> Response:
    """Show the start page, or redirect to the view that the person chose for it; programs get the own tasks."""
    person = await current_user(request)
    start, own = await saved_views.start_page(request, person), path_to(request, "tasks:my_tasks")
    is_chosen = start != path_to(request, "home")
    return await answer(
        request,
        json=lambda: RedirectResponse(start if is_chosen else own, 302),
        page=lambda: RedirectResponse(start, 302) if is_chosen else _page(request, person),
    )


async def _page(request: Request, person: Person) -> Response:
    own = services(request).database.run(lambda db: absences.of_person(db, person.id))
    (start, refusal), faults, absence, is_new, asking = await asyncio.gather(
        _load(request, person), broken.found(request, person), own, _is_new(request, person), news.of_person(request)
    )
    rows = [row for it in start.sections or () if it.page for row in it.page.rows]
    response = html(
        request,
        "start/index.html",
        status_of(refusal) if refusal else 200,
        start=start,
        refusal=refusal,
        splash=splash.is_due(request),
        broken=faults,
        is_new=is_new,
        news=asking,
        absence=absence if absence.is_away(today(request)) else None,
        origin=_origins(request),
        **await list_page.row_context(request, rows),
    )
    if splash.is_due(request):
        splash.note_shown(request, response)
    return response


async def _is_new(request: Request, person: Person) -> bool:
    """Tell whether to offer the first steps to an administrator. A store that is down is told of elsewhere."""
    if not person.is_admin:
        return False
    try:
        return await setup_steps.are_wanted(request)
    except StoreUnavailable:
        return False


def _origins(request: Request) -> Callable[[Section, int], str]:
    """Return a function that makes the parameter of a task's link by its position in a list."""

    def of_task(section: Section, position: int) -> str:
        if section.listing is None:
            return ""
        assert section.page
        changed = list_page.last_change(section.page.rows)
        return Origin(section.listing.link(), position, section.page.total, changed).query(request)

    return of_task


async def _load(request: Request, person: Person) -> tuple[Start, HelpdeskError | None]:
    """Return what the task system says, or why it refuses the person: it may not know or has locked them."""
    try:
        who = await actor(request)
    except NotAllowed:  # they may still ask for help
        return await sections.load_requests(request), None
    try:
        return await sections.load(request, person, who), None
    except (NotAllowed, WrongKey) as error:
        return Start(), error
