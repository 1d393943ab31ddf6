"""Decide over which channels a person gets a notification. Nothing else decides that.

A mute keeps all of a project or a task away, also from the list on the page, except what is addressed to the person:
being mentioned, and being assigned the task or losing it. A person who does not want these either unchecks them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from helpdesk.notifications.channels import registry
from helpdesk.notifications.channels.port import DIGEST, NIGHT, Option
from helpdesk.notifications.kinds import URGENT, Type

Sound = Literal["chime", "knock", "bell", "none"]
Cell = tuple[Type, str]
"""A cell of the matrix: a type, and the name of a channel's option."""

TYPES: tuple[Type, ...] = get_args(Type)
SOUNDS: tuple[Sound, ...] = get_args(Sound)
PERSONAL: frozenset[Type] = frozenset({"mention", "assigned"})
"""What a mute lets through."""


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

    @property
    def is_endless(self) -> bool:
        """Tell whether it is quiet around the clock on every day."""
        return self.kept and self.start == self.end and len(self.days) == 7

    def ends_after(self, now: datetime) -> datetime:
        """Return the next moment at which it is not quiet; `now` when it is not quiet then.

        Quiet hours that never end put off for a day: what came on it goes out together.
        """
        local = now.astimezone(self.zone)
        days = (local.date() + timedelta(days=ahead) for ahead in range(9))
        ends = (end for day in days for end in _moments(day, self.end, self.zone))
        later = (end for end in ends if end > now and not self.hold(end))
        return next(later, now + timedelta(days=1)) if self.hold(now) else now


class Digest(NamedTuple):
    """When the digest is sent: at `at` in the local time of `zone`, on each of `days` (0 is Monday)."""

    days: frozenset[int] = frozenset(range(5))
    at: time = time(9)
    zone: ZoneInfo | None = None

    def next_after(self, now: datetime, zone: tzinfo) -> datetime:
        """Return the next such moment; `zone` is taken where none was chosen. Without days it is every day."""
        zone = self.zone or zone
        local = now.astimezone(zone)
        days = (local.date() + timedelta(days=ahead) for ahead in range(9))
        chosen = (day for day in days if not self.days or day.weekday() in self.days)
        firsts = (_moments(day, self.at, zone)[0] for day in chosen)
        return next(moment for moment in firsts if moment > now)


def _moments(day: date, clock: time, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return when the clock shows this time on a day: in UTC, for it is compared, and twice where the clock is put
    back."""
    at = datetime.combine(day, clock, zone)
    return at.astimezone(UTC), at.replace(fold=1).astimezone(UTC)


class Decision(NamedTuple):
    """What becomes of a notification over one option.

    It goes out at once, or at `due`, together with others of the same `bundle`. With a `reason`
    (`notifications/reasons.py`) it does not go out.
    """

    reason: str = ""
    due: datetime | None = None
    bundle: str = ""


NOW = Decision()


class Sounds(NamedTuple):
    """The sounds of notifications: of the kinds in URGENT, and of the others; and that of a ringing call."""

    normal: Sound = "chime"
    high: Sound = "bell"
    call: Sound = "bell"


def cells() -> dict[str, Cell]:
    """Return every cell of the matrix by its name in forms."""
    return {f"{type}:{option.name}": (type, option.name) for type in TYPES for option in registry.options()}


def default_cells() -> frozenset[Cell]:
    """Return the cells that are checked for a person who has chosen nothing."""
    return frozenset((type, option.name) for option in registry.options() for type in option.default)


@dataclass(frozen=True)
class Preferences:
    """What a person chose. `wanted` are the checked cells of the matrix; muted projects and tasks are numbers of the
    backend; with `digest` one e-mail at `digest_at` replaces single ones. Programs switch `in_browser` and `in_widget`:
    whether browsers are sent anything while no page is open, and whether a page of theirs shows the last
    notifications."""

    wanted: frozenset[Cell] = field(default_factory=default_cells)
    muted_projects: frozenset[int] = frozenset()
    muted_tasks: frozenset[int] = frozenset()
    quiet: QuietHours | None = None
    digest: bool = False
    sounds: Sounds = Sounds()
    in_browser: bool = True
    in_widget: bool = True
    digest_at: Digest = Digest()


def decide(preferences: Preferences, type: Type, project_id: int, task_id: int, now: datetime) -> dict[str, Decision]:
    """Decide about a notification at this aware moment, for each option that the person has checked for its type. A
    digest without a zone of its own goes by that of the moment."""
    wanted = [option for option in registry.options() if (type, option.name) in preferences.wanted]
    is_muted = project_id in preferences.muted_projects or task_id in preferences.muted_tasks
    if is_muted and type not in PERSONAL:
        return {option.name: Decision("muted") for option in wanted}
    quiet = preferences.quiet if preferences.quiet and preferences.quiet.hold(now) else None
    decided = {option.name: _decision(option, preferences, quiet, now) for option in wanted}
    missing = {option.name for option in wanted if option.needs and decided.get(option.needs) != NOW}
    return {name: decision for name, decision in decided.items() if name not in missing}


def _decision(option: Option, preferences: Preferences, quiet: QuietHours | None, now: datetime) -> Decision:
    if option.needs_browser and not preferences.in_browser:
        return Decision("off")
    if option.waits:
        due = waits_until(preferences, now)
        return Decision("", due, DIGEST if preferences.digest else NIGHT) if due else NOW
    return Decision("quiet") if quiet and option.loud else NOW


def waits_until(preferences: Preferences, now: datetime) -> datetime | None:
    """Return until when what `waits` is put off: to the digest, or the end of quiet hours; None when it is not."""
    quiet = preferences.quiet
    if not preferences.digest:
        return quiet.ends_after(now) if quiet and quiet.hold(now) else None
    due = preferences.digest_at.next_after(now, quiet.zone if quiet else now.tzinfo or UTC)
    return quiet.ends_after(due) if quiet and not quiet.is_endless else due


def options_for(preferences: Preferences, type: Type, project_id: int, task_id: int, now: datetime) -> frozenset[str]:
    """Return the names of the options over which a notification goes out at this aware moment; often none."""
    return at_once(decide(preferences, type, project_id, task_id, now))


def at_once(decisions: Mapping[str, Decision]) -> frozenset[str]:
    """Return the names of the options over which a notification goes out now."""
    return frozenset(name for name, decision in decisions.items() if decision == NOW)


def sound_of(preferences: Preferences, kind: str) -> str:
    """Return the name of the sound that a notification of this kind makes for this person, or "". Whether it makes any
    is decided by `options_for`."""
    sound = preferences.sounds.high if kind in URGENT else preferences.sounds.normal
    return "" if sound == "none" else sound
