"""One task as a page and fragments; a program that asks the same addresses gets JSON."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, NotFound, Sentence, Unchanged, sentence
from helpdesk.tasks.model import Field, Task, Written
from helpdesk.web import announcing, card_fragments, inputs, overwritten, row_fragments, task_page
from helpdesk.web.api import shapes, task_shape
from helpdesk.web.guards import actor
from helpdesk.web.rendering import data, is_htmx, same_site, see_other, services, spoken, wants_html

CHANGED: dict[Field, Sentence] = {
    "status": sentence("The status was changed."),
    "priority": sentence("The priority was changed."),
    "assignee": sentence("The assignee was changed."),
}
COMMENTED = sentence("The comment was added.")
NOTHING_CHANGED = sentence("Nothing was changed: that is its value already.")
FORMS = ("status", "priority", "assignee", "comments", "attachments", "watch", "preview")


async def show(request: Request) -> Response:
    task = await load(request)
    if not wants_html(request):
        return data(request, task_shape.task(task))
    return await task_page.page(request, task)


async def back(request: Request) -> Response:
    """A form's address that somebody reloads or comes back to: the task is what they want to see."""
    if request.path_params["form"] not in FORMS:
        raise NotFound
    return see_other(task_page.address(request, task_id(request)))


async def status(request: Request) -> Response:
    return await _change(request, "status")


async def priority(request: Request) -> Response:
    return await _change(request, "priority")


async def assignee(request: Request) -> Response:
    return await _change(request, "assignee")


async def comments(request: Request) -> Response:
    fields, who = await inputs.read(request), await actor(request)
    try:
        text, private = fields.required_text("comment"), fields.flag("private")
        written = await services(request).tracker.comment(who, task_id(request), text, private)
    except Invalid as refusal:
        return await _refused(request, "comments", refusal)
    entry = written.comment_of(who.id)
    if not wants_html(request):
        return data(request, {"message": spoken(request, COMMENTED), "comment": shapes.comment(entry)}, 201)
    if not is_htmx(request):
        return see_other(_wanted(fields) or f"{task_page.address(request, written.after.id)}#entry-{entry.id}")
    return await task_page.written(request, "tasks/_commented.html", written, fields.version(), says=COMMENTED)


async def load(request: Request) -> Task:
    """The task that the address names, as this person may see it. Raises NotFound."""
    return await services(request).tracker.task(await actor(request), task_id(request))


def task_id(request: Request) -> int:
    """The number in the address. Raises NotFound for one that no task can have."""
    number: int = request.path_params["task_id"]
    if not 0 < number <= inputs.LARGEST_ID:
        raise NotFound
    return number


def entry_id(request: Request) -> int:
    """The number of a comment in the address. Raises NotFound for one that none can have."""
    number: int = request.path_params["entry_id"]
    if not 0 < number <= inputs.LARGEST_ID:
        raise NotFound
    return number


async def _change(request: Request, field: Field) -> Response:
    """One field's form: a redirect, the form anew with what changed around it, or the form with what was refused."""
    try:
        edit = await inputs.edit(request, field)
        await announcing.is_wanted(request)
        written = await services(request).tracker.change(await actor(request), task_id(request), edit)
    except Unchanged:
        if not wants_html(request):
            raise
        task = await load(request)
        return await _changed(request, field, Written(task, task), NOTHING_CHANGED)
    except (Invalid, Conflict) as refusal:
        return await _refused(request, field, refusal)
    await announcing.silence(request, written, field)
    really = written.before.value(field) != written.after.value(field)
    return await _changed(request, field, written, CHANGED[field] if really else COMMENTED)


async def _changed(request: Request, field: Field, written: Written, says: Sentence) -> Response:
    fields = await inputs.read(request)
    if not wants_html(request):
        sent = await announcing.sent(request, written, field)
        told = shapes.changed(written, field, spoken(request, says), sent)
        return data(request, told | await overwritten.shape(request, written))
    if _view(fields) == "card":
        return await card_fragments.changed(request, written, says)
    if not is_htmx(request):
        page = task_page.address(request, written.after.id) + await overwritten.anchor(request, written)
        return see_other(_wanted(fields) or page)
    if _view(fields) == "row":
        replaced = await overwritten.told(request, written)
        return row_fragments.at_rest(request, written.after, inputs.row_by(fields.values), says, replaced)
    template = "tasks/_changed.html"
    return await task_page.written(request, template, written, fields.version(), field=field, says=says)


async def _refused(request: Request, form: str, refusal: Invalid | Conflict) -> Response:
    """The form again with what was typed and why it was refused; for a conflict with mine and theirs side by side."""
    if not wants_html(request):
        raise refusal
    current = refusal.current if isinstance(refusal, Conflict) else None
    task, fields = current if isinstance(current, Task) else await load(request), await inputs.read(request)
    if _view(fields) == "card":
        return await card_fragments.refused(request, task, refusal)
    if is_htmx(request) and _view(fields) == "row":
        return row_fragments.form(request, task, inputs.row_by(fields.values), refusal, fields.values)
    return await task_page.refused(request, task, form, refusal, fields.values)


def _wanted(fields: inputs.Fields) -> str:
    """Where the form wants to go next, if that is on our site."""
    return same_site(str(fields.values.get("next") or ""))


def _view(fields: inputs.Fields) -> str:
    """What the form belongs to, "row" of a list or "card" of the board; anything else is the task's page."""
    return str(fields.values.get("view") or "")
