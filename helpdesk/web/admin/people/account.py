"""Disable and enable an account, change its e-mail, and decide whose its login is."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.people import accounts
from helpdesk.store import account_acts
from helpdesk.texts import trimmed
from helpdesk.web.admin.people import forms
from helpdesk.web.core import request_data
from helpdesk.web.core.services import services

LONGEST_PHONE = 100
LONGEST_DEPARTMENT = 200
DISABLED = sentence("The account is disabled and signed out everywhere. Its API tokens are revoked.")
ENABLED = sentence("The account can sign in again. Its API tokens do not come back.")
STILL_BLOCKED = sentence("The account is enabled. The directory %(source)s still blocks it: let the person in there.")
SHUT_OUT = sentence("This shuts yourself out. Only another administrator can let you in again.")
GIVES_LOGIN_AWAY = sentence("This is your own login. You may not get in with it any more.")
EMAIL_CHANGED = sentence("The e-mail was changed.")
PHONE_CHANGED = sentence("The number was changed, and counts as this person's own.")
DEPARTMENT_CHANGED = sentence("The department was changed, and announcements for it are for this person.")
CONFIRMED = sentence("The e-mail counts as this person's own now.")
DOUBTED = sentence("The e-mail does not count as this person's own any more.")
ACCEPTED = sentence("The account keeps its login, whoever the directory says has it.")
RELEASED = sentence("The login is free: who signs in with it next gets a new account.")


async def active(request: Request) -> Response:
    """Disable the account, or enable it."""
    try:
        fields, named = await request_data.read(request), services(request).settings.administrators
        is_active = forms.switched(fields, "active")
        if not is_active:
            await forms.require_sure(request, SHUT_OUT)
    except Invalid as error:
        return await forms.refused(request, error, "active")

    def work(db: Session, number: int) -> Sentence:
        if not is_active:
            account_acts.disable(db, number, named)
            return DISABLED
        account_acts.enable(db, number)
        source = account_acts.load(db, number).blocked_by
        return STILL_BLOCKED._replace(values={"source": source}) if source else ENABLED

    return await forms.act(request, "active", work)


async def email(request: Request) -> Response:
    """Change the e-mail of a local account."""
    try:
        typed = (await request_data.read(request)).text("email", accounts.LONGEST).strip()
        if typed and (wrong := accounts.mistakes({"email": typed})):
            raise Invalid({name: [message] for name, message in wrong.items()})
    except Invalid as error:
        return await forms.refused(request, error, "email")

    def work(db: Session, number: int) -> Sentence:
        account_acts.change_email(db, number, typed)
        return EMAIL_CHANGED

    return await forms.act(request, "email", work)


async def phone(request: Request) -> Response:
    """Change the number of an account that no directory tells one for."""
    try:
        typed = (await request_data.read(request)).text("phone", LONGEST_PHONE).strip()
    except Invalid as error:
        return await forms.refused(request, error, "phone")

    def work(db: Session, number: int) -> Sentence:
        account_acts.change_phone(db, number, typed)
        return PHONE_CHANGED

    return await forms.act(request, "phone", work)


async def department(request: Request) -> Response:
    """Change the department of an account that no directory tells one for."""
    try:
        typed = trimmed((await request_data.read(request)).text("department", LONGEST_DEPARTMENT))
    except Invalid as error:
        return await forms.refused(request, error, "department")

    def work(db: Session, number: int) -> Sentence:
        account_acts.change_department(db, number, typed)
        return DEPARTMENT_CHANGED

    return await forms.act(request, "department", work)


async def confirm_email(request: Request) -> Response:
    """Let the e-mail count as the person's own, or no longer."""
    try:
        fields = await request_data.read(request)
        is_proven = forms.switched(fields, "proven")
        seen = fields.required_text("email", accounts.LONGEST)
    except Invalid as error:
        return await forms.refused(request, error, "email")

    def work(db: Session, number: int) -> Sentence:
        account_acts.vouch_for_email(db, number, is_proven, seen)
        return CONFIRMED if is_proven else DOUBTED

    return await forms.act(request, "email", work)


async def login(request: Request) -> Response:
    """Decide about a login that a directory has given to somebody else."""
    try:
        fields, named = await request_data.read(request), services(request).settings.administrators
        accepts = _choice(fields, "decision", ("accept", "release")) == "accept"
        if not accepts:
            await forms.require_sure(request, GIVES_LOGIN_AWAY)
    except Invalid as error:
        return await forms.refused(request, error, "login")

    def work(db: Session, number: int) -> Sentence:
        account_acts.hand_on_login(db, number, accepts, named)
        return ACCEPTED if accepts else RELEASED

    return await forms.act(request, "login", work)


def _choice(fields: request_data.Fields, name: str, choices: tuple[str, ...]) -> str:
    """Return the choice that was sent. Raises Invalid."""
    sent = fields.text(name, 10)
    if sent not in choices:
        raise request_data.refusal(name, request_data.NO_CHOICE)
    return sent
