"""Change many tasks at once: by the list's form, and by programs."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, Invalid, sentence
from helpdesk.tasks.bulk import MOST_TASKS, Outcome, change_all
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Edit, Field, TaskRow, Written
from helpdesk.texts import trimmed
from helpdesk.web.core import navigation, request_data
from helpdesk.web.core.after_write import Act, note_saved, record
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, choose, html, json_response
from helpdesk.web.core.guards import actor
from helpdesk.web.core.navigation import safe_path
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import translate
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.tasks import change

NOTHING_TICKED = sentence("Nothing was changed: select the tasks that you mean.")
NOTHING_CHOSEN = sentence("Nothing was changed: choose a status, a priority or an assignee, or write a comment.")
SAVED_PARTLY = sentence("A part of it was saved, but what became of each task can't be shown just now.")
TOO_MANY = sentence("At most %(most)s tasks at once.", most=MOST_TASKS)


async def bulk(request: Request) -> Response:
    """Show the form that changes the ticked tasks, as a page or for the list; a POST changes them."""
    return await _bulk(request) if request.method == "POST" else await _form(request)


async def _form(request: Request) -> Response:
    """Render the form. Its assignees are those that the first of the tasks may have."""
    who, backend, params = await actor(request), services(request).backend, request.query_params
    ids = [request_data.whole("task_id", it) for it in params.getlist("task_id")[:MOST_TASKS]]
    rows = await _subjects(request, ids)
    ticked = [rows[it] for it in ids if it in rows]
    context: dict[str, Any] = {
        "vocabulary": await backend.vocabulary(who),
        "people": (await backend.task(who, ticked[0].id)).choices.assignees if ticked else (),
        "away": await services(request).absences.now(),
        "back": safe_path(params.get("next", "")) or path_to(request, "tasks:my_tasks"),
        "nothing": NOTHING_TICKED,
    }
    # The list has the tasks already.
    template, shown = choose(request, page=("lists/bulk_form.html", ticked), fragment=("lists/_bulk.html", []))
    return html(request, template, **context, ticked=shown)


@idempotent
async def _bulk(request: Request) -> Response:
    """Make the same change to each of the tasks ticked in the list's form, or take such a change back (`undo`)."""
    fields = await request_data.read(request)
    undo = fields.all_values("undo", MOST_TASKS)
    try:
        edits = [_edit_of_undo(str(it)) for it in undo] or _edits_of_form(fields)
    except Invalid as refusal:
        return await answer_refusal(
            request,
            refusal,
            page=partial(change.raised, request, refusal),
            fragment=partial(_fault, request, refusal),
        )
    outcomes = await _change(request, edits)
    back = fields.next_path() or path_to(request, "tasks:my_tasks")
    context = await _context(request, outcomes, bool(undo)) | {"back": back}
    return await answer(
        request,
        json=lambda: _to_json(request, outcomes),
        page=lambda: _to_page(request, context, back),
        fragment=lambda: html(request, "lists/_bulk_done.html", **context),
    )


def _to_page(request: Request, context: Mapping[str, Any], back: str) -> Response:
    response = html(request, "lists/bulk.html", **context)
    navigation.remember_list(request, response, back)
    return response


def _fault(request: Request, refusal: Invalid) -> Response:
    """Say in the form what is wrong with it."""
    message = next(message for messages in refusal.fields.values() for message in messages)
    return html(request, "lists/_bulk_fault.html", status_of(refusal), message=message)


async def _context(request: Request, outcomes: list[Outcome], taken_back: bool) -> dict[str, Any]:
    """Return what the page and the toast tell: the refused tasks by subject, and how to take the others back."""
    refused = [it for it in outcomes if it.refusal]
    return {
        "outcomes": outcomes,
        "done": len(outcomes) - len(refused),
        "refused": refused,
        "subjects": await _subjects(request, [it.task_id for it in refused]),
        "undo": [] if taken_back else [text for it in outcomes if it.written and (text := _undo_of(it.written))],
        "taken_back": taken_back,
    }


async def _subjects(request: Request, task_ids: list[int]) -> dict[int, TaskRow]:
    """Return the rows of those of these tasks that this person sees; none if the backend does not answer now."""
    if not task_ids:
        return {}
    query = TaskQuery(task_ids=tuple(task_ids), include_closed=True, per_page=len(task_ids))
    try:
        page = await services(request).backend.tasks(await actor(request), query)
    except HelpdeskError:  # the change is made, which must be told without subjects, too
        return {}
    return {row.id: row for row in page.rows}


def _undo_of(written: Written) -> str:
    """Return the form's text that takes a change back; empty when no field changed."""
    before, after = written.before, written.after
    changed = {
        name: before.value(field)
        for field, name in request_data.VALUES.items()
        if before.value(field) != after.value(field)
    }
    if not changed:
        return ""
    values = {name: "none" if it is None else it for name, it in changed.items()}
    return urlencode({"task_id": after.id, "lock_version": after.version, **values})


def _edit_of_undo(text: str) -> tuple[int, Edit]:
    """Read a text of `_undo_of`. What others have changed meanwhile is a conflict."""
    fields = request_data.Fields(dict(parse_qsl(text)))
    return request_data.whole("undo", fields.text("task_id")), _edit_of_form(fields)._replace(version=fields.version())


def _edits_of_form(fields: request_data.Fields) -> list[tuple[int, Edit]]:
    """Return the change of each ticked task. Raises Invalid when nothing is ticked or nothing is to be changed."""
    ids = [request_data.whole("task_id", it) for it in fields.all_values("task_id", MOST_TASKS)]
    edit = _edit_of_form(fields)
    if not ids:
        raise Invalid({"task_id": [NOTHING_TICKED]})
    if not (edit.changes or trimmed(edit.comment)):
        raise Invalid({"task_id": [NOTHING_CHOSEN]})
    return [(task_id, edit) for task_id in dict.fromkeys(ids)]


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
    request.state.saved = False
    if any(outcome.may_be_written for outcome in outcomes):
        note_saved(request)
        pairs = zip(outcomes, edits, strict=True)
        await record(request, *(_act(outcome, edit) for outcome, (_, edit) in pairs if outcome.may_be_written))
    request.state.saved_message = SAVED_PARTLY if any(outcome.refusal for outcome in outcomes) else None
    return outcomes


def _act(outcome: Outcome, edit: Edit) -> Act:
    unsure = {"unsure": True} if outcome.refusal else {}
    return Act("task_changed", outcome.task_id, {"what": change.touched(edit), **unsure})


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
