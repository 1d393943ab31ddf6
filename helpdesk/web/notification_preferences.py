"""What one wants to be told of and how, as a page and as JSON by the same names."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.notifications.preferences import Channel, Preferences, Sound, from_json, to_json
from helpdesk.notifications.rules import Type
from helpdesk.store import preferences as kept
from helpdesk.web import inputs, keeping, mutes
from helpdesk.web import preference_inputs as cast
from helpdesk.web.idempotency import once
from helpdesk.web.rendering import data, html, is_htmx, path_to, see_other, services, spoken, wants_html

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
OF_CHANNELS: dict[Channel, Sentence] = {
    "page": sentence("List"),
    "sound": sentence("Sound"),
    "email": sentence("E-mail"),
    "push": sentence("Push"),
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
# Those that people here may be in. Programs may choose any other that there is, which is offered from then on.
ZONES = (
    *("Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Krasnoyarsk"),
    *("Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan", "Asia/Kamchatka", "Europe/Minsk"),
    *("Asia/Almaty", "Asia/Tashkent", "Asia/Baku", "Asia/Yerevan", "Asia/Tbilisi", "Asia/Dubai", "Asia/Shanghai"),
    *("Europe/Istanbul", "Europe/Berlin", "Europe/London", "America/New_York", "UTC"),
)


async def preferences(request: Request) -> Response:
    """What this person chose, or what is usual; a POST changes what it names."""
    if request.method == "POST":
        return await _change(request)
    chosen, zone = await choice_of(request), services(request).settings.timezone
    if not wants_html(request):
        return data(request, _shape(chosen, cast.shown(chosen, zone)))
    return await _page(request, chosen, cast.shown(chosen, zone), saved="saved" in request.query_params)


@once
async def _change(request: Request) -> Response:
    person, fields = await keeping.person_typing(request), await inputs.read(request)
    zone = services(request).settings.timezone

    def anew(told: str) -> str:
        return to_json(cast.chosen(fields, from_json(told), zone))

    try:
        await services(request).database.run(lambda db: kept.change(db, person.id, anew), writes=True)
    except Invalid as refusal:
        if not wants_html(request):
            raise
        chosen = await choice_of(request)
        return await _page(request, chosen, cast.typed(fields, chosen, zone), 422, why=refusal)
    chosen = await choice_of(request)
    if not wants_html(request):
        return data(request, {"message": spoken(request, SAVED), **_shape(chosen, cast.shown(chosen, zone))})
    if not is_htmx(request):
        return see_other(path_to(request, "notifications:preferences") + "?saved=1")
    return await _form(request, "notifications/_saved.html", cast.shown(chosen, zone), says=SAVED)


async def choice_of(request: Request) -> Preferences:
    """What this person chose, or what is usual."""
    person = await keeping.person_here(request)
    told = await services(request).database.run(lambda db: kept.told(db, [person.id]))
    return from_json(told.get(person.id, ""))


async def _page(
    request: Request,
    chosen: Preferences,
    shown: Mapping[str, Any],
    status: int = 200,
    why: Invalid | None = None,
    saved: bool = False,
) -> Response:
    """The form in its page, or by itself for htmx."""
    if is_htmx(request):
        return await _form(request, "notifications/_chosen.html", shown, status, why=why)
    told = {"mutes": await mutes.named(request, chosen), "says": SAVED if saved else None}
    return await _form(request, "notifications/preferences.html", shown, status, why=why, **told)


async def _form(
    request: Request,
    template: str,
    shown: Mapping[str, Any],
    status: int = 200,
    why: Invalid | None = None,
    **more: Any,
) -> Response:
    words = {"types": OF_TYPES, "channels": OF_CHANNELS, "sounds": OF_SOUNDS, "pressing": PRESSING, "week": DAYS}
    typed_by = keeping.typed_by(request, await keeping.person_here(request))
    told = {"typed": shown, "why": why, "typed_by": typed_by, "zones": _zones(request, shown)}
    return html(request, template, status, **told, **words, **more)


def _zones(request: Request, shown: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Those to choose from, from west to east, each with what it is ahead of UTC at present."""
    now, own = services(request).clock(), {services(request).settings.timezone.key, shown["zone"]}
    ahead = {name: now.astimezone(ZoneInfo(name)) for name in {*ZONES, *own} if cast.is_zone(name)}
    named = sorted((at.utcoffset() or timedelta(), name, at.strftime("%z")) for name, at in ahead.items())
    return [(name, f"UTC{text[:3]}:{text[3:]}") for _, name, text in named]


def _shape(chosen: Preferences, shown: Mapping[str, Any]) -> dict[str, Any]:
    muted = {"muted_projects": sorted(chosen.muted_projects), "muted_tasks": sorted(chosen.muted_tasks)}
    return {**shown, **muted}
