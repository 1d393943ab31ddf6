"""How a task comes to be: who asks, who registers it, and in what words."""

from random import Random
from typing import NamedTuple

from helpdesk.demo import phrases
from helpdesk.demo.colleagues import COLLEAGUES, IRINA, Colleague
from helpdesk.demo.details import Slots, fill, render
from helpdesk.demo.situation import Situation
from helpdesk.demo.world import PROJECTS

_IRINAS = frozenset(project.key for project in PROJECTS if ("irina", "requester") in project.members)
_IRINA_ASKS = 0.28
_REMEMBERS = 0.25
_TRIES = 8


class Registered(NamedTuple):
    """A task on the day it was registered; `course` tells which course of events of the situation it is."""

    author: str
    course: int
    subject: str
    description: str
    slots: Slots


def register(rng: Random, situation: Situation, turn: int, *, earlier: list[int], used: set[str]) -> Registered:
    """Words and particulars of a new task whose situation happens for the `turn`-th time (from 0).

    `earlier` are the numbers of the tasks of the same situation; `used` are all subjects so far, and the new
    one is added to it.
    """
    asker, author = _who(rng, situation)
    course, pattern = situation.subjects[turn % len(situation.subjects)]
    slots, subject = _subject(rng, asker, pattern, used)
    if earlier:
        slots["earlier"] = str(rng.choice(earlier))
    body = render(situation.bodies[course - 1], slots)
    words = _own(rng, body, slots) if author == "irina" else _for_colleague(rng, situation, body, slots)
    return Registered(author, course, subject, words, slots)


def _who(rng: Random, situation: Situation) -> tuple[Colleague, str]:
    hers = situation.project in _IRINAS and situation.group in ("office", "accounting")
    if hers and rng.random() < _IRINA_ASKS:
        return IRINA, "irina"
    author = rng.choices(("admin", "anna", "boris"), (2, 4, 4))[0]
    return rng.choice(COLLEAGUES[situation.group]), author


def _subject(rng: Random, asker: Colleague, pattern: str, used: set[str]) -> tuple[Slots, str]:
    for _ in range(_TRIES):
        slots = fill(rng, asker)
        subject = render(pattern, slots)
        if subject not in used:
            break
    else:
        subject = f"{subject}, обращение № {len(used) + 1}"
    used.add(subject)
    return slots, subject


def _own(rng: Random, body: str, slots: Slots) -> str:
    parts = rng.choice(phrases.GREETINGS), body, render(rng.choice(phrases.FAREWELLS), slots)
    return "\n\n".join(part for part in parts if part)


def _for_colleague(rng: Random, situation: Situation, body: str, slots: Slots) -> str:
    opening = render(rng.choice(phrases.OPENINGS[situation.tracker]), slots)
    remembers = "earlier" in slots and rng.random() < _REMEMBERS
    before = render(rng.choice(phrases.SEEN_BEFORE), slots) if remembers else ""
    return "\n\n".join(part for part in (opening, body, before) if part)
