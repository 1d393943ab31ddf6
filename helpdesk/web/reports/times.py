"""Show how long tasks took until their first answer and until they were closed."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.durations import in_words
from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.promises.clock import KINDS, Kind
from helpdesk.reports.address import NO_CHOICE
from helpdesk.reports.filters import named_filters
from helpdesk.reports.lines import PER_PAGE
from helpdesk.reports.model import TIME, Choices
from helpdesk.reports.pace import Pace, Row, pace
from helpdesk.reports.report import Reporter
from helpdesk.reports.times import Spread, Times
from helpdesk.web.core.faces import Json, answer, html, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.reports import page, schemas
from helpdesk.web.reports.charts import TimesChart, of_times
from helpdesk.web.reports.found import paging
from helpdesk.web.reports.links import Links
from helpdesk.web.reports.words import change, saying, trend

ROUTE = "reports:times"
CLOCKS = {"working": sentence("in working hours"), "whole": sentence("by the clock on the wall")}
MINUTE = 60


async def times(request: Request) -> Response:
    """Show the times of the tasks of a period."""
    reporter = await page.reporter_of(request)
    try:
        address, clock = page.address_of(request), _clock(request)
        choices = await reporter.choices(address)
        if not address.groups:  # whether they get longer
            address = address._replace(groups=(TIME,))
        promises = services(request).promises
        found = await pace(reporter, address, choices, await promises.calendars(), promises.now())
    except Invalid as error:
        return await page.refused(request, reporter, error, ROUTE)
    return await answer(
        request,
        json=lambda: json_response(request, {"times": pace_to_dict(request, found), **_paging(found)}),
        page=lambda: _page(request, reporter, choices, found, clock),
    )


def duration(seconds: int) -> Sentence:
    """Return a time in words."""
    return in_words(minutes(seconds))


def minutes(seconds: int) -> int:
    """Return how many minutes are shown of a time."""
    return round(seconds / MINUTE)


def slower(past: Spread | None, own: Spread | None) -> int | None:
    """Return the trend of medians, as far as what is shown of them tells it."""
    return trend(past and minutes(past.median), own and minutes(own.median))


def _clock(request: Request) -> str:
    clock = request.query_params.get("clock", "") or next(iter(CLOCKS))
    if clock not in CLOCKS:
        raise Invalid({"clock": [NO_CHOICE]})
    return clock


async def _page(request: Request, reporter: Reporter, choices: Choices, found: Pace, clock: str) -> Response:
    links = Links.of(path_to(request, "reports:tasks"), found.address, found.labels.parts)
    query = found.address.query()
    shown = {
        "found": found,
        "kept": {"measure": found.measure, "clock": clock},
        "rows": found.rows_of(found.address.page),
        "facts": list(named_filters(found.address, found.labels)),
        "clocks": [(it, title, f"{path_to(request, ROUTE)}?{query}&clock={it}") for it, title in CLOCKS.items()],
        "clock": clock,
        "spread": lambda it: getattr(it, clock),
        "duration": duration,
        "slower": slower,
        "charts": _charts(found, clock),
        "change": change,
        "link": lambda row: links.line(row.keys, found.measure, found.period),
        "paging": paging(request, ROUTE, found.address, len(found.rows), PER_PAGE, clock=clock),
    }
    return html(request, "reports/times.html", **await page.context(request, reporter, choices, ROUTE) | shown)


def _charts(found: Pace, clock: str) -> dict[Kind, TimesChart | None]:
    """Draw the medians of the parts of the period, where these are the only group."""
    charts: dict[Kind, TimesChart | None] = dict.fromkeys(KINDS)
    if found.address.groups != (TIME,):
        return charts
    for kind in KINDS:
        spreads = {int(row.keys[0]): getattr(getattr(row.times, kind), clock) for row in found.rows}
        medians = {place: spread.median for place, spread in spreads.items() if spread}
        charts[kind] = of_times(medians, len(found.labels.parts))
    return charts


def pace_to_dict(request: Request, found: Pace) -> Json:
    """Return the times of all tasks, and of those of the groups on a page."""
    return {
        "period": schemas.period_to_dict(found.period),
        "measure": found.measure,
        "groups": list(found.address.groups),
        "total": _row(request, found.whole, found),
        "sampled_every": found.every,
        "before": {
            **schemas.period_to_dict(found.before.period),
            **_row(request, found.before.row, found),
            "sampled_every": found.before.every,
        },
        "rows": [_row(request, it, found) for it in found.rows_of(found.address.page)],
    }


def _paging(found: Pace) -> Json:
    return {"pagination": schemas.paging_to_dict(found.address, PER_PAGE, len(found.rows))}


def _row(request: Request, row: Row, found: Pace) -> Json:
    pairs = zip(found.address.groups, row.keys, strict=False)
    values = [schemas.value_to_dict(group, key, found.labels, saying(request)) for group, key in pairs]
    answer, solution = row.times
    return {"values": values, "tasks": row.number, "answer": _times(row, answer), "solution": _times(row, solution)}


def _times(row: Row, it: Times) -> Json:
    """Return times in seconds; null where there is none."""
    missing = row.missing(it)
    number = None if missing is None else row.number - missing
    return {"number": number, "missing": missing, "working": _spread(it.working), "whole": _spread(it.whole)}


def _spread(it: Spread | None) -> Json | None:
    return it._asdict() if it else None
