"""Show the form of a card of the board, and change the task by it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import sentence
from helpdesk.tasks import board
from helpdesk.tasks.change_messages import LABELS, in_words
from helpdesk.tasks.lists import Card
from helpdesk.tasks.model import Edit, Task
from helpdesk.texts import called
from helpdesk.web.board import page as board_page
from helpdesk.web.board import query as board_query
from helpdesk.web.core import flash, navigation, request_data
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, choose, html
from helpdesk.web.core.navigation import current_url
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import translate
from helpdesk.web.drafts import service as drafts
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.lists import params as list_params
from helpdesk.web.tasks import change, colors, form_fields, task_input
from helpdesk.web.tasks import page as task_page

MOVED = sentence("Moved to: %(status)s.")


@drafts.belongs_to("card")
async def card(request: Request) -> Response:
    """Show what this person may do to a card, with the draft of its comment; a POST changes the task."""
    if request.method == "POST":
        return await _change(request)
    task = await task_page.load(request)

    async def tray(template: str) -> Response:
        draft = (await drafts.of_task(request, task)).get("card")
        return await _tray(request, template, task, drafted=draft.fields.get("comment", "") if draft else "")

    return await answer(
        request,
        json=lambda: change.task_json(request, task),
        page=lambda: tray("board/card.html"),
        fragment=lambda: tray("board/_card_actions.html"),
    )


@drafts.keeps_draft
@idempotent
async def _change(request: Request) -> Response:
    """Change any of status, priority, assignee and the fields that a status requires, with a comment."""
    presenter = choose(request, json=change.JSON, page=CARD_PAGE, fragment=CARD)
    return await change.make(request, change.Change(_edit), presenter)


async def _edit(request: Request) -> Edit:
    """Raises Invalid."""
    fields = request_data.Fields(form_fields.touched((await request_data.read(request)).values))
    return task_input.edit(fields)._replace(changes=request_data.edits(fields).changes)


async def _to_card(request: Request, outcome: change.Outcome) -> Response:
    """Show the card in its place and the counts of the two columns; with an undo if the workflow allows it."""
    written, message = outcome.written, outcome.message
    before, after = written.before.row.status, written.after.row.status
    params = board_query.of_current_page(request)
    context = await board_page.updated_cards(request, params, [written.after.id], {before.id, after.id})
    if before.id != after.id:
        message = sentence(MOVED.text, status=called(after))
        context["undo"] = next((it for it in written.after.choices.statuses if it.id == before.id), None)
    overwrote = await task_page.overwrote(request, written)
    return await _tray(
        request, "board/_card_saved.html", written.after, message=message, overwrote=overwrote, **context
    )


async def _refused_card(request: Request, refusal: task_page.Refusal, _form_name: str) -> Response:
    """Show the card where it is, open, with the reason and the fields that the chosen status requires."""
    task = await task_page.load_refused(request, refusal)
    params = board_query.of_current_page(request)
    card = Card(task.row, sum(1 for entry in task.entries if entry.notes))
    context = await board_page.card_context(request, params, (card,), may_move=True, dated=True)
    context |= await _refusal(request, task, refusal)
    context |= {"card": card, "age": translate(request, context["age"](task.row.updated_on))}
    context |= {"at": board.cell_of(task.row, list_params.lanes(params)), "unread": task.id in context["with_news"]}
    context["mine"], context["clock"] = context["mine"](task.row), context["clocks"].get(task.id)
    return await _tray(request, "board/_card_refused.html", task, status_of(refusal), **context)


async def _to_page(request: Request, outcome: change.Outcome) -> Response:
    return flash.redirect(request, await _next(request), outcome.message)


async def _refused_page(request: Request, refusal: task_page.Refusal, _form_name: str) -> Response:
    task = await task_page.load_refused(request, refusal)
    context = await _refusal(request, task, refusal)
    return await _tray(request, "board/card.html", task, status_of(refusal), **context)


async def _refusal(request: Request, task: Task, refusal: task_page.Refusal) -> dict[str, Any]:
    typed = form_fields.touched((await request_data.read(request)).values)
    required = form_fields.required(task, refusal, typed, lambda message: translate(request, message))
    return {"refused": {"error": refusal, "typed": typed}, "required": required}


async def _tray(request: Request, template: str, task: Task, status: int = 200, **context: Any) -> Response:
    """Render a template of the board with what this person may do to the task."""
    await colors.prepare(request)
    defaults = {"refused": None, "required": (), "undo": None, "overwrote": (), "drafted": ""}
    own = {
        "task": task,
        "labels": LABELS,
        "away": await services(request).absences.now(),
        "in_words": in_words,
        "seen": form_fields.seen_choices(task),
        "typed_by": await drafts.form_owner(request),
        "next": await _next(request),
    }
    return html(request, template, status, **{**defaults, **own, **context})


async def _next(request: Request) -> str:
    """Return the address of the board to go back to."""
    last_page = choose(request, json=navigation.last_list, page=navigation.last_list, fragment=current_url)
    return (await request_data.read(request)).next_path() or last_page(request)


CARD = change.Presenter(_to_card, _refused_card)
CARD_PAGE = change.Presenter(_to_page, _refused_page)
