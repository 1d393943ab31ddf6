"""Give the table of a tab as a file for spreadsheets."""

from collections.abc import Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, sentence
from helpdesk.quality.tables import COLUMNS, TABS, table
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
    tab, field = TABS[tab_name], desk.field(TABS[tab_name].field)
    if field is None:
        raise NotFound
    found = await table(desk.reporter, await desks.address_of(request, desk), tab, desk.choices, desk.offered)
    listed: list[tuple[Text, Mapping[str, int]]] = [(line.name, line.numbers) for line in found.lines]
    rows: list[list[Value]] = [
        [name, *(numbers[it] for it in found.columns)] for name, numbers in [*listed, (ALL_REQUESTS, found.total)]
    ]
    headings: list[Text] = [field.name, *(COLUMNS[it] for it in found.columns)]
    sheet = Sheet(tab.title, headings, partial(files.in_batches, rows), (40,))
    return await files.answer(request, person.id, kind, f"quality-{tab_name}", [sheet])
