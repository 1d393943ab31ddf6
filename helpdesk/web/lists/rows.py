"""Edit a row of a list in its place with htmx; other clients are sent to the task's own page."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, Sentence
from helpdesk.tasks.change_messages import LABELS, in_words
from helpdesk.tasks.model import Edit, Task
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import choose, fragment_or_page, html
from helpdesk.web.core.idempotency import idempotent
from helpdesk.web.core.templating import today
from helpdesk.web.tasks import change, form_fields
from helpdesk.web.tasks import page as task_page


async def row(request: Request) -> Response:
    """Show the row at rest, or with its form (`?edit=1`); a POST changes the task by its form.

    `?live=1` is sent by pages after an event: the row then takes the focus from nobody.
    """
    if request.method == "POST":
        return await _change(request)
    page = task_page.address(request, request_data.task_id(request))
    return await fragment_or_page(request, lambda: _row(request), page)


async def _row(request: Request) -> Response:
    try:
        task, by = await task_page.load(request), _person_shown(request.query_params)
    except NotFound:
        return html(request, "lists/_row_gone.html", status_of(NotFound()), task_id=request_data.task_id(request))
    if request.query_params.get("edit"):
        return _form(request, task, by)
    return _at_rest(request, task, by, fresh=not request.query_params.get("live"))


def _at_rest(
    request: Request,
    task: Task,
    by: str,
    message: Sentence | None = None,
    overwrote: Sequence[str] = (),
    fresh: bool = True,
) -> Response:
    """Render the row as the list shows it. `by` is the person that the list names, the "author" or "assignee" of each
    task; a fresh row takes the focus."""
    context: dict[str, Any] = {"task": task, "by": by, "message": message, "overwrote": overwrote, "fresh": fresh}
    return html(request, "lists/_row_saved.html", **context, today=today(request))


def _form(
    request: Request,
    task: Task,
    by: str,
    refusal: task_page.Refusal | None = None,
    typed: Mapping[str, Any] | None = None,
) -> Response:
    """Render the row with its form; after a refusal with the typed values and the reason. Fields that were left alone
    show the present values."""
    context: dict[str, Any] = {"task": task, "by": by, "error": refusal, "typed": form_fields.touched(typed or {})}
    context |= {"labels": LABELS, "in_words": in_words, "seen": form_fields.seen_choices(task)}
    return html(request, "lists/_row_form.html", status_of(refusal) if refusal else 200, **context)


@idempotent
async def _change(request: Request) -> Response:
    presenter = choose(request, json=change.JSON, page=PAGE, fragment=ROW)
    return await change.make(request, change.Change(_edit), presenter)


async def _edit(request: Request) -> Edit:
    fields = await request_data.read(request)
    return request_data.edits(request_data.Fields(form_fields.touched(fields.values)))


async def _to_row(request: Request, outcome: change.Outcome) -> Response:
    by, written = _person_shown((await request_data.read(request)).values), outcome.written
    overwrote = await task_page.overwrote(request, written)
    return _at_rest(request, written.after, by, outcome.message, overwrote)


async def _refused_row(request: Request, refusal: task_page.Refusal, _form_name: str) -> Response:
    values = (await request_data.read(request)).values
    task = await task_page.load_refused(request, refusal)
    return _form(request, task, _person_shown(values), refusal, values)


async def _to_page(request: Request, outcome: change.Outcome) -> Response:
    return flash.redirect(request, await change.address_after(request, outcome.written), outcome.message)


ROW = change.Presenter(_to_row, _refused_row)
PAGE = change.Presenter(_to_page, change.raised)


def _person_shown(values: Mapping[str, Any]) -> str:
    """Return the person that the rows of a list name, "author" or "assignee", as `by` says."""
    return "author" if values.get("by") == "author" else "assignee"
