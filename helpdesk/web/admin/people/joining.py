"""Join two accounts of one person, after a look at what would be moved, and undo it."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.store import account_acts, joins, people, rights
from helpdesk.store.models.tables import Person
from helpdesk.web.admin.people import forms, person
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import answer, json_response
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user

FORM = "join"
LONGEST_NAME = 150
JOINED = sentence("The accounts are joined. It can be undone for a week.")
UNDONE = sentence("It is an account of its own again. Both people have to sign in again.")
NO_ACCOUNT = sentence("There is no account with this login.")
SEVERAL = sentence("Several directories have an account with this login. Name one, as ldap:login.")
NAMED = sentence("The setting ADMINISTRATORS names this account. Name the other one there first.")
NOT_JOINED = sentence("This account is not joined into another one.")


async def join(request: Request) -> Response:
    """Join the account that `login` names into the one of the address; without `sure` show what would be moved."""
    try:
        fields = await request_data.read(request)
        typed, is_sure = fields.required_text("login", LONGEST_NAME).strip(), fields.flag("sure")
        if not is_sure:
            return await _preview(request, typed)
    except Invalid as error:
        return await forms.refused(request, error, FORM)
    actor, now, named = await current_user(request), services(request).clock(), _named(request)

    def work(db: Session, number: int) -> Sentence:
        joins.join(db, account_acts.load(db, number), _other(db, typed, named), now, actor.id, named)
        return JOINED

    return await forms.act(request, FORM, work)


async def unjoin(request: Request) -> Response:
    """Give the account of the address, which was joined into another one, back what it had."""
    actor, now, named = await current_user(request), services(request).clock(), _named(request)

    def work(db: Session, number: int) -> Sentence:
        row = account_acts.load(db, number)
        if row.joined_into is None:
            raise Invalid(message=NOT_JOINED)
        joins.undo(db, row, now, actor.id, named)
        return UNDONE

    return await forms.act(request, FORM, work)


async def _preview(request: Request, typed: str) -> Response:
    """Show how much would be moved. Raises Invalid where the accounts can't be joined."""
    number, named = request_data.path_id(request, "person_id"), _named(request)

    def work(db: Session) -> tuple[Person, dict[str, int]]:
        other = _other(db, typed, named)
        return other, joins.preview(db, account_acts.load(db, number), other)

    other, counts = await services(request).database.run(work)
    name = f"{other.source}:{other.login}"
    return await answer(
        request,
        json=lambda: json_response(request, {"login": name, "moved": counts, "joined": False}),
        page=lambda: person.page(request, preview=counts, other=other),
    )


def _named(request: Request) -> rights.Named:
    return services(request).settings.administrators or ()


def _other(session: Session, typed: str, named: rights.Named) -> Person:
    """Return the one account with this login. Raises Invalid."""
    source, _, login = typed.rpartition(":")
    found = people.with_login(session, login, source or None)
    if len(found) != 1:
        raise Invalid({"login": [SEVERAL if found else NO_ACCOUNT]})
    if rights.is_named(named, found[0].source, found[0].login):
        raise Invalid({"login": [NAMED]})
    return found[0]
