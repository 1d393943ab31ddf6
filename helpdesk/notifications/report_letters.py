"""Define what a report says when it is sent by e-mail, and the form in which the outbox keeps it."""

import json
from collections.abc import Sequence
from typing import NamedTuple


class ReportLetter(NamedTuple):
    """A report in a person's language. `about` are lines on its period and filters; `trouble` stands in place of the
    numbers where they could not be counted.

    `rows` have names and numbers; the last one has the totals. `more` says how many rows are left out. `path` leads to
    the report, and `why` says why the person gets it.
    """

    report_id: int
    title: str
    about: Sequence[str]
    headings: Sequence[str]
    rows: Sequence[Sequence[str | int]]
    more: str
    trouble: str
    path: str
    why: str


def to_text(letter: ReportLetter) -> str:
    """Return a letter as JSON."""
    return json.dumps(letter._asdict(), ensure_ascii=False)


def from_text(text: str) -> ReportLetter:
    """Read a letter from JSON."""
    return ReportLetter(**json.loads(text))


def aligned(letter: ReportLetter) -> list[str]:
    """Return the lines of the table as plain text, whose columns stand below each other."""
    rows = [[str(it) for it in row] for row in (letter.headings, *letter.rows)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(letter.headings))]
    return ["  ".join(_cell(row, place, widths) for place in range(len(widths))).rstrip() for row in rows]


def _cell(row: Sequence[str], place: int, widths: Sequence[int]) -> str:
    """Return a cell of a row: numbers stand to the right."""
    return row[place].rjust(widths[place]) if row[place].isdigit() else row[place].ljust(widths[place])
