"""Let administrators compare our numbers with those of the predecessor's stored procedures."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotConfigured, Unavailable, sentence
from helpdesk.quality import procedures
from helpdesk.quality.procedures import CLASSIFIC, RESORTS, TYPES, Compared, Procedures
from helpdesk.quality.tables import TABS, table
from helpdesk.reports.address import Address
from helpdesk.reports.periods import Period
from helpdesk.texts import named
from helpdesk.web.core import session
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, answer_refusal, html, json_response
from helpdesk.web.core.services import services
from helpdesk.web.quality import desk as desks
from helpdesk.web.quality.desk import Desk

NO_PROCEDURES = sentence("There is no second Redmine whose stored procedures could be called.")
OF_TAB = {CLASSIFIC: "type-object", RESORTS: "type-resort"}
"""The tab with our numbers for those of a procedure."""
MOST_CALLS, MOST_ROWS = 10, 500
"""For as many types `up_TypesRequests_ITS` is called, and as many of its rows are shown for each."""


class Section(NamedTuple):
    """A procedure with its numbers beside ours; None where it could not be called. `rows` are those that are compared
    with nothing; `tracker` is the type that it was called for."""

    name: str
    compared: tuple[Compared, ...] | None
    rows: tuple[procedures.Row, ...] = ()
    tracker: str = ""

    @property
    def differing(self) -> int:
        return sum(it.differs for it in self.compared or ())


async def comparison(request: Request) -> Response:
    """Compare the numbers of the period of the address."""
    desk = await desks.desk_of(request)
    called = desk.quality.procedures
    if called is None:
        raise NotConfigured(NO_PROCEDURES)
    try:
        address = await desks.address_of(request, desk)
    except Invalid as error:
        usual = Address().within(desk.reporter.today)
        return await answer_refusal(request, error, page=partial(_page, request, desk, usual, (), error))
    period = address.within(desk.reporter.today)
    sections = list[Section]()
    for name in await called.present():
        sections += await _sections(request, desk, called, name, period)
    body = {
        "period": {"since": str(period.first), "until": str(period.last)},
        "procedures": list(map(_to_dict, sections)),
    }
    return await answer(
        request,
        json=lambda: json_response(request, body),
        page=lambda: _page(request, desk, period, sections),
    )


async def _sections(request: Request, desk: Desk, called: Procedures, name: str, period: Period) -> list[Section]:
    """Call a procedure; the one that wants a type for each of ours. Each call has the time of a query."""
    if name != TYPES:
        return [await _section(request, desk, called, name, period)]
    names = {it.id: it.name for it in desk.offered.vocabulary.trackers}
    trackers = desk.choices.tracker_ids[:MOST_CALLS]
    return [await _of_type(called, period, it, named(names.get(it, ""), it)) for it in trackers]


async def _of_type(called: Procedures, period: Period, tracker_id: int, tracker: str) -> Section:
    try:
        rows = await called.call(TYPES, *period, tracker_id)
    except Unavailable:
        return Section(TYPES, None, (), tracker)
    return Section(TYPES, (), tuple(rows[:MOST_ROWS]), tracker)


async def _section(request: Request, desk: Desk, called: Procedures, name: str, period: Period) -> Section:
    """Call a procedure. One that fails, or that its database does not let write, leaves the others as they are."""
    try:
        rows = await called.call(name, *period)
    except Unavailable:
        return Section(name, None)
    suffixes = services(request).settings.quality_suffixes or {}
    theirs = procedures.of_objects(rows, suffixes) if name == CLASSIFIC else procedures.of_resorts(rows)
    ours = await _ours(desk, OF_TAB[name], period)
    if name == CLASSIFIC:
        ours = {key: number for key, number in ours.items() if key[0] in suffixes.values()}
    return Section(name, tuple(procedures.compared(theirs, ours)))


async def _ours(desk: Desk, tab: str, period: Period) -> Mapping[tuple[str, str], int]:
    """Return our numbers by value and kind; none where the field of the tab is not there."""
    if not desk.field(TABS[tab].role):
        return {}
    address = Address().fixed(period)
    found = await table(desk.reporter, address, TABS[tab], desk.choices, desk.offered)
    return {(line.key, kind): line.numbers[kind] for line in found.lines for kind in desk.choices.kinds}


def _to_dict(it: Section) -> dict[str, Any]:
    return {
        "name": it.name,
        "tracker": it.tracker,
        "failed": it.compared is None,
        "differing": it.differing,
        "compared": [each._asdict() for each in it.compared or ()],
        "rows": [{name: str(value) for name, value in row.items()} for row in it.rows],
    }


async def _page(
    request: Request, desk: Desk, period: Period, sections: Sequence[Section], error: Invalid | None = None
) -> Response:
    return html(
        request,
        "quality/comparison.html",
        status_of(error) if error else 200,
        **desks.context(request, desk, await session.required(request)),
        sections=sections,
        period=period,
        error=error,
    )
