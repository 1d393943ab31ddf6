"""Let a person be notified of new requests of quality control."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.store import quality_watchers
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import answer, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user


async def watch(request: Request) -> Response:
    """Notify the person of new requests, or no longer."""
    person, fields = await current_user(request), await request_data.read(request)
    on, now = fields.flag("on"), services(request).clock()
    await stored(request, lambda db: quality_watchers.switch(db, person.id, on, now))
    return await answer(
        request,
        json=lambda: json_response(request, {"watching": on}),
        page=lambda: flash.redirect(request, path_to(request, "quality:index"), flash.CHOICE_SAVED),
    )


async def is_watching(request: Request) -> bool:
    """Tell whether the person is notified, for the button."""
    person = await current_user(request)
    return await services(request).database.run(lambda db: quality_watchers.is_watching(db, person.id))
