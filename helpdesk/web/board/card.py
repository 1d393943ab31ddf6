"""A card of the board: what can be done to it."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.tasks.model import Edit
from helpdesk.web.board import card_fragments
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import answer, choose
from helpdesk.web.core.idempotency import idempotent
from helpdesk.web.drafts import service as drafts
from helpdesk.web.tasks import change, form_fields, task_input
from helpdesk.web.tasks import page as task_page


@drafts.belongs_to("card")
async def card(request: Request) -> Response:
    """GET shows what this person may do to a card, with the draft of its comment; POST does it."""
    if request.method == "POST":
        return await _change(request)
    task = await task_page.load(request)

    async def tray(template: str) -> Response:
        draft = (await drafts.offers(request, task)).get("card")
        drafted = draft.fields.get("comment", "") if draft else ""
        return await card_fragments.tray(request, template, task, drafted=drafted)

    return await answer(
        request,
        json=lambda: change.task_json(request, task),
        page=lambda: tray("board/card.html"),
        fragment=lambda: tray("board/_card_actions.html"),
    )


@drafts.keeps_draft
@idempotent
async def _change(request: Request) -> Response:
    """Any of status, priority, assignee and the fields that a status demands, with a comment."""
    presenter = choose(request, json=change.JSON, page=card_fragments.CARD_PAGE, fragment=card_fragments.CARD)
    return await change.make(request, change.Change(_edit), presenter)


async def _edit(request: Request) -> Edit:
    """Raises Invalid."""
    fields = request_data.Fields(form_fields.touched((await request_data.read(request)).values))
    return task_input.edit(fields)._replace(changes=request_data.edits(fields).changes)
