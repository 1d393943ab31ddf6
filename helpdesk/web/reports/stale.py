"""Show open tasks that nobody has changed for a while."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid
from helpdesk.reports.address import NO_CHOICE, Address
from helpdesk.reports.filters import named_filters
from helpdesk.reports.labels import Labels
from helpdesk.reports.model import Choices, Found
from helpdesk.reports.report import Reporter
from helpdesk.reports.stale import DAYS, MARKS, days_unchanged, mark_of, questions
from helpdesk.web.core.faces import Json, answer, html, json_response
from helpdesk.web.core.services import path_to
from helpdesk.web.reports import page, schemas
from helpdesk.web.reports.found import PER_PAGE, paging
from helpdesk.web.tasks import colors
from helpdesk.web.tasks.schemas import row

ROUTE = "reports:stale"


async def stale(request: Request) -> Response:
    """Show a page of the tasks, and how many there are of each length."""
    reporter = await page.reporter_of(request)
    try:
        address = address_of(request)
        choices = await reporter.choices(address)
    except Invalid as error:
        return await page.refused(request, reporter, error, ROUTE)
    asked = await questions(reporter, address)
    numbers = [counts.get((), 0) for counts in await reporter.source.counts_of(reporter.actor, asked)]
    question = asked[DAYS.index(address.days)]
    tasks = await reporter.source.found(reporter.actor, question, {}, address.page, PER_PAGE)
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(reporter, address, numbers, tasks)),
        page=lambda: _page(request, reporter, choices, address, numbers, tasks),
    )


def address_of(request: Request) -> Address:
    """Read the address of the page. Raises Invalid with every wrong parameter."""
    address = page.address_of(request, is_divided=False)
    days = address.days or DAYS[-1]
    if days not in DAYS:
        raise Invalid({"days": [NO_CHOICE]})
    return address._replace(days=days, phase="")


async def _page(
    request: Request, reporter: Reporter, choices: Choices, address: Address, numbers: Sequence[int], tasks: Found
) -> Response:
    labels = await reporter.named(Labels(choices), address)
    await colors.prepare(request)
    links = [f"{path_to(request, ROUTE)}?{address.query(days=it.days)}" for it in MARKS]
    shown: dict[str, Any] = {
        "address": address,
        "kept": {"days": address.days},
        "facts": list(named_filters(address, labels)),
        "marks": list(zip(MARKS, numbers, links, strict=True)),
        "tasks": tasks,
        "unchanged": lambda task: days_unchanged(reporter, task),
        "mark_of": mark_of,
        "paging": paging(request, ROUTE, address, tasks.total, PER_PAGE),
    }
    return html(request, "reports/stale.html", **await page.context(request, reporter, choices, ROUTE) | shown)


def _to_dict(reporter: Reporter, address: Address, numbers: Sequence[int], tasks: Found) -> Json:
    return {
        "days": address.days,
        "counts": [{"days": days, "open": number} for days, number in zip(DAYS, numbers, strict=True)],
        "tasks": [{**row(it), "days_unchanged": days_unchanged(reporter, it)} for it in tasks.rows],
        "pagination": schemas.paging_to_dict(address, PER_PAGE, tasks.total),
    }
