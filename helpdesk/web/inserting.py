"""A reply template put into the comment that is being written. What was typed so far is kept first."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound
from helpdesk.store import replies
from helpdesk.web import inputs, keeping, task_page
from helpdesk.web.guards import actor
from helpdesk.web.rendering import is_htmx, see_other, services
from helpdesk.web.variables import filled, inserted, values


@keeping.belongs_to("comments")
async def insert(request: Request) -> Response:
    """The comment form with the template's text in it, as a draft: nothing is sent by this."""
    person, fields = await keeping.person_typing(request), await inputs.read(request)
    number, place = request.path_params["task_id"], keeping.place_of(request)
    await keeping.keep(request, person.id, place, fields.values)
    wanted, at = fields.number("reply") or 0, fields.number("at") if "at" in fields.values else None
    reply = await services(request).database.run(lambda db: replies.one(db, person.id, wanted))
    if reply is None:
        raise NotFound
    task = await services(request).tracker.task(await actor(request), number)
    text = inserted(fields.text("comment"), filled(reply.text, values(task, person)), at)
    await keeping.keep(request, person.id, place, {**fields.values, "comment": text})
    if is_htmx(request):
        return await task_page.form(request, task, "comments")
    return see_other(f"{task_page.address(request, number)}#comments-{number}-form")
