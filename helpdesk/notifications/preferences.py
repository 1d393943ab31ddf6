"""Decide over which channels a person gets a notification. Nothing else decides that.

A mute keeps all of a project or a task away, also from the list on the page, except what is addressed to the person:
being mentioned, and being assigned the task or losing it. A person who does not want these either unchecks them.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Literal, NamedTuple, TypeVar, get_args
from zoneinfo import ZoneInfo

from helpdesk.notifications.channels import registry
from helpdesk.notifications.channels.port import Option
from helpdesk.notifications.kinds import Type

Sound = Literal["chime", "knock", "bell", "none"]
Cell = tuple[Type, str]
"""A cell of the matrix: a type, and the name of a channel's option."""

TYPES: tuple[Type, ...] = get_args(Type)
SOUNDS: tuple[Sound, ...] = get_args(Sound)
PERSONAL: frozenset[Type] = frozenset({"mention", "assigned"})
"""What a mute lets through."""
URGENT = {"mentioned", "given"}
"""Kinds by which somebody addresses this very person. They have a sound of their own."""

T = TypeVar("T")


class QuietHours(NamedTuple):
    """From `start` until `end` in the local time of `zone`, beginning on each of `days` (0 is Monday).

    An `end` that is not after `start` is on the next day; the same time means 24 hours. Hours that are not `kept` are
    switched off but remembered.
    """

    days: frozenset[int]
    start: time
    end: time
    zone: ZoneInfo
    kept: bool = True

    def hold(self, now: datetime) -> bool:
        """Return whether it is quiet at this aware moment. An hour that the clock shows twice counts twice."""
        if not self.kept:
            return False
        local = now.astimezone(self.zone)
        clock, today = local.time(), local.weekday()
        if self.start < self.end:
            return today in self.days and self.start <= clock < self.end
        return (today in self.days and clock >= self.start) or ((today - 1) % 7 in self.days and clock < self.end)


class Sounds(NamedTuple):
    """The sounds of notifications: of the kinds in URGENT, and of the others."""

    normal: Sound = "chime"
    high: Sound = "bell"


def cells() -> dict[str, Cell]:
    """Return every cell of the matrix by its name in forms."""
    return {f"{type}:{option.name}": (type, option.name) for type in TYPES for option in registry.options()}


def default_cells() -> frozenset[Cell]:
    """Return the cells that are checked for a person who has chosen nothing."""
    return frozenset((type, option.name) for option in registry.options() for type in option.default)


@dataclass(frozen=True)
class Preferences:
    """What a person chose. `wanted` are the checked cells of the matrix; muted projects and tasks are numbers of the
    backend; with `digest` one e-mail a day replaces single ones. Programs switch `in_browser` and `in_widget`: whether
    browsers are sent anything while no page is open, and whether a page of theirs shows the last notifications."""

    wanted: frozenset[Cell] = field(default_factory=default_cells)
    muted_projects: frozenset[int] = frozenset()
    muted_tasks: frozenset[int] = frozenset()
    quiet: QuietHours | None = None
    digest: bool = False
    sounds: Sounds = Sounds()
    in_browser: bool = True
    in_widget: bool = True


def options_for(preferences: Preferences, type: Type, project_id: int, task_id: int, now: datetime) -> frozenset[str]:
    """Return the names of the options over which a notification goes out at this aware moment; often none."""
    is_muted = project_id in preferences.muted_projects or task_id in preferences.muted_tasks
    if is_muted and type not in PERSONAL:
        return frozenset()
    is_quiet = bool(preferences.quiet and preferences.quiet.hold(now))
    open_to = {it.name: it for it in registry.options() if _is_open(it, type, preferences, is_quiet)}
    return frozenset(name for name, option in open_to.items() if option.needs is None or option.needs in open_to)


def _is_open(option: Option, type: Type, preferences: Preferences, is_quiet: bool) -> bool:
    is_silenced = (option.loud and is_quiet) or (option.digested and preferences.digest)
    return (type, option.name) in preferences.wanted and not is_silenced


def sound_of(preferences: Preferences, kind: str) -> str:
    """Return the name of the sound that a notification of this kind makes for this person, or "". Whether it makes any
    is decided by `options_for`."""
    sound = preferences.sounds.high if kind in URGENT else preferences.sounds.normal
    return "" if sound == "none" else sound


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
    )


def _read(parse: Callable[[Any], T], stored: object, default: T) -> T:
    try:
        return parse(stored)
    except (TypeError, ValueError, KeyError, OSError):
        return default


def _wanted(stored: object) -> frozenset[Cell]:
    rows: Mapping[object, object] = stored if isinstance(stored, dict) else {}
    return frozenset(
        (type, option.name)
        for option in registry.options()
        for type in TYPES
        if _is_checked(rows.get(type), option.name, default=type in option.default)
    )


def _is_checked(row: object, name: str, default: bool) -> bool:
    return _read(_yes_no, row.get(name), default) if isinstance(row, dict) else default


def _quiet(stored: Any) -> QuietHours | None:
    days = _numbers(stored["days"])
    if not days <= set(range(7)):
        raise ValueError("no day of the week")
    zone, kept = ZoneInfo(stored["zone"]), _read(_yes_no, stored.get("kept"), True)
    return QuietHours(days, _clock(stored["start"]), _clock(stored["end"]), zone, kept)


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
