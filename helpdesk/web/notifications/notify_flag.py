"""Apply the flag `notify_users` of a change that is made here, and count its recipients for `notifications_sent`
(contract §4)."""

from starlette.requests import Request

from helpdesk.tasks.model import Entry, Field, Written
from helpdesk.texts import trimmed
from helpdesk.web.core import request_data
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services


async def is_wanted(request: Request) -> bool:
    """Return whether the request wants people notified of its change. Raises Invalid."""
    return (await request_data.read(request)).flag("notify_users", True)


async def silence(request: Request, written: Written, field: Field) -> None:
    """Suppress the notifications of this change when they are not wanted."""
    suppression = services(request).suppression
    if suppression and not await is_wanted(request):
        await suppression.silence(written.after.id, await _entries(request, written, field))


async def deleted(request: Request, task_id: int) -> None:
    """Tell the pages that show this task that it was deleted."""
    if suppression := services(request).suppression:
        await suppression.deleted(task_id)


async def sent(request: Request, written: Written, field: Field) -> int:
    """Count the people whom the rules name for this change; 0 when notifications are not wanted."""
    suppression = services(request).suppression
    if suppression is None or not await is_wanted(request):
        return 0
    return await suppression.recipients(written.after.id, [it.id for it in await _entries(request, written, field)])


async def _entries(request: Request, written: Written, field: Field) -> list[Entry]:
    """Return the history entries of this change alone: another tab of the person may have written meanwhile."""
    who, comment = await actor(request), trimmed((await request_data.read(request)).text("comment"))
    own = written.own_entries(who.id)
    return [it for it in own if it.has_change(field) or (comment and it.notes)]
