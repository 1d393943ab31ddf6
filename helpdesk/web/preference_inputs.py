"""What a person chose of notifications as a form shows it, and what a form or a program chooses, by the same names.

What is not named stays as it is. A form says that it is `complete`: then boxes that it does not name are empty.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import time
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.notifications.preferences import CHANNELS, SOUNDS, TYPES, Preferences, QuietHours, Sounds
from helpdesk.web import inputs
from helpdesk.web.inputs import Fields

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CELLS = {f"{type}:{channel}": (type, channel) for type in TYPES for channel in CHANNELS}
CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(:00)?", re.ASCII)
NIGHT = time(22), time(8)
BOXES = ("wanted", "digest", "quiet", "days")
HOURS = ("quiet", "days", "start", "end", "zone")
LONGEST_NAME = 60
NO_CLOCK = sentence("This must be a time such as 22:00.")
NO_ZONE = sentence("There is no such time zone. One is, for example, Europe/Moscow.")
NO_CHOICE = sentence("There is no such choice.")
NO_DAY = sentence("Please choose a day at least.")


class Reader(NamedTuple):
    """`read` makes a value of what came under a name and raises Invalid; `again` is how a form shows what came."""

    read: Callable[[Fields, str], Any]
    again: Callable[[Fields, str], Any]


def shown(chosen: Preferences, zone: ZoneInfo) -> dict[str, Any]:
    """The fields of the form by their names. Whoever chose no quiet hours yet is offered the night in `zone`."""
    quiet = chosen.quiet or QuietHours(frozenset(range(7)), *NIGHT, zone, kept=False)
    return {
        "wanted": [name for name, cell in CELLS.items() if cell in chosen.wanted],
        "digest": chosen.digest,
        "quiet": quiet.kept,
        "days": [DAYS[day] for day in sorted(quiet.days)],
        "start": quiet.start.isoformat("minutes"),
        "end": quiet.end.isoformat("minutes"),
        "zone": quiet.zone.key,
        **{f"sound_{pressing}": sound for pressing, sound in chosen.sounds._asdict().items()},
    }


def typed(fields: Fields, before: Preferences, zone: ZoneInfo) -> dict[str, Any]:
    """The same with what was typed over it, whether it can be chosen or not."""
    fields = _completed(fields)
    came = {name: reader.again(fields, name) for name, reader in READERS.items() if name in fields.values}
    return shown(before, zone) | came


def chosen(fields: Fields, before: Preferences, zone: ZoneInfo) -> Preferences:
    """`before` with what came. Raises Invalid that tells of every field at once."""
    read, found = _read(_completed(fields))
    of_quiet = {name: read[name] for name in HOURS if name in read}
    quiet = before.quiet
    if of_quiet and not found:
        quiet = _quiet(of_quiet, before, zone)
        if quiet.kept and not quiet.days:
            found["days"] = [NO_DAY]
    if found:
        raise Invalid(found)
    sounds = {name: read[f"sound_{name}"] for name in Sounds._fields if f"sound_{name}" in read}
    changed = {name: read[name] for name in ("wanted", "digest") if name in read}
    return before._replace(**changed, quiet=quiet, sounds=before.sounds._replace(**sounds))


def _completed(fields: Fields) -> Fields:
    if not _box(fields, "complete"):
        return fields
    return fields._replace(values={**dict.fromkeys(BOXES), **fields.values})


def _read(fields: Fields) -> tuple[dict[str, Any], dict[str, Sequence[Sentence]]]:
    """The values of what was named, and what is wrong with which field."""
    read: dict[str, Any] = {}
    wrong: dict[str, Sequence[Sentence]] = {}
    for name, reader in READERS.items():
        if name in fields.values:
            try:
                read[name] = reader.read(fields, name)
            except Invalid as refusal:
                wrong |= refusal.fields
    return read, wrong


def _quiet(came: Mapping[str, Any], before: Preferences, zone: ZoneInfo) -> QuietHours:
    offered = Fields(shown(before, zone))
    held = {name: came[name] if name in came else READERS[name].read(offered, name) for name in HOURS}
    return QuietHours(held["days"], held["start"], held["end"], held["zone"], held["quiet"])


def _several(known: Mapping[str, Any]) -> Callable[[Fields, str], frozenset[Any]]:
    def read(fields: Fields, name: str) -> frozenset[Any]:
        names = _names(fields, name)
        if not all(each in known for each in names):
            raise inputs.refusal(name, NO_CHOICE)
        return frozenset(known[each] for each in names)

    return read


def _names(fields: Fields, name: str) -> list[str]:
    return [str(each) for each in fields.listed(name)]


def _box(fields: Fields, name: str) -> bool:
    return str(fields.values.get(name)).lower() in inputs.TRUE


def _clock(fields: Fields, name: str) -> time:
    found = CLOCK.fullmatch(fields.required_text(name, LONGEST_NAME).strip())
    if not found:
        raise inputs.refusal(name, NO_CLOCK)
    return time(int(found[1]), int(found[2]))


def _zone(fields: Fields, name: str) -> ZoneInfo:
    known = _zones().get(fields.required_text(name, LONGEST_NAME).strip().casefold())
    if known is None:
        raise inputs.refusal(name, NO_ZONE)
    return ZoneInfo(known)


def is_zone(name: str) -> bool:
    """Whether there is a zone of exactly this name."""
    return _zones().get(name.casefold()) == name


@cache
def _zones() -> dict[str, str]:
    """The names of all zones by their folded names, read from the system's files once."""
    return {name.casefold(): name for name in available_timezones()}


def _sound(fields: Fields, name: str) -> str:
    sound = fields.text(name, LONGEST_NAME)
    if sound not in SOUNDS:
        raise inputs.refusal(name, NO_CHOICE)
    return sound


def _text(fields: Fields, name: str) -> str:
    return str(fields.values[name] or "")


_CLOCK = Reader(_clock, _text)
_SOUND = Reader(_sound, _text)
_BOX = Reader(Fields.flag, _box)
READERS = {
    "wanted": Reader(_several(CELLS), _names),
    "digest": _BOX,
    "quiet": _BOX,
    "days": Reader(_several({name: day for day, name in enumerate(DAYS)}), _names),
    "start": _CLOCK,
    "end": _CLOCK,
    "zone": Reader(_zone, _text),
    **{f"sound_{pressing}": _SOUND for pressing in Sounds._fields},
}
