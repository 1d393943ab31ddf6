"""A row of a list, edited in its place by htmx; for anybody else its address leads to the task's own page."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound
from helpdesk.tasks.model import Edit
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import choose, fragment_or_page, see_other
from helpdesk.web.core.idempotency import idempotent
from helpdesk.web.lists import row_fragments
from helpdesk.web.tasks import change, form_fields
from helpdesk.web.tasks import page as task_page


async def row(request: Request) -> Response:
    """The row at rest, or with its form (`?edit=1`); a POST changes what its form says.

    `?live=1` is of pages that were told of a change: it takes the focus from nobody.
    """
    if request.method == "POST":
        return await _change(request)
    page = task_page.address(request, request_data.task_id(request))
    return await fragment_or_page(request, lambda: _row(request), page)


async def _row(request: Request) -> Response:
    try:
        task, by = await task_page.load(request), request_data.row_by(request.query_params)
    except NotFound:
        return row_fragments.gone(request, request_data.task_id(request))
    if request.query_params.get("edit"):
        return row_fragments.form(request, task, by)
    return row_fragments.at_rest(request, task, by, fresh=not request.query_params.get("live"))


@idempotent
async def _change(request: Request) -> Response:
    presenter = choose(request, json=JSON, page=PAGE, fragment=row_fragments.ROW)
    return await change.make(request, change.Change(_edit), presenter)


async def _edit(request: Request) -> Edit:
    fields = await request_data.read(request)
    return request_data.edits(request_data.Fields(form_fields.touched(fields.values)))


async def _to_page(request: Request, outcome: change.Outcome) -> Response:
    return see_other(await change.address_after(request, outcome.written))


PAGE = change.Presenter(_to_page, change.raised)
JSON = change.Presenter(change.to_json, change.raised)
