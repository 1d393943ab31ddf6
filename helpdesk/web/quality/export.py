"""Give the table of a tab as a file for spreadsheets."""

from collections.abc import Iterator
from functools import partial
from itertools import chain

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, sentence
from helpdesk.quality.model import KIND_NAMES
from helpdesk.quality.tables import TABS, table
from helpdesk.web.core.after_write import Act, record
from helpdesk.web.core.session import current_user
from helpdesk.web.quality import desk as desks
from helpdesk.web.reports.exports import files
from helpdesk.web.reports.exports.files import Kind, Sheet, Text, Value

ALL_REQUESTS = sentence("All requests")


async def export_xlsx(request: Request) -> Response:
    return await _export(request, "xlsx")


async def export_csv(request: Request) -> Response:
    return await _export(request, "csv")


async def _export(request: Request, kind: Kind) -> Response:
    """Answer with all lines of a tab and their sum. Raises NotFound without its field."""
    person, desk, tab_name = await current_user(request), await desks.desk_of(request), desks.tab_of(request)
    tab, heading = TABS[tab_name], desk.heading(TABS[tab_name])
    if heading is None:
        raise NotFound
    found = await table(desk.reporter, await desks.address_of(request, desk), tab, desk.choices, desk.offered)
    columns, has_kinds = found.columns, any(it.kind for it in found.lines)
    lines: Iterator[list[Value]] = (
        [it.name, *([KIND_NAMES[it.kind]] if has_kinds else ()), *(it.numbers[each] for each in columns)]
        for it in found.lines
    )
    whole: list[Value] = [ALL_REQUESTS, *([""] if has_kinds else ()), *(found.total[it] for it in columns)]
    headings: list[Text] = [heading, *([desks.KIND] if has_kinds else ()), *(it.title for it in columns.values())]
    sheet = Sheet(tab.title, headings, partial(files.in_batches, chain(lines, [whole])), (40,))
    if request.method != "HEAD":
        await record(request, Act("report_exported", details={"of": f"quality-{tab_name}", "kind": kind}))
    return await files.answer(request, person.id, kind, f"quality-{tab_name}", [sheet])
