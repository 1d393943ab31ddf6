"""The page where people set up their second factor, get new recovery codes, and switch it off.

Secrets and recovery codes are in the answer to a POST alone, so no address leads to them. The secret of a second factor
that is being set up is kept nowhere: the form brings it along, encrypted. None of these writes is `idempotent`, because
that would keep their answers.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from markupsafe import Markup
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.encryption import Box
from helpdesk.errors import HelpdeskError, Invalid, NotAllowed, TooManyAttempts, WrongCredentials, sentence
from helpdesk.people import second_factor as rules
from helpdesk.people.model import Person
from helpdesk.people.passwords import LONGEST_PASSWORD
from helpdesk.store import second_factors
from helpdesk.store.second_factors import WRONG_CODE, Used
from helpdesk.web.accounts import codes as checked_codes
from helpdesk.web.accounts.login_limit import Guesses
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import saved, stored
from helpdesk.web.core.errors import headers_of, status_of
from helpdesk.web.core.faces import answer, answer_refusal, html, json_response
from helpdesk.web.core.guards import lacks_second_factor
from helpdesk.web.core.navigation import safe_path
from helpdesk.web.core.request_data import Fields
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user, seal, unseal
from helpdesk.web.core.templating import translate

T = TypeVar("T")

PURPOSE = "second factor setup"
SECONDS = 900
NOT_OFFERED = sentence("Second factors are for accounts of the helpdesk itself. Yours belongs to another directory.")
EXISTS = sentence("Your account has a second factor already. Switch it off to set up another one.")
MISSING = sentence("Your account has no second factor.")
EXPIRED = sentence("This took too long. Please begin again.")
OFF = sentence("Your second factor is switched off.")


async def second_factor(request: Request) -> Response:
    """Show whether the person has a second factor; a POST begins to set one up."""
    if request.method == "POST":
        return await _begin(request)
    state = await _state(request)
    return await answer(
        request, json=lambda: json_response(request, {"second_factor": state}), page=lambda: _page(request)
    )


async def confirm(request: Request) -> Response:
    """Set up the second factor whose first code is right, and show its recovery codes."""
    person, fields = await current_user(request), await request_data.read(request)
    secret = _carried_secret(request, person, fields)
    if secret is None:
        refusal = Invalid(message=EXPIRED)
        return await answer_refusal(request, refusal, page=partial(_page, request, refusal))
    try:
        recovery_codes = await _set_up(request, person, secret, fields)
    except (Invalid, TooManyAttempts) as error:
        again = partial(_setup_page, request, person, secret, fields.values["sealed"], error)
        return await answer_refusal(request, error, page=again)
    return await _show_codes(request, recovery_codes)


async def codes(request: Request) -> Response:
    """Replace the recovery codes, and show the new ones."""
    recovery_codes = rules.new_recovery_codes()
    hashable = [rules.cleaned(code) for code in recovery_codes]

    def replace(db: Session, person_id: int, used: Used) -> None:
        second_factors.replace_codes(db, person_id, used, hashable)

    try:
        await _with_code(request, replace)
    except (Invalid, TooManyAttempts) as error:
        return await answer_refusal(request, error, page=partial(_page, request, error, "codes"))
    return await _show_codes(request, recovery_codes)


async def off(request: Request) -> Response:
    try:
        await _with_code(request, second_factors.switch_off)
    except (Invalid, TooManyAttempts) as error:
        return await answer_refusal(request, error, page=partial(_page, request, error, "off"))
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, OFF)}),
        page=lambda: flash.redirect(request, path_to(request, "people:second_factor"), OFF),
    )


async def _begin(request: Request) -> Response:
    """Show a new secret after the password was typed again."""
    person, fields = await current_user(request), await request_data.read(request)
    try:
        await _require_password(request, person, fields)
        await _require_none(request, person)
    except (Invalid, TooManyAttempts) as error:
        return await answer_refusal(request, error, page=partial(_page, request, error))
    secret = rules.new_secret()
    sealed = seal(request, PURPOSE, [person.id, Box(services(request).settings.secret_keys).seal(secret)])
    address = _address(request, person, secret)
    return _unkept(
        await answer(
            request,
            json=lambda: json_response(request, {"secret": secret, "address": address, "sealed": sealed}),
            page=lambda: _setup_page(request, person, secret, sealed),
        )
    )


async def _set_up(request: Request, person: Person, secret: str, fields: Fields) -> list[str]:
    """Store the second factor and return its recovery codes. Raises Invalid, TooManyAttempts."""
    guesses, now = Guesses(request, f"code {person.id}"), services(request).clock()
    typed = fields.required_text("code", rules.LONGEST_CODE)
    await guesses.begin(person.login)
    step = rules.matching_step(secret, typed, now, 0)
    if step is None:
        raise Invalid({"code": [WRONG_CODE]})
    recovery_codes, sealed = rules.new_recovery_codes(), Box(services(request).settings.secret_keys).seal(secret)
    hashable = [rules.cleaned(code) for code in recovery_codes]

    def work(db: Session) -> None:
        if not second_factors.set_up(db, person.id, sealed, step, now, hashable):
            raise Invalid(message=EXISTS)

    await stored(request, work)
    await guesses.forgive(person)
    return recovery_codes


async def _with_code(request: Request, act: Callable[[Session, int, Used], T]) -> T:
    """Do what the password and a code allow. Raises Invalid, TooManyAttempts, NotAllowed."""
    person, fields = await current_user(request), await request_data.read(request)
    typed = fields.required_text("code", rules.LONGEST_CODE)
    await _require_password(request, person, fields)
    factor = await checked_codes.factor_of(request, person)
    if factor is None:
        raise Invalid(message=MISSING)
    try:
        spent = checked_codes.spend(request, person, factor, typed, lambda db, used: act(db, person.id, used))
        return await saved(request, spent)
    except WrongCredentials as error:
        raise Invalid({"code": [error.message]}) from error


async def _require_password(request: Request, person: Person, fields: Fields) -> None:
    """Only local accounts have a password here. Raises Invalid, TooManyAttempts."""
    if person.source == "local":
        password = fields.required_text("password", LONGEST_PASSWORD)
        await checked_codes.require_password(request, person, password)


async def _require_none(request: Request, person: Person) -> None:
    """Raise Invalid if the person has a second factor, and NotAllowed if they can have none."""
    if not rules.is_offered(person, services(request).settings.second_factor):
        raise NotAllowed(NOT_OFFERED)
    if await services(request).database.run(lambda db: second_factors.exists(db, person.id)):
        raise Invalid(message=EXISTS)


async def _state(request: Request) -> dict[str, Any]:
    person, rule = await current_user(request), services(request).settings.second_factor

    def load(db: Session) -> tuple[bool, int]:
        return second_factors.exists(db, person.id), second_factors.codes_left(db, person.id)

    is_on, codes_left = await services(request).database.run(load)
    return {
        "is_on": is_on,
        "recovery_codes": codes_left,
        "is_offered": rules.is_offered(person, rule),
        "is_required": rules.is_required(person, rule),
    }


def _carried_secret(request: Request, person: Person, fields: Fields) -> str | None:
    """Return the secret that the form brings along; None if it is not this person's or too old."""
    values = unseal(request, PURPOSE, fields.values.get("sealed"), SECONDS)
    if values is None or values[0] != person.id:
        return None
    return Box(services(request).settings.secret_keys).open(values[1])


