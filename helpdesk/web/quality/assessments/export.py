"""Export the assessments of a time as a file for spreadsheets."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Unavailable, sentence
from helpdesk.store.assessments import MAIN, AssessmentRow
from helpdesk.web.core.after_write import Act, record
from helpdesk.web.core.session import current_user
from helpdesk.web.quality.assessments import query
from helpdesk.web.quality.assessments.query import Found
from helpdesk.web.reports.exports import files
from helpdesk.web.reports.exports.files import Kind, Sheet, Value
from helpdesk.web.task_assessments import sources

HEADINGS = (
    *(sentence("When"), sentence("Task"), sentence("Subject"), sentence("Project"), sentence("Assignee")),
    *(sentence("Assessed by"), sentence("Form"), sentence("Score"), sentence("Remark")),
)
HIDDEN = sentence("after yours")
SOURCES = {MAIN: sentence("this helpdesk"), sources.SECOND: sentence("the second Redmine")}
"""The last column of files, where there are tasks of both."""


async def xlsx(request: Request) -> Response:
    """Answer with the assessments that the address asks for, as xlsx."""
    return await _answer(request, "xlsx")


async def csv(request: Request) -> Response:
    """Answer with the assessments that the address asks for, as CSV."""
    return await _answer(request, "csv")


async def _answer(request: Request, kind: Kind) -> Response:
    person, asked = await current_user(request), query.read(request)
    found = await query.load(request, asked)
    if found.is_partial:  # a file has no place for a word on it
        raise Unavailable
    if request.method != "HEAD":
        days = f"{asked.since} – {asked.until}"
        await record(request, Act("assessments_exported", details={"days": days, "count": len(found.rows)}))
    has_both, title = sources.has_second(request), sentence("Assessments")
    headings = (*HEADINGS, sentence("Tasks of")) if has_both else HEADINGS
    rows = (_cells(found, it) + ([SOURCES[it.source]] if has_both else []) for it in found.rows)
    sheet = Sheet(title, headings, partial(files.in_batches, rows))
    return await files.answer(request, person.id, kind, "assessments", [sheet])


def _cells(found: Found, row: AssessmentRow) -> list[Value]:
    is_open = found.is_open(row)
    return [
        row.assessed_at,
        row.task_id,
        found.subject(row),
        row.project,
        row.executor or (f"#{row.executor_id}" if row.executor_id else ""),
        row.assessor,
        row.form,
        row.score if is_open else HIDDEN,
        row.remark if is_open else "",
    ]
