"""Bind an account to a user of Redmine, who is asked for in Redmine itself, and take the binding away."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotConfigured, Sentence, sentence
from helpdesk.store import account_acts, audit
from helpdesk.web.admin.people import forms
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import saved, stored
from helpdesk.web.core.services import services

FORM = "redmine"
LONGEST_NAME = 120
BOUND = sentence("The account is bound to the user of Redmine.")
UNBOUND = sentence("The account is nobody in Redmine any more.")
UNKNOWN = sentence("Redmine has no active user with this login whom the helpdesk may act as.")


async def bind(request: Request) -> Response:
    """Bind the account to the user of Redmine with this login."""
    if services(request).authentication.binding is None:
        raise NotConfigured
    try:
        login = (await request_data.read(request)).required_text("redmine_username", LONGEST_NAME).strip()
        await _bind(request, login)
    except Invalid as error:
        return await forms.refused(request, error, FORM)
    return await forms.done(request, BOUND, FORM)


async def unbind(request: Request) -> Response:
    """Take the binding to Redmine from an account of another directory."""

    def work(db: Session, number: int) -> Sentence:
        account_acts.unbind(db, number)
        return UNBOUND

    return await forms.act(request, FORM, work)


async def _bind(request: Request, login: str) -> None:
    """Bind the account. Raises Invalid, NotFound, and Unavailable where Redmine does not answer."""
    number, binding = request_data.path_id(request, "person_id"), services(request).authentication.binding
    assert binding is not None  # there is a Redmine
    row = await services(request).database.run(lambda db: account_acts.load(db, number))
    user = await binding.redmine.find(login)
    if user is None or user.is_blocked or not await binding.redmine.proven(user):
        raise request_data.refusal("redmine_username", UNKNOWN)
    bound = await saved(request, binding.bind(row, user))
    await stored(request, lambda db: audit.note(db, None, "bind", bound.id, {"redmine": login}))
