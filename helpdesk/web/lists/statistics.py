"""Show the statistics of a list of tasks, as a page and as JSON."""

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.tasks.lists import TaskQuery, Vocabulary
from helpdesk.tasks.model import Actor
from helpdesk.tasks.phases import Rules, Summary
from helpdesk.tasks.statistics import AGES, Branch, Parts, Statistics, branches
from helpdesk.web.clocks import promised
from helpdesk.web.core.faces import Json, answer, html, json_response
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.lists import page as list_page
from helpdesk.web.lists import params as list_params
from helpdesk.web.lists import statistics_tables as tables
from helpdesk.web.lists.filter_form import chips
from helpdesk.web.lists.urls import Listing
from helpdesk.web.tasks import colors
from helpdesk.web.tasks.schemas import named


async def statistics(request: Request) -> Response:
    """Show the statistics of a list with this query; closed tasks are counted, too, unless it names statuses."""
    who, backend = await actor(request), services(request).backend
    vocabulary = await backend.vocabulary(who)
    listing = list_params.of_address(request, path_to(request, "tasks:index"), request.query_params, vocabulary)
    now = services(request).clock().astimezone(services(request).settings.timezone)
    rules = await colors.load_phase_rules(request)
    await colors.prepare(request)
    only = await promised.ids_of(request, who, request.query_params)
    counts = await backend.statistics(who, only.narrowed(listing.query), now, rules)
    body: Json = {"statistics": _to_dict(counts, vocabulary, listing.query)}

    async def json() -> Response:
        return json_response(request, await promised.mark_partial(request, who, body))

    return await answer(
        request,
        json=json,
        page=lambda: _page(request, who, listing, counts, vocabulary, now, rules),
    )


async def _page(
    request: Request,
    who: Actor,
    listing: Listing,
    counts: Statistics,
    vocabulary: Vocabulary,
    now: datetime,
    rules: Rules,
) -> Response:
    own = Listing(listing.query._replace(include_closed=False), request.url.path)
    person, names = await current_user(request), await list_page.people_names(request, who, listing, {})
    return html(
        request,
        "lists/statistics.html",
        listing=listing,
        own=own,
        totals=tables.totals(counts.summary, listing, vocabulary.statuses, rules),
        parts=counts.parts,
        tables=tables.tables(counts.parts, listing, own, vocabulary, now) if counts.parts else [],
        overdue=tables.overdue(listing, vocabulary.statuses, now.date()).link(),
        shortened=list_params.is_shortened(request.query_params),
        partly=await promised.is_partial(request, who),
        chips=chips(own, vocabulary, names | {who.id: person.full_name}),
    )


def totals_to_dict(summary: Summary) -> Json:
    """Return the number of tasks in each phase."""
    return {
        "total": summary.total,
        "open": summary.open,
        "new": summary.new,
        "in_progress": summary.active,
        "on_hold": summary.waiting,
        "closed": summary.done,
    }


def _to_dict(counts: Statistics, vocabulary: Vocabulary, query: TaskQuery) -> Json:
    """Return the statistics; numbers that the backend does not know are null."""
    names = ("overdue", "by_status", "by_priority", "by_project", "by_age")
    parts = _parts(counts.parts, vocabulary, query) if counts.parts else dict.fromkeys(names)
    return totals_to_dict(counts.summary) | parts


def _parts(parts: Parts, vocabulary: Vocabulary, query: TaskQuery) -> Json:
    """All but `by_status` count open tasks alone. A project's `open` are with those of the projects below it."""
    own = {project.id: tasks for project, tasks in parts.projects}
    return {
        "overdue": parts.overdue,
        "by_status": [
            {**named(status), "is_closed": status.is_closed, "total": tasks} for status, tasks in parts.statuses
        ],
        "by_priority": [{**named(priority), "open": tasks} for priority, tasks in parts.priorities],
        "by_project": [_branch(it) for it in branches(own, vocabulary.projects, query.project_ids)],
        "by_age": [
            {"from_days": first, "to_days": last, "open": tasks}
            for first, last, tasks in zip((0, *(days + 1 for days in AGES)), (*AGES, None), parts.ages, strict=True)
        ],
    }


def _branch(it: Branch) -> Json:
    project = it.project
    return {"id": project.id, "name": project.name, "parent_id": project.parent_id, "own": it.own, "open": it.whole}
