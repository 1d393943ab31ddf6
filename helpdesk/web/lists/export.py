"""Export rows as a CSV file, page after page as they come from the backend or the store, however long it takes.

One page is in memory at a time, and the next is fetched only after the reader took the one before. When the export
fails, the response breaks off without the end that HTTP requires, so that a browser shows a failed download.
"""

import asyncio
import csv
import logging
import zlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from io import StringIO
from typing import Any, NamedTuple

from anyio import CancelScope
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from helpdesk.errors import HelpdeskError, Sentence, TooManyAttempts, sentence
from helpdesk.tasks.model import TaskRow
from helpdesk.web.core.faces import accepted
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import translate
from helpdesk.web.edge.compression import is_foreign_link_with_query
from helpdesk.web.edge.middleware import PRIVATE
from helpdesk.web.lists.urls import COLUMNS, LABELS
from helpdesk.web.tasks import schemas as task_schemas

log = logging.getLogger(__name__)

MOST_AT_ONCE = 4
MOST_OF_ONE = 2
RETRY_SECONDS = 30
READER_SECONDS = 120.0
"""How long a reader may take no byte before the export is given up."""
CSV = "text/csv; charset=utf-8"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
CSV_COLUMNS = ("id", "subject", "status", "priority", "project", "tracker", "assigned_to", "author", "due_date")
HEADERS = {
    **PRIVATE,
    "Vary": f"{PRIVATE['Vary']}, Accept-Encoding",
    "X-Accel-Buffering": "no",  # nginx would hold back the bytes, and hide that the end is missing
}
Pages = AsyncGenerator[Sequence[Any], None]


class Table(NamedTuple):
    """What an export shows of its rows: the file's name, the headings, and the cells of a row."""

    filename: str
    headings: Sequence[Sentence | str]
    cells: Callable[[Any], Iterable[object]]


class TooManyExports(TooManyAttempts):
    """Other exports are under way, and they must leave room for pages."""

    code = "too_many_exports"
    default = sentence("Other exports are under way. Please try again when they are done.")


class Exports:
    """The exports under way in this process, by the person's id."""

    def __init__(self) -> None:
        self.running: Counter[int] = Counter()

    def begin(self, person_id: int) -> None:
        """Raises TooManyExports."""
        if self.running[person_id] >= MOST_OF_ONE or self.running.total() >= MOST_AT_ONCE:
            raise TooManyExports(RETRY_SECONDS)
        self.running[person_id] += 1

    def end(self, person_id: int) -> None:
        self.running.subtract([person_id])
        self.running = +self.running  # drops people without exports


def _task_cells(row: TaskRow) -> list[object]:
    shown = task_schemas.row(row)
    return [shown[name] for name in CSV_COLUMNS]


TASKS = Table("tasks.csv", [(COLUMNS | {"tracker": LABELS["tracker"]})[name] for name in CSV_COLUMNS], _task_cells)


async def answer(request: Request, person_id: int, pages: Callable[[], Pages], table: Table = TASKS) -> Response:
    """Stream the pages as a file. An error on the first page is raised, as of any request."""
    if request.method == "HEAD":
        return Response(headers=_headers(request, table), media_type=CSV)
    exports = services(request).exports
    exports.begin(person_id)
    remaining = pages()
    try:
        first = await anext(remaining, None) or ()
    except BaseException:
        exports.end(person_id)
        await remaining.aclose()
        raise
    return CsvResponse(request, table, first, remaining, lambda: exports.end(person_id))


class CsvResponse(StreamingResponse):
    """Streams `first`, then the other pages. However it ends, `pages` are closed and `ended` is called."""

    def __init__(
        self, request: Request, table: Table, first: Sequence[Any], pages: Pages, ended: Callable[[], None]
    ) -> None:
        self.table, self.pages, self.ended, self.rows = table, pages, ended, 0
        pieces, headers = self._pieces(request, first), _headers(request, table)
        super().__init__(_gzipped(pieces) if "Content-Encoding" in headers else pieces, headers=headers, media_type=CSV)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Return without the last message after an error: the server then breaks the connection."""
        try:
            await super().__call__(scope, receive, send)
        except (HelpdeskError, TimeoutError) as error:
            extra = {
                "request_id": scope["state"]["request_id"],
                "rows": self.rows,
                "error": getattr(error, "detail", "") or type(error).__name__,
            }
            log.error("an export broke off", extra=extra)
        finally:
            self.ended()
            with CancelScope(shield=True):
                await self.pages.aclose()

    async def stream_response(self, send: Send) -> None:
        async def in_time(message: Message) -> None:
            async with asyncio.timeout(READER_SECONDS):
                await send(message)

        await super().stream_response(in_time)

    async def _pieces(self, request: Request, first: Sequence[Any]) -> AsyncIterator[bytes]:
        """Yield lines with a mark of the encoding and semicolons, as spreadsheets of this country expect."""
        said = [translate(request, it) if isinstance(it, Sentence) else it for it in self.table.headings]
        yield _csv([map(_no_formula, said), *self._lines(first)]).encode("utf-8-sig")
        async for page in self.pages:
            yield _csv(self._lines(page)).encode()

    def _lines(self, rows: Sequence[Any]) -> list[list[object]]:
        self.rows += len(rows)
        return [[_no_formula(cell) for cell in self.table.cells(row)] for row in rows]


def _headers(request: Request, table: Table) -> dict[str, str]:
    takes_gzip = "gzip" in accepted(request.headers.get("accept-encoding", ""))
    packs = takes_gzip and not is_foreign_link_with_query(request.scope)
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{table.filename}"'}
    return {**headers, "Content-Encoding": "gzip"} if packs else headers


async def _gzipped(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Compress each piece at once: the compression of pages would wait for more."""
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    async for piece in pieces:
        yield packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()


def _csv(lines: Iterable[Iterable[object]]) -> str:
    text = StringIO()
    csv.writer(text, delimiter=";").writerows(lines)
    return text.getvalue()


def _no_formula(value: object) -> object:
    """Quote a text that a spreadsheet would take for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
