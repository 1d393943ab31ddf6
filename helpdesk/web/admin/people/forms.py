"""Answer the forms of an account: do what one says in one transaction, then show the account again."""

from collections.abc import Callable
from functools import partial

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, HelpdeskError, Invalid, Sentence, sentence
from helpdesk.store import account_acts
from helpdesk.web.accounts import sessions
from helpdesk.web.admin.people import person
from helpdesk.web.core import flash, request_data, session
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import answer, answer_refusal, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate

NO_MORE = sentence("You are no administrator any more.")


async def act(request: Request, form: str, work: Callable[[Session, int], Sentence]) -> Response:
    """Do what a form says to the account of the address; `work` returns what is told then.

    The page shows a refusal beside the form of this name.
    """
    number = request_data.path_id(request, "person_id")
    try:
        message = await stored(request, lambda db: work(db, number))
    except (Invalid, Conflict) as error:
        return await refused(request, error, form)
    return await done(request, message, form)


async def refused(request: Request, error: HelpdeskError, form: str) -> Response:
    """Show the account with the refusal beside the form."""
    return await answer_refusal(request, error, page=partial(person.page, request, error, form))


async def done(request: Request, message: Sentence, form: str = "") -> Response:
    """Tell that it was done, on the page of the account as long as the person may see it."""
    await services(request).live.end_finished()
    path = path_to(request, "admin:person", person_id=request_data.path_id(request, "person_id"))
    now = await session.again(request)
    if now is None or not now.person.is_admin:
        message, path = NO_MORE, path_to(request, "home" if now else "people:login")
    target = path if message == NO_MORE or not form else f"{path}#{form}"
    response = await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, message)}),
        page=lambda: flash.redirect(request, target, message),
    )
    if now is None:
        sessions.forget(response)
    return response


def switched(fields: request_data.Fields, name: str) -> bool:
    """Return whether a switch is on, which must be said. Raises Invalid."""
    if fields.values.get(name) in (None, ""):
        raise request_data.refusal(name, request_data.NO_CHOICE)
    return fields.flag(name)


async def require_sure(request: Request, message: Sentence) -> None:
    """Ask administrators who take something from themselves whether they mean it, also where it is done to an account
    that is joined into their own. Raises Invalid."""
    number, me = request_data.path_id(request, "person_id"), await current_user(request)
    row = await services(request).database.run(lambda db: account_acts.load(db, number))
    if me.id in (row.id, row.joined_into) and not (await request_data.read(request)).flag("sure"):
        raise Invalid({"sure": [message]})
