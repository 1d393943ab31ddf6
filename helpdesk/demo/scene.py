"""What one conversation is made of: its turns, and what the people of the task know."""

from collections.abc import Sequence
from random import Random
from typing import Literal, NamedTuple

from helpdesk.demo.details import Slots, render
from helpdesk.demo.situation import Situation

Field = Literal["status", "priority", "assignee"]

_WOMEN = frozenset({"anna", "irina"})


class Turn(NamedTuple):
    """One step: `sets` are the new values by field, `gap` the working minutes of silence before it."""

    gap: int
    author: str
    notes: str
    private: bool = False
    sets: tuple[tuple[Field, str | None], ...] = ()


class Scene(NamedTuple):
    """What the people of one task know. `lead` is the one of the support who works on it.

    `remembered` says whether the description points to an earlier task.
    """

    rng: Random
    situation: Situation
    course: int
    slots: Slots
    author: str
    lead: str
    remembered: bool
    said: set[str]


def support(scene: Scene, text: str, *, gap: tuple[int, int], private: bool = False, status: str | None = None) -> Turn:
    """A turn of the one who works on the task; `gap` is the least and the most silence before, in minutes."""
    notes = render(text, scene.slots, female=scene.lead in _WOMEN)
    turn = Turn(minutes(scene, gap), scene.lead, notes, private)
    return turn._replace(sets=(("status", status),)) if status else turn


def unsaid(scene: Scene, texts: Sequence[str]) -> str:
    """One of the texts not used in this task yet, "" when none is left; it counts as used from now on."""
    left = [text for text in texts if text not in scene.said or not text]
    if not left:
        return ""
    text = scene.rng.choice(left)
    scene.said.add(text)
    return text


def minutes(scene: Scene, between: tuple[int, int]) -> int:
    """A number of minutes between the two, nearer the lower one more often."""
    low, high = between
    return round(scene.rng.triangular(low, high, low + (high - low) / 4))
