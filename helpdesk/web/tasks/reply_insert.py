"""A reply template put into the comment that is being written. What was typed so far is kept first."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound
from helpdesk.store import reply_templates
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import fragment_or_page
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services
from helpdesk.web.drafts import service as drafts
from helpdesk.web.replies.variables import filled, inserted, values
from helpdesk.web.tasks import page as task_page


@drafts.belongs_to("comments")
async def insert(request: Request) -> Response:
    """The comment form with the template's text in it, as a draft: nothing is sent by this."""
    person, fields = await drafts.person_typing(request), await request_data.read(request)
    number, place = request.path_params["task_id"], drafts.place_of(request)
    await drafts.keep(request, person.id, place, fields.values)
    wanted, at = fields.number("reply") or 0, fields.number("at") if "at" in fields.values else None
    reply = await services(request).database.run(lambda db: reply_templates.one(db, person.id, wanted))
    if reply is None:
        raise NotFound
    task = await services(request).backend.task(await actor(request), number)
    text = inserted(fields.text("comment"), filled(reply.text, values(task, person)), at)
    await drafts.keep(request, person.id, place, {**fields.values, "comment": text})
    page = f"{task_page.address(request, number)}#comments-{number}-form"
    return await fragment_or_page(request, lambda: task_page.form(request, task, "comments"), page)
