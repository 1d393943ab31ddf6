"""Put a report into the words of an e-mail."""

from collections.abc import Sequence
from typing import NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.languages import say
from helpdesk.notifications.report_letters import ReportLetter
from helpdesk.reports import tables
from helpdesk.reports.address import Address
from helpdesk.reports.filters import named_filters
from helpdesk.reports.labels import part_text
from helpdesk.reports.report import Report
from helpdesk.reports.rhythms import RHYTHMS
from helpdesk.reports.tables import Text

PATH = "/reports"
MOST_ROWS = 50
MOST_NAMED = 10
"""As many values of a filter are named."""
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
    about = [(tables.PERIOD, [part_text(report.period)]), *named_filters(report.address, report.labels)]
    *rows, total = table.rows
    left = max(0, len(rows) - MOST_ROWS)
    return _frame(words, report.address)._replace(
        about=[_line(language, name, values) for name, values in about],
        headings=[_said(language, it) for it in table.headings],
        rows=[[it if isinstance(it, int) else _said(language, it) for it in row] for row in (*rows[:MOST_ROWS], total)],
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


def _line(language: str, name: Text, values: Sequence[Text]) -> str:
    shown = [_said(language, it)[:LONGEST_VALUE] for it in values[:MOST_NAMED]]
    shown += ["…"] if len(values) > MOST_NAMED else []
    return say(language, Sentence(ABOUT.text, {"name": _said(language, name), "values": ", ".join(shown)}))


def _said(language: str, text: Text) -> str:
    return say(language, text) if isinstance(text, Sentence) else text
