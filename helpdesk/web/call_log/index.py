"""Show the log of calls: those of a day with their sums, and what is looked for."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, Invalid, NotAllowed
from helpdesk.store import call_lists
from helpdesk.store.call_lists import TO_CALL_BACK, Call, Sums
from helpdesk.tasks.lists import TaskQuery
from helpdesk.telephony import words
from helpdesk.telephony.durations import clock
from helpdesk.telephony.numbers import displayed
from helpdesk.web.call_log import query as log_query
from helpdesk.web.call_log.query import LogQuery
from helpdesk.web.call_log.schemas import call_to_dict, sums_to_dict
from helpdesk.web.calls import bar, pop
from helpdesk.web.calls.access import AGENT, desk_of
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, html, json_response
from helpdesk.web.core.guards import actor, holds
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user

SUBJECT_SECONDS = 1.0
"""How long the page waits for the subjects of tasks."""


class Log(NamedTuple):
    """A page of the log, with what can be chosen. `last_call` is when there was a call before, if there is none;
    `to_call_back` is the number of such calls among all that were found."""

    calls: Sequence[Call] = ()
    sums: Sums = Sums()
    agents: Sequence[tuple[str, str]] = ()
    queues: Sequence[str] = ()
    last_call: datetime | None = None
    to_call_back: int = 0

    @property
    def pages(self) -> int:
        return max(1, -(-self.sums.calls // call_lists.PER_PAGE))


class Subjects(NamedTuple):
    """The subjects of tasks that the person sees. Without an answer in time it `is_unknown` which ones those are."""

    by_task: Mapping[int, str] = {}
    is_unknown: bool = False


async def index(request: Request) -> Response:
    """Show a page of the log."""
    desk_of(request)
    try:
        query = log_query.read(request)
    except Invalid as error:
        return await answer_refusal(request, error, page=partial(_refused, request, error))
    log = await _load(request, query)
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(query, log)),
        page=lambda: _page(request, query, log),
        fragment=lambda: _fragment(request, query, log),
    )


async def subjects_of(request: Request, calls: Iterable[Call]) -> Subjects:
    """Return the subjects of the linked tasks that this person may see."""
    ids = tuple(sorted({call.row.task_id for call in calls if call.row.task_id}))
    if not ids:
        return Subjects()
    query = TaskQuery(task_ids=ids, include_closed=True, per_page=len(ids))
    with suppress(NotAllowed):
        try:
            async with asyncio.timeout(SUBJECT_SECONDS):
                page = await services(request).backend.tasks(await actor(request), query)
                return Subjects({row.id: row.subject for row in page.rows})
        except NotAllowed:
            raise
        except (HelpdeskError, TimeoutError):
            return Subjects(is_unknown=True)
    return Subjects()


def shared(request: Request) -> dict[str, Any]:
    """Return what the templates of calls say their words and numbers by."""
    settings = services(request).settings
    prefixes, zone = settings.phone_trunk_prefixes, settings.timezone
    return {
        "words": words,
        "displayed": lambda number: displayed(number, prefixes) or number,
        "clock": clock,
        "hour": lambda at: at.astimezone(zone).strftime("%H:%M"),
        "local_day": lambda at: at.astimezone(zone).date(),
        "TO_CALL_BACK": TO_CALL_BACK,
    }


async def _load(request: Request, query: LogQuery) -> Log:
    def work(db: Session) -> Log:
        wanted = call_lists.with_keys(db, query.calls)
        calls, sums = call_lists.page(db, wanted, query.page), call_lists.sums(db, wanted)
        since, until = query.calls.since, query.calls.until
        before = call_lists.day_before(db, since) if since and not sums.calls else None
        due = call_lists.to_call_back(db, wanted) if sums.missed else 0
        return Log(calls, sums, call_lists.agents(db), call_lists.queues(db, since, until), before, due)

    return await services(request).database.run(work)


async def _page(request: Request, query: LogQuery, log: Log) -> Response:
    listing = {
        "before": query.neighbour(request, -1),
        "after": query.neighbour(request, 1),
        "export": query.address(request, "calls:export"),
    }
    is_agent = holds(await current_user(request), AGENT)
    desk = await bar.desk_context(request) | await pop.in_hand(request) if is_agent else {}
    shown = {**await _list(request, query, log), **listing, **desk}
    return html(request, "calls/index.html", **shown, is_agent=is_agent, error=None)


async def _fragment(request: Request, query: LogQuery, log: Log) -> Response:
    """Render the calls alone, for a page that has heard of a new one."""
    return html(request, "calls/_log.html", **await _list(request, query, log))


async def _list(request: Request, query: LogQuery, log: Log) -> dict[str, Any]:
    """Return what `calls/_log.html` needs."""
    list_context = {
        "query": query,
        "log": log,
        "typed": query.typed,
        "link": partial(query.address, request),
        "days_to_call_back": log_query.CALLED_BACK_IN,
        "subjects": await subjects_of(request, log.calls),
    }
    return {**shared(request), **list_context}


async def _refused(request: Request, error: Invalid) -> Response:
    """Show the form again, with what is wrong."""
    agents = await services(request).database.run(call_lists.agents)
    context = {"log": Log(agents=agents), "typed": log_query.typed_in(request), "query": None, "is_agent": False}
    return html(request, "calls/index.html", status_of(error), **{**shared(request), **context}, error=error)


def _to_dict(query: LogQuery, log: Log) -> Json:
    paging = {"page": query.page, "per_page": call_lists.PER_PAGE, "total": log.sums.calls, "pages": log.pages}
    return {"calls": [call_to_dict(it) for it in log.calls], "sums": sums_to_dict(log.sums), **paging}
