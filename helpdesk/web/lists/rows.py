"""Edit a row of a list in its place with htmx; other clients are sent to the task's own page."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, Sentence
from helpdesk.tasks.change_messages import LABELS, in_words
from helpdesk.tasks.lists import Vocabulary
from helpdesk.tasks.model import Edit, Task
from helpdesk.web.core import flash, navigation, request_data
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import choose, fragment_or_page, html
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.lists import layout as list_layout
from helpdesk.web.lists import page as list_page
from helpdesk.web.lists import params as list_params
from helpdesk.web.tasks import change, colors, form_fields
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
        task = await task_page.load(request)
    except NotFound:
        vocabulary = await services(request).backend.vocabulary(await actor(request))
        gone = {"task_id": request_data.task_id(request), "width": _width(request, vocabulary)}
        return html(request, "lists/_row_gone.html", status_of(NotFound()), **gone)
    if request.query_params.get("edit"):
        return await _form(request, task)
    return await _at_rest(request, task, fresh=not request.query_params.get("live"))


async def _at_rest(
    request: Request,
    task: Task,
    message: Sentence | None = None,
    overwrote: Sequence[str] = (),
    fresh: bool = True,
) -> Response:
    """Render the row as the list shows it; a fresh row takes the focus."""
    vocabulary = await services(request).backend.vocabulary(await actor(request))
    context: dict[str, Any] = {"task": task, "message": message, "overwrote": overwrote, "fresh": fresh}
    context |= await list_page.row_context(request, [task.row])
    context["origin"] = _origin(request, task, vocabulary)
    await colors.prepare(request)
    return html(request, "lists/_row_saved.html", **context, may_edit=vocabulary.may_edit)


async def _form(
    request: Request, task: Task, refusal: task_page.Refusal | None = None, typed: Mapping[str, Any] | None = None
) -> Response:
    """Render the row with its form; after a refusal with the typed values and the reason. Fields that were left alone
    show the present values."""
    context: dict[str, Any] = {"task": task, "error": refusal, "typed": form_fields.touched(typed or {})}
    context |= {"away": await services(request).absences.now()}
    context |= {"labels": LABELS, "in_words": in_words, "seen": form_fields.seen_choices(task)}
    vocabulary = await services(request).backend.vocabulary(await actor(request))
    context |= {"width": _width(request, vocabulary), "origin": _origin(request, task, vocabulary)}
    return html(request, "lists/_row_form.html", status_of(refusal) if refusal else 200, **context)


def _origin(request: Request, task: Task, vocabulary: Vocabulary) -> str:
    """Return the parameter by which the row's link names this list. A form does not know the position of its row."""
    if known := navigation.origin_of(request, task.id):
        return known.query(request)
    address = list_params.normalized(request, navigation.referring_list(request), vocabulary)
    return navigation.Origin(address).query(request) if address else ""


def _width(request: Request, vocabulary: Vocabulary) -> int:
    """Return the number of columns beside the first one; for those who may edit, the last one has the pencil."""
    return len(list_layout.of_request(request).shown) - (not vocabulary.may_edit)


@idempotent
async def _change(request: Request) -> Response:
    presenter = choose(request, json=change.JSON, page=PAGE, fragment=ROW)
    return await change.make(request, change.Change(_edit), presenter)


async def _edit(request: Request) -> Edit:
    fields = await request_data.read(request)
    return request_data.edits(request_data.Fields(form_fields.touched(fields.values)))


async def _to_row(request: Request, outcome: change.Outcome) -> Response:
    written = outcome.written
    return await _at_rest(request, written.after, outcome.message, await task_page.overwrote(request, written))


async def _refused_row(request: Request, refusal: task_page.Refusal, _form_name: str) -> Response:
    values = (await request_data.read(request)).values
    return await _form(request, await task_page.load_refused(request, refusal), refusal, values)


async def _to_page(request: Request, outcome: change.Outcome) -> Response:
    return flash.redirect(request, await change.address_after(request, outcome.written), outcome.message)


ROW = change.Presenter(_to_row, _refused_row)
PAGE = change.Presenter(_to_page, change.raised)
