"""One row of a list as the fragments that htmx puts in its place."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, Sentence
from helpdesk.tasks.model import Task
from helpdesk.tasks.wording import LABELS
from helpdesk.web.errors import status_of
from helpdesk.web.rendering import html, today


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
    told: dict[str, Any] = {"task": task, "by": by, "says": says, "overwrote": overwrote, "fresh": fresh}
    told["today"] = today(request)
    return html(request, "tasks/_row_at_rest.html", **told)


def form(
    request: Request,
    task: Task,
    by: str,
    why: Invalid | Conflict | None = None,
    typed: Mapping[str, Any] | None = None,
) -> Response:
    """The row with its form; after a refusal with what was chosen and why it was not taken."""
    told: dict[str, Any] = {"task": task, "by": by, "why": why, "typed": typed or {}, "labels": LABELS}
    return html(request, "tasks/_row_form.html", status_of(why) if why else 200, **told)
