"""Show the tasks of which a promise of time was kept or missed."""

from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.promises.clock import KINDS, Kind
from helpdesk.reports import kept
from helpdesk.reports.address import NO_CHOICE, Address
from helpdesk.reports.filters import named_filters
from helpdesk.reports.kept import OUTCOMES, Outcome, Place
from helpdesk.reports.labels import Labels
from helpdesk.reports.model import Choices, Found
from helpdesk.reports.report import Reporter
from helpdesk.web.core.faces import Json, answer, html, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.reports import page, schemas
from helpdesk.web.reports.found import PER_PAGE, paging
from helpdesk.web.tasks import colors
from helpdesk.web.tasks.schemas import row

INDEX, TASKS = "reports:promises", "reports:promise_tasks"
KIND_WORDS: dict[Kind, Sentence] = {"answer": sentence("First answer"), "solution": sentence("Solution")}
OUTCOME_WORDS: dict[Outcome, Sentence] = {
    "kept": sentence("Kept"),
    "missed": sentence("Not kept"),
    "running": sentence("Not decided"),
}


async def tasks(request: Request) -> Response:
    """Show the tasks that a number counts."""
    reporter, its = await page.reporter_of(request), services(request).promises
    try:
        address, place = page.address_of(request), _place(request)
        choices = await reporter.choices(address)
        found = await kept.tasks(reporter, address, place, await its.book(), its.now(), PER_PAGE)
    except Invalid as error:
        return await page.refused(request, reporter, error, INDEX)
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(address, place, found)),
        page=lambda: _page(request, reporter, choices, address, place, found),
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


async def _page(
    request: Request, reporter: Reporter, choices: Choices, address: Address, place: Place, found: Found
) -> Response:
    kind, outcome = place
    labels = await reporter.named(Labels(choices), address)
    await colors.prepare(request)
    shown: dict[str, Any] = {
        "address": address,
        "title": sentence("%(kind)s: %(outcome)s", kind=KIND_WORDS[kind], outcome=OUTCOME_WORDS[outcome]),
        "period": address.within(reporter.today),
        "facts": list(named_filters(address, labels)),
        "tasks": found,
        "paging": paging(request, TASKS, address, found.total, PER_PAGE, kind=kind, outcome=outcome),
        "back": f"{path_to(request, INDEX)}?{address.query(measure='', cells=(), groups=())}",
    }
    return html(request, "reports/tasks.html", **await page.context(request, reporter, choices, TASKS) | shown)


def _to_dict(address: Address, place: Place, found: Found) -> Json:
    return {
        "kind": place[0],
        "outcome": place[1],
        "tasks": [row(it) for it in found.rows],
        "sampled_every": found.every,
        "pagination": schemas.paging_to_dict(address, PER_PAGE, found.total),
    }
