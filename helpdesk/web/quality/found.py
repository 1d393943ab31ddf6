"""Show the requests that a number of quality control counts, and those that nobody has looked at."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.quality import tables
from helpdesk.quality.totals import of_now
from helpdesk.reports.address import Address
from helpdesk.reports.labels import MEASURE_WORDS
from helpdesk.reports.model import Comment, Found
from helpdesk.reports.report import THREADS
from helpdesk.tasks.model import TaskRow
from helpdesk.web.core import session
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, html, json_response
from helpdesk.web.core.services import services
from helpdesk.web.quality import desk as desks
from helpdesk.web.quality.comment_words import words
from helpdesk.web.quality.desk import Desk
from helpdesk.web.task_assessments import sources
from helpdesk.web.tasks import colors
from helpdesk.web.tasks.schemas import row

PER_PAGE = 50
OF_NOW = {"new": sentence("New requests"), "open": sentence("Open requests"), "all": sentence("All requests")}
"""The titles of the totals."""
NOTHING = Found((), 0)


async def found(request: Request) -> Response:
    """Show a page of the requests that a number counts: one of a table, or of the totals, which `of` names."""
    which = request.query_params.get("of")
    return await _found(request, which if which in OF_NOW else "")


async def new(request: Request) -> Response:
    """Show the requests that nobody has looked at, the latest first."""
    return await _found(request, "new")


async def _found(request: Request, which: str) -> Response:
    desk = await desks.desk_of(request)
    try:
        address = await desks.address_of(request, desk)
    except Invalid as error:
        page = partial(_page, request, desk, OF_NOW[which or "all"], NOTHING, None, error)
        return await answer_refusal(request, error, page=page)
    said: Mapping[int, Comment] | None = None
    if which:
        title, requests = OF_NOW[which], await _of_now(request, desk, address, which)
        if which == "new":
            said = await _said(request, desk, [it.id for it in requests.rows])
    else:
        measure = address.measure or "created"
        title = {**MEASURE_WORDS, **tables.MEASURES}[measure]
        asked = await tables.restricted(desk.reporter, address, desk.choices)
        requests = await desk.reporter.found(asked, measure, PER_PAGE)
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(request, desk, requests, address.page, said)),
        page=partial(_page, request, desk, title, requests, address, said=said or {}),
    )


async def _of_now(request: Request, desk: Desk, address: Address, which: str) -> Found:
    """Return a page of the requests that one of the totals counts."""
    new = await desks.new_statuses(request, desk)
    question = await of_now(desk.reporter, address, desk.choices, which, new)
    return await desk.quality.source.found(desk.reporter.actor, question, {}, address.page, PER_PAGE)


async def _said(request: Request, desk: Desk, ids: Sequence[int]) -> Mapping[int, Comment]:
    """Return the last comments on requests, each as one line of plain words."""
    comments = await desk.quality.source.last_comments(desk.reporter.actor, ids) if ids else {}
    own = services(request).backend.capabilities.text_format if desk.quality.name == "main" else None
    return await THREADS.run(lambda: {id: it._replace(text=words(it.text, own)) for id, it in comments.items()})


def _pages(requests: Found) -> int:
    return max(1, -(-requests.total // PER_PAGE))


def _to_dict(
    request: Request, desk: Desk, requests: Found, page: int, said: Mapping[int, Comment] | None
) -> dict[str, Any]:
    return {
        "source": desk.quality.name,
        "count": requests.total,
        "page": page,
        "page_size": PER_PAGE,
        "total_pages": _pages(requests),
        "tasks": [_request_to_dict(request, desk, it, said) for it in requests.rows],
    }


def _request_to_dict(request: Request, desk: Desk, it: TaskRow, said: Mapping[int, Comment] | None) -> Json:
    last = said.get(it.id) if said else None
    comment = {**last._asdict(), "created_on": last.created_on.isoformat()} if last else None
    return {
        **row(it),
        **({} if said is None else {"last_comment": comment}),
        "kind": desk.choices.kind_of(it.tracker.id),
        "url": sources.address(request, desk.quality.name, it.id),
    }


async def _page(
    request: Request,
    desk: Desk,
    title: Sentence | str,
    requests: Found,
    address: Address | None,
    error: Invalid | None = None,
    said: Mapping[int, Comment] = {},
) -> Response:
    await colors.prepare(request)
    return html(
        request,
        "quality/found.html",
        status_of(error) if error else 200,
        **desks.context(request, desk, await session.required(request)),
        title=title,
        requests=requests,
        facts=await desks.facts(desk, address) if address else (),
        paging={
            "page": address.page if address else 1,
            "pages": _pages(requests),
            "link": lambda number: f"?{request.url.include_query_params(page=number).query}",
        },
        error=error,
        said=said,
        task_link=partial(sources.address, request, desk.quality.name),
    )
