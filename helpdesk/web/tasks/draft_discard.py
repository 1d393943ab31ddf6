"""A draft thrown away by a button: the form comes back without it."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.web.core.faces import fragment_or_page, see_other
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services
from helpdesk.web.drafts import service as drafts
from helpdesk.web.tasks import page as task_page


async def discard(request: Request) -> Response:
    """Discard the draft; answer with the form for htmx, else with its page."""
    person, place = await drafts.person_typing(request), request.path_params["place"]
    await drafts.keep(request, person.id, place, {})
    numbers, form = drafts.parts(place)
    if "task_id" not in numbers or form in drafts.WITH_PAGES:
        return see_other(drafts.address_of(request, place))
    page = task_page.address(request, numbers["task_id"])

    async def fragment() -> Response:
        task = await services(request).backend.task(await actor(request), numbers["task_id"])
        return await task_page.form(request, task, form)

    return await fragment_or_page(request, fragment, page)
