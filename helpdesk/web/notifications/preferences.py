"""Show and change notification preferences, as a page and as JSON with the same names."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.notifications import preference_changes
from helpdesk.notifications.channels import registry
from helpdesk.notifications.channels.registry import OPTION_OF
from helpdesk.notifications.kinds import Type
from helpdesk.notifications.preferences import Preferences, Sound, cells
from helpdesk.notifications.preferences_json import from_json, to_json
from helpdesk.people.model import Person
from helpdesk.people.rights import AGENT, QUALITY
from helpdesk.store import preferences as stored_preferences
from helpdesk.web.core import flash, request_data, session
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import answer, answer_refusal, html, json_response
from helpdesk.web.core.guards import holds
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import translate
from helpdesk.web.drafts import service as drafts
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.notifications import devices, mutes, preference_params

TYPE_LABELS: dict[Type, Sentence] = {
    "mention": sentence("I am called by @name"),
    "assigned": sentence("A task is given to me or taken from me"),
    "created": sentence("A task is created"),
    "comment": sentence("A comment"),
    "status_change": sentence("Another status"),
    "priority_change": sentence("Another priority"),
    "attachment": sentence("New files"),
    "promise": sentence("A promised time is running out"),
    "quality": sentence("New requests in quality control"),
    "post": sentence("Announcements"),
    "system": sentence("Any other change"),
}
FOR_ADMINISTRATORS: dict[Type, Sentence] = {"system": sentence("Other changes, and systems that fail")}
SOUND_LABELS: dict[Sound, Sentence] = {
    "chime": sentence("Chime"),
    "knock": sentence("Knock"),
    "bell": sentence("Bell"),
    "none": sentence("No sound"),
}
SOUND_FIELDS = {
    "sound_high": sentence("When I am called or given a task"),
    "sound_normal": sentence("For everything else"),
    "sound_call": sentence("When the phone rings"),
}
OF_AGENTS = {"sound_call"}
DAY_LABELS = {
    "mon": sentence("Mon"),
    "tue": sentence("Tue"),
    "wed": sentence("Wed"),
    "thu": sentence("Thu"),
    "fri": sentence("Fri"),
    "sat": sentence("Sat"),
    "sun": sentence("Sun"),
}
# The zones that people here may be in. A program may choose any other zone, which is then offered as well.
ZONES = (
    *("Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Krasnoyarsk"),
    *("Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan", "Asia/Kamchatka", "Europe/Minsk"),
    *("Asia/Almaty", "Asia/Tashkent", "Asia/Baku", "Asia/Yerevan", "Asia/Tbilisi", "Asia/Dubai", "Asia/Shanghai"),
    *("Europe/Istanbul", "Europe/Berlin", "Europe/London", "America/New_York", "UTC"),
)


async def preferences(request: Request) -> Response:
    """Show the person's preferences, or the defaults; a POST changes the fields that it names."""
    if request.method == "POST":
        return await _change(request)
    chosen = await chosen_by_person(request)
    values = await _values(request, chosen)
    return await answer(
        request,
        json=lambda: json_response(request, values),
        page=lambda: _page(request, chosen, values),
        fragment=lambda: _form(request, "notifications/_preferences_form.html", values),
    )


@idempotent
async def _change(request: Request) -> Response:
    person, fields = await drafts.person_typing(request), await request_data.read(request)
    zone = services(request).settings.timezone

    def changed(before: str) -> str:
        return to_json(preference_params.changed(fields, from_json(before), zone))

    try:
        now = services(request).clock().astimezone(zone)
        await stored(request, lambda db: preference_changes.change(db, person.id, changed, now))
    except Invalid as error:
        return await _refused(request, error)
    values = await _values(request, await chosen_by_person(request))
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, flash.CHOICE_SAVED), **values}),
        page=lambda: flash.redirect(request, path_to(request, "notifications:preferences"), flash.CHOICE_SAVED),
        fragment=lambda: _form(request, "notifications/_preferences_saved.html", values, message=flash.CHOICE_SAVED),
    )


async def _refused(request: Request, refusal: Invalid) -> Response:
    """Show the form again with the typed values."""
    chosen, fields = await chosen_by_person(request), await request_data.read(request)
    typed = preference_params.typed_values(fields, chosen, services(request).settings.timezone)
    values = await _offered(request, typed)
    return await answer_refusal(
        request,
        refusal,
        page=lambda: _page(request, chosen, values, refusal),
        fragment=lambda: _form(request, "notifications/_preferences_form.html", values, refusal),
    )


async def chosen_by_person(request: Request) -> Preferences:
    """Return the preferences of the current user, or the defaults."""
    person = await session.current_user(request)
    chosen = await services(request).database.run(lambda db: stored_preferences.of_people(db, [person.id]))
    return from_json(chosen.get(person.id, ""))


async def _page(
    request: Request,
    chosen: Preferences,
    values: dict[str, Any],
    refusal: Invalid | None = None,
) -> Response:
    muted, reached = await mutes.of_preferences(request, chosen), await devices.context(request)
    return await _form(request, "notifications/preferences.html", values, refusal, mutes=muted, **reached)


async def _form(
    request: Request, template: str, values: dict[str, Any], refusal: Invalid | None = None, **context: Any
) -> Response:
    types = _types(await session.current_user(request))
    sending = {OPTION_OF[name] for name in services(request).outbox.workers}
    context |= {
        "types": types,
        "hidden": [name for name, (type, _) in cells().items() if type not in types and name in values["wanted"]],
        "channels": {option.name: option.label for option in registry.options()},
        "not_sending": {*OPTION_OF.values()} - sending,
        "sounds": SOUND_LABELS,
        "sound_fields": {name: label for name, label in SOUND_FIELDS.items() if name in values},
        "week": DAY_LABELS,
        "zones": _zones(request, values["zone"]),
        "typed_by": await drafts.form_owner(request),
    }
    return html(request, template, 422 if refusal else 200, values=values, error=refusal, **context)


def _types(person: Person) -> dict[Type, Sentence]:
    """Return the rows of the matrix: nobody but who may control quality knows of its requests."""
    labels = {**TYPE_LABELS, **FOR_ADMINISTRATORS} if person.is_admin else TYPE_LABELS
    is_controller = person.is_admin or holds(person, QUALITY)
    return {type: label for type, label in labels.items() if type != "quality" or is_controller}


async def _values(request: Request, chosen: Preferences) -> dict[str, Any]:
    muted = {"muted_projects": sorted(chosen.muted_projects), "muted_tasks": sorted(chosen.muted_tasks)}
    return await _offered(request, preference_params.form_values(chosen, services(request).settings.timezone)) | muted


async def _offered(request: Request, values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that this person has a use for: nobody but agents of a phone knows of calls."""
    is_agent = services(request).desk is not None and holds(await session.current_user(request), AGENT)
    return values if is_agent else {name: value for name, value in values.items() if name not in OF_AGENTS}


def _zones(request: Request, chosen: str) -> list[tuple[str, str]]:
    """Return the zones to choose from, from west to east, each with its present offset from UTC."""
    now, names = services(request).clock(), {*ZONES, services(request).settings.timezone.key, chosen}
    local = {name: now.astimezone(ZoneInfo(name)) for name in names if preference_params.is_zone(name)}
    ordered = sorted((at.utcoffset() or timedelta(), name, at.strftime("%z")) for name, at in local.items())
    return [(name, f"UTC{offset[:3]}:{offset[3:]}") for _, name, offset in ordered]
