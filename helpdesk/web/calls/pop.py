"""Show the agent the card about the call in hand, and let people say who calls.

The card is for the session alone that is signed in to the phone as the agent of the call: for others it is not there.
"""

import re
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotAllowed, NotFound, Sentence, sentence
from helpdesk.store import absences, callers, colleagues
from helpdesk.store.models.telephony import PhoneCall
from helpdesk.telephony import words
from helpdesk.telephony.desk import OnPhone
from helpdesk.telephony.numbers import displayed
from helpdesk.telephony.recognition import Why
from helpdesk.web.calls import card
from helpdesk.web.calls.access import call_of, desk_of, may_write
from helpdesk.web.core import flash, request_data, session
from helpdesk.web.core.after_write import Act, record, stored
from helpdesk.web.core.faces import Json, answer, html, htmx_redirect, json_response
from helpdesk.web.core.navigation import current_url
from helpdesk.web.core.request_data import Fields
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import translate
from helpdesk.web.task_calls import requester

WHY: dict[Why, Sentence] = {
    "number": sentence("their number"),
    "earlier": sentence("called from this number before"),
    "task": sentence("asked for the task of an earlier call"),
    "typed": sentence("this number is in their own profile, and nobody has confirmed it"),
    "switchboard": sentence("has an extension behind this number"),
}
TASK_PAGE = re.compile(r"/tasks/([0-9]{1,10})(?:[/?].*)?", re.ASCII | re.DOTALL)
NO_CARD: dict[str, Any] = {"card": None}
LONGEST = 200
NOT_YOURS = sentence("Only the agent of a call and supervisors say who called.")
NOBODY = sentence("There is no such colleague.")


async def show(request: Request) -> Response:
    """Show the card of the call in hand, or of the agent's call `?call=`; with `?patient=1` it waits for tasks."""
    call = await _own(request, request.query_params.get("call"))
    return await answer(
        request,
        json=lambda: page(request, call),
        page=lambda: page(request, call),
        fragment=lambda: fragment(request, call),
    )


async def page(request: Request, call: PhoneCall | None) -> Response:
    """Render the card as a page; without a call the page says so."""
    return html(request, "calls/pop.html", **(await context(request, call) if call else NO_CARD))


async def fragment(request: Request, call: PhoneCall | None, said: Sentence | None = None) -> Response:
    """Render the card alone, with a sentence about what was done; nothing without a call."""
    if call is None:
        return Response(status_code=204)
    is_patient = "patient" in request.query_params
    return html(request, "calls/_pop.html", **await context(request, call, is_patient), said=said)


async def in_hand(request: Request) -> dict[str, Any]:
    """Return what `calls/_pop.html` needs for the call in hand; a `card` of None where there is none."""
    on_phone = await desk_of(request).current(await session.required(request))
    call = await _own(request, None) if on_phone else None
    return await context(request, call) if call else NO_CARD


async def context(request: Request, call: PhoneCall, is_patient: bool = True) -> dict[str, Any]:
    """Return what `calls/_pop.html` needs."""
    seconds = card.PATIENT_SECONDS if is_patient else card.QUICK_SECONDS
    prefixes, page_in_front = services(request).settings.phone_trunk_prefixes, current_url(request)
    in_front = TASK_PAGE.fullmatch(page_in_front)
    return {
        "card": await card.of_call(request, call, seconds),
        "is_patient": is_patient,
        "call": call,
        "words": words,
        "why": WHY,
        "number": displayed(call.from_number if call.direction == "in" else call.to_number, prefixes),
        "in_front": int(in_front[1]) if in_front else None,
        "page_in_front": page_in_front,
    }


async def choose(request: Request) -> Response:
    """Store who calls: a person by id or by login; neither for somebody unknown."""
    found, fields = await call_of(request), await request_data.read(request)
    if not may_write(found.row, await session.current_user(request)):
        raise NotAllowed(NOT_YOURS)

    def work(db: Session) -> PhoneCall:
        callers.choose(db, found.id, _chosen(db, fields))
        return db.get_one(PhoneCall, found.id)

    call = await stored(request, work)
    await record(request, Act("call_caller", call.task_id, {"call": call.id}, call.caller_id))
    return await _chose(request, call, await requester.follow(request, found.id))


async def _chose(request: Request, call: PhoneCall, said: Sentence | None) -> Response:
    """Answer a choice by the card, or by the page that it was made on, with a sentence about the task."""
    on_phone = await desk_of(request).current(await session.required(request))

    async def shown() -> Response:
        return await fragment(request, call, said) if _is_of(call, on_phone) else back()

    def back() -> Response:
        path = current_url(request)
        return flash.redirect(request, path, said) if said else htmx_redirect(request, path)

    message = {"message": translate(request, said)} if said else {}
    return await answer(
        request,
        json=lambda: json_response(request, {**_to_dict(call), **message}),
        page=back,
        fragment=shown,
    )


async def _own(request: Request, number: str | None) -> PhoneCall | None:
    """Return the call that this number names, or the one in hand, which may be missing. Raises NotFound for calls of
    other agents, and to sessions that are not on the phone."""
    on_phone = await desk_of(request).current(await session.required(request))
    if on_phone is None:
        raise NotFound

    def work(db: Session) -> PhoneCall | None:
        if number is None:
            dialogs = [it.id for it in on_phone.dialogs]
            return callers.of_dialogs(db, on_phone.agent.agent_id, dialogs)
        call = db.get(PhoneCall, request_data.an_id(number))
        if call is None or not _is_of(call, on_phone):
            raise NotFound
        return call

    return await services(request).database.run(work)


def _is_of(call: PhoneCall, on_phone: OnPhone | None) -> bool:
    """Tell whether a session is signed in to the phone as the agent of a call. An agent id may pass to another person,
    who sees no calls from before."""
    agent = on_phone.agent if on_phone else None
    return agent is not None and (call.agent_id, call.person_id) == (agent.agent_id, agent.person_id)


def _chosen(db: Session, fields: Fields) -> int | None:
    login = fields.text("login", LONGEST).strip()
    try:
        person_id = absences.find(db, login).id if login else fields.number("person_id")
    except Invalid as error:
        raise Invalid({"login": next(iter(error.fields.values()))}) from error
    if person_id is not None and not colleagues.listed(db, [person_id]):
        raise Invalid({"login" if login else "person_id": [NOBODY]})
    return person_id


def _to_dict(call: PhoneCall) -> Json:
    return {"call": {"id": call.id, "caller_id": call.caller_id}}
