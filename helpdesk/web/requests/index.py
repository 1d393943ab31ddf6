"""Show people their requests: how many are in which phase, what has happened lately, and all of them."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple, get_args
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Sentence, Unavailable, sentence
from helpdesk.requests.model import Activity, OwnTasks, Requester, RequestPage, RequestQuery
from helpdesk.store import notifications
from helpdesk.tasks import board
from helpdesk.tasks.phases import Phase
from helpdesk.tasks.search_text import clean_search
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import answer, html, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.requests import schemas
from helpdesk.web.requests.requester import requester
from helpdesk.web.tasks import colors

MOST_PER_PAGE = 100
WAIT_SECONDS = 3.0
DAYS_OF_ACTIVITY, MOST_ACTIVITY = 10, 12
NEARBY = 2  # linked pages on either side of this one
PHASES: dict[Phase, Sentence] = {
    "new": sentence("New"),
    "active": sentence("In progress"),
    "waiting": sentence("Waiting for my answer"),
    "done": sentence("Closed"),
}


class Card(NamedTuple):
    """The number of requests in a phase, and the address that shows only them, or all again."""

    phase: Phase
    label: Sentence
    number: int
    address: str
    is_current: bool


async def index(request: Request) -> Response:
    """Show one page of the requests. Raises Invalid for a wrong phase or page."""
    who, query = await requester(request), _query(request)
    own = await services(request).requests.own(who)
    page, activity = await asyncio.gather(
        services(request).requests.page(who, query, own), _activity(request, who, own)
    )
    return await answer(
        request,
        json=lambda: json_response(request, schemas.page(page, activity)),
        page=lambda: _page(request, page, activity),
    )


async def _activity(request: Request, who: Requester, own: OwnTasks) -> tuple[Activity, ...] | None:
    """Return what others did lately; None if that can't be read in time, since the list must not wait for it."""
    since = services(request).clock() - timedelta(days=DAYS_OF_ACTIVITY)
    with suppress(Unavailable, TimeoutError):
        async with asyncio.timeout(WAIT_SECONDS):
            return await services(request).requests.activity(who, since, MOST_ACTIVITY, own)
    return None


def _query(request: Request) -> RequestQuery:
    params = request.query_params
    phase = next((it for it in get_args(Phase) if it == params.get("phase")), None)
    if params.get("phase") and phase is None:
        raise request_data.refusal("phase", request_data.NO_CHOICE)
    return RequestQuery(
        phase,
        clean_search(params.get("search", ""))[0],
        request_data.query_number(params, "page", 1),
        request_data.page_size(params, RequestQuery().per_page, MOST_PER_PAGE),
    )


async def _page(request: Request, page: RequestPage, activity: tuple[Activity, ...] | None) -> Response:
    now, query, person = services(request).clock(), page.query, await current_user(request)
    ids = [row.id for row in page.rows]
    unread, _ = await asyncio.gather(
        services(request).database.run(lambda db: notifications.unread_tasks(db, person.id, ids)),
        colors.prepare(request),
    )
    return html(
        request,
        "requests/index.html",
        page=page,
        unread_tasks=unread,
        query=query,
        cards=_cards(request, page),
        activity=activity,
        days=DAYS_OF_ACTIVITY,
        links=[it for it in range(query.page - NEARBY, query.page + NEARBY + 1) if 1 <= it <= page.pages],
        page_address=lambda number: address(request, query._replace(page=number)),
        age=lambda since: board.age(since, now),
        total=page.every,
    )


def _cards(request: Request, page: RequestPage) -> list[Card]:
    """Return the cards. Each leads to its phase, also when another one is shown; the present one leads back."""
    return [
        Card(
            phase,
            label,
            getattr(page.summary, phase),
            address(request, RequestQuery(None if phase == page.query.phase else phase, page.query.search)),
            phase == page.query.phase,
        )
        for phase, label in PHASES.items()
    ]


def address(request: Request, query: RequestQuery) -> str:
    """Return the address of a list of requests; defaults are left out."""
    usual = RequestQuery()._asdict()
    params = {name: value for name, value in query._asdict().items() if value != usual[name]}
    return path_to(request, "requests:index") + (f"?{urlencode(params)}" if params else "")
