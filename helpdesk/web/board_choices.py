"""How a person has the board: columns folded or open, hints for newcomers or none."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import sentence
from helpdesk.store import board as store
from helpdesk.web import board, inputs
from helpdesk.web.guards import actor
from helpdesk.web.keeping import person_here
from helpdesk.web.listing import BOARD
from helpdesk.web.rendering import data, is_htmx, lead_to, path_to, same_site, services, wants_html

NO_STATUS = sentence("There is no such status.")


async def fold(request: Request) -> Response:
    """Fold the column of `status_id`, or open it, as `folded` says. Raises Invalid for a status that there is not."""
    person, fields = await person_here(request), await inputs.read(request)
    number, folded = fields.number("status_id"), fields.flag("folded")
    words = await services(request).tracker.vocabulary(await actor(request))
    status = next((it.id for it in words.statuses if it.id == number), None)
    if status is None:
        raise inputs.refusal("status_id", NO_STATUS)
    await services(request).database.run(lambda db: store.fold(db, person.id, status, folded), writes=True)
    if is_htmx(request) and wants_html(request):
        return await board.folded(request, status)
    return _done(request, fields, {"status_id": status, "folded": folded})


async def tips(request: Request) -> Response:
    """Show hints on the board, or no more, as `shown` says."""
    person, fields = await person_here(request), await inputs.read(request)
    shown = fields.flag("shown")
    await services(request).database.run(lambda db: store.show_tips(db, person.id, shown), writes=True)
    return _done(request, fields, {"shown": shown})


def _done(request: Request, fields: inputs.Fields, chosen: Mapping[str, Any]) -> Response:
    if not wants_html(request):
        return data(request, chosen)
    return lead_to(request, same_site(str(fields.values.get("next") or "")) or path_to(request, BOARD))
