"""Offer numbers to dial and to transfer to: favourites, the team's agents who are ready, colleagues' extensions."""

from contextlib import suppress
from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, Sentence, sentence
from helpdesk.store import colleagues, phone_favourites
from helpdesk.store.casefold import fold
from helpdesk.telephony.phone import READY
from helpdesk.web.calls.access import desk_of
from helpdesk.web.core import request_data, session
from helpdesk.web.core.faces import html
from helpdesk.web.core.services import services
from helpdesk.web.people.schemas import dialled

LONGEST_WORDS, FEWEST, MOST_WORDS = 60, 2, 5
MOST_COLLEAGUES, MOST_AGENTS = 10, 50
FAVOURITE, AGENT_READY, COLLEAGUE = sentence("favourite"), sentence("ready"), sentence("colleague")


class Target(NamedTuple):
    """A number, whose it is, and why it is offered."""

    number: str
    name: str
    kind: Sentence


async def show(request: Request) -> Response:
    """List numbers as options of a field; with the words of `?q=` also those of colleagues."""
    words = request_data.clean("q", request.query_params.get("q", "")[:LONGEST_WORDS])
    found = await own(request) + await _colleagues(request, words)
    return html(request, "calls/_targets.html", targets=found)


async def own(request: Request) -> list[Target]:
    """Return the person's favourites, and the agents of the team who are ready."""
    return await favourites(request) + await team(request)


async def favourites(request: Request) -> list[Target]:
    """Return the person's favourites."""
    person = await session.current_user(request)
    found = await services(request).database.run(lambda db: phone_favourites.of_person(db, person.id))
    return [Target(it.number, it.name, FAVOURITE) for it in found]


async def team(request: Request) -> list[Target]:
    """Return the agents of the team who are ready; none when the phone system does not tell."""
    signed_in, desk = await session.required(request), desk_of(request)
    with suppress(HelpdeskError):
        on_phone = await desk.current(signed_in)
        members = await desk.as_agent(signed_in, desk.phone.team) if on_phone else []
        others = [it for it in members if on_phone and it.agent_id != on_phone.agent.agent_id]
        ready = [it for it in others if it.state == READY and it.extension][:MOST_AGENTS]
        return [Target(it.extension, it.name, AGENT_READY) for it in ready]
    return []


async def _colleagues(request: Request, text: str) -> list[Target]:
    """Return colleagues with these words who have a number."""
    words = fold(text).split()[:MOST_WORDS]
    if len("".join(words)) < FEWEST:
        return []

    def work(db: Session) -> list[Target]:
        found = colleagues.search(db, words, MOST_COLLEAGUES, 0).people
        return [Target(number, it.full_name, COLLEAGUE) for it in found if (number := dialled(it.phone or ""))]

    return await services(request).database.run(work)
