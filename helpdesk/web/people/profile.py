"""Show people their own profile, and let them change what no directory owns: on a page, and for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from markupsafe import Markup
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, Invalid, Sentence, TooLarge, sentence
from helpdesk.notifications.preferences import Preferences
from helpdesk.notifications.preferences_json import from_json, to_json
from helpdesk.people import accounts, signature
from helpdesk.people.model import Person
from helpdesk.store import audit, company_texts, preferences, profiles, saved_views
from helpdesk.texts import turns_direction
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import headers_of, status_of
from helpdesk.web.core.faces import answer, answer_refusal, html, json_response
from helpdesk.web.core.request_data import Fields
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import today
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.lists import layout
from helpdesk.web.people import avatars, erp_client, schemas
from helpdesk.web.people.schemas import Own
from helpdesk.web.task_assessments.beside import has_own_work

SAVED = sentence("Your profile was saved.")
FLAGS = {"browser_notifications_enabled": "in_browser", "notifications_widget_enabled": "in_widget"}
HIDES, REMOVES = "hides_presence", "remove_picture"
LOGIN = "username"
WARNED_DAYS = 14
"""So many days before it ends, the page warns that VPN access does."""


class FormField(NamedTuple):
    """A field of the form; `type` and `autocomplete` are HTML's."""

    key: str
    label: Sentence
    autocomplete: str
    type: str = "text"
    longest: int = 200


FIELDS = (
    FormField("full_name", sentence("Full name"), "name"),
    FormField("department", sentence("Department"), "organization"),
    FormField("position", sentence("Position"), "organization-title"),
    FormField("office", sentence("Room"), "off"),
    FormField("phone", sentence("Phone"), "tel", "tel", 100),
    FormField("email", sentence("E-mail"), "email", "email"),
)
LONGEST = {field.key: field.longest for field in FIELDS}


class Signature(NamedTuple):
    """An e-mail signature as text and as HTML."""

    text: str
    html: Markup


class Changes(NamedTuple):
    """What was sent: fields of the account, and flags of the preferences. Fields that are not sent stay."""

    account: dict[str, Any]
    flags: dict[str, bool]
    others: frozenset[str] = frozenset()
    removes_picture: bool = False


async def profile(request: Request) -> Response:
    """Show the person's own profile; a PUT changes it."""
    if request.method == "PUT":
        return await _change(request)
    return await answer(request, json=lambda: tell(request), page=lambda: show(request))


async def account(request: Request) -> Response:
    """Show the form of one's profile and preferences; a POST changes them."""
    if request.method == "POST":
        return await _change(request)
    return await answer(request, json=lambda: tell(request), page=lambda: _form(request))


@idempotent
async def _change(request: Request) -> Response:
    fields = await request_data.read(request)
    try:
        ignored = await _write(request, fields, _read(fields))
    except (Invalid, TooLarge) as error:
        return await answer_refusal(request, error, page=partial(_form, request, fields.values, error))
    return await answer(
        request,
        json=lambda: tell(request, ignored=ignored),
        page=lambda: flash.redirect(request, path_to(request, "people:account"), SAVED),
    )


def _read(fields: Fields) -> Changes:
    """Read what was sent. Raises Invalid with every wrong field at once."""
    wrong: dict[str, Sequence[Sentence]] = {}
    texts: dict[str, Any] = {}
    for field in FIELDS:
        if field.key in fields.values:
            try:
                texts[field.key] = " ".join(fields.text(field.key, field.longest).split())
            except Invalid as refusal:
                wrong |= refusal.fields
    checked = {name: texts[name] for name in ("full_name", "email") if texts.get(name)}
    turned: dict[str, Sequence[Sentence]] = {name: [accounts.TURNS] for name in texts if turns_direction(texts[name])}
    wrong = turned | {name: [mistake] for name, mistake in accounts.mistakes(checked).items()} | wrong
    flags = {}
    for name in (*FLAGS, HIDES, REMOVES):
        if fields.values.get(name) is not None:
            try:
                flags[name] = fields.flag(name)
            except Invalid as refusal:
                wrong |= refusal.fields
    if wrong:
        raise Invalid(wrong)
    hides = {HIDES: flags.pop(HIDES)} if HIDES in flags else {}
    removes = flags.pop(REMOVES, False)
    return Changes(texts | hides, flags, frozenset({LOGIN} & fields.values.keys()), removes)


