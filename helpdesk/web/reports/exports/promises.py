"""Put the promises of time that were kept and missed into a table."""

from collections.abc import Iterator, Sequence

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


def rows(found: KeptReport) -> Sequence[Sequence[Value]]:
    """Return the rows of all groups, that of all tasks, and what there is to say of a sample."""
    lines = ((it.keys, _numbers(it)) for it in found.lines)
    shown = tables.of_lines(found.labels, found.address.groups, lines, _numbers(found.whole))
    return [*shown, *([[found.note]] if found.note else [])]


def _numbers(line: Line) -> Iterator[Value]:
    for kind in KIND_WORDS:
        numbers = line.numbers[kind]
        yield from (*numbers, numbers.share)
