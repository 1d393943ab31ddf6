"""Let people register accounts of their own, where REGISTRATION allows it."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, Invalid, NotAllowed, Sentence, TooManyAttempts, WrongCredentials, sentence
from helpdesk.people import accounts, passwords
from helpdesk.people.model import Person, load_person
from helpdesk.people.passwords import LONGEST_PASSWORD
from helpdesk.store import registration
from helpdesk.store.registration import Registration
from helpdesk.web.accounts import codes, sign_in
from helpdesk.web.core import request_data, session
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import headers_of, status_of
from helpdesk.web.core.faces import answer, answer_refusal, html, json_response, see_other
from helpdesk.web.core.navigation import safe_path
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import language
from helpdesk.web.lists import saved_views
from helpdesk.web.tasks import schemas as task_schemas

log = logging.getLogger("helpdesk.sign_in")

NOT_IN_ERP = sentence("The ERP does not know this login and password.")
CLOSED = sentence("Accounts are made by administrators here. Please ask one.")


class FormField(NamedTuple):
    """A field of the page; `type` and `autocomplete` are HTML's."""

    key: str
    label: Sentence
    autocomplete: str
    type: str = "text"
    required: bool = True
    longest: int = accounts.LONGEST


FIELDS = (
    FormField("username", sentence("Login"), "username", longest=accounts.LONGEST_LOGIN),
    FormField("email", sentence("E-mail"), "email", "email"),
    FormField("password", sentence("Password"), "new-password", "password", longest=LONGEST_PASSWORD),
    FormField("confirm_password", sentence("Password again"), "new-password", "password", longest=LONGEST_PASSWORD),
    FormField("full_name", sentence("Full name"), "name", required=False),
    FormField("department", sentence("Department"), "organization", required=False),
    FormField("position", sentence("Position"), "organization-title", required=False),
)
TOKEN = FormField(
    "setup_token", sentence("Setup token, which the helpdesk printed when it started"), "off", required=False
)


async def register(request: Request) -> Response:
    if not _is_open(request):
        raise NotAllowed(CLOSED)
    if request.method != "POST":
        return await _form(request)
    fields = await request_data.read(request)
    try:
        person = await _register(request, fields)
    except (Invalid, TooManyAttempts) as error:
        return await answer_refusal(request, error, page=partial(_page, request, fields.values, error))
    return await answer(
        request,
        json=lambda: json_response(request, {"user": task_schemas.user(person)}, 201),
        page=lambda: _welcome(request, fields, person),
    )


def _is_open(request: Request) -> bool:
    """Tell whether people may register: where there is an ERP, only if it can be asked for passwords."""
    settings, by_erp = services(request).settings, services(request).authentication.has("oracle")
    return settings.may_register and (settings.oracle_host is None or by_erp)


async def _welcome(request: Request, fields: request_data.Fields, person: Person) -> Response:
    """Sign the new person in, and go to the first page. The ERP may know somebody who has an account with a second
    factor: that is asked for at the sign-in page alone."""
    if await codes.factor_of(request, person):
        return see_other(path_to(request, "people:login"))
    response = see_other(fields.next_path() or await saved_views.start_page(request, person))
    await session.begin(request, response, person, remember=False, language=language(request))
    return response


def read_account(fields: request_data.Fields) -> tuple[Registration, str]:
    """Read the account and its password. Raises Invalid with every wrong field at once."""
    wrong: dict[str, Sequence[Sentence]] = {}
    texts: dict[str, str] = {}
    for field in (*FIELDS, TOKEN):
        read = fields.required_text if field.required else fields.text
        try:
            texts[field.key] = read(field.key, field.longest)
        except Invalid as refusal:
            wrong |= refusal.fields
    wrong = {name: [message] for name, message in _wrong(texts).items()} | wrong
    if wrong:
        raise Invalid(wrong)
    names = ("username", "email", "full_name", "department", "position", "setup_token")
    return Registration(*(texts[name].strip() for name in names)), texts["password"]


def _wrong(texts: Mapping[str, str]) -> dict[str, Sentence]:
    stripped = {name: text if name == "password" else text.strip() for name, text in texts.items()}
    faults = accounts.mistakes(stripped)
    password, again = texts.get("password"), texts.get("confirm_password")
    if None not in (password, again) and password != again:
        faults["confirm_password"] = sentence("The two passwords differ.")
    return faults


async def _register(request: Request, fields: request_data.Fields) -> Person:
    """Store the new account. Raises Invalid, TooManyAttempts."""
    await sign_in.limit(request, "register")
    by_erp = services(request).authentication.has("oracle")
    person = await (_register_by_erp if by_erp else _register_here)(request, fields)
    extra = {"request_id": request.state.request_id, "address": session.address_of(request)}
    log.info("registered", extra=extra | {"login": person.login, "person_id": person.id, "is_admin": person.is_admin})
    return person


async def _register_here(request: Request, fields: request_data.Fields) -> Person:
    account, password = read_account(fields)
    password_hash = await passwords.made(password)
    named = services(request).settings.administrators or ()
    return await stored(request, lambda db: load_person(db, registration.register(db, account, password_hash, named)))


async def _register_by_erp(request: Request, fields: request_data.Fields) -> Person:
    """Return the account of an employee whose login and password the ERP accepts: its data wins over what was typed."""
    login, password = fields.required_text("username", accounts.LONGEST_LOGIN), fields.required_text("password", 1_000)
    token, named = fields.text("setup_token", 200).strip(), services(request).settings.administrators or ()
    try:
        person = await sign_in.sign_in(request, login, password, only="oracle")
    except WrongCredentials as error:
        raise Invalid({"password": [NOT_IN_ERP]}) from error
    if token:
        return await stored(request, lambda db: load_person(db, registration.make_first(db, person.id, token, named)))
    return person


async def _form(request: Request) -> Response:
    if signed_in := await session.current(request):
        return see_other(await saved_views.start_page(request, signed_in.person))
    return await _page(request, {"next": request.query_params.get("next", "")})


async def _page(request: Request, typed: Mapping[str, object], error: HelpdeskError | None = None) -> Response:
    """Render the page with the typed values except the passwords."""
    named = services(request).settings.administrators or ()
    wants_token = await services(request).database.run(lambda db: registration.wants_token(db, named))
    by_erp = services(request).authentication.has("oracle")
    asked = tuple(field for field in FIELDS if field.key in ("username", "password")) if by_erp else FIELDS
    token = (TOKEN,) if wants_token else ()
    values = {
        field.key: str(typed.get(field.key) or "")[: accounts.LONGEST] for field in FIELDS if field.type != "password"
    }
    context = {"fields": asked + token, "typed": values, "next": safe_path(str(typed.get("next") or ""))}
    response = html(request, "people/register.html", status_of(error) if error else 200, error=error, **context)
    response.headers.update(headers_of(error) if error else {})
    return response
