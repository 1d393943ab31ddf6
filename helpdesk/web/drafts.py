"""Drafts of what is being typed: kept by a script of the page, thrown away by a button."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.web import inputs, keeping, task_page
from helpdesk.web.guards import actor
from helpdesk.web.rendering import data, is_htmx, see_other, services


async def save(request: Request) -> Response:
    """What a form holds now, whole: an empty text takes the draft away. Anything typed for somebody else is refused."""
    person, fields = await keeping.person_typing(request), await inputs.read(request)
    kept = await keeping.keep(request, person.id, request.path_params["place"], fields.values)
    return data(request, {"kept": kept})


async def discard(request: Request) -> Response:
    """Throw the draft away: the form without it for htmx, else its page."""
    person, place = await keeping.person_typing(request), request.path_params["place"]
    await keeping.keep(request, person.id, place, {})
    numbers, form = keeping.parts(place)
    if "task_id" not in numbers or form in keeping.WITH_PAGES:
        return see_other(keeping.address_of(request, place))
    if not is_htmx(request):
        return see_other(task_page.address(request, numbers["task_id"]))
    task = await services(request).tracker.task(await actor(request), numbers["task_id"])
    return await task_page.form(request, task, form)
