"""Every change of a task: read the edit, write it, and show the outcome in the face that was asked for."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, Sentence, Unchanged, sentence
from helpdesk.tasks.colors import Colors
from helpdesk.tasks.model import Actor, Edit, Entry, Field, Task, Written
from helpdesk.texts import trimmed
from helpdesk.web.clocks import shown as clocks
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import Act, recorded
from helpdesk.web.core.faces import Face, Json, json_response
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import translate
from helpdesk.web.tasks import colors, schemas
from helpdesk.web.tasks import page as task_page
from helpdesk.web.tasks.page import Refusal

CHANGED = sentence("The task was changed.")
BUTTONS = {"take": "assignee", "no_day": "due_date"}  # beside the controls of these fields
NOTHING_CHANGED = sentence("Nothing was changed: that is its value already.")


class Outcome(NamedTuple):
    """The result of a change and the sentence about it; `field` is set when the form is for one field."""

    written: Written
    message: Sentence
    field: Field | None = None


class Presenter(NamedTuple):
    """The functions by which one face shows a change.

    `refused` gets the name of the form: that of its field, `comments`, or an empty one. Without `unchanged`, a change
    to the present value is shown like any other change.
    """

    changed: Callable[[Request, Outcome], Awaitable[Response]]
    refused: Callable[[Request, Refusal, str], Awaitable[Response]]
    unchanged: Callable[[Request, Unchanged], Awaitable[Response]] | None = None


Presenters = Mapping[Face, Presenter]


async def concluded(request: Request, written: Written) -> Outcome:
    return Outcome(written, CHANGED)


class Change(NamedTuple):
    """A way to change a task: reads the edit, concludes after the write, and names the refusals that its form shows.

    `field` is set when the form is for one field.
    """

    read: Callable[[Request], Awaitable[Edit]]
    conclude: Callable[[Request, Written], Awaitable[Outcome]] = concluded
    shows: tuple[type[Refusal], ...] = (Invalid, Conflict)
    field: Field | None = None


async def make(request: Request, change: Change, presenter: Presenter) -> Response:
    """Make the change, and answer as `presenter` does."""
    try:
        edit, who = await change.read(request), await actor(request)
        written = await write(request, who, request_data.task_id(request), edit)
    except Unchanged as refusal:
        if presenter.unchanged:
            return await presenter.unchanged(request, refusal)
        task = await task_page.load(request)
        return await presenter.changed(request, Outcome(Written(task, task), NOTHING_CHANGED, change.field))
    except change.shows as refusal:
        return await presenter.refused(request, refusal, change.field or "")
    return await presenter.changed(request, await change.conclude(request, written))


async def write(request: Request, who: Actor, task_id: int, edit: Edit) -> Written:
    """Write a change of a task, and record it."""
    act = Act("task_changed", task_id, {"what": touched(edit)})
    return await recorded(request, services(request).backend.change(who, task_id, edit), act)


def touched(edit: Edit) -> list[str]:
    """Return the names of what an edit changes, without its values."""
    parts = {"custom": edit.custom, "files": edit.files, "comment": trimmed(edit.comment)}
    return [*edit.changes, *edit.details, *(name for name, value in parts.items() if value)]


async def wants_notifications(request: Request) -> bool:
    """Return whether the request wants people notified of its change (contract §4). Raises Invalid."""
    return (await request_data.read(request)).flag("notify_users", True)


async def apply_notify_flag(request: Request, written: Written, field: Field) -> None:
    """Suppress the notifications of this change when they are not wanted."""
    if not await wants_notifications(request):
        await services(request).suppression.silence(written.after.id, await _own_entries(request, written, field))


async def presenter_of(request: Request) -> Presenter:
    """Return the presenter of the face that a form asks for; `routes.py` lists them."""
    return services(request).presenters[await request_data.face(request)]


async def raised(request: Request, refusal: Refusal | Unchanged, form: str = "") -> Response:
    """Leave a refusal to the table of errors (`web/core/errors.py`)."""
    raise refusal


async def task_json(request: Request, task: Task) -> Response:
    """Answer with a task as it is, and with the clocks of what is promised for it."""
    promised = (await clocks.known(request, await actor(request), [task.row])).get(task.id)
    body = {"promises": clocks.to_json(promised)} if promised else {}
    return json_response(request, await colors.task(request, task) | body)


async def to_json(request: Request, outcome: Outcome) -> Response:
    """Answer with the changed field when the form is for one, else with the whole task."""
    if outcome.field is None:
        return json_response(request, await _task(request, outcome))
    body = {"message": translate(request, outcome.message), **await _field(request, outcome, outcome.field)}
    return json_response(request, body | await _overwrote(request, outcome))


async def to_json_with_message(request: Request, outcome: Outcome) -> Response:
    return json_response(request, {"message": translate(request, outcome.message), **await _task(request, outcome)})


async def to_page(request: Request, outcome: Outcome) -> Response:
    fields = await request_data.read(request)
    path = fields.next_path() or await address_after(request, outcome.written)
    return flash.redirect(request, path, outcome.message)


async def to_fragment(request: Request, outcome: Outcome) -> Response:
    fields = await request_data.read(request)
    # The pressed button goes with its answer: the control that it was about gets the focus.
    pressed = [about for name, about in BUTTONS.items() if fields.values.get(name)]
    settled = pressed[0] if pressed else fields.values.get("mine", "")
    context = {"message": outcome.message, "settled": settled}
    return await task_page.written(request, "tasks/_fields_saved.html", outcome.written, fields.version(), **context)


async def page_refused(request: Request, refusal: Refusal, form: str) -> Response:
    task, fields = await task_page.load_refused(request, refusal), await request_data.read(request)
    return await task_page.refused_page(request, task, form, refusal, fields.values)


async def fragment_refused(request: Request, refusal: Refusal, form: str) -> Response:
    """Show the form with the typed values and the reason; after a conflict with both versions side by side."""
    task, fields = await task_page.load_refused(request, refusal), await request_data.read(request)
    return await task_page.refused_form(request, task, form, refusal, fields.values)


async def address_after(request: Request, written: Written, anchor: str = "") -> str:
    """Return the address of the task's page, at another person's entry that the change overwrote if there is one, else
    at `anchor`."""
    replaced = written.overwrote((await actor(request)).id)
    over = "".join(f"#entry-{entry.id}" for entry, _ in replaced[:1])
    return task_page.address(request, written.after.id) + (over or anchor)


async def _task(request: Request, outcome: Outcome) -> Json:
    return await colors.task(request, outcome.written.after) | await _overwrote(request, outcome)


async def _field(request: Request, outcome: Outcome, field: Field) -> Json:
    recipients = await _count_recipients(request, outcome.written, field)
    task_colors = Colors() if field == "assignee" else await colors.load(request)
    return schemas.changed(outcome.written, field, (await actor(request)).id, recipients, task_colors)


async def _count_recipients(request: Request, written: Written, field: Field) -> int:
    """Count the people whom the rules name for this change; 0 when notifications are not wanted."""
    if not await wants_notifications(request):
        return 0
    entries = await _own_entries(request, written, field)
    return await services(request).suppression.recipients(written.after.id, [entry.id for entry in entries])


async def _own_entries(request: Request, written: Written, field: Field) -> list[Entry]:
    """Return the history entries of this change alone: another tab of the person may have written meanwhile."""
    who, comment = await actor(request), trimmed((await request_data.read(request)).text("comment"))
    own = written.own_entries(who.id)
    return [it for it in own if it.has_change(field) or (comment and it.notes)]


async def _overwrote(request: Request, outcome: Outcome) -> Json:
    """Return `overwrote` for programs, left away where nothing was written over."""
    overwrote = await task_page.overwrote(request, outcome.written)
    return {"overwrote": overwrote} if overwrote else {}


JSON = Presenter(to_json, raised, raised)
JSON_WITH_MESSAGE = Presenter(to_json_with_message, raised, raised)
PAGE = Presenter(to_page, page_refused)
FRAGMENT = Presenter(to_fragment, fragment_refused)
