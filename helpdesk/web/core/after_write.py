"""Note that a write was done, so that no later failure hides it, and record whose it was.

A handler awaits its write by `saved`, or by `recorded` if it is one to the backend. A failure after that is logged: the
answer says that the write was saved, with a status of success, so that no program sends it again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, OutcomeUnknown, SavedUnseen, sentence
from helpdesk.store import audit
from helpdesk.web.core.faces import html, is_htmx, json_response, wants_html
from helpdesk.web.core.navigation import current_url, path_for_log
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import translate

log = logging.getLogger(__name__)

T = TypeVar("T")

RECORD_SECONDS = 1.0
"""How long a record of an act may delay its answer."""
SAVED_ONLY = sentence("It was saved, but what comes next can't be shown just now. Please load the page anew.")


class Act(NamedTuple):
    """An act for the record: `details` as `audit.note` takes them."""

    action: str
    task_id: int | None = None
    details: Mapping[str, Any] = {}
    person_id: int | None = None


async def recorded(request: Request, write: Awaitable[T], act: Act) -> T:
    """Await a write to the backend, and record it also when its outcome can't be told."""
    try:
        result = await saved(request, write)
    except (SavedUnseen, OutcomeUnknown):
        await record(request, act._replace(details={**act.details, "unsure": True}))
        raise
    await record(request, act)
    return result


async def record(request: Request, *acts: Act) -> None:
    """Record acts that are done. Where the store takes no records just now, the log says so, and the acts stand."""

    def work(session: Session) -> None:
        for act in acts:
            audit.note(session, None, act.action, act.person_id, act.details, act.task_id)

    try:
        async with asyncio.timeout(RECORD_SECONDS):
            await services(request).database.run(work, writes=True)
    except (HelpdeskError, TimeoutError) as error:
        named = [f"{act.action} {act.task_id or ''}".strip() for act in acts]
        extra = {"request_id": request.state.request_id, "person_id": getattr(request.state, "person_id", None)}
        why = getattr(error, "detail", "") or type(error).__name__
        log.error("acts could not be recorded", extra=extra | {"acts": ", ".join(named), "error": why})


async def saved(request: Request, write: Awaitable[T]) -> T:
    """Await a write and note on the request that it was done."""
    try:
        result = await write
    except SavedUnseen:
        note_saved(request)
        raise
    note_saved(request)
    return result


def note_saved(request: Request) -> None:
    """Note that something was written. The numbers of the navigation may differ then."""
    request.state.saved = True
    if person_id := getattr(request.state, "person_id", None):
        services(request).counts.forget(person_id)


async def stored(request: Request, work: Callable[[Session], T]) -> T:
    """Write to our own store, and note on the request that it was done."""
    return await saved(request, services(request).database.run(work, writes=True))


def is_saved(request: Request) -> bool:
    """Tell whether anything was written for this request."""
    return getattr(request.state, "saved", False)


def is_refused(request: Request) -> bool:
    """Tell whether nothing was written despite a status of success: a bulk change may answer so."""
    return getattr(request.state, "saved", None) is False


def saved_only(request: Request, error: Exception) -> Response:
    """Log the failure after the write, and answer that it was saved."""
    message, back = getattr(request.state, "saved_message", None) or SAVED_ONLY, current_url(request)
    if isinstance(error, SavedUnseen):
        message, back = error.message, path_to(request, "tasks:my_tasks")
    else:
        extra = {"request_id": request.state.request_id, "path": path_for_log(request.url.path)}
        log.error("a response failed after its write", extra=extra, exc_info=error)
    if not wants_html(request):
        return json_response(request, {"message": translate(request, message), "incomplete": True})
    if is_htmx(request):
        return html(request, "errors/_saved_toast.html", message=message)
    return html(request, "errors/saved_only.html", message=message, back=back)