async def _write(request: Request, fields: Fields, changes: Changes) -> list[str]:
    """Write the changes, and return the names of the fields that are not the person's to change.

    Raises Invalid, TooLarge.
    """
    person, picture = await current_user(request), await avatars.receive(request, fields)
    ignored: list[str] = []

    async def write() -> str | None:
        before, kept = await stored(request, partial(_store, person_id=person.id, changes=changes, picture=picture))
        ignored.extend(kept)
        return before

    await avatars.replacing(request, picture, write)
    return ignored


def _store(db: Session, person_id: int, changes: Changes, picture: str | None) -> tuple[str | None, list[str]]:
    """Return the name of the picture that is no longer shown, and the fields that were left as they are."""
    before, old = profiles.of_person(db, person_id), None
    after = profiles.edit(db, person_id, changes.account)
    if changes.flags:
        preferences.change(db, person_id, partial(_with_flags, changes.flags))
    changed = {name for name in changes.account if getattr(before, name) != getattr(after, name)}
    if picture or changes.removes_picture:
        old = profiles.choose_avatar(db, person_id, picture)
        changed.add("picture")
    if changed:
        audit.note(db, person_id, "profile_changed", person_id, {"what": sorted(changed)})
    return old, sorted({*(after.owned & changes.account.keys()), *changes.others})


def _with_flags(flags: Mapping[str, bool], text: str) -> str:
    """Return preferences as JSON with other flags."""
    changed: dict[str, Any] = {FLAGS[name]: value for name, value in flags.items()}
    return to_json(replace(from_json(text), **changed))


async def own(request: Request) -> Own:
    """Return what the person sees of their own account."""
    person = await current_user(request)

    def work(db: Session) -> Own:
        text = preferences.of_people(db, [person.id]).get(person.id)
        return Own(profiles.of_person(db, person.id), from_json(text) if text else Preferences())

    return await services(request).database.run(work)


async def tell(request: Request, ignored: Sequence[str] | None = None) -> Response:
    """Tell the profile, and the fields that were sent and left as they are."""
    person, now = await current_user(request), services(request).clock()
    body = schemas.own(request, await own(request), person, now)
    return json_response(request, body if ignored is None else body | {"ignored": ignored})


async def show(request: Request, error: HelpdeskError | None = None) -> Response:
    """Render the person's own profile, with the error of what was tried on it."""
    its = (await own(request)).profile
    context: dict[str, Any] = {
        "profile": its,
        "fields": FIELDS,
        "error": error,
        "days_left": (its.vpn_end_date - today(request)).days if its.vpn_end_date else None,
        "warned_days": WARNED_DAYS,
        "has_erp": any(it.source == "oracle" for it in services(request).authentication.directories),
        "erp_client": await erp_client.offered(request),
        "signature": await _signature(request, its),
        "is_assessed": await has_own_work(request),
    }
    response = html(request, "people/profile.html", status_of(error) if error else 200, **context)
    response.headers.update(headers_of(error) if error else {})
    return response


async def _signature(request: Request, its: profiles.Profile) -> Signature:
    """Return the person's e-mail signature by the template of the company."""
    text = await services(request).database.run(lambda db: company_texts.read(db, company_texts.SIGNATURE))
    values = {name: getattr(its, name) for name in signature.NAMES}
    template = text or signature.DEFAULT
    return Signature(signature.plain(template, values), Markup(signature.html(template, values)))


async def _form(request: Request, typed: Mapping[str, Any] = {}, error: HelpdeskError | None = None) -> Response:
    """Render the form with what was typed."""
    its = (await own(request)).profile
    kept = {name: getattr(its, name) for name in LONGEST}
    values = kept | {name: str(typed[name]) for name in LONGEST if name in typed and name not in its.owned}
    context: dict[str, Any] = {
        "profile": its,
        "fields": FIELDS,
        "values": values,
        "error": error,
        "is_dense": layout.of_request(request).is_dense,
        "start_page": await _start_page(request),
        "is_assessed": await has_own_work(request),
    }
    return html(request, "people/account.html", status_of(error) if error else 200, **context)


async def _start_page(request: Request) -> str:
    """Return the name of the view that the person begins with; empty for the usual page."""
    person: Person = await current_user(request)
    views = await services(request).database.run(lambda db: saved_views.of_person(db, person.id))
    return next((view.name for view in views if view.is_start), "")
