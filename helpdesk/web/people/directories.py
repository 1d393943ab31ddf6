"""Ask the company's directories now: for one's own fields and VPN, and for administrators about anybody in the ERP."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import DirectoryUnavailable, Invalid, NotConfigured, Sentence, TooManyAttempts, sentence
from helpdesk.people import reread as rereading
from helpdesk.people.directory import Directory, Profile, is_askable
from helpdesk.store import audit, people, profiles
from helpdesk.store.profiles import Profile as OwnProfile
from helpdesk.tasks.fields import is_day
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import note_saved, stored
from helpdesk.web.core.faces import Json, answer, answer_refusal, day, json_response
from helpdesk.web.core.request_data import LONGEST_TEXT, refusal
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.people import profile

ERP = "oracle"
FIRST_YEAR = 1970
REREAD = sentence("Your data was read again.")
UNKNOWN = sentence("The company’s directory does not know you. Nothing was changed.")
NOT_IN_ERP = sentence("The ERP does not know you.")
NO_DAY = sentence("This must be a day such as 2026-11-20.")
VPN = sentence("VPN access lasts until %(day)s.")
NO_VPN = sentence("There is no VPN access.")
NO_END = sentence("VPN access has no end.")


@idempotent
async def reread(request: Request) -> Response:
    """Read again what directories own of the person. Raises DirectoryUnavailable."""
    person, database = await current_user(request), services(request).database
    directories = services(request).authentication.directories
    try:
        with _alone(request, person.id):
            if not await rereading.reread(database, directories, person.id):
                raise Invalid(message=UNKNOWN)
    except (DirectoryUnavailable, Invalid, TooManyAttempts) as error:
        return await answer_refusal(request, error, page=partial(profile.show, request, error))
    note_saved(request)
    return await answer(request, json=lambda: profile.tell(request), page=lambda: _back(request, REREAD))


@idempotent
async def vpn_date(request: Request) -> Response:
    """Tell until when the person has VPN: as the ERP says now, whatever was sent; without an ERP as was sent."""
    person, erp = await current_user(request), _erp(request)
    try:
        its = await (_reread_vpn(request, person.id) if erp else _keep_vpn(request, person.id))
    except (DirectoryUnavailable, Invalid, TooManyAttempts) as error:
        return await answer_refusal(request, error, page=partial(profile.show, request, error))
    message = vpn_message(its)
    body = {"vpn_end_date": day(its.vpn_end_date), "vpn_enabled": bool(its.vpn_enabled)}
    return await answer(
        request,
        json=lambda: json_response(request, body | {"message": translate(request, message)}),
        page=lambda: _back(request, message),
    )


async def erp_user(request: Request) -> Response:
    """Tell an administrator whom the ERP knows by a login. The record says who has asked. Raises NotConfigured."""
    erp, login = _erp(request), request_data.path_text(request, "username")
    if erp is None:
        raise NotConfigured
    asking = await current_user(request)
    found = await rereading.find(erp, login) if is_askable(login) else None

    def note(db: Session) -> None:
        account = next(iter(people.with_login(db, login[:LONGEST_TEXT], ERP)), None)
        audit.note(db, asking.id, "erp_read", account.id if account else None, {"login": login})

    await stored(request, note)
    return json_response(request, {"exists": found is not None, "user": _to_dict(found) if found else None})


def vpn_message(its: OwnProfile) -> Sentence:
    """Return in a sentence until when somebody has VPN."""
    if its.vpn_enabled is False or (its.vpn_enabled is None and its.vpn_end_date is None):
        return NO_VPN
    return sentence(VPN.text, day=its.vpn_end_date.strftime("%d.%m.%Y")) if its.vpn_end_date else NO_END


def _erp(request: Request) -> Directory | None:
    return next((it for it in services(request).authentication.directories if it.source == ERP), None)


@contextmanager
def _alone(request: Request, person_id: int) -> Iterator[None]:
    """Let nobody ask the directories for the same person twice at once. Raises TooManyAttempts."""
    under_way = services(request).authentication.rereading
    if person_id in under_way:
        raise TooManyAttempts(int(rereading.SECONDS))
    under_way.add(person_id)
    try:
        yield
    finally:
        under_way.discard(person_id)


async def _reread_vpn(request: Request, person_id: int) -> OwnProfile:
    """Read the person's data in the ERP again. Raises Invalid for somebody whom it does not know."""
    database, directories = services(request).database, services(request).authentication.directories
    with _alone(request, person_id):
        if not await rereading.reread(database, directories, person_id, {ERP}):
            raise refusal("vpn_end_date", NOT_IN_ERP)
    note_saved(request)
    return await database.run(lambda db: profiles.of_person(db, person_id))


async def _keep_vpn(request: Request, person_id: int) -> OwnProfile:
    """Store the day that was sent; an empty one is none. Raises Invalid."""
    text = (await request_data.read(request)).text("vpn_end_date", 20).strip()
    if text and not (is_day(text) and date.fromisoformat(text).year >= FIRST_YEAR):
        raise refusal("vpn_end_date", NO_DAY)
    values = {"vpn_end_date": date.fromisoformat(text) if text else None, "vpn_enabled": bool(text)}

    def work(db: Session) -> OwnProfile:
        audit.note(db, person_id, "profile_changed", person_id, {"what": ["vpn_end_date"]})
        return profiles.edit(db, person_id, values)

    return await stored(request, work)


def _back(request: Request, message: Sentence) -> Response:
    return flash.redirect(request, path_to(request, "people:profile"), message)


def _to_dict(found: Profile) -> Json:
    """Return what the ERP says of somebody; `manager` and `hire_date` are in no statement of ours."""
    names = ("full_name", "email", "department", "position", "office", "phone")
    known = {name: getattr(found, name) for name in names}
    return {
        "username": found.login,
        **known,
        "manager": None,
        "hire_date": None,
        "vpn_end_date": day(found.vpn_end_date),
    }
