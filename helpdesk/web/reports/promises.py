"""Show how many promises of time were kept, and the tasks that each number counts."""

from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.promises.clock import KINDS, Kind
from helpdesk.reports.address import NO_CHOICE, Address
from helpdesk.reports.kept import OUTCOMES, Kept, KeptReport, Line, Outcome, Place, kept, tasks
from helpdesk.reports.labels import Labels
from helpdesk.reports.model import Choices, Found
from helpdesk.reports.report import PER_PAGE, Reporter
from helpdesk.web.core.faces import Json, answer, html, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.reports import found as found_page
from helpdesk.web.reports import page, schemas
from helpdesk.web.reports.links import Links
from helpdesk.web.reports.words import saying
from helpdesk.web.tasks import colors
from helpdesk.web.tasks.schemas import row

ROUTE, TASKS = "reports:promises", "reports:promise_tasks"
KIND_WORDS: dict[Kind, Sentence] = {"answer": sentence("First answer"), "solution": sentence("Solution")}
OUTCOME_WORDS: dict[Outcome, Sentence] = {
    "kept": sentence("Kept"),
    "missed": sentence("Missed"),
    "running": sentence("Not decided"),
}


async def promises(request: Request) -> Response:
    """Show the promises of the tasks of a period."""
    reporter, its = await page.reporter_of(request), services(request).promises
    try:
        address = page.address_of(request)
        choices = await reporter.choices(address)
        found = await kept(reporter, address, choices, await its.book(), its.now())
    except Invalid as error:
        return await page.refused(request, reporter, error, ROUTE)
    return await answer(
        request,
        json=lambda: json_response(request, {"promises": to_dict(request, found), **_paging(found)}),
        page=lambda: _page(request, reporter, choices, found),
    )


async def promise_tasks(request: Request) -> Response:
    """Show the tasks that a number counts."""
    reporter, its = await page.reporter_of(request), services(request).promises
    try:
        address, place = page.address_of(request), _place(request)
        choices = await reporter.choices(address)
        found = await tasks(reporter, address, place, await its.book(), its.now(), found_page.PER_PAGE)
    except Invalid as error:
        return await page.refused(request, reporter, error, ROUTE)
    return await answer(
        request,
        json=lambda: json_response(request, _tasks_to_dict(address, place, found)),
        page=lambda: _tasks_page(request, reporter, choices, address, place, found),
    )


def _place(request: Request) -> Place:
    """Return which promises are asked for. Raises Invalid."""
    params = request.query_params
    for kind in KINDS:
        for outcome in OUTCOMES:
            if (params.get("kind"), params.get("outcome")) == (kind, outcome):
                return kind, outcome
    wrong = {"kind": get_args(Kind), "outcome": OUTCOMES}
    raise Invalid({name: [NO_CHOICE] for name, known in wrong.items() if params.get(name) not in known})


async def _page(request: Request, reporter: Reporter, choices: Choices, found: KeptReport) -> Response:
    links = Links.of(path_to(request, TASKS), found.address, found.labels.parts)

    def link(line: Line, kind: Kind, outcome: Outcome) -> str:
        address = links.line(line.keys, "created", found.period)
        return f"{address}&kind={kind}&outcome={outcome}" if address else ""

    shown = {
        "found": found,
        "address": found.address,
        "lines": found.lines_of(found.address.page),
        "facts": page.facts(found.address, found.labels),
        "KIND_WORDS": KIND_WORDS,
        "OUTCOME_WORDS": OUTCOME_WORDS,
        "link": link,
        "paging": found_page.paging(request, ROUTE, found.address, len(found.lines), PER_PAGE),
    }
    return html(request, "reports/promises.html", **await page.context(request, reporter, choices, ROUTE) | shown)


async def _tasks_page(
    request: Request, reporter: Reporter, choices: Choices, address: Address, place: Place, found: Found
) -> Response:
    kind, outcome = place
    labels = Labels(choices, people=await reporter.names(address.executor_ids))
    await colors.prepare(request)
    shown: dict[str, Any] = {
        "address": address,
        "title": sentence("%(kind)s: %(outcome)s", kind=KIND_WORDS[kind], outcome=OUTCOME_WORDS[outcome]),
        "period": address.within(reporter.today),
        "facts": page.facts(address, labels),
        "tasks": found,
        "paging": found_page.paging(
            request, TASKS, address, found.total, found_page.PER_PAGE, kind=kind, outcome=outcome
        ),
        "back": f"{path_to(request, ROUTE)}?{address.query(measure='', cells=(), groups=())}",
    }
    return html(request, "reports/tasks.html", **await page.context(request, reporter, choices, TASKS) | shown)


def to_dict(request: Request, found: KeptReport) -> Json:
    """Return the promises of all tasks, and of those of the groups on a page."""
    return {
        "period": schemas.period_to_dict(found.period),
        "groups": list(found.address.groups),
        "total": _line(request, found.whole, found),
        "lines": [_line(request, it, found) for it in found.lines_of(found.address.page)],
    }


def _paging(found: KeptReport) -> Json:
    return {"pagination": schemas.paging_to_dict(found.address, PER_PAGE, len(found.lines))}


def _line(request: Request, line: Line, found: KeptReport) -> Json:
    pairs = zip(found.address.groups, line.keys, strict=False)
    values = [schemas.value_to_dict(group, key, found.labels, saying(request)) for group, key in pairs]
    return {"values": values, **{kind: _kept(it) for kind, it in line.numbers.items()}}


def _kept(it: Kept) -> Json:
    return {**it._asdict(), "share": it.share}


def _tasks_to_dict(address: Address, place: Place, found: Found) -> Json:
    return {
        "kind": place[0],
        "outcome": place[1],
        "tasks": [row(it) for it in found.rows],
        "pagination": schemas.paging_to_dict(address, found_page.PER_PAGE, found.total),
    }
