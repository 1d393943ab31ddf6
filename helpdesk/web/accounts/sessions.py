"""Show a person's sessions, and end them: one, all others, or all."""

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, Sentence, sentence
from helpdesk.people.model import SignedIn
from helpdesk.store import sessions
from helpdesk.store.sessions import Device
from helpdesk.web.accounts import user_agent
from helpdesk.web.core import flash, navigation, request_data, session
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import Json, answer, html, json_response, moment
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import translate

OTHERS, ALL = "others", "all"
LONGEST_ID = 64
ENDED = sentence("The session was ended.")
OTHERS_ENDED = sentence("All your other sessions were ended.")
ALL_ENDED = sentence("All your sessions were ended.")


class Line(NamedTuple):
    """A session in the list; `device` is the browser in words."""

    id: str
    device: Sentence
    address: str
    created_at: datetime
    last_used: datetime
    expires_at: datetime
    is_current: bool


async def index(request: Request) -> Response:
    """List the person's sessions; a POST ends the one that `end` names, or the `others`, or `all`."""
    signed_in = await session.required(request)
    if request.method == "POST":
        return await _end(request, signed_in, (await request_data.read(request)).required_text("end", LONGEST_ID))
    now = services(request).clock()
    devices = await services(request).database.run(lambda db: sessions.of_person(db, signed_in.person.id, now))
    listed = [_line(it, signed_in) for it in sorted(devices, key=lambda it: it.mark != signed_in.mark)]
    return await answer(
        request,
        json=lambda: json_response(request, {"sessions": [_to_dict(request, it) for it in listed]}),
        page=lambda: html(request, "people/sessions.html", sessions=listed),
    )


def forget(response: Response) -> None:
    """Let the browser forget the session, the last list, and its pages, also those for going back.

    It keeps its storage, where drafts are, and its cookies, which hold theme and language.
    """
    session.delete_cookie(response)
    navigation.forget_list(response)
    response.headers["Clear-Site-Data"] = '"cache"'


async def _end(request: Request, signed_in: SignedIn, which: str) -> Response:
    """End sessions and their streams. Raises NotFound for an id that is none of this person's."""
    person_id, mark = signed_in.person.id, signed_in.mark

    def work(db: Session) -> None:
        if which in (OTHERS, ALL):
            sessions.end_all(db, person_id, but=mark if which == OTHERS else "")
        elif not sessions.end_one(db, person_id, which):
            raise NotFound

    await stored(request, work)
    await services(request).live.end_finished()
    message = {OTHERS: OTHERS_ENDED, ALL: ALL_ENDED}.get(which, ENDED)
    is_out = which in (ALL, mark)
    target = path_to(request, "people:login" if is_out else "people:sessions")
    response = await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, message)}),
        page=lambda: flash.redirect(request, target, message),
    )
    if is_out:
        forget(response)
    return response


def _line(device: Device, signed_in: SignedIn) -> Line:
    is_current = device.mark == signed_in.mark
    return Line(device.mark, user_agent.device(device.user_agent), *device[2:], is_current)


def _to_dict(request: Request, line: Line) -> Json:
    moments = {name: moment(getattr(line, name)) for name in ("created_at", "last_used", "expires_at")}
    return {**line._asdict(), "device": translate(request, line.device), **moments}
