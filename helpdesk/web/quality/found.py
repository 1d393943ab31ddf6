"""Show the requests that a number of quality control counts, and those that nobody has looked at."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.quality import tables
from helpdesk.quality.model import KIND_NAMES
from helpdesk.quality.tables import COLUMNS
from helpdesk.reports.address import FIELD, Address
from helpdesk.reports.labels import Labels
from helpdesk.reports.model import Found
from helpdesk.tasks.model import TaskRow
from helpdesk.web.core import request_data, session
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, html, json_response
from helpdesk.web.quality import desk as desks
from helpdesk.web.quality.desk import Desk
from helpdesk.web.tasks import colors
from helpdesk.web.tasks.schemas import row

PER_PAGE = 50
MOST_PAGE = 100_000
OF_NOW = {"new": sentence("New requests"), "open": sentence("Open requests"), "all": sentence("All requests")}
"""The titles of the totals."""
NOTHING = Found((), 0)


async def found(request: Request) -> Response:
    """Show a page of the requests that a number counts: one of a table, or of the totals, which `of` names."""
    desk, which = await desks.desk_of(request), request.query_params.get("of")
    if which in OF_NOW:
        return await _of_now(request, desk, which)
    try:
        address = await desks.address_of(request, desk)
    except Invalid as error:
        return await answer_refusal(
            request, error, page=partial(_page, request, desk, OF_NOW["all"], NOTHING, 1, (), error)
        )
    measure = address.measure or "created"
    asked = tables.restricted(address, desk.choices)
    requests = await desk.reporter.found(asked, measure, PER_PAGE)
    page = partial(_page, request, desk, COLUMNS[measure], requests, address.page, _facts(desk, address))
    return await answer(
        request, json=lambda: json_response(request, _to_dict(request, desk, requests, address.page)), page=page
    )


async def new(request: Request) -> Response:
    """Show the requests that nobody has looked at, the latest first."""
    return await _of_now(request, await desks.desk_of(request), "new")


async def _of_now(request: Request, desk: Desk, which: str) -> Response:
    """Show the requests that one of the totals counts."""
    number = request_data.query_number(request.query_params, "page", 1)
    question = tables.of_now(desk.reporter, desk.choices, which, await desks.new_statuses(request, desk))
    requests = await desk.quality.source.found(desk.reporter.actor, question, {}, min(number, MOST_PAGE), PER_PAGE)
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(request, desk, requests, number)),
        page=lambda: _page(request, desk, OF_NOW[which], requests, number, ()),
    )


def _facts(desk: Desk, address: Address) -> Sequence[tuple[Sentence | str, Sentence | str]]:
    """Return what narrows the requests, in words."""
    labels = Labels(desk.offered)
    facts = [(labels.group(group), labels.of(group, key)) for group, key in address.cell().items()]
    facts += [(labels.group(f"{FIELD}{id}"), labels.of(f"{FIELD}{id}", text)) for id, text in address.fields]
    kinds = dict.fromkeys(desk.choices.kind_of(it) for it in address.tracker_ids)
    return [*facts, *((sentence("Kind"), KIND_NAMES[kind]) for kind in kinds if kind)]


def _pages(requests: Found) -> int:
    return max(1, -(-requests.total // PER_PAGE))


def _to_dict(request: Request, desk: Desk, requests: Found, page: int) -> dict[str, Any]:
    return {
        "source": desk.quality.name,
        "count": requests.total,
        "page": page,
        "page_size": PER_PAGE,
        "total_pages": _pages(requests),
        "tasks": [_request_to_dict(request, desk, it) for it in requests.rows],
    }


def _request_to_dict(request: Request, desk: Desk, it: TaskRow) -> Json:
    return {
        **row(it),
        "kind": desk.choices.kind_of(it.tracker.id),
        "url": desks.task_link(request, desk.quality, it.id),
    }


async def _page(
    request: Request,
    desk: Desk,
    title: Sentence | str,
    requests: Found,
    page: int,
    facts: Sequence[tuple[Sentence | str, Sentence | str]],
    error: Invalid | None = None,
) -> Response:
    await colors.prepare(request)
    return html(
        request,
        "quality/found.html",
        status_of(error) if error else 200,
        **desks.context(request, desk, await session.required(request)),
        title=title,
        requests=requests,
        facts=facts,
        paging={
            "page": page,
            "pages": _pages(requests),
            "link": lambda number: f"?{request.url.include_query_params(page=number).query}",
        },
        error=error,
        task_link=partial(desks.task_link, request, desk.quality),
    )
