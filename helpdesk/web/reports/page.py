"""Share what all pages of reports have: who asks, the address, the form, the tabs, and a refusal."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotConfigured, sentence
from helpdesk.reports import address as addresses
from helpdesk.reports.address import PHASES, Address
from helpdesk.reports.address_parser import parse
from helpdesk.reports.departments import Departments
from helpdesk.reports.labels import MEASURE_WORDS, part_text
from helpdesk.reports.model import Choices
from helpdesk.reports.report import Reporter
from helpdesk.store import departments
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer_refusal, html
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import today
from helpdesk.web.reports.form import MOST_OPTIONS, Form

STEP_TITLES = {
    "day": sentence("By days"),
    "week": sentence("By weeks"),
    "month": sentence("By months"),
    "year": sentence("By years"),
}
NO_SOURCE = sentence("Reports are counted in the database of the task system, and this helpdesk does not read it.")
TABS = {
    "reports:index": sentence("Report"),
    "reports:times": sentence("Answer and solution times"),
    "reports:promises": sentence("Promises of time"),
    "reports:stale": sentence("Stale tasks"),
    "reports:workload": sentence("Workload"),
}
"""The pages of reports by their routes."""
EXPORTED = {
    "reports:index": "report",
    "reports:tasks": "tasks",
    "reports:stale": "stale",
    "reports:workload": "workload",
    "reports:times": "times",
    "reports:promises": "promises",
}
"""What `export.py` calls the pages, by their routes."""
OF_ONE_PAGE = ("measure", "cell", "page", "days", "unanswered", "split", "clock", "kind", "outcome")
"""Parameters that another page has not, or that mean something else there."""


async def reporter_of(request: Request) -> Reporter:
    """Return what makes reports for this person. Raises NotConfigured where the backend can't be counted."""
    found = services(request)
    if found.reports is None:
        raise NotConfigured(NO_SOURCE)
    people = Departments(found.database, found.accounts)
    return Reporter(found.reports, await actor(request), people, found.settings.timezone, today(request))


def address_of(request: Request, *, is_divided: bool = True) -> Address:
    """Read the address of a report. Raises Invalid with every wrong parameter."""
    return parse(request.url.query, today(request), is_divided=is_divided)


async def refused(request: Request, reporter: Reporter, error: Invalid, route: str) -> Response:
    """Show the form again with what is wrong; programs get the error itself."""
    choices = await reporter.source.choices(reporter.actor)
    shown = await context(request, reporter, choices, route)
    return await answer_refusal(
        request,
        error,
        page=partial(html, request, "reports/refused.html", status_of(error), **shown | {"error": error}),
    )


async def context(request: Request, reporter: Reporter, choices: Choices, route: str) -> dict[str, Any]:
    """Return what `reports/base.html` needs."""
    form = await form_of(request, choices)
    return {
        "route": route,
        "files": _files(request, route),
        "save": f"{path_to(request, 'reports:saved')}?save=1&{request.url.query}",
        "tabs": [(it, title, _with_query(request, it)) for it, title in TABS.items()],
        "form": form,
        "given": form.given,
        "kept": {},
        "error": None,
        "facts": (),
        "MEASURE_WORDS": MEASURE_WORDS,
        "PHASES": PHASES,
        "STEP_TITLES": STEP_TITLES,
        "part_text": part_text,
        "longest_text": addresses.LONGEST_TEXT,
    }


async def form_of(request: Request, choices: Choices) -> Form:
    """Return the form of the address, right or wrong."""
    return Form(choices, await services(request).database.run(_departments), _given(request))


def _files(request: Request, route: str) -> dict[str, str]:
    """Return the addresses of the page's files by their kinds; none for a page that has none."""
    if route not in EXPORTED:
        return {}
    query = "&".join(filter(None, (f"of={EXPORTED[route]}", request.url.query)))
    return {kind: f"{path_to(request, f'reports:export_{kind}')}?{query}" for kind in ("xlsx", "csv")}


def _departments(db: Session) -> Sequence[str]:
    return departments.names(db)[:MOST_OPTIONS]


def _given(request: Request) -> dict[str, list[str]]:
    params = request.query_params
    return {name: [it[: addresses.LONGEST_TEXT] for it in params.getlist(name)] for name in params}


def _with_query(request: Request, route: str) -> str:
    """Return the address of another page with the same report."""
    query = urlencode([it for it in request.query_params.multi_items() if it[0] not in OF_ONE_PAGE])
    return path_to(request, route) + (f"?{query}" if query else "")
