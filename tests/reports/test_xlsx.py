"""Files for spreadsheets: written by us, opened again by openpyxl."""

import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook

from helpdesk.reports import xlsx
from helpdesk.reports.xlsx import Book, Cell, Sheet

HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "#N/A",
    '=HYPERLINK("http://a")',
    "=",
    "'=1",
]


ONE = Sheet("Report", ["Name"])


def written(*sheets: Sheet, rows: Iterable[Sequence[Cell]] = ()) -> BytesIO:
    """Return a file whose first sheet has the rows."""
    file = BytesIO()
    with closing(Book(sheets)) as book:
        book.add(0, rows)
        book.save(file)
    return file


def opened(*rows: list[Cell], sheet: Sheet = ONE) -> Any:
    return load_workbook(written(sheet, rows=rows))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_that_looks_like_a_formula_stays_a_text(text: str) -> None:
    cell = opened([text]).active["A2"]
    assert (cell.data_type, cell.value) == ("s", text.replace("\r", "\n"))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_formula_is_in_the_file(text: str) -> None:
    file = written(Sheet("Report", [text]), rows=[[text, 1]])
    for name in ZipFile(file).namelist():
        assert b"<f>" not in ZipFile(file).read(name)


@pytest.mark.parametrize("text", HOSTILE[:9])
def test_a_text_that_looks_like_a_formula_stays_one_when_it_is_edited(text: str) -> None:
    assert opened([text]).active["A2"].quotePrefix


def test_a_heading_stays_a_text() -> None:
    cell = opened(sheet=Sheet("Report", ["=1+1"])).active["A1"]
    assert (cell.data_type, cell.value, cell.font.bold) == ("s", "=1+1", True)


def test_numbers_days_and_moments_are_what_they_are() -> None:
    row: list[Cell] = [7, 2.5, date(2026, 11, 20), datetime(2026, 11, 20, 13, 45), None, "0012"]
    sheet = opened(row, sheet=Sheet("Report", [""] * 6)).active
    a, b, c, d, e, f = sheet[2]
    assert [it.value for it in (a, b, d, f)] == [7, 2.5, datetime(2026, 11, 20, 13, 45), "0012"]
    assert (c.value.date(), c.number_format, d.number_format) == (date(2026, 11, 20), xlsx.DAY, xlsx.MOMENT)
    assert e.value is None


def test_a_day_that_spreadsheets_do_not_know_is_written_out() -> None:
    assert opened([date(1812, 6, 24)]).active["A2"].value == "1812-06-24"


@pytest.mark.parametrize("text", ["\x00a", "a\x0bb", "\x1f", "\ud800", "\uffff", "￾"])
def test_what_no_file_may_hold_is_replaced(text: str) -> None:
    assert xlsx.UNSEEN in opened([text]).active["A2"].value


def test_lines_emoji_and_blanks_at_the_ends_are_kept() -> None:
    assert opened(["  Стул\n🪑  "]).active["A2"].value == "  Стул\n🪑  "


def test_a_long_text_is_cut_to_what_a_cell_takes() -> None:
    value = opened(["я" * 40_000]).active["A2"].value
    assert (len(value), value[-1]) == (xlsx.LONGEST_TEXT, "…")


@pytest.mark.parametrize("title", ["a/b\\c*d?e[f]g:h", "'quoted'", "", " ", "History", "x" * 90, "\x07", "А" * 31])
def test_any_title_becomes_one_that_spreadsheets_take(title: str) -> None:
    names = opened(sheet=Sheet(title, ["Name"])).sheetnames
    assert len(names[0]) <= 31
    assert names[0].strip("' ") == names[0] != "History"
    assert not set(names[0]) & set("[]:*?/\\\x07")


def test_sheets_of_one_title_are_told_apart() -> None:
    file = written(*(Sheet(it, ["Name"]) for it in ("Отчёт", "отчёт", "Отчёт", "z" * 31, "z" * 40)))
    assert load_workbook(file).sheetnames == ["Отчёт", "отчёт 2", "Отчёт 3", "z" * 31, "z" * 29 + " 2"]


def test_the_head_stays_in_sight_and_columns_are_wide_enough() -> None:
    sheet = opened(sheet=Sheet("Report", ["Executor", "№"], [40])).active
    assert sheet.freeze_panes == "A2"
    assert [sheet.column_dimensions[it].width for it in "AB"] == [40, 1 + xlsx.MARGIN]


def test_a_book_that_fails_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    sheets = [Sheet("One", ["Name"]), Sheet("Two", ["Name"])]
    with pytest.raises(ZeroDivisionError), closing(Book(sheets)) as book:
        book.add(0, [["a"]])
        assert list(tmp_path.iterdir())
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


def test_a_book_that_was_saved_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert opened(["a"]).active["A2"].value == "a"
    assert not list(tmp_path.iterdir())
