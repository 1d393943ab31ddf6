"""Show how many promises of time were kept."""

from asyncio import gather

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid
from helpdesk.promises.clock import Kind
from helpdesk.reports.filters import named_filters
from helpdesk.reports.kept import Kept, KeptReport, Line, Outcome, Past, before, kept
from helpdesk.reports.lines import PER_PAGE
from helpdesk.reports.model import Choices
from helpdesk.reports.periods import FIRST_DAY
from helpdesk.reports.report import Reporter
from helpdesk.web.core.faces import Json, answer, html, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.reports import page, schemas
from helpdesk.web.reports.found import paging
from helpdesk.web.reports.links import Links
from helpdesk.web.reports.promises.tasks import INDEX, KIND_WORDS, OUTCOME_WORDS, TASKS
from helpdesk.web.reports.words import saying


async def index(request: Request) -> Response:
    """Show the promises of the tasks of a period."""
    reporter, its = await page.reporter_of(request), services(request).promises
    try:
        address = page.address_of(request)
        choices = await reporter.choices(address)
        book, now = await its.book(), its.now()
        found, past = await gather(kept(reporter, address, choices, book, now), before(reporter, address, book, now))
    except Invalid as error:
        return await page.refused(request, reporter, error, INDEX)
    return await answer(
        request,
        json=lambda: json_response(request, {"promises": to_dict(request, found, past), **_paging(found)}),
        page=lambda: _page(request, reporter, choices, found, past),
    )


async def _page(request: Request, reporter: Reporter, choices: Choices, found: KeptReport, past: Past) -> Response:
    links = Links.of(path_to(request, TASKS), found.address, found.labels.parts)

    def link(line: Line, kind: Kind, outcome: Outcome) -> str:
        address = links.line(line.keys, "created", found.period)
        return f"{address}&kind={kind}&outcome={outcome}" if address else ""

    shown = {
        "found": found,
        "past": past,
        "past_report": _past_report(request, found, past),
        "address": found.address,
        "lines": found.lines_of(found.address.page),
        "facts": list(named_filters(found.address, found.labels)),
        "KIND_WORDS": KIND_WORDS,
        "OUTCOME_WORDS": OUTCOME_WORDS,
        "link": link,
        "paging": paging(request, INDEX, found.address, len(found.lines), PER_PAGE),
    }
    return html(request, "reports/promises.html", **await page.context(request, reporter, choices, INDEX) | shown)


def _past_report(request: Request, found: KeptReport, past: Past) -> str:
    """Return the address of the report of the period before; empty where that begins before all reports."""
    if past.period.first < FIRST_DAY:
        return ""
    return f"{path_to(request, INDEX)}?{found.address.fixed(past.period).query()}"


def to_dict(request: Request, found: KeptReport, past: Past) -> Json:
    """Return the promises of all tasks, and of those of the groups on a page."""
    return {
        "period": schemas.period_to_dict(found.period),
        "groups": list(found.address.groups),
        "sampled_every": found.every,
        "total": _line(request, found.whole, found),
        "before": {
            **schemas.period_to_dict(past.period),
            "sampled_every": past.every,
            **{kind: _kept(it) for kind, it in past.numbers.items()},
        },
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
