"""Show the tasks that a number of a report counts."""

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid
from helpdesk.reports import listed
from helpdesk.reports.address import Address
from helpdesk.reports.filters import named_filters
from helpdesk.reports.labels import MEASURE_WORDS, YES_NO, Labels
from helpdesk.reports.model import Choices, Found, Measure
from helpdesk.reports.report import Reporter
from helpdesk.web.core.faces import answer, html, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.reports import page, schemas
from helpdesk.web.reports.form import TITLES
from helpdesk.web.tasks import colors
from helpdesk.web.tasks.schemas import row

ROUTE = "reports:tasks"
PER_PAGE = 50


async def found(request: Request) -> Response:
    """Show a page of the tasks."""
    reporter, book = await page.reporter_of(request), await services(request).promises.calendars()
    try:
        address = page.address_of(request, is_divided=False)
        choices = await reporter.choices(address)
        tasks = await listed.found(reporter, address, choices, book, PER_PAGE)
    except Invalid as error:
        return await page.refused(request, reporter, error, "reports:index")
    measure = address.measure or "created"
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(address, measure, tasks)),
        page=lambda: _page(request, reporter, choices, address, measure, tasks),
    )


async def _page(
    request: Request, reporter: Reporter, choices: Choices, address: Address, measure: Measure, tasks: Found
) -> Response:
    labels = await reporter.named(Labels(choices), address, [address.cells])
    await colors.prepare(request)
    shown: dict[str, Any] = {
        "address": address,
        "measure": measure,
        "title": MEASURE_WORDS[measure],
        "period": address.within(reporter.today),
        "facts": [*_cells(address, labels), *_more(address), *named_filters(address, labels)],
        "tasks": tasks,
        "paging": paging(request, ROUTE, address, tasks.total, PER_PAGE),
        "back": f"{path_to(request, 'reports:index')}?{address.query(measure='', cells=(), days=0, unanswered='')}",
    }
    return html(request, "reports/tasks.html", **await page.context(request, reporter, choices, ROUTE) | shown)


def paging(request: Request, route: str, address: Address, total: int, per_page: int, **more: str) -> dict[str, Any]:
    """Return what `reports/_paging.html` needs. `more` are parameters that are no part of a report's address."""
    pages = max(1, -(-total // per_page))

    def link(number: int) -> str:
        return f"{path_to(request, route)}?{urlencode(more)}&{address.query(page=number)}"

    return {"page": address.page, "pages": pages, "link": link}


def _cells(address: Address, labels: Labels) -> list[Any]:
    """Return the groups of which the number is a cell, each with its value."""
    if not address.cells:
        return []
    values = {**dict(zip(address.groups, address.cells, strict=True)), **address.cell()}
    return [(labels.group(group), [labels.of(group, key)]) for group, key in values.items()]


def _more(address: Address) -> list[Any]:
    days = [(TITLES["days"], [str(address.days)])] if address.days else []
    return [*days, *([(TITLES["unanswered"], [YES_NO["1"]])] if address.unanswered else [])]


def _to_dict(address: Address, measure: Measure, tasks: Found) -> dict[str, Any]:
    return {
        "measure": measure,
        "tasks": [row(it) for it in tasks.rows],
        "sampled_every": tasks.every,
        "pagination": schemas.paging_to_dict(address, PER_PAGE, tasks.total),
    }
