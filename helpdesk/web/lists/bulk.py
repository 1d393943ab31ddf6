"""Change many tasks at once: by the list's form, and by programs."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, sentence
from helpdesk.tasks.bulk import MOST_TASKS, Outcome, change_all
from helpdesk.tasks.model import Edit, Field
from helpdesk.texts import trimmed
from helpdesk.web.core import navigation, request_data
from helpdesk.web.core.faces import Json, answer, html, json_response
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import translate

NOTHING_CHOSEN = sentence("Choose tasks, and what to change or to say.")
SAVED_PARTLY = sentence("A part of it was saved, but what became of each task can't be shown just now.")
TOO_MANY = sentence("At most %(most)s tasks at once.", most=MOST_TASKS)


async def bulk(request: Request) -> Response:
    """Make the same change to each of the tasks chosen in the list's form."""
    fields = await request_data.read(request)
    ids = [request_data.whole("task_id", it) for it in fields.all_values("task_id", MOST_TASKS)]
    edit = _edit_of_form(fields)
    if not ids or not (edit.changes or trimmed(edit.comment)):
        raise Invalid({"task_id": [NOTHING_CHOSEN]})
    outcomes = await _change(request, [(task_id, edit) for task_id in dict.fromkeys(ids)])
    back = fields.next_path() or path_to(request, "tasks:my_tasks")
    return await answer(
        request, json=lambda: _to_json(request, outcomes), page=lambda: _to_page(request, outcomes, back)
    )


def _to_page(request: Request, outcomes: list[Outcome], back: str) -> Response:
    response = html(request, "lists/bulk.html", outcomes=outcomes, back=back)
    navigation.remember_list(request, response, back)
    return response


async def update_listed(request: Request) -> Response:
    """Change the tasks in `updates[{task_id, status_id?, priority_id?, assignee_id?, comment?}]`; partial success is
    success."""
    updates = (await request_data.read(request)).values.get("updates")
    if not isinstance(updates, list) or not all(isinstance(it, dict) for it in updates):
        raise Invalid({"updates": [sentence("This must be a list.")]})
    if len(updates) > MOST_TASKS:
        raise Invalid({"updates": [TOO_MANY]})
    return _to_json(request, await _change(request, [_edit_of_item(request_data.Fields(it)) for it in updates]))


async def _change(request: Request, edits: list[tuple[int, Edit]]) -> list[Outcome]:
    """Change the tasks, and note on the request what was saved: an error page tells it."""
    outcomes = await change_all(services(request).backend, await actor(request), edits)
    request.state.saved = any(outcome.may_be_written for outcome in outcomes)
    request.state.saved_message = SAVED_PARTLY if any(outcome.refusal for outcome in outcomes) else None
    return outcomes


def _edit_of_item(fields: request_data.Fields) -> tuple[int, Edit]:
    """Read one of `updates`: an absent field keeps its value, null takes the assignee away."""
    task_id = fields.number("task_id")
    if task_id is None:
        raise request_data.refusal("task_id", sentence("Please fill this in."))
    changes: dict[Field, int | None] = {
        field: fields.number(name) for field, name in request_data.VALUES.items() if name in fields.values
    }
    return task_id, Edit(changes, fields.text("comment"))


def _edit_of_form(fields: request_data.Fields) -> Edit:
    """Read the change from the list's form: an empty choice keeps the value of a task; nobody is `none`."""
    changes: dict[Field, int | None] = {}
    for field, name in request_data.VALUES.items():
        value = fields.text(name)
        if value:
            changes[field] = None if field == "assignee" and value == "none" else request_data.whole(name, value)
    return Edit(changes, fields.text("comment"))


def _to_json(request: Request, outcomes: list[Outcome]) -> Response:
    successful = sum(outcome.refusal is None for outcome in outcomes)
    counts = {"successful_count": successful, "failed_count": len(outcomes) - successful}
    return json_response(request, {"results": [_result(request, outcome) for outcome in outcomes], **counts})


def _result(request: Request, outcome: Outcome) -> Json:
    result: dict[str, Any] = {"task_id": outcome.task_id, "success": outcome.refusal is None}
    if outcome.refusal:
        result |= {"error": outcome.refusal.code, "message": translate(request, outcome.refusal.message)}
    return result
