"""A card of the board as the fragments that answer its forms."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import sentence
from helpdesk.tasks import board
from helpdesk.tasks.change_messages import LABELS, in_words
from helpdesk.tasks.lists import Card
from helpdesk.tasks.model import Status, Task
from helpdesk.texts import called
from helpdesk.web.board import card_context, card_updates
from helpdesk.web.board import query as board_query
from helpdesk.web.core import navigation, request_data, session
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import choose, html, see_other
from helpdesk.web.core.navigation import current_url
from helpdesk.web.core.templating import translate
from helpdesk.web.drafts import service as drafts
from helpdesk.web.lists import board_listing
from helpdesk.web.tasks import change, form_fields
from helpdesk.web.tasks import page as task_page

MOVED = sentence("Moved to: %(status)s.")


async def changed(request: Request, outcome: change.Outcome) -> Response:
    """The card in its place and the counts of the two columns; with the way back if the workflow has one."""
    written, says = outcome.written, outcome.says
    before, after = written.before.row.status, written.after.row.status
    context = await card_updates.cards(request, board_query.here(request), [written.after.id], {before.id, after.id})
    if before.id != after.id:
        says = sentence(MOVED.text, status=called(after))
        context["undo"] = _way_back(written.after, before)
    overwrote = await task_page.overwrote(request, written)
    return await tray(request, "board/_card_saved.html", written.after, says=says, overwrote=overwrote, **context)


async def refused(request: Request, refusal: task_page.Refusal, form: str) -> Response:
    """The card where it is, open, with why; and with the fields that the wished status demands."""
    task = await task_page.load_refused(request, refusal)
    by = board_listing.lanes(board_query.here(request))
    held = Card(task.row, sum(1 for entry in task.entries if entry.notes))
    context = await _refusal(request, task, refusal) | await card_context.of_cards(request, by, (held,), dated=True)
    context |= {"card": held, "age": translate(request, context["age"](task.row.updated_on))}
    context |= {"at": board.at(task.row, by), "unread": task.id in context["with_news"]}
    return await tray(request, "board/_card_refused.html", task, status_of(refusal), **context)


async def page_changed(request: Request, outcome: change.Outcome) -> Response:
    return see_other(await _next(request))


async def page_refused(request: Request, refusal: task_page.Refusal, form: str) -> Response:
    task = await task_page.load_refused(request, refusal)
    context = await _refusal(request, task, refusal)
    return await tray(request, "board/card.html", task, status_of(refusal), **context)


async def _refusal(request: Request, task: Task, refusal: task_page.Refusal) -> dict[str, Any]:
    typed = form_fields.touched((await request_data.read(request)).values)
    wants = form_fields.required(task, refusal, typed, lambda says: translate(request, says))
    return {"refused": {"why": refusal, "typed": typed}, "wants": wants}


def _way_back(task: Task, before: Status) -> Status | None:
    return next((it for it in task.choices.statuses if it.id == before.id), None)


async def tray(request: Request, template: str, task: Task, status: int = 200, **context: Any) -> Response:
    """Render a template of the board with what this person may do to the task."""
    around = {"refused": None, "wants": (), "why": None, "undo": None, "overwrote": (), "drafted": ""}
    shown = {
        "task": task,
        "labels": LABELS,
        "in_words": in_words,
        "seen": form_fields.seen_choices(task),
        "typed_by": drafts.form_owner(request, await session.current_user(request)),
        "next": await _next(request),
    }
    return html(request, template, status, **{**around, **shown, **context})


async def _next(request: Request) -> str:
    """The board to go back to."""
    named = (await request_data.read(request)).wanted()
    here = choose(request, json=navigation.last_list, page=navigation.last_list, fragment=current_url)
    return named or here(request)


CARD = change.Presenter(changed, refused)
CARD_PAGE = change.Presenter(page_changed, page_refused)
