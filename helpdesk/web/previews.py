"""A text as it will look, before it is sent: nothing is written by this."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound
from helpdesk.tasks.model import Task
from helpdesk.web import editing, inputs, keeping, mending, task_page, tasks
from helpdesk.web.rendering import data, html, is_htmx, wants_html

Shown = Callable[[Request, Task, Mapping[str, Any], Markup], Awaitable[Response]]


async def preview(request: Request) -> Response:
    """`?of=` names the form: `comments`, `edit` or the number of a comment. htmx gets the text, else the page comes."""
    await keeping.person_typing(request)
    fields, of = await inputs.read(request), request.query_params.get("of", "comments")
    text, task = fields.text("description" if of == "edit" else "comment"), await tasks.load(request)
    looks = (await task_page.rendered(request, {0: text}))[0]
    if not wants_html(request):
        return data(request, {"html": looks})
    if is_htmx(request):
        return html(request, "tasks/_preview.html", preview=looks)
    return await PAGES.get(of, _comment)(request, task, fields.values, looks)


async def _new_comment(request: Request, task: Task, typed: Mapping[str, Any], looks: Markup) -> Response:
    again = {"form": "comments", "why": None, "typed": typed, "preview": looks}
    return await task_page.page(request, task, refused=again)


async def _edit(request: Request, task: Task, typed: Mapping[str, Any], looks: Markup) -> Response:
    return await editing.form(request, task, typed, preview=looks)


async def _comment(request: Request, task: Task, typed: Mapping[str, Any], looks: Markup) -> Response:
    of = request.query_params.get("of", "")
    if not of.isascii() or not of.isdigit():
        raise NotFound
    return await mending.form(request, task, mending.one_of(task, int(of)), typed, preview=looks)


PAGES: dict[str, Shown] = {"comments": _new_comment, "edit": _edit}
