"""One task as a page and fragments; a program that asks the same addresses gets JSON."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotFound, Sentence, sentence
from helpdesk.tasks.model import Edit, Field, Written
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import saved
from helpdesk.web.core.faces import answer, json_response, see_other
from helpdesk.web.core.guards import actor
from helpdesk.web.core.request_data import task_id
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import translate
from helpdesk.web.notifications import notify_flag
from helpdesk.web.tasks import change, presenters
from helpdesk.web.tasks import page as task_page
from helpdesk.web.tasks import schemas as task_schemas
from helpdesk.web.tasks.lookup import load

CHANGED: dict[Field, Sentence] = {
    "status": sentence("The status was changed."),
    "priority": sentence("The priority was changed."),
    "assignee": sentence("The assignee was changed."),
}
COMMENTED = sentence("The comment was added.")
FORMS = ("status", "priority", "assignee", "comments", "attachments", "watch", "preview")


async def show(request: Request) -> Response:
    task = await load(request)

    return await answer(
        request, json=lambda: presenters.task_json(request, task), page=lambda: task_page.page(request, task)
    )


async def back(request: Request) -> Response:
    """Go to the task from the address of one of its forms, which somebody reloads or comes back to."""
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
    fields, who = await request_data.read(request), await actor(request)
    try:
        text, private = fields.required_text("comment"), fields.flag("private")
        written = await saved(request, services(request).backend.comment(who, task_id(request), text, private))
    except Invalid as refusal:
        return await (await change.presenter_of(request)).refused(request, refusal, "comments")
    entry = written.comment_of(who.id)
    body = {"message": translate(request, COMMENTED), "comment": task_schemas.comment(entry)}
    page = f"{task_page.address(request, written.after.id)}#entry-{entry.id}"
    return await answer(
        request,
        json=lambda: json_response(request, body, 201),
        page=lambda: see_other(fields.next_path() or page),
        fragment=lambda: task_page.written(
            request, "tasks/_comment_saved.html", written, fields.version(), says=COMMENTED
        ),
    )


async def _change(request: Request, field: Field) -> Response:
    return await change.make(request, CHANGES[field], await change.presenter_of(request))


def _change_of(field: Field) -> change.Change:
    """Return the change by the form of one field: people are notified of it unless the request asks not to."""

    async def read(request: Request) -> Edit:
        edit = await request_data.edit(request, field)
        await notify_flag.is_wanted(request)
        return edit

    async def conclude(request: Request, written: Written) -> change.Outcome:
        await notify_flag.silence(request, written, field)
        differs = written.before.value(field) != written.after.value(field)
        return change.Outcome(written, CHANGED[field] if differs else COMMENTED, field)

    return change.Change(read, conclude, field=field)


CHANGES: dict[Field, change.Change] = {field: _change_of(field) for field in CHANGED}
