"""Answer programs about the phone (contract §5, `/finesse/*`): JSON alone.

The phone belongs to a session that is signed in to it. What the phone system is asked it only accepts: such a write is
answered with 202, and its outcome is seen in the next answer to a read.
"""

from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotConfigured, NotFound, sentence
from helpdesk.store import system_health
from helpdesk.telephony import team as teams
from helpdesk.telephony.desk import NO_NUMBER, number_of
from helpdesk.telephony.phone import DIALOG_ID, LOGOUT, MAKE_CALL, SEND_DTMF, TRANSFER_SST, NotOnPhone
from helpdesk.web.calls import api_schemas as schemas
from helpdesk.web.calls.access import SUPERVISOR, desk_of
from helpdesk.web.core import request_body, request_data, session
from helpdesk.web.core.faces import SAFE, Json, json_response, moment
from helpdesk.web.core.guards import Handler, holds
from helpdesk.web.core.request_data import Fields, refusal
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import translate
from helpdesk.web.edge.idempotency import idempotent

LARGEST_BODY = 4 * 1024
LONGEST = 200
LONGEST_NUMBER = 100
LOGIN = "LOGIN"
SYSTEM = "finesse"
"""The phone system's name among the systems that are checked."""
LIMITED = {"X-Finesse-Limited-Access": "1"}
ASKED = sentence("The phone system was asked. What comes of it is seen a moment later.")
SIGNED_OUT = sentence("You are signed out of the phone.")
NO_REASON = sentence("This is no id of a reason: digits only.")
OTHER_CALL = sentence("This is another call than in the address.")


def require_phone(request: Request) -> None:
    """Raise NotConfigured without a phone system."""
    if services(request).desk is None:
        raise NotConfigured


def asked_once(handler: Handler) -> Handler:
    """Let a write's body be only as large as is needed; the phone system is asked once however often it is sent."""
    write = idempotent(handler)

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        request_body.allow(request, LARGEST_BODY, files=False)
        return await (handler if request.method in SAFE else write)(request)

    return guarded


async def sign_in(request: Request) -> Response:
    """Sign in to the phone, for the length of the session; a DELETE signs out."""
    if request.method == "DELETE":
        return await _sign_out(request)
    request_body.allow(request, LARGEST_BODY, files=False)
    fields = await request_data.read(request)
    name = "agent_id" if "agent_id" in fields.values else "username"
    agent_id, password, extension = (_text(fields, it, LONGEST) for it in (name, "password", "extension"))
    signed_in = await session.required(request)
    await desk_of(request).sign_in(signed_in, agent_id, password, extension, session.address_of(request))
    return _asked(request, LOGIN)


async def _sign_out(request: Request) -> Response:
    """Raises NotOnPhone."""
    desk, signed_in = desk_of(request), await session.required(request)
    on_phone = await desk.current(signed_in)
    if on_phone is None:
        raise NotOnPhone
    await desk.sign_out(signed_in)
    if on_phone.can_ask:
        return _asked(request, LOGOUT)
    return json_response(request, {"message": translate(request, SIGNED_OUT)})


async def dialogs(request: Request) -> Response:
    """List the calls in hand; a POST dials a number."""
    desk, signed_in = desk_of(request), await session.required(request)
    if request.method != "POST":
        return json_response(request, {"dialogs": schemas.dialogs_to_dict(request, await desk.read_now(signed_in))})
    number = _number(await request_data.read(request), "to_address")
    await desk.dial(signed_in, number)
    return _asked(request, MAKE_CALL, to_address=number)


async def dialog(request: Request) -> Response:
    """Ask for an action on a call. Raises NotFound for a call that is not in the agent's hand."""
    dialog_id: str = request.path_params["dialog_id"]
    if not DIALOG_ID.fullmatch(dialog_id):
        raise NotFound
    action, number = _action(await request_data.read(request), dialog_id)
    desk, signed_in = desk_of(request), await session.required(request)
    if (await desk.read_soon(signed_in)).dialog(dialog_id) is None:
        raise NotFound
    await desk.act(signed_in, dialog_id, action, number)
    return _asked(request, action, dialog_id, number)


async def state(request: Request) -> Response:
    """Show the agent's state; a PUT asks for another one."""
    desk, signed_in = desk_of(request), await session.required(request)
    if request.method != "PUT":
        return json_response(request, schemas.state_to_dict(request, await desk.read_now(signed_in)))
    fields = await request_data.read(request)
    word, reason_id = _text(fields, "state", LONGEST), _text(fields, "reason_id", LONGEST)
    if reason_id and not DIALOG_ID.fullmatch(reason_id):
        raise refusal("reason_id", NO_REASON)
    await desk.set_state(signed_in, word, reason_id)
    return _asked(request, word)


async def reasons(request: Request) -> Response:
    """List the reasons for not being ready."""
    desk = desk_of(request)
    found = await desk.as_agent(await session.required(request), desk.phone.reasons)
    return json_response(request, {"reasons": [{"id": it.id, "label": it.label} for it in found]})


async def team(request: Request) -> Response:
    """List the agents of the own team, as far as the phone system tells."""
    desk = desk_of(request)
    found = await desk.as_agent(await session.required(request), desk.phone.team)
    return json_response(request, {"team": [schemas.agent_to_dict(request, it) for it in found]})


async def statuses(request: Request) -> Response:
    """List the states of all agents to supervisors; to others only their own."""
    desk, signed_in = desk_of(request), await session.required(request)
    is_limited = not holds(signed_in.person, SUPERVISOR)
    found = await teams.own(desk, signed_in) if is_limited else (await teams.of(desk, signed_in)).members
    response = json_response(request, {"agents": schemas.statuses_to_dict(request, found)})
    response.headers.update(LIMITED if is_limited else {})
    return response


async def health(request: Request) -> Response:
    """Show what the last check of the phone system found."""
    states = await services(request).database.run(system_health.states)
    found = states.get(SYSTEM, system_health.State())
    body: Json = {"status": found.status, "last_check": moment(found.checked_at), "news": "polling"}
    return json_response(request, body)


def _action(fields: Fields, dialog_id: str) -> tuple[str, str]:
    """Return the action and the number: of `{action, to_address}`, or of `{callId, destination}`, as programs sent once
    for a transfer at once. Raises Invalid."""
    if "action" in fields.values or "callId" not in fields.values:
        return fields.required_text("action", LONGEST), _number(fields, "to_address")
    if _text(fields, "callId", LONGEST) != dialog_id:
        raise refusal("callId", OTHER_CALL)
    return TRANSFER_SST, _number(fields, "destination")


def _text(fields: Fields, name: str, limit: int) -> str:
    """Return a text; programs also send ids and numbers of phones as JSON numbers. Raises Invalid."""
    value: Any = fields.values.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(value)
    return fields.text(name, limit)


def _number(fields: Fields, name: str) -> str:
    """Return the number of a phone, or digits, without what people put between them. Raises Invalid."""
    text = _text(fields, name, LONGEST_NUMBER)
    if any(letter < " " for letter in text):
        raise refusal(name, NO_NUMBER)
    return number_of(text)


def _asked(request: Request, action: str, dialog_id: str = "", to_address: str = "") -> Response:
    """Answer that the phone system was asked, not that anything is done. Digits are not told: the answer is stored."""
    to_address = "" if action == SEND_DTMF else to_address
    asked = {"action": action, "dialog_id": dialog_id, "to_address": to_address}
    return json_response(request, {"message": translate(request, ASKED), "asked": asked}, 202)
