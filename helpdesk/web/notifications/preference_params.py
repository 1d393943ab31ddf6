"""Convert notification preferences to the fields of a form, and the fields of a form or a program to preferences.

A field that is not sent stays as it is. A form says that it is `complete`: then boxes that it does not send are empty.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import time
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.notifications.preferences import SOUNDS, Digest, Preferences, QuietHours, Sounds, cells
from helpdesk.tasks.fields import parse_flag
from helpdesk.web.core import request_data
from helpdesk.web.core.request_data import Fields

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(:00)?", re.ASCII)
NIGHT = time(22), time(8)
CHECKBOXES = ("wanted", "digest", "digest_days", "quiet", "days")
QUIET_FIELDS = ("quiet", "days", "start", "end", "zone")
DIGEST_FIELDS = ("digest", "digest_days", "digest_at", "zone")
LONGEST_TEXT = 60
MOST_NAMES = 100
NO_CLOCK = sentence("This must be a time such as 22:00.")
NO_ZONE = sentence("There is no such time zone. One is, for example, Europe/Moscow.")
NO_DAY = sentence("Please choose a day at least.")


class FieldParser(NamedTuple):
    """`parse` returns the value of a field and raises Invalid; `display` returns how a form shows what was sent."""

    parse: Callable[[Fields, str], Any]
    display: Callable[[Fields, str], Any]


def form_values(preferences: Preferences, zone: ZoneInfo) -> dict[str, Any]:
    """Return the fields of the form by their names. Without quiet hours the form offers the night in `zone`.

    Quiet hours and the digest go by the same clock.
    """
    digest = preferences.digest_at
    quiet = preferences.quiet or QuietHours(frozenset(range(7)), *NIGHT, digest.zone or zone, kept=False)
    return {
        "wanted": [name for name, cell in cells().items() if cell in preferences.wanted],
        "digest": preferences.digest,
        "digest_days": [DAYS[day] for day in sorted(digest.days)],
        "digest_at": digest.at.isoformat("minutes"),
        "quiet": quiet.kept,
        "days": [DAYS[day] for day in sorted(quiet.days)],
        "start": quiet.start.isoformat("minutes"),
        "end": quiet.end.isoformat("minutes"),
        "zone": quiet.zone.key,
        **{f"sound_{name}": sound for name, sound in preferences.sounds._asdict().items()},
    }


def typed_values(fields: Fields, before: Preferences, zone: ZoneInfo) -> dict[str, Any]:
    """Return the fields of the form with what was typed, valid or not."""
    fields = _completed(fields)
    sent = {name: parser.display(fields, name) for name, parser in PARSERS.items() if name in fields.values}
    return form_values(before, zone) | sent


def changed(fields: Fields, before: Preferences, zone: ZoneInfo) -> Preferences:
    """Return `before` changed by what was sent. Raises Invalid, which names every wrong field at once."""
    values, errors = _parse(_completed(fields))
    quiet_values = {name: values[name] for name in QUIET_FIELDS if name in values}
    quiet = before.quiet
    if quiet_values and not errors:
        quiet = _quiet_hours(quiet_values, before, zone)
        if quiet.kept and not quiet.days:
            errors["days"] = [NO_DAY]
    digest = _digest(values, before, zone)
    if values.get("digest", before.digest) and not digest.days:
        errors.setdefault("digest_days", [NO_DAY])
    if errors:
        raise Invalid(errors)
    sounds = {name: values[f"sound_{name}"] for name in Sounds._fields if f"sound_{name}" in values}
    others = {name: values[name] for name in ("wanted", "digest") if name in values}
    return replace(before, **others, quiet=quiet, digest_at=digest, sounds=before.sounds._replace(**sounds))


def _completed(fields: Fields) -> Fields:
    """Return the fields of a complete form with the boxes that are not ticked, and other fields as they are."""
    if not _is_ticked(fields, "complete"):
        return fields
    return fields._replace(values={**dict.fromkeys(CHECKBOXES), **fields.values})


def _parse(fields: Fields) -> tuple[dict[str, Any], dict[str, Sequence[Sentence]]]:
    """Return the values of the fields that were sent, and the errors by field."""
    values: dict[str, Any] = {}
    errors: dict[str, Sequence[Sentence]] = {}
    for name, parser in PARSERS.items():
        if name in fields.values:
            try:
                values[name] = parser.parse(fields, name)
            except Invalid as error:
                errors |= error.fields
    return values, errors


def _quiet_hours(sent: Mapping[str, Any], before: Preferences, zone: ZoneInfo) -> QuietHours:
    present = Fields(form_values(before, zone))
    values = {name: sent[name] if name in sent else PARSERS[name].parse(present, name) for name in QUIET_FIELDS}
    return QuietHours(values["days"], values["start"], values["end"], values["zone"], values["quiet"])


def _digest(sent: Mapping[str, Any], before: Preferences, zone: ZoneInfo) -> Digest:
    """Return when the digest is sent. It gets its zone with the first choice that concerns it."""
    digest = before.digest_at
    if not sent.keys() & set(DIGEST_FIELDS):
        return digest
    shown = ZoneInfo(form_values(before, zone)["zone"])
    return Digest(sent.get("digest_days", digest.days), sent.get("digest_at", digest.at), sent.get("zone", shown))


def _choices_parser(choices: Callable[[], Mapping[str, Any]]) -> Callable[[Fields, str], frozenset[Any]]:
    def parse(fields: Fields, name: str) -> frozenset[Any]:
        values = choices()
        try:
            return frozenset(values[it] for it in _sent_names(fields, name))
        except KeyError as error:
            raise request_data.refusal(name, request_data.NO_CHOICE) from error

    return parse


def _sent_names(fields: Fields, name: str) -> list[str]:
    return [str(each) for each in fields.all_values(name, MOST_NAMES)]


def _is_ticked(fields: Fields, name: str) -> bool:
    return parse_flag(str(fields.values.get(name))) is True


def _parse_clock(fields: Fields, name: str) -> time:
    match = CLOCK.fullmatch(fields.required_text(name, LONGEST_TEXT).strip())
    if not match:
        raise request_data.refusal(name, NO_CLOCK)
    return time(int(match[1]), int(match[2]))


def _parse_zone(fields: Fields, name: str) -> ZoneInfo:
    zone = zones().get(fields.required_text(name, LONGEST_TEXT).strip().casefold())
    if zone is None:
        raise request_data.refusal(name, NO_ZONE)
    return ZoneInfo(zone)


def is_zone(name: str) -> bool:
    """Return whether there is a zone of exactly this name."""
    return zones().get(name.casefold()) == name


@cache
def zones() -> dict[str, str]:
    """Return the names of all zones by their folded names. The first call reads hundreds of files."""
    return {name.casefold(): name for name in available_timezones()}


def _parse_sound(fields: Fields, name: str) -> str:
    sound = fields.text(name, LONGEST_TEXT)
    if sound not in SOUNDS:
        raise request_data.refusal(name, request_data.NO_CHOICE)
    return sound


def _sent_text(fields: Fields, name: str) -> str:
    return str(fields.values[name] or "")


_CLOCK = FieldParser(_parse_clock, _sent_text)
_BOX = FieldParser(Fields.flag, _is_ticked)
_DAYS = FieldParser(_choices_parser(lambda: {name: day for day, name in enumerate(DAYS)}), _sent_names)
PARSERS = {
    "wanted": FieldParser(_choices_parser(cells), _sent_names),
    "digest": _BOX,
    "digest_days": _DAYS,
    "digest_at": _CLOCK,
    "quiet": _BOX,
    "days": _DAYS,
    "start": _CLOCK,
    "end": _CLOCK,
    "zone": FieldParser(_parse_zone, _sent_text),
    **{f"sound_{name}": FieldParser(_parse_sound, _sent_text) for name in Sounds._fields},
}
