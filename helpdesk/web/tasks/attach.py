"""Files added to a task, by its page's form or by a program."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotAllowed, TooLarge, sentence
from helpdesk.tasks.model import Edit, Task, Written
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import saved
from helpdesk.web.core.faces import answer, answer_refusal, json_response, see_other
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import translate
from helpdesk.web.files import uploads
from helpdesk.web.tasks import lookup
from helpdesk.web.tasks import page as task_page
from helpdesk.web.tasks import schemas as task_schemas

ATTACHED = sentence("The files were added.")
CHOOSE = sentence("Please choose a file.")


async def attachments(request: Request) -> Response:
    who, task = await actor(request), await lookup.load(request)
    if not task.choices.may_attach:
        raise NotAllowed
    fields = await request_data.read(request)
    try:
        files = await uploads.arrived(request, who)
        if not files:
            raise Invalid({"files": [CHOOSE]})
        edit = Edit(comment=fields.text("comment"), files=files)
        written = await saved(request, services(request).backend.change(who, task.id, edit))
    except (Invalid, TooLarge) as refusal:
        return await _refused(request, task, refusal)
    return await answer(
        request,
        json=lambda: _to_json(request, written),
        page=lambda: see_other(f"{task_page.address(request, task.id)}#attachments-{task.id}"),
        fragment=lambda: _to_fragment(request, written, fields.version()),
    )


async def _refused(request: Request, task: Task, refusal: Invalid | TooLarge) -> Response:
    """The task's page or its form with why the files were not taken; programs get the error."""
    of_form = (request, task, "attachments", refusal, (await request_data.read(request)).values)
    return await answer_refusal(
        request,
        refusal,
        page=lambda: task_page.refused_page(*of_form),
        fragment=lambda: task_page.refused_form(*of_form),
    )


def _to_json(request: Request, written: Written) -> Response:
    added = [task_schemas.attachment(file) for file in written.added]
    return json_response(request, {"message": translate(request, ATTACHED), "attachments": added}, 201)


async def _to_fragment(request: Request, written: Written, version: str | None) -> Response:
    del request.state.staged  # they are the task's now
    return await task_page.written(request, "tasks/_attachment_saved.html", written, version, says=ATTACHED)
