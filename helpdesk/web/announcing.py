"""Who is told of a change that is made here: `notify_users` says whether anybody shall be, `notifications_sent` is to
how many (contract §4)."""

from starlette.requests import Request

from helpdesk.tasks.model import Entry, Field, Written
from helpdesk.web import inputs
from helpdesk.web.guards import actor
from helpdesk.web.rendering import services


async def is_wanted(request: Request) -> bool:
    """Whether the request wants its change told. Raises Invalid."""
    return (await inputs.read(request)).flag("notify_users", True)


async def silence(request: Request, written: Written, field: Field) -> None:
    """Have nobody told of this change when that is not wanted."""
    own_acts = services(request).own_acts
    if own_acts and not await is_wanted(request):
        await own_acts.silence(written.after.id, await _entries(request, written, field))


async def sent(request: Request, written: Written, field: Field) -> int:
    """How many people the rules name for this change; nobody when that is not wanted."""
    own_acts = services(request).own_acts
    if own_acts is None or not await is_wanted(request):
        return 0
    return await own_acts.hearers(written.after.id, [it.id for it in await _entries(request, written, field)])


async def _entries(request: Request, written: Written, field: Field) -> list[Entry]:
    """The entries that this change made: another tab of the person may have written meanwhile."""
    who, comment = await actor(request), (await inputs.read(request)).text("comment").strip()
    own = written.own_entries(who.id)
    return [it for it in own if it.tells_of(field) or (comment and it.notes)]
