"""Show a person's API tokens, make one, and revoke one.

A token is shown once, in the answer to the request that makes it. That answer is stored nowhere: not for an
idempotency key, in no cache, and it has no address.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotFound, Sentence, sentence
from helpdesk.store import api_tokens
from helpdesk.store.api_tokens import READ, WRITE, Token
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, html, json_response, moment
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import address_of, current_user
from helpdesk.web.core.templating import translate

log = logging.getLogger("helpdesk.sign_in")

LONGEST_NAME = 60
SCOPES = {READ: sentence("read only"), WRITE: sentence("read and write")}
LASTS = {
    "30": sentence("30 days"),
    "90": sentence("90 days"),
    "365": sentence("365 days"),
    "": sentence("until it is revoked"),
}
"""For how many days a token may be valid; the first is chosen unless another is named."""
REVOKED = sentence("The token was revoked.")
TOO_MANY = sentence("You have %(most)s tokens already: revoke one first.", most=api_tokens.MOST_OF_PERSON)


async def index(request: Request) -> Response:
    """List the person's tokens; a POST makes one."""
    if request.method == "POST":
        return await _create(request)
    return await answer(request, json=lambda: _list_to_json(request), page=lambda: _page(request))


async def revoke(request: Request) -> Response:
    """Revoke a token and end its streams. Raises NotFound, also for another person's."""
    person, number = await current_user(request), request_data.path_id(request, "token_id")

    def work(db: Session) -> None:
        if not api_tokens.revoke(db, person.id, number):
            raise NotFound

    await stored(request, work)
    _log(request, "a token was revoked", number)
    await services(request).live.end_finished()
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, REVOKED)}),
        page=lambda: flash.redirect(request, path_to(request, "people:tokens"), REVOKED),
    )


async def _create(request: Request) -> Response:
    person, fields, now = await current_user(request), await request_data.read(request), services(request).clock()
    try:
        name = fields.required_text("name", LONGEST_NAME).strip()
        scope, days = _choice(fields, "scope", SCOPES), _choice(fields, "days", LASTS)
        expires_at = now + timedelta(days=int(days)) if days else None
        token, text = await stored(request, lambda db: api_tokens.add(db, person.id, name, scope, expires_at, now))
    except (Invalid, api_tokens.TooMany) as error:
        refusal = error if isinstance(error, Invalid) else request_data.refusal("name", TOO_MANY)
        return await answer_refusal(request, refusal, page=partial(_page, request, fields.values, refusal))
    _log(request, "a token was made", token.id)
    response = await answer(
        request,
        json=lambda: json_response(request, {"token": text, **_to_dict(token)}, 201),
        page=lambda: _page(request, made=token, text=text),
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _log(request: Request, message: str, token_id: int) -> None:
    extra = {"request_id": request.state.request_id, "address": address_of(request), "token_id": token_id}
    log.info(message, extra=extra | {"person_id": request.state.person_id})


def _choice(fields: request_data.Fields, name: str, choices: Mapping[str, Sentence]) -> str:
    """Return one of the choices, the first unless one was sent. Raises Invalid."""
    sent = fields.values.get(name, next(iter(choices)))
    chosen = "" if sent is None else str(sent)
    if chosen not in choices:
        raise request_data.refusal(name, request_data.NO_CHOICE)
    return chosen


async def _list(request: Request) -> list[Token]:
    person = await current_user(request)
    return await services(request).database.run(lambda db: api_tokens.of_person(db, person.id))


async def _list_to_json(request: Request) -> Response:
    return json_response(request, {"tokens": [_to_dict(token) for token in await _list(request)]})


def _to_dict(token: Token) -> Json:
    moments = {name: moment(getattr(token, name)) for name in ("created_at", "expires_at", "last_used")}
    return {**token._asdict(), **moments}


async def _page(
    request: Request,
    typed: Mapping[str, Any] = {},
    error: Invalid | None = None,
    made: Token | None = None,
    text: str = "",
) -> Response:
    context = {"tokens": await _list(request), "typed": typed, "error": error, "made": made, "text": text}
    choices = {"scopes": SCOPES, "lasts": LASTS, "now": services(request).clock()}
    status = status_of(error) if error else 201 if made else 200
    return html(request, "people/tokens.html", status, **context, **choices)
