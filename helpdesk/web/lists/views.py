"""Lists of tasks: mine and all that I may see, as pages and JSON; `export.py` makes a file of one."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk.errors import NotAllowed, NotFound
from helpdesk.people.model import Person, SignedIn, person_of
from helpdesk.store import people
from helpdesk.tasks.lists import TaskPage, TaskQuery, Vocabulary, Who
from helpdesk.tasks.model import Actor
from helpdesk.tasks.phases import NO_RULES, Rules
from helpdesk.web.core import session
from helpdesk.web.core.faces import answer, choose, json_response, see_other
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.lists import export as lists_export
from helpdesk.web.lists import page as list_page
from helpdesk.web.lists import params as list_params
from helpdesk.web.lists import saved_views
from helpdesk.web.lists.page import never_assigned
from helpdesk.web.lists.urls import NOWHERE
from helpdesk.web.tasks import schemas as task_schemas


async def home(request: Request) -> Response:
    """Go to the start page of this person. A visitor's browser goes to sign in first."""
    if found := await session.current(request):
        return RedirectResponse(await saved_views.first_page(request, found.person), 302)
    return RedirectResponse(path_to(request, choose(request, page="people:login", json="tasks:my_tasks")), 302)


async def my_tasks(request: Request) -> Response:
    """Tasks assigned to me; a page shows those I asked for to people whom nothing was ever assigned."""
    who = await actor(request)
    return await _answer(request, who, choose(request, page=_mine, json=_assigned))


async def of_person(request: Request) -> Response:
    """An old program's address of the tasks of an account: one's own, or anybody's for administrators."""
    who, me = await actor(request), request.state.person
    wanted: int = request.path_params["person_id"]
    if wanted != me.id and not me.is_admin:
        raise NotAllowed
    person = me if wanted == me.id else await _account(request, wanted)
    holder: Who = "me" if person == me else _number(request, person)

    def ask(words: Vocabulary) -> TaskQuery:
        return list_params.read(request, words).query._replace(assignees=(holder,))

    page = await services(request).backend.tasks(who, ask)
    return json_response(request, task_schemas.task_list(page) | {"user": task_schemas.account(person)})


async def every(request: Request) -> Response:
    """All tasks that this person may see."""
    who = await actor(request)
    return await _answer(request, who, _find)


async def export(request: Request) -> Response:
    """The list as a CSV file for spreadsheets, all its pages."""
    who, tracker = await actor(request), services(request).backend
    query = list_params.read(request, await tracker.vocabulary(who)).query
    return await lists_export.answer(request, who.id, lambda: tracker.export(who, query))


Find = Callable[[Request, Actor, Rules | None], Awaitable[TaskPage]]
"""Finds what an address asks for, with a summary if it is told by which rules."""


async def _answer(request: Request, who: Actor, find: Find) -> Response:
    return await answer(request, json=lambda: _to_json(request, who, find), page=lambda: _to_page(request, who, find))


async def _to_json(request: Request, who: Actor, find: Find) -> Response:
    return json_response(request, task_schemas.task_list(await find(request, who, None)))


async def _to_page(request: Request, who: Actor, find: Find) -> Response:
    """The list, or the one task whose number is searched for."""
    kept = await list_page.kept(request)
    page = await find(request, who, kept.rules)
    if page.total == 1 and page.query.wanted_id in [row.id for row in page.rows]:
        return see_other(path_to(request, "tasks:show", task_id=page.rows[0].id))
    return await list_page.page(request, who, page, kept)


async def _account(request: Request, number: int) -> Person:
    """Raises NotFound."""
    found = await services(request).database.run(lambda db: people.with_id(db, number))
    if found is None:
        raise NotFound
    return person_of(found)


def _number(request: Request, person: Person) -> int:
    """Return the id of an account in the backend; a number that nobody has for an account unknown there."""
    try:
        return services(request).identify(SignedIn(person, "", services(request).clock())).id
    except NotAllowed:
        return NOWHERE


async def _assigned(request: Request, who: Actor, rules: Rules | None) -> TaskPage:
    return await _find(request, who, rules, assignees=("me",))


async def _mine(request: Request, who: Actor, rules: Rules | None) -> TaskPage:
    page, chosen = await _assigned(request, who, rules), list_params.names_somebody(request.query_params)
    if page.total or chosen or not await never_assigned(request, who):
        return page
    return await _find(request, who, rules, authors=("me",))


async def _find(request: Request, who: Actor, rules: Rules | None, **usual: tuple[Who, ...]) -> TaskPage:
    """The page that the address asks for, of the `usual` people when it names nobody."""

    def ask(words: Vocabulary) -> TaskQuery:
        query = list_params.read(request, words).query
        return query if list_params.names_somebody(request.query_params) else query._replace(**usual)  # type: ignore[arg-type]  # by field

    return await services(request).backend.tasks(who, ask, summed=rules is not None, rules=rules or NO_RULES)
