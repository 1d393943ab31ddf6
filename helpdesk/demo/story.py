"""The demo company's last months: every task with its history, told the same in every run."""

from datetime import date, datetime
from random import Random
from typing import NamedTuple

from helpdesk.demo import plan, schedule
from helpdesk.demo.registration import Registered, register
from helpdesk.demo.scene import Field, Scene, Turn
from helpdesk.demo.sidelines import with_asides, with_assignee, with_priority
from helpdesk.demo.situation import Situation
from helpdesk.demo.situations import ALL
from helpdesk.demo.talk import conversation
from helpdesk.demo.world import STATUSES

_SEED = 20
_CLOSED = frozenset(status.key for status in STATUSES if status.is_closed)
_PRIORITIES = ("low", "normal", "high", "urgent")
_BY_HEAT = ((32, 60, 8, 0), (10, 68, 18, 4), (0, 38, 42, 20))
_DONE = {"in_progress": (10, 80), "clarification": (0, 30), "paused": (20, 60), "resolved": (100, 100)}


class Change(NamedTuple):
    """A field before and after: keys of statuses and priorities, logins of assignees; None is nobody."""

    field: Field
    old: str | None
    new: str | None


class Entry(NamedTuple):
    """One line of a task's history: a comment, changes, or both."""

    at: datetime
    author: str
    notes: str
    private: bool
    changes: tuple[Change, ...]


class Task(NamedTuple):
    """A task as it stands today, with its history, oldest first; moments are in UTC, `done_ratio` in per cent."""

    project: str
    tracker: str
    status: str
    priority: str
    author: str
    assignee: str | None
    subject: str
    description: str
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    start_date: date | None
    due_date: date | None
    done_ratio: int
    entries: tuple[Entry, ...]


class _Fate(NamedTuple):
    status: str
    assignee: str | None
    priority: str
    began: int


def tell(now: datetime, tasks: int = 300) -> list[Task]:
    """The tasks of the 120 days before `now` (aware), in order of registration: the N-th has the number N.

    Only the moments and dates depend on `now`; they keep their distances in working time.
    """
    rng = Random(_SEED)
    fates = zip(plan.outcomes(rng, tasks), schedule.beginnings(rng, tasks), strict=True)
    used: set[str] = set()
    numbers: dict[str, list[int]] = {}
    told: list[Task] = []
    for (turn, situation), ((status, assignee), began) in zip(plan.casting(rng, ALL, tasks), fates, strict=True):
        earlier = numbers.setdefault(situation.key, [])
        priority = rng.choices(_PRIORITIES, _BY_HEAT[situation.heat])[0]
        new = register(rng, situation, turn, earlier=earlier, used=used)
        told.append(_lived(rng, now, situation, new, _Fate(status, assignee, priority, began)))
        earlier.append(len(told))
    return told


def _lived(rng: Random, now: datetime, situation: Situation, new: Registered, fate: _Fate) -> Task:
    lead = fate.assignee or rng.choice(("anna", "boris"))
    scene = Scene(rng, situation, new.course, new.slots, new.author, lead, "#" in new.description, set())
    route = plan.route(rng, fate.status, may_return=situation.tracker == "incident")
    turns = with_asides(scene, conversation(scene, route))
    priority, turns = with_priority(scene, turns, fate.priority)
    assignee, turns = with_assignee(scene, turns, fate.assignee)
    is_open = fate.status not in _CLOSED
    moments = schedule.moments(rng, now, fate.began, [turn.gap for turn in turns], stretch=is_open)
    first: dict[Field, str | None] = {"status": "new", "priority": priority, "assignee": assignee}
    entries = _entries(first, turns, moments[1:])
    start, due = schedule.dates(rng, now, moments, is_open=is_open, is_new=fate.status == "new")
    return Task(
        project=situation.project,
        tracker=situation.tracker,
        status=fate.status,
        priority=fate.priority,
        author=new.author,
        assignee=fate.assignee,
        subject=new.subject,
        description=new.description,
        created_at=moments[0],
        updated_at=moments[-1],
        closed_at=None if is_open else moments[-1],
        start_date=start,
        due_date=due,
        done_ratio=_done(rng, fate.status),
        entries=entries,
    )


def _entries(first: dict[Field, str | None], turns: list[Turn], moments: list[datetime]) -> tuple[Entry, ...]:
    state = dict(first)
    entries = []
    for turn, at in zip(turns, moments, strict=True):
        changes = tuple(Change(field, state[field], value) for field, value in turn.sets)
        state.update(turn.sets)
        entries.append(Entry(at, turn.author, turn.notes, turn.private, changes))
    return tuple(entries)


def _done(rng: Random, status: str) -> int:
    low, high = _DONE.get(status, (100, 100) if status == "closed" else (0, 0))
    return rng.randrange(low, high + 1, 10)
