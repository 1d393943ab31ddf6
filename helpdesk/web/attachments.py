"""Files added to a task, by its page's form or by a program."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotAllowed, TooLarge, sentence
from helpdesk.tasks.model import Attachment, Edit, Written
from helpdesk.web import inputs, task_page, tasks, uploads
from helpdesk.web.api import shapes
from helpdesk.web.guards import actor
from helpdesk.web.rendering import data, is_htmx, see_other, services, spoken, wants_html

ATTACHED = sentence("The files were added.")
CHOOSE = sentence("Please choose a file.")


async def attachments(request: Request) -> Response:
    who, task = await actor(request), await tasks.load(request)
    if not task.choices.may_attach:
        raise NotAllowed
    fields = await inputs.read(request)
    try:
        files = await uploads.arrived(request, who)
        if not files:
            raise Invalid({"files": [CHOOSE]})
        edit = Edit(comment=fields.text("comment"), files=files)
        written = await services(request).tracker.change(who, task.id, edit)
    except (Invalid, TooLarge) as refusal:
        if not wants_html(request):
            raise
        return await task_page.refused(request, task, "attachments", refusal, fields.values)
    if not wants_html(request):
        added = [shapes.attachment(file) for file in _added(written)]
        return data(request, {"message": spoken(request, ATTACHED), "attachments": added}, 201)
    if not is_htmx(request):
        return see_other(f"{task_page.address(request, task.id)}#attachments-{task.id}")
    del request.state.staged  # they are the task's now
    return await task_page.written(request, "tasks/_attached.html", written, fields.version(), says=ATTACHED)


def _added(written: Written) -> list[Attachment]:
    known = {file.id for file in written.before.attachments}
    return [file for file in written.after.attachments if file.id not in known]
