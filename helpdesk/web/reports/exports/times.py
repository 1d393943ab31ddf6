"""Put the times of tasks into a table of hours."""

from collections.abc import Iterator, Sequence

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


def rows(found: Pace) -> Sequence[Sequence[Value]]:
    """Return the rows of all groups, that of all tasks, and what there is to say of a sample."""
    lines = ((it.keys, _numbers(it)) for it in found.rows)
    shown = tables.of_lines(found.labels, found.address.groups, lines, _numbers(found.whole))
    return [*shown, *([[found.note]] if found.note else [])]


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
