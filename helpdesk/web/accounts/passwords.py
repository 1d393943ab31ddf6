"""Change the password of a local account: its owner by the old one, or anybody with a link that is valid once.

A password is never sent back, and no answer here is stored for an idempotency key: the key's record holds a hash of the
body, against which words could be tried.
"""

import logging
from collections.abc import Awaitable, Callable
from functools import partial

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, Invalid, NotAllowed, NotFound, Sentence, TooManyAttempts, sentence
from helpdesk.people import accounts, passwords
from helpdesk.people.model import Person, SignedIn
from helpdesk.people.passwords import LONGEST_PASSWORD
from helpdesk.store import local_passwords
from helpdesk.store.local_passwords import Owner
from helpdesk.web.accounts import sessions
from helpdesk.web.accounts.login_limit import Guesses
from helpdesk.web.core import flash, request_data, session
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import headers_of, status_of
from helpdesk.web.core.faces import answer, answer_refusal, html, json_response
from helpdesk.web.core.request_data import Fields
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import address_of
from helpdesk.web.core.templating import translate

log = logging.getLogger("helpdesk.sign_in")

LOCAL = "local"
CHANGED = sentence("The password was changed. You were signed out on your other devices.")
SET = sentence("The new password was set. Please sign in with it.")
WRONG = sentence("This is not your password.")
DIFFER = sentence("The two passwords differ.")
ELSEWHERE = {
    "redmine": sentence("Your password is that of Redmine: change it there."),
    "oracle": sentence("Your password is that of the ERP: change it there."),
    "ldap": sentence("Your password is that of the company's directory: change it there."),
}
NOT_KEPT = {"Cache-Control": "no-store", "Referrer-Policy": "strict-origin"}
"""Headers of the forms. No request names the page of a link. By `no-referrer` a browser would name no origin either."""
VOID_LINK = sentence("This link is not valid any more: it was used, is older than a day, or a newer one was made.")


async def change(request: Request) -> Response:
    """Show the form of a new password; a POST changes it and ends the person's other sessions."""
    signed_in = await session.required(request)
    if request.method != "POST":
        can_change = signed_in.person.source == LOCAL
        return await answer(
            request,
            json=lambda: json_response(request, {"directory": signed_in.person.source, "can_change": can_change}),
            page=lambda: _page(request, "people/password.html", elsewhere=ELSEWHERE.get(signed_in.person.source)),
        )
    if signed_in.person.source != LOCAL:
        raise NotAllowed(ELSEWHERE.get(signed_in.person.source))
    return await _written(
        request,
        partial(_change, request, signed_in),
        CHANGED,
        path_to(request, "people:password"),
        partial(_page, request, "people/password.html", elsewhere=None),
    )


async def link(request: Request) -> Response:
    """Show the form of a link that an administrator made; a POST sets the password. Raises NotFound for a void link.

    Tries are not counted: nobody guesses 256 bits, and all people of a company may have one address.
    """
    token, now = request.path_params["token"], services(request).clock()
    owner = await services(request).database.run(lambda db: local_passwords.find_link(db, token, now))
    if owner is None:
        raise NotFound(VOID_LINK)
    signed_in = await session.current(request)
    other = signed_in.person if signed_in and signed_in.person.id != owner.signs_in_to else None
    page = partial(_page, request, "people/password_link.html", token=token, login=owner.login, other=other)
    if request.method != "POST":
        return page()
    write, target = partial(_set, request, owner, token), path_to(request, "people:login")
    return await _written(request, write, SET, target, page, signs_out=True)


async def _written(
    request: Request,
    write: Callable[[Fields], Awaitable[None]],
    message: Sentence,
    target: str,
    page: Callable[..., Response],
    signs_out: bool = False,
) -> Response:
    """Write the password of the form, end the streams of the sessions that ended, and go on to `target`.

    With `signs_out` this browser's session ends, whosever it is.
    """
    try:
        await write(await request_data.read(request))
    except (Invalid, TooManyAttempts) as error:
        return await answer_refusal(request, error, page=partial(page, error))
    await (session.end(request) if signs_out else services(request).live.end_finished())
    response = await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, message)}),
        page=lambda: flash.redirect(request, target, message),
    )
    if signs_out:
        sessions.forget(response)
    return response


async def _change(request: Request, signed_in: SignedIn, fields: Fields) -> None:
    """Change the password. Raises Invalid, TooManyAttempts.

    The old one is guessed at only as often as at a sign-in, from whatever address: a session may be stolen.
    """
    person, old = signed_in.person, _text(fields, "old_password")
    password = _new_password(fields)
    guesses = Guesses(request, f"password {person.id}")
    await guesses.begin(person.login)
    old_hash = await services(request).database.run(lambda db: local_passwords.hash_of(db, person.id))
    if not await passwords.matches(old_hash or None, old):
        _log(request, "a password was not changed", person)
        raise request_data.refusal("old_password", WRONG)
    await guesses.forgive(person)
    new_hash = await passwords.made(password)

    def work(db: Session) -> None:
        if not local_passwords.change(db, person.id, old_hash, new_hash, signed_in.mark):
            raise request_data.refusal("old_password", WRONG)

    await stored(request, work)
    _log(request, "a password was changed", person)


async def _set(request: Request, owner: Owner, token: str, fields: Fields) -> None:
    """Set the password by a link. Raises Invalid, NotFound."""
    password_hash, now = await passwords.made(_new_password(fields)), services(request).clock()

    def work(db: Session) -> None:
        if not local_passwords.use_link(db, token, password_hash, now):
            raise NotFound(VOID_LINK)

    await stored(request, work)
    _log(request, "a password was set by a link", owner)


def _new_password(fields: Fields) -> str:
    """Return the new password. Raises Invalid by the rules of `people/accounts.py`, or if its repetition differs."""
    password, again = _text(fields, "password"), _text(fields, "confirm_password")
    mistakes = accounts.mistakes({"password": password})
    if password != again:
        mistakes["confirm_password"] = DIFFER
    if mistakes:
        raise Invalid({name: [message] for name, message in mistakes.items()})
    return password


def _text(fields: Fields, name: str) -> str:
    return fields.required_text(name, LONGEST_PASSWORD)


def _page(request: Request, template: str, error: HelpdeskError | None = None, **context: object) -> Response:
    """Render a form, without what was typed."""
    response = html(request, template, status_of(error) if error else 200, error=error, **context)
    response.headers.update(headers_of(error) if error else {})
    response.headers.update(NOT_KEPT)
    return response


def _log(request: Request, message: str, person: Person | Owner) -> None:
    extra = {"request_id": request.state.request_id, "address": address_of(request)}
    log.info(message, extra=extra | {"login": person.login, "person_id": person.id})
