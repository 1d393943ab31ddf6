"""End sessions, revoke tokens, switch off a second factor, and make a link for a new password.

A link is shown once, in the answer to the request that makes it. That answer is stored nowhere.
"""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotFound, Sentence, sentence
from helpdesk.store import account_acts, api_tokens, second_factors, sessions
from helpdesk.web.admin.people import forms, person
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import answer, json_response
from helpdesk.web.core.services import path_to, services

ALL = "all"
LONGEST_ID = 64
SESSION_ENDED = sentence("The session was ended.")
SESSIONS_ENDED = sentence("All sessions of the account were ended.")
REVOKED = sentence("The token was revoked.")
ALL_REVOKED = sentence("All tokens of the account were revoked.")
OFF = sentence("The second factor was switched off.")
NO_FACTOR = sentence("This account has no second factor.")


async def end_sessions(request: Request) -> Response:
    """End the session that `end` names, or all. Raises NotFound for one that is not this account's."""
    try:
        which = (await request_data.read(request)).required_text("end", LONGEST_ID)
    except Invalid as error:
        return await forms.refused(request, error, "sessions")

    def work(db: Session, number: int) -> Sentence:
        account_acts.load(db, number)
        if which == ALL:
            sessions.end_all(db, number)
        elif not sessions.end_one(db, number, which):
            raise NotFound
        return SESSIONS_ENDED if which == ALL else SESSION_ENDED

    return await forms.act(request, "sessions", work)


async def revoke_tokens(request: Request) -> Response:
    """Revoke the token that `revoke` names, or all. Raises NotFound for one that is not this account's."""
    try:
        which = (await request_data.read(request)).required_text("revoke", LONGEST_ID)
    except Invalid as error:
        return await forms.refused(request, error, "tokens")

    def work(db: Session, number: int) -> Sentence:
        account_acts.load(db, number)
        if which == ALL:
            api_tokens.revoke_all(db, number)
        elif not api_tokens.revoke(db, number, request_data.an_id(which)):
            raise NotFound
        return ALL_REVOKED if which == ALL else REVOKED

    return await forms.act(request, "tokens", work)


async def remove_factor(request: Request) -> Response:
    """Switch off the second factor, for a person who has lost it and all recovery codes."""

    def work(db: Session, number: int) -> Sentence:
        account_acts.load(db, number)
        if not second_factors.remove(db, number):
            raise Invalid(message=NO_FACTOR)
        return OFF

    return await forms.act(request, "factor", work)


async def password_link(request: Request) -> Response:
    """Make a link that sets a new password once, within a day. It voids earlier ones."""
    number = request_data.path_id(request, "person_id")
    try:
        token = await stored(request, lambda db: account_acts.make_password_link(db, number))
    except Invalid as error:
        return await forms.refused(request, error, "password")
    link = link_of(request, token)
    response = await answer(
        request,
        json=lambda: json_response(request, {"link": link}, 201),
        page=lambda: person.page(request, status=201, link=link),
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def link_of(request: Request, token: str) -> str:
    """Return the address of a link; only its path without PUBLIC_URL, for whoever asks may name any host."""
    return (services(request).settings.public_url or "") + path_to(request, "people:password_link", token=token)
