"""Over which channels a person hears of what. `channels` decides, and nobody else does.

A mute keeps all of a project or a task away, the list on the page included, but not what turns to the very person:
being mentioned, and being given the task or losing it. Who doesn't want these either takes them off the matrix.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, time
from typing import Any, Literal, NamedTuple, TypeVar, get_args
from zoneinfo import ZoneInfo

from helpdesk.notifications.rules import Type
from helpdesk.notifications.urgency import urgency

Channel = Literal["page", "sound", "email", "push"]
Sound = Literal["chime", "knock", "bell", "none"]

TYPES: tuple[Type, ...] = get_args(Type)
CHANNELS: tuple[Channel, ...] = get_args(Channel)
SOUNDS: tuple[Sound, ...] = get_args(Sound)
PERSONAL: frozenset[Type] = frozenset({"mention", "assigned"})
"""What comes through a mute."""

LOUD: frozenset[Channel] = frozenset({"sound", "email", "push"})
"""What quiet hours silence: it is not made up for afterwards, the page has it all."""

UNHEARD: frozenset[Type] = frozenset({"system", "attachment"})
SENT: frozenset[Type] = frozenset({"assigned", "mention", "comment"})
WANTED: frozenset[tuple[Type, Channel]] = frozenset(
    {(type, "page") for type in TYPES}
    | {(type, "sound") for type in TYPES if type not in UNHEARD}
    | {(type, channel) for type in SENT for channel in ("email", "push")}
)

T = TypeVar("T")


class QuietHours(NamedTuple):
    """From `start` until `end` by the clock on the wall in `zone`, beginning on each of `days` (0 is Monday).

    An `end` that is not after `start` is on the next day; the same time means a day and a night. Hours that are not
    `kept` at present are remembered for when they will be.
    """

    days: frozenset[int]
    start: time
    end: time
    zone: ZoneInfo
    kept: bool = True

    def hold(self, now: datetime) -> bool:
        """Whether it is quiet at this aware moment. An hour that the clock shows twice counts twice."""
        if not self.kept:
            return False
        local = now.astimezone(self.zone)
        clock, today = local.time(), local.weekday()
        if self.start < self.end:
            return today in self.days and self.start <= clock < self.end
        return (today in self.days and clock >= self.start) or ((today - 1) % 7 in self.days and clock < self.end)


class Sounds(NamedTuple):
    """What a notification sounds like, by its urgency."""

    normal: Sound = "chime"
    high: Sound = "bell"


class Preferences(NamedTuple):
    """`wanted` is the matrix; what is muted is by the tracker's numbers; with `digest` one mail a day replaces
    single ones."""

    wanted: frozenset[tuple[Type, Channel]] = WANTED
    muted_projects: frozenset[int] = frozenset()
    muted_tasks: frozenset[int] = frozenset()
    quiet: QuietHours | None = None
    digest: bool = False
    sounds: Sounds = Sounds()


def channels(preferences: Preferences, type: Type, project_id: int, task_id: int, now: datetime) -> frozenset[Channel]:
    """What a notification goes out over at this aware moment; nothing at all when none is wanted.

    A sound is that of what comes up on the page, so there is none without it.
    """
    muted = project_id in preferences.muted_projects or task_id in preferences.muted_tasks
    if muted and type not in PERSONAL:
        return frozenset()
    open_to = {channel for channel in CHANNELS if (type, channel) in preferences.wanted}
    if preferences.quiet and preferences.quiet.hold(now):
        open_to -= LOUD
    if preferences.digest:
        open_to.discard("email")
    if "page" not in open_to:
        open_to.discard("sound")
    return frozenset(open_to)


def sound_of(preferences: Preferences, kind: str) -> str:
    """The name of the sound that a notification of this kind makes for this person, empty for none. Whether it makes
    any is decided by `channels`."""
    sound: Sound = getattr(preferences.sounds, urgency(kind))
    return "" if sound == "none" else sound


def to_json(preferences: Preferences) -> str:
    """The same text for the same preferences."""
    quiet = preferences.quiet
    told = {
        "wanted": {type: {each: (type, each) in preferences.wanted for each in CHANNELS} for type in TYPES},
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
    }
    return json.dumps(told)


def from_json(text: str) -> Preferences:
    """What was kept. Whatever is missing or broken is as if nobody had chosen it, each thing by itself; unknown keys
    are passed over. Never raises."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return Preferences()
    if not isinstance(told, dict):
        return Preferences()
    return Preferences(
        _wanted(told.get("wanted")),
        _read(_numbers, told.get("muted_projects"), frozenset()),
        _read(_numbers, told.get("muted_tasks"), frozenset()),
        _read(_quiet, told.get("quiet"), None),
        _read(_yes_no, told.get("digest"), False),
        _sounds(told.get("sounds")),
    )


def _read(reader: Callable[[Any], T], told: object, default: T) -> T:
    try:
        return reader(told)
    except (TypeError, ValueError, KeyError, OSError):
        return default


def _wanted(told: object) -> frozenset[tuple[Type, Channel]]:
    rows: Mapping[object, object] = told if isinstance(told, dict) else {}
    cells = {}
    for type in TYPES:
        row = rows.get(type)
        for channel in CHANNELS:
            usual = (type, channel) in WANTED
            cells[type, channel] = _read(_yes_no, row.get(channel), usual) if isinstance(row, dict) else usual
    return frozenset(cell for cell, is_wanted in cells.items() if is_wanted)


def _quiet(told: Any) -> QuietHours | None:
    days = _numbers(told["days"])
    if not days <= set(range(7)):
        raise ValueError("no day of the week")
    zone, kept = ZoneInfo(told["zone"]), _read(_yes_no, told.get("kept"), True)
    return QuietHours(days, _clock(told["start"]), _clock(told["end"]), zone, kept)


def _sounds(told: object) -> Sounds:
    chosen = told if isinstance(told, dict) else {}
    usual = Sounds()._asdict()
    return Sounds(**{pressing: _read(_sound, chosen.get(pressing), usual[pressing]) for pressing in usual})


def _sound(told: Any) -> Sound:
    if told not in SOUNDS:
        raise ValueError("no sound of ours")
    sound: Sound = told
    return sound


def _clock(told: str) -> time:
    clock = time.fromisoformat(told)
    if clock.tzinfo:
        raise ValueError("the zone is told apart")
    return clock


def _numbers(told: Any) -> frozenset[int]:
    if not isinstance(told, list) or not all(type(each) is int for each in told):
        raise TypeError("not numbers")
    return frozenset(told)


def _yes_no(told: Any) -> bool:
    if not isinstance(told, bool):
        raise TypeError("neither yes nor no")
    return told
