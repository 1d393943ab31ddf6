"""Show quality control: a table of requests by what they are about, how many there are, and how many are new."""

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid
from helpdesk.quality import tables
from helpdesk.quality.tables import PER_PAGE, TABS, Table
from helpdesk.quality.totals import Totals, totals_of
from helpdesk.reports.address import Address
from helpdesk.reports.labels import part_text
from helpdesk.reports.periods import Period
from helpdesk.web.core import session
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, html, json_response
from helpdesk.web.core.services import path_to
from helpdesk.web.quality import desk as desks
from helpdesk.web.quality import watch
from helpdesk.web.quality.desk import Desk
from helpdesk.web.reports.page import STEP_TITLES, form_of
from helpdesk.web.reports.words import change, saying


async def index(request: Request) -> Response:
    """Show a tab in the period of the address."""
    desk, tab = await desks.desk_of(request), desks.tab_of(request)
    new = await desks.new_statuses(request, desk)
    try:
        address = await desks.address_of(request, desk)
    except Invalid as error:
        totals = await totals_of(desk.reporter, Address(), desk.choices, new)
        shown = partial(_page, request, desk, tab, totals, Address(), None, error)
        return await answer_refusal(request, error, page=shown)
    totals, table = await totals_of(desk.reporter, address, desk.choices, new), None
    if desk.heading(TABS[tab]) and desk.choices.kinds:
        table = await tables.table(desk.reporter, address, TABS[tab], desk.choices, desk.offered)
    return await answer(
        request,
        json=lambda: json_response(request, to_dict(request, desk, tab, totals, address, table)),
        page=lambda: _page(request, desk, tab, totals, address, table),
    )


def to_dict(
    request: Request, desk: Desk, tab: str, totals: Totals, address: Address, table: Table | None
) -> dict[str, Any]:
    return {
        "source": desk.quality.name,
        "tab": tab,
        "total_count": totals.all,
        "new_count": totals.new,
        "open_count": totals.open,
        "period": _period_to_dict(address.within(desk.reporter.today)),
        "earlier": _period_to_dict(table.earlier) if table else None,
        "columns": list(table.columns) if table else [],
        "lines": [_line_to_dict(request, it) for it in table.lines_of(address.page)] if table else [],
        "total": table.total if table else None,
        "page": address.page,
        "total_pages": table.pages if table else 1,
    }


def _period_to_dict(period: Period) -> Json:
    return {"since": period.first.isoformat(), "until": period.last.isoformat()}


def _line_to_dict(request: Request, line: tables.Line) -> Json:
    kind = {"kind": line.kind} if line.kind else {}
    return {"value": line.key, "name": saying(request)(line.name), **kind, **line.numbers}


async def _page(
    request: Request,
    desk: Desk,
    tab: str,
    totals: Totals,
    address: Address,
    table: Table | None,
    error: Invalid | None = None,
) -> Response:
    here, its = path_to(request, "quality:index"), address._replace(groups=(), cells=(), measure="")
    return html(
        request,
        "quality/index.html",
        status_of(error) if error else 200,
        **desks.context(request, desk, await session.required(request)),
        is_watching=await watch.is_watching(request),
        tab=tab,
        tabs=TABS,
        per_page=PER_PAGE,
        totals=totals,
        address=address,
        form=await form_of(request, await desks.filterable(desk)),
        given=request.query_params,
        part_text=part_text,
        STEP_TITLES=STEP_TITLES,
        change=change,
        period=address.within(desk.reporter.today),
        table=table,
        error=error,
        facts=await desks.facts(desk, its),
        link=partial(desks.cell_link, request, desk, TABS[tab], address),
        of_now=lambda which: f"{path_to(request, 'quality:tasks')}?of={which}&{its.filters()}".rstrip("&"),
        export_query=f"{its.query()}&tab={tab}",
        tab_link=lambda name: f"{here}?{its.query()}&tab={name}",
        paging={
            "page": address.page,
            "pages": table.pages if table else 1,
            "link": lambda page: f"{here}?{its.query(page=page)}&tab={tab}",
        },
    )
