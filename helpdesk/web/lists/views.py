"""Show lists of tasks, mine and all that I may see, as pages and JSON; `export.py` makes a file of one."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotAllowed, NotFound
from helpdesk.people.model import Person, SignedIn, person_of
from helpdesk.store import people
from helpdesk.tasks.lists import TaskPage, TaskQuery, Vocabulary, Who
from helpdesk.tasks.model import Actor
from helpdesk.tasks.phases import NO_RULES, Rules
from helpdesk.web.clocks import promised
from helpdesk.web.clocks import shown as clocks
from helpdesk.web.core.after_write import Act, record
from helpdesk.web.core.faces import Json, answer, choose, json_response, see_other
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.lists import export as lists_export
from helpdesk.web.lists import page as list_page
from helpdesk.web.lists import params as list_params
from helpdesk.web.lists.urls import NO_ID
from helpdesk.web.tasks import colors
from helpdesk.web.tasks import schemas as task_schemas


async def my_tasks(request: Request) -> Response:
    """Show the tasks assigned to me; a page shows those I requested to people who never had a task assigned."""
    return await _answer(request, choose(request, page=_mine, json=_assigned))


async def of_person(request: Request) -> Response:
    """Answer an old program's address of the tasks of an account: one's own, or anybody's for administrators."""
    who, me = await actor(request), request.state.person
    account_id: int = request.path_params["person_id"]
    if account_id != me.id and not me.is_admin:
        raise NotAllowed
    person = me if account_id == me.id else await _account(request, account_id)
    assignee: Who = "me" if person == me else _backend_id(request, person)

    def query(vocabulary: Vocabulary) -> TaskQuery:
        return list_params.read(request, vocabulary).query._replace(assignees=(assignee,))

    page = await promised.tasks(request, who, query, request.query_params)
    return json_response(request, await _to_dict(request, who, page) | {"user": task_schemas.account(person)})


async def index(request: Request) -> Response:
    """Show all tasks that this person may see."""
    return await _answer(request, _find)


async def export(request: Request) -> Response:
    """Answer with the list as a CSV file for spreadsheets, all its pages."""
    who, backend = await actor(request), services(request).backend
    query = list_params.read(request, await backend.vocabulary(who)).query
    only = await promised.ids_of(request, who, request.query_params)
    if request.method != "HEAD":
        await record(request, Act("export"))
    return await lists_export.answer(request, who.id, lambda: promised.export(request, who, query, only))


Find = Callable[[Request, Actor, Rules | None], Awaitable[TaskPage]]
"""Finds the tasks of an address, with a summary where it gets the rules for one."""


async def _answer(request: Request, find: Find) -> Response:
    """Show the list; the page of a single task whose number is searched for redirects to that task."""
    who = await actor(request)

    async def json() -> Response:
        return json_response(request, await _to_dict(request, who, await find(request, who, None)))

    async def page() -> Response:
        rules = await colors.load_phase_rules(request)
        tasks = await find(request, who, rules)
        if tasks.total == 1 and tasks.query.wanted_id in [row.id for row in tasks.rows]:
            return see_other(path_to(request, "tasks:show", task_id=tasks.rows[0].id))
        return await list_page.page(request, who, tasks, rules)

    async def form() -> Response:
        return await list_page.filter_form(request, who, await find(request, who, None))

    return await answer(request, json=json, page=page, fragment=form if list_page.shows_form(request) else None)


async def _to_dict(request: Request, who: Actor, page: TaskPage) -> Json:
    """Return a page of a list for programs, with the clocks of its tasks."""
    body = task_schemas.task_list(page)
    promises = await clocks.known(request, who, page.rows)
    body |= {"tasks": clocks.with_promises(body["tasks"], promises)}
    return await promised.mark_partial(request, who, body)


async def _account(request: Request, account_id: int) -> Person:
    """Raises NotFound."""
    rows = await services(request).database.run(lambda db: people.with_ids(db, [account_id]))
    if not rows:
        raise NotFound
    return person_of(*rows[0])


def _backend_id(request: Request, person: Person) -> int:
    """Return the id of an account in the backend; NO_ID for an account unknown there."""
    try:
        return services(request).identify(SignedIn(person, "", services(request).clock())).id
    except NotAllowed:
        return NO_ID


async def _assigned(request: Request, who: Actor, rules: Rules | None) -> TaskPage:
    return await _find(request, who, rules, assignees=("me",))


async def _mine(request: Request, who: Actor, rules: Rules | None) -> TaskPage:
    page, named = await _assigned(request, who, rules), list_params.names_somebody(request.query_params)
    if page.total or named or not await list_page.was_never_assigned(request, who):
        return page
    return await _find(request, who, rules, authors=("me",))


async def _find(request: Request, who: Actor, rules: Rules | None, **people: tuple[Who, ...]) -> TaskPage:
    """Return the page of the address; of these `people` when it names nobody."""

    def query(vocabulary: Vocabulary) -> TaskQuery:
        query = list_params.read(request, vocabulary).query
        return query if list_params.names_somebody(request.query_params) else query._replace(**people)  # type: ignore[arg-type]  # by field

    summed = rules is not None
    return await promised.tasks(request, who, query, request.query_params, summed=summed, rules=rules or NO_RULES)
