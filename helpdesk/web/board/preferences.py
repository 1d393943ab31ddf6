"""A person's choices for the board: columns folded or open, hints for newcomers or none."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import sentence
from helpdesk.store import board as store
from helpdesk.web.board import views as board
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import answer, htmx_redirect, json_response
from helpdesk.web.core.guards import actor
from helpdesk.web.core.navigation import BOARD
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user

NO_STATUS = sentence("There is no such status.")


async def fold(request: Request) -> Response:
    """Fold the column of `status_id`, or open it, as `folded` says. Raises Invalid for a status that there is not."""
    person, fields = await current_user(request), await request_data.read(request)
    number, folded = fields.number("status_id"), fields.flag("folded")
    words = await services(request).backend.vocabulary(await actor(request))
    status = next((it.id for it in words.statuses if it.id == number), None)
    if status is None:
        raise request_data.refusal("status_id", NO_STATUS)
    await stored(request, lambda db: store.fold(db, person.id, status, folded))
    body = {"status_id": status, "folded": folded}
    return await answer(
        request,
        json=lambda: json_response(request, body),
        page=lambda: _to_board(request, fields),
        fragment=lambda: board.folded(request, status),
    )


async def tips(request: Request) -> Response:
    """Show hints on the board, or no more, as `shown` says."""
    person, fields = await current_user(request), await request_data.read(request)
    shown = fields.flag("shown")
    await stored(request, lambda db: store.show_tips(db, person.id, shown))
    return await answer(
        request, json=lambda: json_response(request, {"shown": shown}), page=lambda: _to_board(request, fields)
    )


def _to_board(request: Request, fields: request_data.Fields) -> Response:
    return htmx_redirect(request, fields.wanted() or path_to(request, BOARD))
