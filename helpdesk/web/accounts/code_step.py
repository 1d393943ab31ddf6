"""The second step of a sign-in: the code of the second factor.

A browser gets a form for the code after the right password. Until the code is right there is no session: the form
brings a seal along which says whose password was right. It is valid for SECONDS and, since it holds the state of the
account, until a code was used or the password was changed. A program sends the code together with the password.
"""

import json
import logging

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, NotSignedIn, SecondFactorRequired, sentence
from helpdesk.people.model import Person, entitled, person_of
from helpdesk.people.second_factor import LONGEST_CODE
from helpdesk.store import local_passwords, people, second_factors
from helpdesk.store.second_factors import Factor
from helpdesk.store.tokens import hashed
from helpdesk.web.accounts import codes, sign_in
from helpdesk.web.core.errors import headers_of, status_of
from helpdesk.web.core.faces import html
from helpdesk.web.core.request_data import Fields
from helpdesk.web.core.services import services
from helpdesk.web.core.session import address_of, seal, unseal
from helpdesk.web.drafts import handoff as draft_handoff

log = logging.getLogger("helpdesk.sign_in")

PURPOSE = "second factor"
SECONDS = 300
FIELD = "sealed"
STATE_LENGTH = 32
EXPIRED = sentence("This took too long, or the code was used already. Please sign in again.")


async def require(request: Request, person: Person, fields: Fields, remember: bool) -> None:
    """Let a person go on who has no second factor, or who sends a right code.

    Raises SecondFactorRequired, and what `codes.spend` raises.
    """
    factor = await codes.factor_of(request, person)
    if factor is None:
        return
    request.state.code_seal = seal(request, PURPOSE, [person.id, await _state(request, person, factor), remember])
    if not fields.text("code", LONGEST_CODE).strip():
        log.info("code asked for", extra=_log_fields(request, person))
        raise SecondFactorRequired
    await _check(request, person, factor, fields)


def is_answered(fields: Fields) -> bool:
    """Tell whether the form is the one for the code."""
    return FIELD in fields.values


async def finish(request: Request, fields: Fields) -> tuple[Person, bool]:
    """Return the person whose code is right, and whether the session is to last.

    Raises NotSignedIn for a seal that is not ours or not valid any more, and what `require` raises.
    """
    values = unseal(request, PURPOSE, fields.values[FIELD], SECONDS)
    if values is None:
        raise NotSignedIn(EXPIRED)
    person_id, state, remember = values
    person = await _person(request, person_id)
    factor = await codes.factor_of(request, person)
    if factor is None or state != await _state(request, person, factor):
        raise NotSignedIn(EXPIRED)
    request.state.code_seal = fields.values[FIELD]
    await _check(request, person, factor, fields)
    return person, remember


def is_asked(request: Request) -> bool:
    """Tell whether the password was right, so that the code alone is asked for."""
    return hasattr(request.state, "code_seal")


def page(request: Request, fields: Fields, error: HelpdeskError) -> Response:
    """Render the form for the code, with the error unless the code was not asked for before."""
    is_first = isinstance(error, SecondFactorRequired)
    carried = draft_handoff.opened(request, fields.values.get("carried"))
    context = {
        "sealed": request.state.code_seal,
        "next": fields.next_path(),
        "error": None if is_first else error,
        "carried": fields.values["carried"] if carried else "",
        "typed": carried.fields if carried else {},
        "kept": False,
    }
    response = html(request, "people/code.html", 200 if is_first else status_of(error), **context)
    response.headers.update({"Cache-Control": "private, no-store"} | headers_of(error))
    return response


async def _person(request: Request, person_id: int) -> Person:
    """Return the person. Raises NotSignedIn for one who was shut out meanwhile."""
    rows = await services(request).database.run(lambda db: people.with_ids(db, [person_id]))
    may_enter = [it for it in rows if it[0].is_active and not it[0].blocked_at and not it[0].joined_into]
    if not may_enter:
        raise NotSignedIn(EXPIRED)
    return entitled(person_of(*may_enter[0]), services(request).settings.administrators)


async def _state(request: Request, person: Person, factor: Factor) -> str:
    """Return what changes with the last code and with each password that opens the account."""
    hashes = await services(request).database.run(lambda db: local_passwords.hashes_of(db, person.id))
    return hashed(json.dumps([factor.owner_id, factor.last_step, hashes]))[:STATE_LENGTH]


async def _check(request: Request, person: Person, factor: Factor, fields: Fields) -> None:
    typed = fields.required_text("code", LONGEST_CODE)
    device = sign_in.known_device(request, person)
    try:
        await codes.spend(request, person, factor, typed, second_factors.use, device)
    except HelpdeskError as error:
        log.info("code refused", extra=_log_fields(request, person) | {"error": error.code})
        await sign_in.record_refusal(request, [sign_in.Account(person.id, person.login)], error.code)
        raise


def _log_fields(request: Request, person: Person) -> dict[str, object]:
    where = {"request_id": request.state.request_id, "address": address_of(request)}
    return where | {"login": person.login, "person_id": person.id}
