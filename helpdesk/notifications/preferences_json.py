"""Store preferences as JSON, and read what was stored, also by an older version."""

import json
from collections.abc import Callable, Mapping
from datetime import time
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from helpdesk.notifications.channels import registry
from helpdesk.notifications.kinds import Type
from helpdesk.notifications.preferences import SOUNDS, TYPES, Cell, Digest, Preferences, QuietHours, Sound, Sounds

T = TypeVar("T")

LATER = frozenset[Type]({"post", "promise", "quality"})
"""The types that what an older version stored does not know."""


def to_json(preferences: Preferences) -> str:
    """Return preferences as JSON, always as the same text."""
    quiet, names = preferences.quiet, [option.name for option in registry.options()]
    stored = {
        "wanted": {type: {name: (type, name) in preferences.wanted for name in names} for type in TYPES},
        "muted_projects": sorted(preferences.muted_projects),
        "muted_tasks": sorted(preferences.muted_tasks),
        "quiet": quiet
        and {
            "days": sorted(quiet.days),
            "start": quiet.start.isoformat(),
            "end": quiet.end.isoformat(),
            "zone": quiet.zone.key,
            "kept": quiet.kept,
        },
        "digest": preferences.digest,
        "digest_at": {
            "days": sorted(preferences.digest_at.days),
            "at": preferences.digest_at.at.isoformat(),
            "zone": preferences.digest_at.zone and preferences.digest_at.zone.key,
        },
        "sounds": preferences.sounds._asdict(),
        "in_browser": preferences.in_browser,
        "in_widget": preferences.in_widget,
    }
    return json.dumps(stored)


def from_json(text: str) -> Preferences:
    """Read preferences from JSON. Each value that is missing or broken gets its default; unknown keys are ignored.
    Never raises."""
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError):
        return Preferences()
    if not isinstance(stored, dict):
        return Preferences()
    return Preferences(
        _wanted(stored.get("wanted")),
        _read(_numbers, stored.get("muted_projects"), frozenset()),
        _read(_numbers, stored.get("muted_tasks"), frozenset()),
        _read(_quiet, stored.get("quiet"), None),
        _read(_yes_no, stored.get("digest"), False),
        _sounds(stored.get("sounds")),
        _read(_yes_no, stored.get("in_browser"), True),
        _read(_yes_no, stored.get("in_widget"), True),
        _read(_digest, stored.get("digest_at"), Digest()),
    )


def _read(parse: Callable[[Any], T], stored: object, default: T) -> T:
    try:
        return parse(stored)
    except (TypeError, ValueError, KeyError, OSError):
        return default


def _wanted(stored: object) -> frozenset[Cell]:
    """Return the checked cells. A type of LATER that was not known then gets its default, except over an option by
    which the person wanted nothing at all."""
    rows: Mapping[object, object] = stored if isinstance(stored, dict) else {}
    return frozenset(
        (type, option.name)
        for option in registry.options()
        for type in TYPES
        if _is_checked(rows.get(type), option.name, type in option.default and _is_welcome(rows, type, option.name))
    )


def _is_welcome(rows: Mapping[object, object], type: Type, name: str) -> bool:
    """Tell whether a type that was not known then may be sent over an option."""
    known = [rows.get(each) for each in TYPES if each not in LATER]
    return type not in LATER or any(_is_checked(row, name, default=True) for row in known)


def _is_checked(row: object, name: str, default: bool) -> bool:
    return _read(_yes_no, row.get(name), default) if isinstance(row, dict) else default


def _quiet(stored: Any) -> QuietHours | None:
    days = _numbers(stored["days"])
    if not days <= set(range(7)):
        raise ValueError("no day of the week")
    zone, kept = ZoneInfo(stored["zone"]), _read(_yes_no, stored.get("kept"), True)
    return QuietHours(days, _clock(stored["start"]), _clock(stored["end"]), zone, kept)


def _digest(stored: Any) -> Digest:
    days, zone = _numbers(stored["days"]), stored["zone"]
    if not days <= set(range(7)):
        raise ValueError("no day of the week")
    return Digest(days, _clock(stored["at"]), ZoneInfo(zone) if zone else None)


def _sounds(stored: object) -> Sounds:
    chosen = stored if isinstance(stored, dict) else {}
    return Sounds(*(_read(_sound, chosen.get(name), default) for name, default in Sounds()._asdict().items()))


def _sound(stored: Any) -> Sound:
    if stored not in SOUNDS:
        raise ValueError("no sound of ours")
    sound: Sound = stored
    return sound


def _clock(stored: str) -> time:
    clock = time.fromisoformat(stored)
    if clock.tzinfo:
        raise ValueError("the zone has a field of its own")
    return clock


def _numbers(stored: Any) -> frozenset[int]:
    if not isinstance(stored, list) or not all(type(each) is int for each in stored):
        raise TypeError("not numbers")
    return frozenset(stored)


def _yes_no(stored: Any) -> bool:
    if not isinstance(stored, bool):
        raise TypeError("neither yes nor no")
    return stored
