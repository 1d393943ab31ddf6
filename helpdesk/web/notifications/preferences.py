"""Show and change notification preferences, as a page and as JSON with the same names."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.notifications.channels import registry
from helpdesk.notifications.kinds import Type
from helpdesk.notifications.preferences import Preferences, Sound, from_json, to_json
from helpdesk.store import preferences as stored_preferences
from helpdesk.web.core import request_data, session
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import is_htmx, wants_html
from helpdesk.web.core.idempotency import idempotent
from helpdesk.web.core.responses import html, json_response, see_other
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import path_to, translate
from helpdesk.web.drafts import service as drafts
from helpdesk.web.notifications import mutes
from helpdesk.web.notifications import preference_params as cast

SAVED = sentence("Your choice was saved.")
OF_TYPES: dict[Type, Sentence] = {
    "mention": sentence("I am called by @name"),
    "assigned": sentence("A task is given to me or taken from me"),
    "created": sentence("A task is created"),
    "comment": sentence("A comment"),
    "status_change": sentence("Another status"),
    "priority_change": sentence("Another priority"),
    "attachment": sentence("New files"),
    "system": sentence("Any other change"),
}
OF_SOUNDS: dict[Sound, Sentence] = {
    "chime": sentence("Chime"),
    "knock": sentence("Knock"),
    "bell": sentence("Bell"),
    "none": sentence("No sound"),
}
PRESSING = {
    "sound_high": sentence("When I am called or given a task"),
    "sound_normal": sentence("For everything else"),
}
DAYS = {
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
    """Show what this person chose, or the defaults; a POST changes what it names."""
    if request.method == "POST":
        return await _change(request)
    chosen, zone = await choice_of(request), services(request).settings.timezone
    if not wants_html(request):
        return json_response(request, _shape(chosen, cast.shown(chosen, zone)))
    return await _page(request, chosen, cast.shown(chosen, zone), saved="saved" in request.query_params)


@idempotent
async def _change(request: Request) -> Response:
    person, fields = await drafts.person_typing(request), await request_data.read(request)
    zone = services(request).settings.timezone

    def changed(before: str) -> str:
        return to_json(cast.chosen(fields, from_json(before), zone))

    try:
        await stored(request, lambda db: stored_preferences.change(db, person.id, changed))
    except Invalid as refusal:
        if not wants_html(request):
            raise
        chosen = await choice_of(request)
        return await _page(request, chosen, cast.typed(fields, chosen, zone), 422, why=refusal)
    chosen = await choice_of(request)
    if not wants_html(request):
        return json_response(
            request, {"message": translate(request, SAVED), **_shape(chosen, cast.shown(chosen, zone))}
        )
    if not is_htmx(request):
        return see_other(path_to(request, "notifications:preferences") + "?saved=1")
    return await _form(request, "notifications/_saved.html", cast.shown(chosen, zone), says=SAVED)


async def choice_of(request: Request) -> Preferences:
    """Return what this person chose, or the defaults."""
    person = await session.current_user(request)
    chosen = await services(request).database.run(lambda db: stored_preferences.told(db, [person.id]))
    return from_json(chosen.get(person.id, ""))


async def _page(
    request: Request,
    chosen: Preferences,
    shown: Mapping[str, Any],
    status: int = 200,
    why: Invalid | None = None,
    saved: bool = False,
) -> Response:
    """Render the form in its page, or alone for htmx."""
    if is_htmx(request):
        return await _form(request, "notifications/_chosen.html", shown, status, why=why)
    context = {"mutes": await mutes.named(request, chosen), "says": SAVED if saved else None}
    return await _form(request, "notifications/preferences.html", shown, status, why=why, **context)


async def _form(
    request: Request,
    template: str,
    shown: Mapping[str, Any],
    status: int = 200,
    why: Invalid | None = None,
    **more: Any,
) -> Response:
    columns = {option.name: option.label for option in registry.options()}
    words = {"types": OF_TYPES, "channels": columns, "sounds": OF_SOUNDS, "pressing": PRESSING, "week": DAYS}
    typed_by = drafts.form_owner(request, await session.current_user(request))
    context = {"typed": shown, "why": why, "typed_by": typed_by, "zones": _zones(request, shown)}
    return html(request, template, status, **context, **words, **more)


def _zones(request: Request, shown: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the zones to choose from, from west to east, each with its present offset from UTC."""
    now, own = services(request).clock(), {services(request).settings.timezone.key, shown["zone"]}
    ahead = {name: now.astimezone(ZoneInfo(name)) for name in {*ZONES, *own} if cast.is_zone(name)}
    named = sorted((at.utcoffset() or timedelta(), name, at.strftime("%z")) for name, at in ahead.items())
    return [(name, f"UTC{text[:3]}:{text[3:]}") for _, name, text in named]


def _shape(chosen: Preferences, shown: Mapping[str, Any]) -> dict[str, Any]:
    muted = {"muted_projects": sorted(chosen.muted_projects), "muted_tasks": sorted(chosen.muted_tasks)}
    return {**shown, **muted}
