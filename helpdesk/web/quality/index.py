"""Show quality control: a table of requests by what they are about, how many there are, and how many are new."""

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid
from helpdesk.quality import tables
from helpdesk.quality.tables import COLUMNS, PER_PAGE, TABS, Table, Totals
from helpdesk.reports.address import Address
from helpdesk.reports.periods import PRESETS
from helpdesk.web.core import session
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, html, json_response
from helpdesk.web.core.services import path_to
from helpdesk.web.core.templating import translate
from helpdesk.web.quality import desk as desks
from helpdesk.web.quality import watch
from helpdesk.web.quality.desk import MOST_OPTIONS, Desk


async def index(request: Request) -> Response:
    """Show a tab in the period of the address."""
    desk, tab = await desks.desk_of(request), desks.tab_of(request)
    totals = await tables.totals(desk.reporter, desk.choices, await desks.new_statuses(request, desk))
    try:
        address = await desks.address_of(request, desk)
    except Invalid as error:
        shown = partial(_page, request, desk, tab, totals, Address(), None, error)
        return await answer_refusal(request, error, page=shown)
    table = None
    if desk.field(TABS[tab].field) and desk.choices.kinds:
        table = await tables.table(desk.reporter, address, TABS[tab], desk.choices, desk.offered)
    return await answer(
        request,
        json=lambda: json_response(request, to_dict(request, desk, tab, totals, address, table)),
        page=lambda: _page(request, desk, tab, totals, address, table),
    )


def to_dict(
    request: Request, desk: Desk, tab: str, totals: Totals, address: Address, table: Table | None
) -> dict[str, Any]:
    period = address.within(desk.reporter.today)
    return {
        "source": desk.quality.name,
        "tab": tab,
        "total_count": totals.all,
        "new_count": totals.new,
        "open_count": totals.open,
        "period": {"since": period.first.isoformat(), "until": period.last.isoformat()},
        "columns": list(table.columns) if table else [],
        "lines": [_line_to_dict(request, it) for it in table.lines_of(address.page)] if table else [],
        "total": table.total if table else None,
        "page": address.page,
        "total_pages": table.pages if table else 1,
    }


def _line_to_dict(request: Request, line: tables.Line) -> Json:
    name = line.name if isinstance(line.name, str) else translate(request, line.name)
    return {"value": line.key, "name": name, **line.numbers}


async def _page(
    request: Request,
    desk: Desk,
    tab: str,
    totals: Totals,
    address: Address,
    table: Table | None,
    error: Invalid | None = None,
) -> Response:
    here = path_to(request, "quality:index")
    return html(
        request,
        "quality/index.html",
        status_of(error) if error else 200,
        **desks.context(request, desk, await session.required(request)),
        is_watching=await watch.is_watching(request),
        tab=tab,
        tabs=TABS,
        columns=COLUMNS,
        presets=PRESETS,
        per_page=PER_PAGE,
        most_options=MOST_OPTIONS,
        totals=totals,
        address=address,
        given=request.query_params,
        period=address.within(desk.reporter.today),
        table=table,
        error=error,
        link=partial(desks.cell_link, request, desk, TABS[tab], address),
        export_query=f"{address.query(groups=(), cells=(), measure='')}&tab={tab}",
        tab_link=lambda name: f"{here}?{address.query(groups=(), cells=(), measure='')}&tab={name}",
        paging={
            "page": address.page,
            "pages": table.pages if table else 1,
            "link": lambda page: f"{here}?{address.query(page=page, groups=(), cells=(), measure='')}&tab={tab}",
        },
    )
