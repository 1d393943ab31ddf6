"""A text as it will look, before it is sent: nothing is written by this."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.tasks.model import Task
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import answer, html, json_response
from helpdesk.web.core.guards import actor
from helpdesk.web.drafts import service as drafts
from helpdesk.web.files import uploads
from helpdesk.web.tasks import comment_edit, lookup
from helpdesk.web.tasks import edit as task_edit
from helpdesk.web.tasks import page as task_page

Shown = Callable[[Request, Task, Mapping[str, Any], Markup], Awaitable[Response]]


async def preview(request: Request) -> Response:
    """`?of=` names the form: `comments`, `edit` or the number of a comment. htmx gets the text, else the page comes."""
    await drafts.person_typing(request)
    fields, of = await request_data.read(request), request.query_params.get("of", "comments")
    text, task = fields.text("description" if of == "edit" else "comment"), await lookup.load(request)
    preview_html = (await task_page.all_of(request, text, task)).html
    return await answer(
        request,
        json=lambda: json_response(request, {"html": preview_html}),
        page=lambda: PAGES.get(of, _comment)(request, task, fields.values, preview_html),
        fragment=lambda: html(request, "tasks/_preview.html", preview=preview_html),
    )


async def _new_comment(request: Request, task: Task, typed: Mapping[str, Any], preview_html: Markup) -> Response:
    again = {"form": "comments", "why": None, "typed": typed, "preview": preview_html}
    return await task_page.page(request, task, refused=again)


async def _edit(request: Request, task: Task, typed: Mapping[str, Any], preview_html: Markup) -> Response:
    await uploads.arrived(request, await actor(request))
    return await task_edit.form(request, task, typed, preview=preview_html)


async def _comment(request: Request, task: Task, typed: Mapping[str, Any], preview_html: Markup) -> Response:
    of = request.query_params.get("of", "")
    return await comment_edit.form(
        request, task, comment_edit.one_of(task, request_data.an_id(of)), typed, preview=preview_html
    )


PAGES: dict[str, Shown] = {"comments": _new_comment, "edit": _edit}
