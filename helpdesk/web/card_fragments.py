"""A card of the board as the fragments that answer its forms."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, Sentence, sentence
from helpdesk.tasks import board
from helpdesk.tasks.cards import Card
from helpdesk.tasks.model import Status, Task, Written
from helpdesk.tasks.wording import LABELS, in_words
from helpdesk.web import board_address, card_looks, cards_changed, demanded, inputs, keeping, overwritten, returning
from helpdesk.web.errors import status_of
from helpdesk.web.rendering import came_from, html, is_htmx, same_site, see_other, spoken

MOVED = sentence("Moved to: %(status)s.")


async def changed(request: Request, written: Written, says: Sentence) -> Response:
    """The card in its place and the counts of the two columns; with the way back if the workflow has one."""
    if not is_htmx(request):
        return see_other(_next(request))
    before, after = written.before.row.status, written.after.row.status
    asked = board_address.here(request)
    told = await cards_changed.cards(request, asked, [written.after.id], {before.id, after.id})
    if before.id != after.id:
        says = sentence(MOVED.text, status=after.name)
        told["undo"] = _way_back(written.after, before)
    overwrote = await overwritten.told(request, written)
    return await tray(request, "board/_moved.html", written.after, says=says, overwrote=overwrote, **told)


async def refused(request: Request, task: Task, refusal: Invalid | Conflict) -> Response:
    """The card where it is, open, with why; and with the fields that the wished status demands."""
    typed = (await inputs.read(request)).values
    told: dict[str, Any] = {"refused": {"why": refusal, "typed": typed}}
    told["wants"] = demanded.by(request, task, refusal, typed)
    if not is_htmx(request):
        return await tray(request, "board/card.html", task, status_of(refusal), **told)
    asked = board_address.here(request)
    by, held = board_address.lanes(asked), Card(task.row, sum(1 for entry in task.entries if entry.notes))
    told |= await card_looks.looks(request, by, (held,), dated=True)
    told |= {"card": held, "age": spoken(request, told["age"](task.row.updated_on)), "at": board.at(task.row, by)}
    told["unread"] = task.id in told["with_news"]
    return await tray(request, "board/_refused.html", task, status_of(refusal), **told)


def _way_back(task: Task, before: Status) -> Status | None:
    return next((it for it in task.choices.statuses if it.id == before.id), None)


async def tray(request: Request, template: str, task: Task, status: int = 200, **context: Any) -> Response:
    """What this person may do to the task, in a template of the board."""
    around = {"refused": None, "wants": (), "why": None, "undo": None, "overwrote": (), "drafted": ""}
    told = {
        "task": task,
        "labels": LABELS,
        "in_words": in_words,
        "typed_by": keeping.typed_by(request, await keeping.person_here(request)),
        "next": _next(request),
    }
    return html(request, template, status, **{**around, **told, **context})


def _next(request: Request) -> str:
    """The board to go back to."""
    fields = getattr(request.state, "fields", inputs.Fields({}))
    named = same_site(str(fields.values.get("next") or ""))
    return named or (came_from(request) if is_htmx(request) else returning.last_list(request))
