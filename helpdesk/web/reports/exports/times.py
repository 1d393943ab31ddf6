"""Put the times of tasks into a table of hours."""

from collections.abc import Iterator

from helpdesk.errors import sentence
from helpdesk.reports import tables
from helpdesk.reports.pace import Pace, Row
from helpdesk.reports.times import Spread, Times
from helpdesk.web.reports.exports.files import Value

HOUR = 3_600
HEADINGS = (
    sentence("Number of tasks"),
    sentence("Answered"),
    *(sentence("Answer, working hours, half"), sentence("Answer, working hours, nine of ten")),
    *(sentence("Answer, hours, half"), sentence("Answer, hours, nine of ten")),
    sentence("Closed"),
    *(sentence("Closing, working hours, half"), sentence("Closing, working hours, nine of ten")),
    *(sentence("Closing, hours, half"), sentence("Closing, hours, nine of ten")),
)


def headings(found: Pace) -> list[tables.Text]:
    """Return the names of the groups, and of the numbers."""
    groups = found.address.groups
    return [*([found.labels.group(it) for it in groups] or [""]), *HEADINGS]


def rows(found: Pace) -> list[list[Value]]:
    """Return the rows of all groups, that of all tasks, and what there is to say of a sample."""
    groups = found.address.groups
    named = [[found.labels.of(group, key) for group, key in zip(groups, it.keys, strict=True)] for it in found.rows]
    shown = [[*names, *_numbers(it)] for names, it in zip(named, found.rows, strict=True)]
    total = [tables.TOTAL, *[""] * (len(groups) - 1), *_numbers(found.whole)]
    notes: list[list[Value]] = [[found.note]] if found.note else []
    return [*(shown if groups else []), total, *notes]


def _numbers(row: Row) -> Iterator[Value]:
    yield row.number
    for times in row.times:
        yield from _of(row, times)


def _of(row: Row, times: Times) -> Iterator[Value]:
    missing = row.missing(times)
    yield None if missing is None else row.number - missing
    for spread in (times.working, times.whole):
        yield from _hours(spread)


def _hours(spread: Spread | None) -> list[Value]:
    return [round(it / HOUR, 2) for it in spread] if spread else [None, None]
