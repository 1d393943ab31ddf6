"""Answer with tables as files for spreadsheets, xlsx or CSV, however long they are.

Rows are read in batches. An xlsx file is written to the disk before its first byte is sent, so an error is an error of
the request; a CSV file is sent as it is read (`web/lists/export.py`).
"""

import asyncio
import logging
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing
from datetime import date, datetime
from typing import IO, Literal, NamedTuple

from anyio import CancelScope
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from helpdesk.errors import Invalid, Overloaded, Sentence, sentence
from helpdesk.reports import xlsx
from helpdesk.reports.xlsx import MOST_ROWS, Book, Cell
from helpdesk.threads import Threads
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import language
from helpdesk.web.lists import export
from helpdesk.web.lists.export import HEADERS, READER_SECONDS, Table
from helpdesk.web.reports.words import saying

log = logging.getLogger(__name__)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
THREADS = Threads(4)
PIECE = 65_536
BATCH = 1_000
"""Rows that a CSV file gets at once: 15 ms on one core, measured with those of tasks."""
CELL, MOST_AT_ONCE = 100, 500_000
"""A cell takes as long as so many characters of a text, and so many characters are a part of a file: some 10 ms."""
TOO_MANY_ROWS = sentence(
    "These are more than %(most)s rows, too many for one xlsx file. Choose fewer of them, or take the CSV file.",
    most=MOST_ROWS,
)
DAY, MOMENT = "%d.%m.%Y", "%d.%m.%Y %H:%M"

Kind = Literal["xlsx", "csv"]
Text = Sentence | str
Value = Cell | Sentence
Batches = AsyncGenerator[Sequence[Sequence[Value]], None]


class Sheet(NamedTuple):
    """A table: `rows` begins to read its rows, in batches. Moments have a time zone, and are shown in the company's."""

    title: Text
    headings: Sequence[Text]
    rows: Callable[[], Batches]
    widths: Sequence[int] = ()


async def answer(request: Request, person_id: int, kind: Kind, name: str, sheets: Sequence[Sheet]) -> Response:
    """Answer with a file of this name: of all sheets as xlsx, of the first one as CSV.

    Raises TooManyExports, and Invalid for more rows than an xlsx file takes.
    """
    if kind == "csv":
        return await _csv(request, person_id, name, sheets[0])
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    if request.method == "HEAD":
        return Response(headers=headers, media_type=XLSX)
    exports = services(request).exports
    exports.begin(person_id)
    try:
        file, size = await _written(request, sheets)
    except BaseException:
        exports.end(person_id)
        raise
    return FileResponse(file, {**headers, "Content-Length": str(size)}, lambda: exports.end(person_id))


async def in_batches(rows: Iterable[Sequence[Value]]) -> Batches:
    """Yield rows that are there already. The lines of a CSV file are made on the event loop, so others get their turn
    between the batches, which are small where the rows are long."""
    batch, size = list[Sequence[Value]](), 0
    for row in rows:
        batch.append(row)
        size += CELL * len(row) + sum(len(it) for it in row if isinstance(it, str))
        if size >= MOST_AT_ONCE:
            yield batch
            await asyncio.sleep(0)
            batch, size = [], 0
    if batch:
        yield batch


class FileResponse(StreamingResponse):
    """Streams a file that has no name any more, so that nothing is left of it however this ends."""

    def __init__(self, file: IO[bytes], headers: dict[str, str], ended: Callable[[], None]) -> None:
        self.file, self.ended = file, ended
        super().__init__(self._pieces(), headers=headers, media_type=XLSX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def in_time(message: Message) -> None:
            async with asyncio.timeout(READER_SECONDS):
                await send(message)

        try:
            await super().__call__(scope, receive, in_time)
        except (Overloaded, TimeoutError) as error:  # the server then breaks the connection
            extra = {"request_id": scope["state"]["request_id"], "error": type(error).__name__}
            log.error("an export broke off", extra=extra)
        finally:
            self.ended()
            with CancelScope(shield=True):
                await THREADS.run(self.file.close)

    async def _pieces(self) -> AsyncIterator[bytes]:
        while piece := await THREADS.run(self.file.read, PIECE):
            yield piece


async def _written(request: Request, sheets: Sequence[Sheet]) -> tuple[IO[bytes], int]:
    """Return the file at its beginning, and its size."""
    say = saying(request)
    heads = [xlsx.Sheet(say(it.title), [say(each) for each in it.headings], it.widths) for it in sheets]
    book = await THREADS.run_to_its_end(Book, heads)
    try:
        for place, sheet in enumerate(sheets):
            await _fill(request, book, place, sheet)
        return await THREADS.run_to_its_end(_saved, book)
    finally:
        with CancelScope(shield=True):
            await THREADS.run(book.close)


async def _fill(request: Request, book: Book, place: int, sheet: Sheet) -> None:
    number, values = 0, _Values(request)
    async with aclosing(sheet.rows()) as batches:
        async for batch in batches:
            number += len(batch)
            if number > MOST_ROWS:
                raise Invalid({"form": [TOO_MANY_ROWS]}, TOO_MANY_ROWS)
            await THREADS.run_to_its_end(lambda rows: book.add(place, map(values.cells, rows)), batch)


def _saved(book: Book) -> tuple[IO[bytes], int]:
    file = tempfile.TemporaryFile()  # noqa: SIM115  # closed when it was sent
    try:
        book.save(file)
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file, size


async def _csv(request: Request, person_id: int, name: str, sheet: Sheet) -> Response:
    values = _Values(request)
    table = Table(f"{name}.csv", sheet.headings, values.texts)
    return await export.answer(request, person_id, sheet.rows, table)


class _Values:
    """Puts the values of rows into a person's language and into the company's time zone."""

    def __init__(self, request: Request) -> None:
        self.say, self.zone = saying(request), services(request).settings.timezone
        self.comma = "," if language(request) == "ru" else "."

    def cells(self, row: Sequence[Value]) -> list[Cell]:
        """Return what an xlsx file has."""
        return [self._local(self.say(it) if isinstance(it, Sentence) else it) for it in row]

    def texts(self, row: Sequence[Value]) -> list[object]:
        """Return what a CSV file has."""
        return [self._text(it) for it in self.cells(row)]

    def _local(self, value: Cell) -> Cell:
        return value.astimezone(self.zone).replace(tzinfo=None) if isinstance(value, datetime) else value

    def _text(self, value: Cell) -> object:
        if isinstance(value, date):
            return value.strftime(MOMENT if isinstance(value, datetime) else DAY)
        return str(value).replace(".", self.comma) if isinstance(value, float) else value
