"""What a list of tasks amounts to, as a page and as JSON."""

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.tasks.lists import Vocabulary
from helpdesk.tasks.model import Actor
from helpdesk.tasks.statistics import Statistics, whatever_status
from helpdesk.web import counts, list_inputs, list_page
from helpdesk.web.api import statistics_shape
from helpdesk.web.guards import actor
from helpdesk.web.keeping import person_here
from helpdesk.web.listing import Listing
from helpdesk.web.narrowing import chips
from helpdesk.web.rendering import data, html, path_to, services, wants_html


async def statistics(request: Request) -> Response:
    """The address asks as that of a list does; what it says of statuses is disregarded."""
    who, found = await actor(request), services(request)
    words = await found.tracker.vocabulary(who)
    asked = list_inputs.of_address(request, path_to(request, "tasks:every"), request.query_params, words)
    now = found.clock().astimezone(found.settings.timezone)
    told = await found.tracker.statistics(who, asked.query, now)
    if not wants_html(request):
        return data(request, {"statistics": statistics_shape.statistics(told, words, asked.query)})
    return await _page(request, who, asked, told, words, now)


async def _page(
    request: Request, who: Actor, asked: Listing, told: Statistics, words: Vocabulary, now: datetime
) -> Response:
    own = asked.elsewhere(request.url.path)._replace(query=whatever_status(asked.query)._replace(closed=False))
    person = await person_here(request)
    names = await list_page.named(request, who, asked, {})
    return html(
        request,
        "tasks/statistics.html",
        asked=asked,
        own=own,
        words=words,
        summary=told.summary,
        parts=told.parts,
        tables=counts.tables(told.parts, asked, own, words.projects, now) if told.parts else [],
        overdue=counts.overdue(asked, now.date()),
        chips=chips(own, words, names | {who.id: person.full_name}),
    )
