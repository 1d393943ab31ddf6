"""A comment given another text, or taken away: in place with htmx, else on a page of its own."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotAllowed, NotFound, Sentence, Unchanged, sentence
from helpdesk.tasks.model import Entry, Task, Written
from helpdesk.web import inputs, keeping, task_page, tasks
from helpdesk.web.api import shapes
from helpdesk.web.errors import status_of
from helpdesk.web.guards import actor
from helpdesk.web.idempotency import once
from helpdesk.web.rendering import data, html, is_htmx, see_other, services, spoken, wants_html

CHANGED = sentence("The comment was changed.")
DELETED = sentence("The comment was deleted.")


@keeping.belongs_to("entry")
async def entry(request: Request) -> Response:
    """GET is the form, with its draft if there is one, or by `?view=entry` what it came from; POST writes."""
    if request.method == "POST":
        return await _mend(request)
    task = await tasks.load(request)
    found = one_of(task, tasks.entry_id(request))
    if not wants_html(request):
        return data(request, {"comment": shapes.comment(found)})
    if request.query_params.get("view") == "entry":
        return await task_page.entry(request, task, found, says=None)
    draft = (await keeping.offers(request, task)).get(f"entry:{found.id}")
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
    template = "tasks/_entry_form.html" if is_htmx(request) else "tasks/comment.html"
    mark = keeping.typed_by(request, await keeping.person_here(request))
    told = {"task": task, "entry": found, "typed": typed, "typed_by": mark}
    return html(request, template, status, **{"draft": None, "why": None, "preview": None, **told, **context})


@keeping.kept
@once
async def _mend(request: Request) -> Response:
    fields, number = await inputs.read(request), tasks.entry_id(request)
    who, task_id = await actor(request), tasks.task_id(request)
    try:
        text = "" if fields.flag("delete") else fields.text("comment")
        written = await services(request).tracker.edit_comment(who, task_id, number, text)
    except Unchanged:
        if not wants_html(request):
            raise
        task = await tasks.load(request)
        written = Written(task, task)
    except Invalid as refusal:
        return await _refused(request, refusal)
    return await _mended(request, written, DELETED if not text.strip() else CHANGED)


async def _mended(request: Request, written: Written, says: Sentence) -> Response:
    task, number = written.after, tasks.entry_id(request)
    left = next((entry for entry in task.entries if entry.id == number), None)
    if not wants_html(request):
        return data(request, {"message": spoken(request, says), "comment": shapes.comment(left) if left else None})
    if not is_htmx(request):
        return see_other(f"{task_page.address(request, task.id)}#entry-{number}")
    if left:
        return await task_page.entry(request, task, left, says=says)
    return html(request, "tasks/_entry_gone.html", number=number, says=says)


async def _refused(request: Request, refusal: Invalid) -> Response:
    if not wants_html(request):
        raise refusal
    task, typed = await tasks.load(request), (await inputs.read(request)).values
    found = one_of(task, tasks.entry_id(request))
    return await form(request, task, found, typed, status_of(refusal), why=refusal)
