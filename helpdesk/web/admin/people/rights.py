"""Grant and take back rights, each by a switch of its own."""

from functools import partial

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotFound, Sentence, sentence
from helpdesk.people.rights import ADMIN
from helpdesk.store import account_acts, directory_accounts, rights
from helpdesk.web.admin.people import forms, person
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer_refusal, choose, html
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user

LONGEST_NAME = 60
FORM = "rights"
GRANTED = sentence("The right was granted. It holds from the next request on.")
REVOKED = sentence("The right was taken back. That holds from the next request on.")
HELD_BY_GROUP = sentence("What was granted here is taken back. A group in the directory still gives the right.")
UNCHANGED = sentence("Nothing was changed: that was done already.")
GIVE_UP = sentence("This takes the administration from yourself. Only another administrator can give it back.")


async def switch(request: Request) -> Response:
    """Grant the right of the form, or take it back. A script gets the switch."""
    try:
        fields = await request_data.read(request)
        name, granted = fields.required_text("right", LONGEST_NAME), forms.switched(fields, "granted")
        if name == ADMIN and not granted:
            await forms.require_sure(request, GIVE_UP)
        message = await _write(request, name, granted)
    except Invalid as error:
        return await answer_refusal(
            request,
            error,
            page=partial(person.page, request, error, FORM),
            fragment=partial(_fragment, request, error=error),
        )
    return await _done(request, message)


async def _done(request: Request, message: Sentence) -> Response:
    """Answer with the switch; an administrator who is none any more leaves the page."""
    is_self = request_data.path_id(request, "person_id") == (await current_user(request)).id
    shows_switch = choose(request, page=False, fragment=not is_self)
    return await (_fragment(request, message) if shows_switch else forms.done(request, message, FORM))


async def _fragment(request: Request, message: Sentence | None = None, error: Invalid | None = None) -> Response:
    account, fields = await person.load(request), await request_data.read(request)
    shown = next((it for it in person.rights_of(request, account) if it.name == fields.values.get("right")), None)
    if shown is None:  # there is no such switch, so that a toast says it
        raise error or NotFound
    context = {"it": account.row, "right": shown, "message": message, "error": error, "form": FORM}
    return html(request, "admin/_right.html", status_of(error) if error else 200, **context, typed=fields.values)


async def _write(request: Request, name: str, granted: bool) -> Sentence:
    number, named = request_data.path_id(request, "person_id"), services(request).settings.administrators
    actor, asks = await current_user(request), services(request).authentication.has

    def work(db: Session) -> Sentence:
        row = account_acts.load(db, number)
        if granted:
            return GRANTED if rights.grant(db, number, name, actor.id) else UNCHANGED
        asked = {source for source in directory_accounts.sources_of(db, row) if asks(source)}
        if not rights.revoke(db, number, name, named, actor.id, asked):
            return UNCHANGED
        return HELD_BY_GROUP if any(it.name == name for it in rights.grants(db, number)) else REVOKED

    return await stored(request, work)
