"""Show the bar of an agent: alone for scripts, and on a page of its own with a list of numbers for those without."""

import asyncio
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError
from helpdesk.telephony.bar import Bar
from helpdesk.web.calls import targets
from helpdesk.web.calls.access import desk_of
from helpdesk.web.core import session
from helpdesk.web.core.faces import answer, html
from helpdesk.web.core.services import services

DESK_SECONDS = 3.0
"""How long a page waits for the phone system, whatever it asks."""
LOOKS, LOOK_SECONDS = 6, 0.2
"""How often a page without scripts looks whether something has come of what was asked, and the pause between."""


async def show(request: Request) -> Response:
    """Show the bar as it is now."""
    return await answer(
        request,
        json=lambda: page(request),
        page=lambda: page(request),
        fragment=lambda: fragment(request),
    )


async def watch(request: Request) -> Response:
    """Note that a page of the agent is on a screen. It is no use of the session: nobody has done anything."""
    signed_in, desk = await session.required(request), desk_of(request)
    on_phone = await desk.current(signed_in)
    if on_phone and on_phone.can_ask:
        await desk.watched(on_phone.agent.agent_id)
        await desk.read_reasons(signed_in)
    return Response(status_code=204)


async def fragment(request: Request, template: str = "calls/_bar.html") -> Response:
    """Render the bar alone, or with what goes with it."""
    await desk_of(request).read_reasons(await session.required(request))
    return html(request, template, phone=await read(request))


async def page(request: Request) -> Response:
    """Render the page of the phone, with what the phone system says just now."""
    return html(request, "calls/phone.html", **await desk_context(request))


async def desk_context(request: Request) -> dict[str, Any]:
    """Return what `calls/_desk.html` needs. Without scripts nothing else keeps the agent's state fresh, so it is asked
    for here. Of a slow phone system the page shows what was seen last, and says so."""
    phone = await read(request)
    if phone.agent is None:
        return {"phone": phone, "targets": [], "is_slow": False}
    offered, is_slow = await targets.favourites(request), False
    try:
        async with asyncio.timeout(DESK_SECONDS):
            if not phone.is_refused:
                await _look(request, phone.agent.agent_id)
                await settled(request)
            offered += await targets.team(request)
    except TimeoutError:
        is_slow = True
    return {"phone": await read(request), "targets": offered, "is_slow": is_slow}


async def _look(request: Request, agent_id: str) -> None:
    """Ask the phone system for the agent's state and calls; without an answer those that were seen last are shown."""
    signed_in, desk = await session.required(request), desk_of(request)
    await desk.watched(agent_id)
    await desk.read_reasons(signed_in)
    with suppress(HelpdeskError):
        await desk.read_now(signed_in)


async def read(request: Request) -> Bar:
    """Return what the bar of this session shows now."""
    signed_in, desk = await session.required(request), desk_of(request)
    return await services(request).database.run(lambda db: desk.bar(db, signed_in.mark, signed_in.person.id))


async def settled(request: Request) -> Bar:
    """Return the bar when something has come of what was asked, at the latest after LOOKS looks."""
    phone = await read(request)
    for _ in range(LOOKS):
        if phone.asked is None:
            break
        await asyncio.sleep(LOOK_SECONDS)
        phone = await read(request)
    return phone
