"""Show the open tasks of each assignee by priority, status or age."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid
from helpdesk.reports.address import NO_CHOICE, Address
from helpdesk.reports.filters import named_filters
from helpdesk.reports.labels import Labels
from helpdesk.reports.lines import PER_PAGE
from helpdesk.reports.model import EXECUTOR, Choices
from helpdesk.reports.periods import Period
from helpdesk.reports.report import STALE, Reporter
from helpdesk.reports.workload import AGE, SPLITS, STUCK, Column, Row, Workload
from helpdesk.reports.workload import workload as count
from helpdesk.web.core.faces import Json, answer, html, json_response
from helpdesk.web.core.services import path_to
from helpdesk.web.reports import page, schemas
from helpdesk.web.reports.found import paging
from helpdesk.web.reports.links import Links
from helpdesk.web.reports.words import saying

ROUTE = "reports:workload"


async def workload(request: Request) -> Response:
    """Show the workload."""
    reporter = await page.reporter_of(request)
    try:
        address, split = page.address_of(request, is_divided=False), split_of(request)
        address = address._replace(phase="", groups=(), cells=())
        choices = await reporter.choices(address)
    except Invalid as error:
        return await page.refused(request, reporter, error, ROUTE)
    load = await count(reporter, address, choices, split, address.page)
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(request, address, load)),
        page=lambda: _page(request, reporter, choices, address, load),
    )


def split_of(request: Request) -> str:
    """Read how the tasks are split. Raises Invalid."""
    split = request.query_params.get("split", "") or next(iter(SPLITS))
    if split not in SPLITS:
        raise Invalid({"split": [NO_CHOICE]})
    return split


async def _page(request: Request, reporter: Reporter, choices: Choices, address: Address, load: Workload) -> Response:
    tasks, today = path_to(request, "reports:tasks"), Period(reporter.today, reporter.today)
    links = Links.of(tasks, address._replace(groups=(EXECUTOR, load.split)))
    of_ages = Links.of(tasks, address._replace(groups=(EXECUTOR,), phase="open"))

    def link(row: Row | None, column: Column | None) -> str:
        """Return the address of the tasks of a person, or of everybody, in a column, or in all of them."""
        people = () if row is None else (row.executor,)
        if column and column.period:
            return of_ages.line(people, "created", column.period)
        if row is None and column:
            return links.to("open", today, "&" + urlencode([("group", load.split), ("cell", column.key)]))
        return links.line((*people, *((column.key,) if column else ())), "open", today)

    def stuck(row: Row | None) -> str:
        """Return the address of the stale tasks of a person, or of everybody."""
        return f"{links.line(() if row is None else (row.executor,), 'open', today)}&days={STALE}"

    def of_split(split: str) -> str:
        return f"{path_to(request, ROUTE)}?{address.query()}&split={split}"

    shown = {
        "address": address,
        "kept": {"split": load.split},
        "facts": list(named_filters(address, load.labels)),
        "load": load,
        "link": link,
        "STUCK": STUCK,
        "stuck": stuck,
        "most": max((it.total for it in load.rows), default=1),
        "splits": [(split, title, of_split(split)) for split, title in SPLITS.items()],
        "paging": paging(request, ROUTE, address, len(load.rows), PER_PAGE, split=load.split),
    }
    return html(request, "reports/workload.html", **await page.context(request, reporter, choices, ROUTE) | shown)


def _to_dict(request: Request, address: Address, load: Workload) -> Json:
    say, key = saying(request), "from" if load.split == AGE else load.split
    columns = [{"name": say(it.name), key: it.period.first.isoformat() if it.period else it.key} for it in load.columns]
    return {
        "by": load.split,
        "columns": columns,
        "rows": [{**_person(row, load.labels, request), **_numbers(row, load)} for row in load.rows_of(address.page)],
        "whole": _numbers(load.whole, load),
        "pagination": schemas.paging_to_dict(address, PER_PAGE, len(load.rows)),
    }


def _person(row: Row, labels: Labels, request: Request) -> Json:
    return {"assigned_to_id": row.executor or None, "assigned_to": saying(request)(labels.of(EXECUTOR, row.executor))}


def _numbers(row: Row, load: Workload) -> Json:
    return {"open": row.total, "stuck": row.stuck, "open_by": [row.counts.get(it.key, 0) for it in load.columns]}
