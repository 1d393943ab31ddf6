"""A comment given another text, or taken away: in place with htmx, else on a page of its own."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotAllowed, NotFound, Sentence, Unchanged, sentence
from helpdesk.tasks.model import Entry, Task
from helpdesk.web.core import request_data, session
from helpdesk.web.core.after_write import saved
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, answer_refusal, choose, html, json_response, see_other
from helpdesk.web.core.guards import actor
from helpdesk.web.core.idempotency import idempotent
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import translate
from helpdesk.web.drafts import service as drafts
from helpdesk.web.tasks import lookup
from helpdesk.web.tasks import page as task_page
from helpdesk.web.tasks import schemas as task_schemas

CHANGED = sentence("The comment was changed.")
DELETED = sentence("The comment was deleted.")


@drafts.belongs_to("entry")
async def entry(request: Request) -> Response:
    """GET is the form, with its draft if there is one, or by `?view=entry` what it came from; POST writes."""
    if request.method == "POST":
        return await _change(request)
    task = await lookup.load(request)
    found = one_of(task, request_data.entry_id(request))
    return await answer(
        request,
        json=lambda: json_response(request, {"comment": task_schemas.comment(found)}),
        page=lambda: _to_page(request, task, found),
    )


async def _to_page(request: Request, task: Task, found: Entry) -> Response:
    if request.query_params.get("view") == "entry":
        return await task_page.entry(request, task, found, says=None)
    draft = (await drafts.offers(request, task)).get(f"entry:{found.id}")
    return await form(request, task, found, draft.fields if draft else {}, draft=draft)


def one_of(task: Task, entry_id: int) -> Entry:
    """The entry of that number. Raises NotFound."""
    found = next((entry for entry in task.entries if entry.id == entry_id), None)
    if found is None:
        raise NotFound
    return found


async def form(
    request: Request, task: Task, found: Entry, typed: Mapping[str, Any], status: int = 200, **context: Any
) -> Response:
    """The form with what was typed into it. Raises NotAllowed for whom the comment is not to be changed by."""
    if not found.may_edit:
        raise NotAllowed
    template = choose(request, page="tasks/comment.html", fragment="tasks/_entry_form.html")
    owner = drafts.form_owner(request, await session.current_user(request))
    shown = {"task": task, "entry": found, "typed": typed, "typed_by": owner}
    return html(request, template, status, **{"draft": None, "why": None, "preview": None, **shown, **context})


@drafts.keeps_draft
@idempotent
async def _change(request: Request) -> Response:
    fields, number = await request_data.read(request), request_data.entry_id(request)
    who, task_id = await actor(request), request_data.task_id(request)
    try:
        text = _text(fields)
        written = await saved(request, services(request).backend.edit_comment(who, task_id, number, text))
    except Unchanged as refusal:
        return await answer_refusal(request, refusal, page=lambda: _unchanged(request, CHANGED if text else DELETED))
    except Invalid as refusal:
        return await _refused(request, refusal)
    return await _changed(request, written.after, CHANGED if text else DELETED)


def _text(fields: request_data.Fields) -> str:
    """The new text; an empty one deletes the comment. Raises Invalid for one that only looks empty."""
    emptied = fields.flag("delete") or not fields.text("comment").strip()
    return "" if emptied else fields.required_text("comment")


async def _unchanged(request: Request, says: Sentence) -> Response:
    return await _changed(request, await lookup.load(request), says)


async def _changed(request: Request, task: Task, says: Sentence) -> Response:
    number = request_data.entry_id(request)
    left = next((entry for entry in task.entries if entry.id == number), None)
    body = {"message": translate(request, says), "comment": task_schemas.comment(left) if left else None}
    return await answer(
        request,
        json=lambda: json_response(request, body),
        page=lambda: see_other(f"{task_page.address(request, task.id)}#entry-{number}"),
        fragment=lambda: _to_fragment(request, task, left, says),
    )


async def _to_fragment(request: Request, task: Task, left: Entry | None, says: Sentence) -> Response:
    if left:
        return await task_page.entry(request, task, left, says=says)
    return html(request, "tasks/_entry_gone.html", number=request_data.entry_id(request), says=says)


async def _refused(request: Request, refusal: Invalid) -> Response:
    async def page() -> Response:
        task, typed = await lookup.load(request), (await request_data.read(request)).values
        found = one_of(task, request_data.entry_id(request))
        return await form(request, task, found, typed, status_of(refusal), why=refusal)

    return await answer_refusal(request, refusal, page=page)
