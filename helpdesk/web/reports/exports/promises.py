"""Put the promises of time that were kept and missed into a table."""

from collections.abc import Iterator

from helpdesk.errors import sentence
from helpdesk.reports import tables
from helpdesk.reports.kept import OUTCOMES, KeptReport, Line
from helpdesk.web.reports.exports.files import Value
from helpdesk.web.reports.promises.tasks import KIND_WORDS, OUTCOME_WORDS

SHARE = sentence("Share kept")
"""In per cent."""
HEADINGS = tuple(
    sentence("%(kind)s: %(outcome)s", kind=kind, outcome=outcome)
    for kind in KIND_WORDS.values()
    for outcome in (*(OUTCOME_WORDS[it] for it in OUTCOMES), SHARE)
)


def headings(found: KeptReport) -> list[tables.Text]:
    """Return the names of the groups, and of the numbers."""
    return [*(found.labels.group(it) for it in found.address.groups), *HEADINGS]


def rows(found: KeptReport) -> list[list[Value]]:
    """Return the rows of all groups, and that of all tasks."""
    groups = found.address.groups
    named = [[found.labels.of(group, key) for group, key in zip(groups, it.keys, strict=True)] for it in found.lines]
    shown = [[*names, *_numbers(it)] for names, it in zip(named, found.lines, strict=True)]
    return [*shown, [tables.TOTAL, *[""] * (len(groups) - 1), *_numbers(found.whole)]]


def _numbers(line: Line) -> Iterator[Value]:
    for kind in KIND_WORDS:
        numbers = line.numbers[kind]
        yield from (*numbers, numbers.share)
