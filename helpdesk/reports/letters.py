"""Put a report into the words of an e-mail."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.languages import say
from helpdesk.notifications.report_letters import ReportLetter
from helpdesk.reports import tables
from helpdesk.reports.address import DEPARTMENT, FIELD, GROUPS, IDS, PHASES, Address
from helpdesk.reports.labels import Labels, part_text
from helpdesk.reports.report import Report
from helpdesk.reports.rhythms import RHYTHMS
from helpdesk.reports.tables import Text

PATH = "/reports"
MOST_ROWS = 50
MOST_VALUES = 10
"""So many values of a filter are named."""
LONGEST_VALUE = 100
ABOUT = sentence("%(name)s: %(values)s")
MORE = sentence("Rows that are only in the report itself: %(count)s")
WHY = sentence("You get this e-mail because you chose to get this report (%(when)s).")
TROUBLE = sentence("The report can't be counted any more: %(why)s")


class Words(NamedTuple):
    """The report of a letter, its rhythm, and the person's language."""

    report_id: int
    name: str
    rhythm: str
    language: str


def letter(words: Words, report: Report) -> ReportLetter:
    """Put the numbers of a report into words. It may have many rows: it runs in a thread."""
    table, language = tables.of_report(report), words.language
    left = max(0, len(table.rows) - MOST_ROWS - 1)
    rows = [*table.rows[: len(table.rows) - left - 1], table.rows[-1]]
    return _frame(words, report.address)._replace(
        about=[_of_period(language, report), *_about(language, report.address, report.labels)],
        headings=[_said(language, it) for it in table.headings],
        rows=[[it if isinstance(it, int) else _said(language, it) for it in row] for row in rows],
        more=say(language, Sentence(MORE.text, {"count": left})) if left else "",
    )


def failed(words: Words, address: Address, reasons: Sequence[Sentence]) -> ReportLetter:
    """Say why a report can't be counted, as when a custom field is gone."""
    why = " ".join(say(words.language, it) for it in reasons)
    return _frame(words, address)._replace(trouble=say(words.language, Sentence(TROUBLE.text, {"why": why})))


def _frame(words: Words, address: Address) -> ReportLetter:
    query, when = address.query(), RHYTHMS[words.rhythm].title
    path = f"{PATH}?{query}" if query else PATH
    why = say(words.language, Sentence(WHY.text, {"when": when}))
    return ReportLetter(words.report_id, words.name, (), (), (), "", "", path, why)


def _of_period(language: str, report: Report) -> str:
    return _line(language, tables.PERIOD, [part_text(report.period)])


def _about(language: str, address: Address, labels: Labels) -> Iterator[str]:
    """Yield the filters of a report, each with its values."""
    for name, field in IDS.items():
        if ids := getattr(address, field):
            group = name.removesuffix("_id")
            yield _line(language, GROUPS[group], [labels.of(group, id) for id in ids])
    if address.departments:
        yield _line(language, GROUPS[DEPARTMENT], address.departments)
    for id, text in address.fields:
        yield _line(language, labels.group(f"{FIELD}{id}"), [labels.of(f"{FIELD}{id}", text)])
    if address.phase:
        yield _line(language, GROUPS["status"], [PHASES[address.phase]])


def _line(language: str, name: Text, values: Sequence[Text]) -> str:
    shown = [_said(language, it)[:LONGEST_VALUE] for it in values[:MOST_VALUES]]
    shown += ["…"] if len(values) > MOST_VALUES else []
    said = _said(language, name)
    return say(language, Sentence(ABOUT.text, {"name": said[:1].upper() + said[1:], "values": ", ".join(shown)}))


def _said(language: str, text: Text) -> str:
    return say(language, text) if isinstance(text, Sentence) else text
