"""The statistics of a list of tasks, as a page and as JSON."""

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.tasks.lists import Vocabulary
from helpdesk.tasks.model import Actor
from helpdesk.tasks.statistics import Statistics
from helpdesk.web.core.faces import answer, html, json_response
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.lists import page as list_page
from helpdesk.web.lists import params as list_params
from helpdesk.web.lists import statistics_schemas, statistics_tables
from helpdesk.web.lists.filter_form import chips
from helpdesk.web.lists.urls import Listing
from helpdesk.web.tasks import colors


async def statistics(request: Request) -> Response:
    """The address asks as that of a list does; closed tasks are counted, too, unless it names statuses."""
    who, found = await actor(request), services(request)
    words = await found.backend.vocabulary(who)
    asked = list_params.of_address(request, path_to(request, "tasks:every"), request.query_params, words)
    now = found.clock().astimezone(found.settings.timezone)
    rules = await colors.load_phase_rules(request)
    counted = await found.backend.statistics(who, asked.query, now, rules)

    def json() -> Response:
        return json_response(request, {"statistics": statistics_schemas.statistics(counted, words, asked.query)})

    async def page() -> Response:
        totals = statistics_tables.totals(counted.summary, asked, words.statuses, rules, whole=True)
        return await _page(request, who, asked, counted, words, now, totals)

    return await answer(request, json=json, page=page)


async def _page(
    request: Request,
    who: Actor,
    asked: Listing,
    counted: Statistics,
    words: Vocabulary,
    now: datetime,
    totals: list[statistics_tables.Total],
) -> Response:
    own = asked.elsewhere(request.url.path)._replace(query=asked.query._replace(closed=False))
    person = await current_user(request)
    names = await list_page.named(request, who, asked, {})
    return html(
        request,
        "tasks/statistics.html",
        asked=asked,
        own=own,
        totals=totals,
        parts=counted.parts,
        tables=statistics_tables.tables(counted.parts, asked, own, words, now) if counted.parts else [],
        overdue=statistics_tables.overdue(asked, words.statuses, now.date()),
        shortened=list_params.shortened(request.query_params),
        chips=chips(own, words, names | {who.id: person.full_name}),
    )