def _address(request: Request, person: Person, secret: str) -> str:
    return rules.address(secret, person.login, services(request).settings.brand_name)


async def _show_codes(request: Request, recovery_codes: list[str]) -> Response:
    return _unkept(
        await answer(
            request,
            json=lambda: json_response(request, {"recovery_codes": recovery_codes}),
            page=lambda: html(
                request, "people/recovery_codes.html", recovery_codes=recovery_codes, next=_next(request)
            ),
        )
    )


async def _page(request: Request, error: HelpdeskError | None = None, form: str = "") -> Response:
    """Render the page. An error belongs to the form of this name."""
    asks_password = (await current_user(request)).source == "local"
    context = {"asks_password": asks_password, "error": error, "form": form, "next": _next(request)}
    context |= await _state(request)
    return await _html(request, "people/second_factor.html", error, context)


async def _setup_page(
    request: Request, person: Person, secret: str, sealed: object, error: HelpdeskError | None = None
) -> Response:
    qr_code = Markup(await rules.qr_code(_address(request, person, secret)))
    context = {"secret": rules.grouped(secret), "qr_code": qr_code, "sealed": sealed, "error": error}
    return await _html(request, "people/second_factor_setup.html", error, context | {"next": _next(request)})


async def _html(request: Request, template: str, error: HelpdeskError | None, context: dict[str, Any]) -> Response:
    """Render a page that nobody keeps, without the navigation while the person may go nowhere else."""
    if await lacks_second_factor(request):
        context |= {"person": None}
    response = html(request, template, status_of(error) if error else 200, **context)
    response.headers.update(headers_of(error) if error else {})
    return _unkept(response)


def _unkept(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _next(request: Request) -> str:
    """Return the page that the person wanted to see when the second factor was asked for."""
    fields: Fields | None = getattr(request.state, "fields", None)
    return (fields.next_path() if fields else "") or safe_path(request.query_params.get("next", ""))
