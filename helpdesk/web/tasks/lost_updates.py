"""Changes of others that a write replaced before its author had seen them: every face names them."""

from starlette.requests import Request

from helpdesk.tasks.change_messages import overwritten
from helpdesk.tasks.model import Written
from helpdesk.web.core.faces import Json
from helpdesk.web.core.guards import actor
from helpdesk.web.core.templating import translate


async def sentences(request: Request, written: Written) -> list[str]:
    """Return a sentence for each change of somebody else that was written over; nearly always none."""
    who = await actor(request)
    return [translate(request, says) for says in overwritten(written, who.id)]


async def to_dict(request: Request, written: Written) -> Json:
    """Return the same for programs: `overwrote`, left away where nothing was written over."""
    says = await sentences(request, written)
    return {"overwrote": says} if says else {}


async def anchor(request: Request, written: Written) -> str:
    """Return the anchor of the entry that was written over: a redirect leads there, since it can say nothing itself."""
    replaced = written.overwrote((await actor(request)).id)
    return "".join(f"#entry-{entry.id}" for entry, _ in replaced[:1])
