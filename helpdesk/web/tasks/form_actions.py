"""The buttons of a form that do not send it: preview its text, insert a reply template, discard its draft."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, sentence
from helpdesk.store import reply_templates
from helpdesk.tasks.model import Task
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.faces import answer, choose, fragment_or_page, html, json_response, see_other
from helpdesk.web.core.guards import actor
from helpdesk.web.core.navigation import current_url
from helpdesk.web.core.services import services
from helpdesk.web.drafts import service as drafts
from helpdesk.web.files import uploads
from helpdesk.web.replies import page_links
from helpdesk.web.replies.variables import filled, inserted, values
from helpdesk.web.tasks import comment_edit, form_fields, rendered_texts
from helpdesk.web.tasks import edit as task_edit
from helpdesk.web.tasks import page as task_page

DISCARDED = sentence("The draft was thrown away.")


async def preview(request: Request) -> Response:
    """Show a text as HTML: by itself for htmx, else in its page.

    `?of=` names the form: `comments`, `edit` or the number of a comment.
    """
    await drafts.person_typing(request)
    fields, form = await request_data.read(request), request.query_params.get("of", "comments")
    text, task = fields.text("description" if form == "edit" else "comment"), await task_page.load(request)
    if form == "comments":
        text = await page_links.linked(request, text)
    preview_html = (await rendered_texts.render(request, text, task)).html
    return await answer(
        request,
        json=lambda: json_response(request, {"html": preview_html}),
        page=lambda: _preview_page(request, task, form, fields.values, preview_html),
        fragment=lambda: html(request, "tasks/_preview.html", preview=preview_html),
    )


async def _preview_page(
    request: Request, task: Task, form: str, typed: Mapping[str, Any], preview_html: Markup
) -> Response:
    if form == "comments":
        refused = {"form": form, "error": None, "typed": form_fields.touched(typed), "preview": preview_html}
        return await task_page.page(request, task, refused=refused)
    if form == "edit":
        await uploads.receive(request, await actor(request))
        return await task_edit.form(request, task, typed, preview=preview_html)
    entry = task_page.entry_of(task, request_data.an_id(form))
    return await comment_edit.form(request, task, entry, typed, preview=preview_html)


@drafts.belongs_to("comments")
async def insert_reply(request: Request) -> Response:
    """Show the comment form with the template's text in it, as a draft; the text so far is kept before."""
    person, fields = await drafts.person_typing(request), await request_data.read(request)
    task_id, place = request.path_params["task_id"], drafts.place_of(request, fields.values)
    await drafts.keep(request, person.id, place, fields.values)
    reply_id, position = fields.number("reply") or 0, fields.number("at") if "at" in fields.values else None
    task = await services(request).backend.task(await actor(request), task_id)
    staff = form_fields.is_staff(task.choices)
    reply = await services(request).database.run(lambda db: reply_templates.one(db, person.id, reply_id, staff))
    if reply is None:
        raise NotFound
    text = inserted(fields.text("comment"), filled(reply.text, values(task, person)), position)
    await drafts.keep(request, person.id, place, {**fields.values, "comment": text})
    page = f"{task_page.address(request, task_id)}#comments-{task_id}-form"
    return await fragment_or_page(request, lambda: task_page.composer(request, task), page)


async def discard_draft(request: Request) -> Response:
    """Discard the draft; answer with the form for htmx, else with its page."""
    person, place = await drafts.person_typing(request), request.path_params["place"]
    await drafts.keep(request, person.id, place, {})
    numbers, form, room = drafts.parts(place)
    if "task_id" not in numbers or form in drafts.WITH_PAGES or room in (drafts.REQUEST, drafts.ASSESSMENT):
        own_page = _present_form(request, drafts.address_of(request, place))
        # htmx follows the redirect and puts the form that it leads to in the place of this one.
        form_alone = see_other(own_page)
        return choose(request, page=flash.redirect(request, own_page, DISCARDED), json=form_alone, fragment=form_alone)
    task_id = numbers["task_id"]

    async def fragment() -> Response:
        task = await services(request).backend.task(await actor(request), task_id)
        return await task_page.composer(request, task, pressed="discard")  # the text has the focus then

    own_page = task_page.address(request, task_id)
    return await answer(
        request,
        json=lambda: see_other(own_page),
        page=lambda: flash.redirect(request, own_page, DISCARDED),
        fragment=fragment,
    )


def _present_form(request: Request, path: str) -> str:
    """Return the address of the form at `path` with the choices in the present page's query, but without its draft."""
    address = urlsplit(current_url(request))
    choices = [(name, value) for name, value in parse_qsl(address.query) if name != "draft"]
    return f"{path}?{urlencode(choices)}" if choices and address.path == path else path
