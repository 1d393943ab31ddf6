"""Show a report: how many tasks were created, closed, reopened and left open, in parts of a period and by groups."""

from asyncio import gather
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.reports.address import DEPARTMENT
from helpdesk.reports.ages import Ages, ages
from helpdesk.reports.filters import named_filters
from helpdesk.reports.lines import PER_PAGE
from helpdesk.reports.model import EXECUTOR, TIME, Choices
from helpdesk.reports.pace import Pace, at_a_glance
from helpdesk.reports.periods import DAY, Period
from helpdesk.reports.report import STALE, Report, Reporter
from helpdesk.web.core.faces import answer, html, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.reports import charts, page, schemas
from helpdesk.web.reports.found import paging
from helpdesk.web.reports.links import Links
from helpdesk.web.reports.times import duration, minutes, pace_to_dict, slower
from helpdesk.web.reports.words import change, saying, trend, verdict

ROUTE = "reports:index"
DAY_SECONDS = 24 * 60 * 60
TITLES = {
    EXECUTOR: sentence("By assignee"),
    "project": sentence("By project"),
    "tracker": sentence("By type"),
    "status": sentence("By status"),
    "priority": sentence("By priority"),
    DEPARTMENT: sentence("By requester's department"),
}
"""What stands above the numbers of groups."""


async def index(request: Request) -> Response:
    """Show a report."""
    reporter = await page.reporter_of(request)
    try:
        address = page.address_of(request)
        choices = await reporter.choices(address)
        report = await reporter.report(address, choices, address.page)
    except Invalid as error:
        return await page.refused(request, reporter, error, ROUTE)
    promises = services(request).promises
    book, now = await promises.calendars(), promises.now()
    pace, old = await gather(at_a_glance(reporter, report, choices, book, now), ages(reporter, report, now))
    return await answer(
        request,
        json=lambda: json_response(
            request,
            {
                "report": schemas.report_to_dict(report, saying(request), address.page),
                "open_age": old._asdict(),
                "pace": pace_to_dict(request, pace) if pace else None,
                "pagination": schemas.paging_to_dict(address, PER_PAGE, len(report.lines)),
            },
        ),
        page=lambda: _page(request, reporter, choices, report, pace, old),
    )


async def _page(
    request: Request, reporter: Reporter, choices: Choices, report: Report, pace: Pace | None, old: Ages
) -> Response:
    shown = await page.context(request, reporter, choices, ROUTE) | _context(request, report)
    closed, opened = trends(pace, old)
    context = {"pace": pace, "ages": old, "age": age, "slower": closed, "older": opened}
    return html(request, "reports/index.html", **shown | context | {"verdict": verdict(closed, opened)})


def trends(pace: Pace | None, old: Ages) -> tuple[int | None, int | None]:
    """Return how closed tasks and open ones have changed, as far as what is shown of their times tells it."""
    own, past = (row.times.solution.working for row in (pace.whole, pace.before.row)) if pace else (None, None)
    return slower(past, own), trend(*(None if it is None else _age_minutes(it) for it in old))


def age(seconds: int) -> Sentence:
    """Return the age of a task in words: in days, if it has any."""
    days = seconds // DAY_SECONDS
    return sentence("%(n)s d", n=days) if days else duration(seconds)


def _age_minutes(seconds: int) -> int:
    """Return how many minutes an age has, without those that `age` does not show."""
    return minutes(seconds // DAY_SECONDS * DAY_SECONDS or seconds)


def _context(request: Request, report: Report) -> dict[str, Any]:
    address, titles = report.address, {**TITLES, TIME: page.STEP_TITLES[report.step]}
    return {
        "titles": [titles.get(it) or report.labels.group(it) for it in address.groups],
        "report": report,
        "address": address,
        "labels": report.labels,
        "facts": list(named_filters(address, report.labels)),
        "links": Links.of(path_to(request, "reports:tasks"), address, report.labels.parts),
        "chart": charts.chart(report.parts),
        "change": change,
        "STALE": STALE,
        "day_before": Period(report.period.first - DAY, report.period.first - DAY),
        "is_empty": not any((*report.total, *report.before, report.begin)),
        "duration": duration,
        "times": f"{path_to(request, 'reports:times')}?{address.query(measure='', cells=())}",
        "paging": paging(request, ROUTE, address, len(report.lines), PER_PAGE),
    }
