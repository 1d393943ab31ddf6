"""Many tasks changed at once: from the list's form, and by programs."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, sentence
from helpdesk.tasks.bulk import MOST, Outcome, change_all
from helpdesk.tasks.model import Edit, Field
from helpdesk.web import inputs, returning
from helpdesk.web.api import shapes
from helpdesk.web.guards import actor
from helpdesk.web.rendering import data, html, path_to, same_site, services, spoken, wants_html

NOTHING_CHOSEN = sentence("Choose tasks, and what to change or to say.")
TOO_MANY = sentence("At most %(most)s tasks at once.", most=MOST)


async def bulk(request: Request) -> Response:
    """The list's form: the chosen tasks, the same change for each, told row by row."""
    fields = await inputs.read(request)
    ids = [inputs.whole("task_id", each) for each in fields.listed("task_id")]
    edit = _edit(fields)
    if not ids or not (edit.changes or edit.comment.strip()):
        raise Invalid({"task_id": [NOTHING_CHOSEN]})
    outcomes = await _change(request, [(task_id, edit) for task_id in dict.fromkeys(ids)])
    if not wants_html(request):
        return _told(request, outcomes)
    back = same_site(str(fields.values.get("next") or "")) or path_to(request, "tasks:my_tasks")
    response = html(request, "tasks/bulk.html", outcomes=outcomes, back=back)
    returning.remember(request, response, back)
    return response


async def update_all(request: Request) -> Response:
    """`updates[{task_id, status_id?, priority_id?, assignee_id?, comment?}]`: partial success is success."""
    updates = (await inputs.read(request)).values.get("updates")
    if not isinstance(updates, list) or not all(isinstance(each, dict) for each in updates):
        raise Invalid({"updates": [sentence("This must be a list.")]})
    return _told(request, await _change(request, [_update(inputs.Fields(each)) for each in updates]))


async def _change(request: Request, edits: list[tuple[int, Edit]]) -> list[Outcome]:
    if len(edits) > MOST:
        raise Invalid({"updates": [TOO_MANY]})
    return await change_all(services(request).tracker, await actor(request), edits)


def _update(fields: inputs.Fields) -> tuple[int, Edit]:
    task_id = fields.number("task_id")
    if task_id is None:
        raise inputs.refusal("task_id", sentence("Please fill this in."))
    changes: dict[Field, int | None] = {
        field: fields.number(name) for field, name in inputs.VALUES.items() if name in fields.values
    }
    return task_id, Edit(changes, fields.text("comment"))


def _edit(fields: inputs.Fields) -> Edit:
    """What the list's form wishes: an empty choice keeps what a task has; nobody is `none`."""
    changes: dict[Field, int | None] = {}
    for field, name in inputs.VALUES.items():
        value = fields.text(name)
        if value:
            changes[field] = None if field == "assignee" and value == "none" else inputs.whole(name, value)
    return Edit(changes, fields.text("comment"))


def _told(request: Request, outcomes: list[Outcome]) -> Response:
    done = sum(outcome.refusal is None for outcome in outcomes)
    counts = {"successful_count": done, "failed_count": len(outcomes) - done}
    return data(request, {"results": [_result(request, each) for each in outcomes], **counts})


def _result(request: Request, outcome: Outcome) -> shapes.Shape:
    told: dict[str, Any] = {"task_id": outcome.task_id, "success": outcome.refusal is None}
    if outcome.refusal:
        told |= {"error": outcome.refusal.code, "message": spoken(request, outcome.refusal.says)}
    return told
