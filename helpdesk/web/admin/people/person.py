"""Show administrators one account: its rights, how its person gets in, and what was done lately."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, Sentence, sentence
from helpdesk.people.rights import ADMIN, REDMINE_USER, RIGHTS
from helpdesk.store import account_acts, api_tokens, audit_log, joins, people, rights, second_factors, sessions
from helpdesk.store.api_tokens import Token
from helpdesk.store.audit_log import LogLine, LogQuery
from helpdesk.store.models import tables
from helpdesk.store.models.tables import RightGrant
from helpdesk.store.sessions import Device
from helpdesk.web.accounts import user_agent
from helpdesk.web.admin import acts
from helpdesk.web.admin.sections import section_page
from helpdesk.web.core import request_data
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, json_response, moment
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import MOMENT, translate

RECORDS = 10
"""How many records of the audit the page shows."""
SHOWN = ("full_name", "email", "phone", "department", "position")


class Right(NamedTuple):
    """A right as a switch: who or what gives it is said by `how`. One that `can_change` is granted here."""

    name: str
    title: Sentence
    is_on: bool
    how: list[Sentence]
    can_change: bool


class Account(NamedTuple):
    """An account with all that the page shows. `kept` is the account that it was joined into, or itself; the phone and
    the department are told by a directory, or not."""

    row: tables.Person
    kept: tables.Person
    grants: Sequence[RightGrant]
    granters: Mapping[int, str]
    devices: list[Device]
    tokens: list[Token]
    has_factor: bool
    joined: Sequence[tables.Person]
    records: list[LogLine]
    is_phone_told: bool
    is_department_told: bool


async def show(request: Request) -> Response:
    """Show an account. Raises NotFound."""
    account = await load(request)
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(request, account)),
        page=lambda: _page(request, account),
    )


async def load(request: Request) -> Account:
    """Return the account that the address names. Raises NotFound."""
    number, now = request_data.path_id(request, "person_id"), services(request).clock()

    def work(db: Session) -> Account:
        row = account_acts.load(db, number)
        grants = rights.grants(db, number)
        granters = people.with_ids(db, {it.granted_by for it in grants if it.granted_by is not None})
        joined = select(tables.Person).where(tables.Person.joined_into == number).order_by(col(tables.Person.id))
        return Account(
            row,
            row if row.joined_into is None else account_acts.load(db, row.joined_into),
            grants,
            {it.id or 0: it.full_name or it.login for it, _ in granters},
            sessions.of_person(db, number, now),
            api_tokens.of_person(db, number),
            second_factors.exists(db, number),
            db.exec(joined).all(),
            audit_log.page(db, LogQuery(about=number), RECORDS).lines,
            bool(account_acts.who_tells(db, row, "phone")),
            bool(account_acts.who_tells(db, row, "department")),
        )

    return await services(request).database.run(work)


async def page(
    request: Request, error: HelpdeskError | None = None, form: str = "", status: int = 200, **context: Any
) -> Response:
    """Render the page of an account. An error belongs to the form of this name."""
    return await _page(request, await load(request), error, form, status, **context)


async def _page(
    request: Request,
    account: Account,
    error: HelpdeskError | None = None,
    form: str = "",
    status: int = 200,
    **context: Any,
) -> Response:
    typed = (await request_data.read(request)).values if error else {}
    return section_page(
        request,
        "admin/person.html",
        status_of(error) if error else status,
        **{"link": "", "preview": None, "other": None, **context},
        account=account,
        it=account.row,
        rights=rights_of(request, account),
        devices=[(device, user_agent.device(device.user_agent)) for device in account.devices],
        my_id=(await current_user(request)).id,
        has_redmine=services(request).authentication.binding is not None,
        changes_hands=account.row.source in joins.PROVEN and not account.row.login.startswith("#"),
        now=services(request).clock(),
        error=error,
        form=form,
        typed=typed,
        name_of=acts.name_of,
        details_of=acts.details_of,
    )


def rights_of(request: Request, account: Account) -> list[Right]:
    """Return all rights, each with what gives it."""
    return [_right(request, account, name) for name in RIGHTS]


def _right(request: Request, account: Account, name: str) -> Right:
    row, named = account.row, services(request).settings.administrators
    how = [_how(request, account, it) for it in account.grants if it.name == name]
    if name == ADMIN and rights.is_named(named, row.source, row.login):
        how.append(sentence("by the setting ADMINISTRATORS"))
    if name == REDMINE_USER and row.redmine_id is not None:
        how.append(sentence("as user %(number)s of Redmine", number=row.redmine_id))
    return Right(name, RIGHTS[name].title, bool(how), how, RIGHTS[name].granted and row.joined_into is None)


def _how(request: Request, account: Account, grant: RightGrant) -> Sentence:
    at = _at(request, grant.granted_at)
    if grant.source:
        return sentence("by a group in the directory %(source)s since %(at)s", source=grant.source, at=at)
    if grant.granted_by is None:
        return sentence("granted by a command on %(at)s", at=at)
    name = account.granters.get(grant.granted_by, f"#{grant.granted_by}")
    return sentence("granted by %(name)s on %(at)s", name=name, at=at)


def _at(request: Request, at: datetime) -> str:
    return at.astimezone(services(request).settings.timezone).strftime(MOMENT)


def summary(row: tables.Person, held: frozenset[str]) -> Json:
    """Return an account as lists and its own answer show it."""
    names = ("id", "source", "login", *SHOWN, "redmine_id", "joined_into")
    proven = {f"is_{name}_proven": getattr(row, f"is_{name}_proven") for name in ("email", "phone", "department")}
    flags = {"is_active": row.is_active, **proven, "blocked_by": row.blocked_by}
    moments = {name: moment(getattr(row, name)) for name in ("blocked_at", "created_at", "last_seen")}
    return {**{name: getattr(row, name) for name in names}, **flags, **moments, "rights": sorted(held)}


def _to_dict(request: Request, account: Account) -> Json:
    held = rights_of(request, account)
    return {
        "user": summary(account.row, frozenset(it.name for it in held if it.is_on)),
        "rights": [_right_to_dict(request, it) for it in held],
        "sessions": [_device_to_dict(request, it) for it in account.devices],
        "tokens": [_token_to_dict(it) for it in account.tokens],
        "has_second_factor": account.has_factor,
        "joined": [summary(it, frozenset()) for it in account.joined],
    }


def _right_to_dict(request: Request, right: Right) -> Json:
    how = [translate(request, each) for each in right.how]
    return {"name": right.name, "title": translate(request, right.title), "is_on": right.is_on, "how": how}


def _device_to_dict(request: Request, device: Device) -> Json:
    moments = {name: moment(getattr(device, name)) for name in ("created_at", "last_used", "expires_at")}
    words = translate(request, user_agent.device(device.user_agent))
    return {"id": device.mark, "device": words, "address": device.address, **moments}


def _token_to_dict(token: Token) -> Json:
    moments = {name: moment(getattr(token, name)) for name in ("created_at", "expires_at", "last_used")}
    return {**token._asdict(), **moments}
