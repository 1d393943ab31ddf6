"""One row of a list as the fragments that htmx puts in its place."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, Sentence
from helpdesk.tasks.change_messages import LABELS, in_words
from helpdesk.tasks.model import Task
from helpdesk.web.core import request_data
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import html
from helpdesk.web.core.templating import today
from helpdesk.web.tasks import change, form_fields
from helpdesk.web.tasks import page as task_page


def at_rest(
    request: Request,
    task: Task,
    by: str,
    says: Sentence | None = None,
    overwrote: Sequence[str] = (),
    fresh: bool = True,
) -> Response:
    """The row as the list shows it. `by` is whom the list names: the "author" or the "assignee" of each task; a fresh
    one takes the focus."""
    context: dict[str, Any] = {"task": task, "by": by, "says": says, "overwrote": overwrote, "fresh": fresh}
    return html(request, "tasks/_row_saved.html", **context, today=today(request))


def gone(request: Request, task_id: int) -> Response:
    """A row that says of a task that it is there no more, or not to be seen."""
    return html(request, "tasks/_row_gone.html", status_of(NotFound()), task_id=task_id)


def form(
    request: Request,
    task: Task,
    by: str,
    why: task_page.Refusal | None = None,
    typed: Mapping[str, Any] | None = None,
) -> Response:
    """The row with its form; after a refusal with what was chosen and why it was not taken. What was left alone shows
    what is there now."""
    mine = form_fields.touched(typed or {})
    context: dict[str, Any] = {"task": task, "by": by, "why": why, "typed": mine, "labels": LABELS}
    context |= {"in_words": in_words, "seen": form_fields.seen_choices(task)}
    return html(request, "tasks/_row_form.html", status_of(why) if why else 200, **context)


async def changed(request: Request, outcome: change.Outcome) -> Response:
    by, written = request_data.row_by((await request_data.read(request)).values), outcome.written
    overwrote = await task_page.overwrote(request, written)
    return at_rest(request, written.after, by, outcome.says, overwrote)


async def refused(request: Request, refusal: task_page.Refusal, form_name: str) -> Response:
    values = (await request_data.read(request)).values
    task = await task_page.load_refused(request, refusal)
    return form(request, task, request_data.row_by(values), refusal, values)


ROW = change.Presenter(changed, refused)
