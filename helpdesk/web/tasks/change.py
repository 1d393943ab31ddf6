"""The way of every change of a task: read the edit, write it, and have the face that was asked for show the outcome."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, Sentence, TooLarge, Unchanged, sentence
from helpdesk.tasks.model import Edit, Field, Written
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import saved
from helpdesk.web.core.faces import Face
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services
from helpdesk.web.tasks import lookup

CHANGED = sentence("The task was changed.")
NOTHING_CHANGED = sentence("Nothing was changed: that is its value already.")

Refusal = Invalid | Conflict | TooLarge


class Outcome(NamedTuple):
    """The result of a change and the sentence about it; `field` is set when the form is for one field."""

    written: Written
    says: Sentence
    field: Field | None = None


class Presenter(NamedTuple):
    """The functions by which one face shows a change.

    Without `unchanged`, a change to the present value is shown like any other change.
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
        written = await saved(request, services(request).backend.change(who, request_data.task_id(request), edit))
    except Unchanged as refusal:
        if presenter.unchanged:
            return await presenter.unchanged(request, refusal)
        task = await lookup.load(request)
        return await presenter.changed(request, Outcome(Written(task, task), NOTHING_CHANGED, change.field))
    except change.shows as refusal:
        return await presenter.refused(request, refusal, change.field or "")
    return await presenter.changed(request, await change.conclude(request, written))


async def raised(request: Request, refusal: Refusal | Unchanged, form: str = "") -> Response:
    """Leave a refusal to the table of errors (`web/core/errors.py`)."""
    raise refusal


async def presenter_of(request: Request) -> Presenter:
    """Return the presenter of the face that a form asks for; `routes.py` lists them."""
    return services(request).presenters[await request_data.face(request)]
