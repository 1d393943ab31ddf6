"""What a write replaced that its author had not seen yet, told to that person in every way of answering."""

from starlette.requests import Request

from helpdesk.tasks.model import Written
from helpdesk.tasks.wording import overwritten
from helpdesk.web.api.shapes import Shape
from helpdesk.web.guards import actor
from helpdesk.web.rendering import spoken


async def told(request: Request, written: Written) -> list[str]:
    """A sentence for each change of another's; nearly always none."""
    who = await actor(request)
    return [spoken(request, says) for says in overwritten(written, who.id)]


async def shape(request: Request, written: Written) -> Shape:
    """The same for programs: `overwrote`, left away where there is nothing to tell."""
    says = await told(request, written)
    return {"overwrote": says} if says else {}


async def anchor(request: Request, written: Written) -> str:
    """Where a page led to begins: at the entry that was written over, for a redirect can tell nothing by itself."""
    replaced = written.overwrote((await actor(request)).id)
    return "".join(f"#entry-{entry.id}" for entry, _ in replaced[:1])
