"""Put the numbers of reports into tables, for files and letters. Texts are sentences until a language is chosen."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple, TypeVar

from helpdesk.errors import Sentence, sentence
from helpdesk.reports.labels import MEASURE_WORDS, Labels
from helpdesk.reports.model import MEASURES, TIME, Keys
from helpdesk.reports.report import Report

TOTAL = sentence("Total")
PERIOD = sentence("Period")
NUMBERS = tuple(MEASURE_WORDS[it] for it in MEASURES)

Text = Sentence | str
Row = Sequence[Text | int]
Number = TypeVar("Number")


class Table(NamedTuple):
    """A table with its headings. The last of `rows` has the totals."""

    headings: Sequence[Text]
    rows: Sequence[Row]


def of_report(report: Report) -> Table:
    """Return the groups of a report, or the parts of its period where it has none."""
    return of_groups(report) if report.address.groups else of_parts(report)


def of_parts(report: Report) -> Table:
    """Return the parts of a report's period."""
    rows: list[Row] = [(report.labels.of(TIME, place), *it.numbers) for place, it in enumerate(report.parts)]
    return Table((PERIOD, *NUMBERS), [*rows, (TOTAL, *report.total)])


def of_groups(report: Report) -> Table:
    """Return the groups of a report. A line of the first group alone stands above those of the second within it.

    There may be many: it belongs into a thread.
    """
    groups, labels = report.address.groups, report.labels
    rows = of_lines(labels, groups, report.lines, report.total)
    return Table((*(labels.group(it) for it in groups), *NUMBERS), rows)


def of_lines(
    labels: Labels, groups: Sequence[str], lines: Iterable[tuple[Keys, Iterable[Number]]], total: Iterable[Number]
) -> list[Sequence[Text | Number]]:
    """Return the rows of lines, and that of the totals. A line of the first group alone leaves the second one empty."""
    name = cache(labels.of)
    rows: list[Sequence[Text | Number]] = [
        [*map(name, groups, keys), *[""] * (len(groups) - len(keys)), *numbers] for keys, numbers in lines
    ]
    return [*rows, [TOTAL, *[""] * (len(groups) - 1), *total]]
