"""Change or delete a comment: in its place with htmx, else on a page of its own."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotAllowed, Sentence, Unchanged, sentence
from helpdesk.tasks.model import Entry, Task, Written
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import Act, recorded
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, answer_refusal, choose, html, json_response
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import translate
from helpdesk.web.drafts import service as drafts
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.tasks import page as task_page
from helpdesk.web.tasks import schemas

CHANGED = sentence("The comment was changed.")
DELETED = sentence("The comment was deleted.")


@drafts.belongs_to("entry")
async def entry(request: Request) -> Response:
    """Show the form with its draft, or by `?view=entry` the comment itself; a POST changes the comment."""
    if request.method == "POST":
        return await _change(request)
    task, entry = await _load(request)
    return await answer(
        request,
        json=lambda: json_response(request, {"comment": schemas.comment(entry)}),
        page=lambda: _to_page(request, task, entry),
    )


async def _load(request: Request) -> tuple[Task, Entry]:
    task = await task_page.load(request)
    return task, task_page.entry_of(task, request_data.entry_id(request))


async def _to_page(request: Request, task: Task, entry: Entry) -> Response:
    if request.query_params.get("view") == "entry":
        return await task_page.entry(request, task, entry, message=None)
    draft = (await drafts.of_task(request, task)).get(f"entry:{entry.id}")
    return await form(request, task, entry, draft.fields if draft else {}, draft=draft)


async def form(
    request: Request, task: Task, entry: Entry, typed: Mapping[str, Any], status: int = 200, **context: Any
) -> Response:
    """Show the form with the typed values. Raises NotAllowed when this person may not change the comment."""
    if not entry.may_edit:
        raise NotAllowed
    template = choose(request, page="tasks/comment.html", fragment="tasks/_entry_form.html")
    owner = await drafts.form_owner(request)
    shared = {"task": task, "entry": entry, "typed": typed, "typed_by": owner}
    shared["origin"] = task_page.origin_query(request, task.id)
    return html(request, template, status, **{"draft": None, "error": None, "preview": None, **shared, **context})


@drafts.keeps_draft
@idempotent
async def _change(request: Request) -> Response:
    fields = await request_data.read(request)
    try:
        text = _text(fields)
        written = await write(request, text)
    except Unchanged as refusal:
        return await answer_refusal(request, refusal, page=lambda: _unchanged(request, CHANGED if text else DELETED))
    except Invalid as refusal:
        return await _refused(request, refusal)
    return await _changed(request, written.after, CHANGED if text else DELETED)


async def write(request: Request, text: str) -> Written:
    """Write the text of a comment, or delete the comment by an empty one, and record it."""
    who, task_id, number = await actor(request), request_data.task_id(request), request_data.entry_id(request)
    act = Act("comment_changed" if text else "comment_deleted", task_id, {"comment": number})
    return await recorded(request, services(request).backend.edit_comment(who, task_id, number, text), act)


def _text(fields: request_data.Fields) -> str:
    """Return the new text; an empty one deletes the comment. Raises Invalid for one that only looks empty."""
    deletes = fields.flag("delete") or not fields.text("comment").strip()
    return "" if deletes else fields.required_text("comment")


async def _unchanged(request: Request, message: Sentence) -> Response:
    return await _changed(request, await task_page.load(request), message)


async def _changed(request: Request, task: Task, message: Sentence) -> Response:
    number = request_data.entry_id(request)
    entry = next((entry for entry in task.entries if entry.id == number), None)
    body = {"message": translate(request, message), "comment": schemas.comment(entry) if entry else None}
    return await answer(
        request,
        json=lambda: json_response(request, body),
        page=lambda: flash.redirect(request, f"{task_page.address(request, task.id)}#entry-{number}", message),
        fragment=lambda: (
            task_page.entry(request, task, entry, message=message)
            if entry
            else html(request, "tasks/_entry_gone.html", number=number, message=message)
        ),
    )


async def _refused(request: Request, refusal: Invalid) -> Response:
    async def page() -> Response:
        typed = (await request_data.read(request)).values
        return await form(request, *await _load(request), typed, status_of(refusal), error=refusal)

    return await answer_refusal(request, refusal, page=page)
