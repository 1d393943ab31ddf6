"""A description or comment by itself and whole, for those too long for the task's page."""

import re

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.web.core import request_data
from helpdesk.web.core.faces import answer, choose, html, json_response
from helpdesk.web.tasks import comment_edit, lookup
from helpdesk.web.tasks import page as task_page

PART = re.compile(r"[0-9]{1,5}")


async def text(request: Request) -> Response:
    """The comment of that number, or the description, which has the number 0; `?from=` names the part to begin with."""
    task, first = await lookup.load(request), _first(request)
    number = request.path_params["entry_id"]
    entry = comment_edit.one_of(task, request_data.entry_id(request)) if number else None
    part = await task_page.all_of(request, entry.notes if entry else task.description, task, first)
    template = choose(request, page="tasks/text.html", fragment="tasks/_text.html")
    context = {"task": task, "entry": entry, "number": number, "text": part, "alone": True}
    return await answer(
        request,
        json=lambda: json_response(request, {"html": part.html, "next": part.more}),
        page=lambda: html(request, template, **context),
    )


def _first(request: Request) -> int:
    """A part's number; what is none means the beginning."""
    found = PART.fullmatch(request.query_params.get("from", ""))
    return int(found[0]) if found else 0
