"""Write xlsx files for spreadsheets, row after row, so that one of any length takes little memory.

What people typed stays text: no cell becomes a formula. All of it blocks, and belongs into a thread.
"""

import os
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import IO, Any, NamedTuple, cast

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

MOST_ROWS = 50_000
"""Rows of a file. Excel takes 1,048,576, but so many would keep a processor busy for minutes."""
LONGEST_TEXT = 32_767
"""The most characters that Excel takes in a cell."""
LONGEST_TITLE = 31
DAY, MOMENT = "dd.mm.yyyy", "dd.mm.yyyy hh:mm"
FIRST_YEAR = 1900
"""Excel counts days from here on, and shows earlier ones as nothing."""
UNSEEN = "\N{REPLACEMENT CHARACTER}"
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
NOT_IN_TITLES = re.compile(r"[\x00-\x1f\[\]:*?/\\]")
NOT_PLAIN = ("=", "+", "-", "@", "\t", "\r", "\n", "#")
"""How texts begin that a spreadsheet could take for a formula or an error."""
MARGIN = 2

Cell = str | int | float | date | datetime | None
"""A moment has no time zone: it is shown as it is."""
Rows = Iterable[Sequence[Cell]]


class Sheet(NamedTuple):
    """The title of a sheet, its headings, and the widths of its columns in characters, where they are known."""

    title: str
    headings: Sequence[str]
    widths: Sequence[int] = ()


class Book:
    """A file of sheets, which get their rows in their order. It must be closed, or temporary files are left behind."""

    def __init__(self, sheets: Iterable[Sheet]) -> None:
        self.book, self.pages = Workbook(write_only=True), list[Any]()
        titles: list[str] = []
        for sheet in sheets:
            titles.append(_title(sheet.title, titles))
            self._begin(titles[-1], sheet)

    def close(self) -> None:
        """Delete what was written of a book that was not saved: the library would do so at the process's end."""
        for page in self.pages:
            if not page.closed:
                page.close()
            if os.path.exists(page._writer.out):
                page._writer.cleanup()

    def add(self, place: int, rows: Rows) -> None:
        """Add rows to a sheet. The caller sees to it that there are at most MOST_ROWS."""
        page = self.pages[place]
        for row in rows:
            page.append([_cell(page, value) for value in row])

    def save(self, file: IO[bytes]) -> None:
        """Write the book, which then takes no more rows."""
        self.book.save(file)

    def _begin(self, title: str, sheet: Sheet) -> None:
        page: Any = self.book.create_sheet(title)
        self.pages.append(page)
        page.freeze_panes = "A2"
        for number, heading in enumerate(sheet.headings):
            width = sheet.widths[number] if number < len(sheet.widths) else len(heading) + MARGIN
            page.column_dimensions[get_column_letter(number + 1)].width = width
        page.append([_heading(page, text) for text in sheet.headings])


def _heading(page: Any, text: str) -> Any:
    cell = _text(page, text)
    cell.font = Font(bold=True)
    return cell


def _cell(page: Any, value: Cell) -> Any:
    if isinstance(value, str):
        return _text(page, value) if value.startswith(NOT_PLAIN) else _clean(value)
    if isinstance(value, date):
        if value.year < FIRST_YEAR:
            return value.isoformat()
        cell = WriteOnlyCell(page, cast(Any, value))
        cell.number_format = MOMENT if isinstance(value, datetime) else DAY
        return cell
    return value


def _text(page: Any, value: str) -> Any:
    """Return a text that is none but a text, also after somebody has edited the cell."""
    cell = WriteOnlyCell(page, _clean(value))
    cell.data_type = "s"
    cell.quotePrefix = value.startswith(NOT_PLAIN)
    return cell


def _clean(text: str) -> str:
    """Return a text as XML and Excel take it."""
    whole = NOT_IN_XML.sub(UNSEEN, text.replace("\r\n", "\n").replace("\r", "\n"))
    return whole if len(whole) <= LONGEST_TEXT else f"{whole[: LONGEST_TEXT - 1]}…"


def _title(wanted: str, taken: Sequence[str]) -> str:
    """Return a title that Excel takes: short, without some characters, and of one sheet alone."""
    plain = NOT_IN_TITLES.sub(" ", NOT_IN_XML.sub(" ", wanted))[:LONGEST_TITLE].strip("' ") or "-"
    others = {it.casefold() for it in taken} | {"history"}  # which Excel keeps for itself
    title, number = plain, 2
    while title.casefold() in others:
        ending = f" {number}"
        title, number = plain[: LONGEST_TITLE - len(ending)] + ending, number + 1
    return title
