"""Who gets which task and where it stands today: the proportions of the demo, dealt in a seeded order."""

from itertools import cycle, islice, pairwise
from random import Random

from helpdesk.demo.situation import Situation

Outcome = tuple[str, str | None]
"""The status of a task today and the login of its assignee."""

_SHARES: dict[Outcome, int] = {
    ("new", None): 45,
    ("new", "anna"): 6,
    ("new", "boris"): 6,
    ("in_progress", None): 2,
    ("in_progress", "anna"): 24,
    ("in_progress", "boris"): 18,
    ("clarification", None): 2,
    ("clarification", "anna"): 9,
    ("clarification", "boris"): 7,
    ("paused", "anna"): 8,
    ("paused", "boris"): 7,
    ("resolved", "anna"): 10,
    ("resolved", "boris"): 8,
    ("closed", None): 4,
    ("closed", "anna"): 55,
    ("closed", "boris"): 66,
    ("rejected", None): 7,
    ("rejected", "anna"): 8,
    ("rejected", "boris"): 8,
}

# How late in the story a task of this status tends to begin (0 is long ago, 1 is today), and how strictly.
_LATENESS = {
    "closed": (0.40, 0.35),
    "rejected": (0.50, 0.30),
    "paused": (0.85, 0.12),
    "resolved": (0.95, 0.10),
    "clarification": (0.95, 0.10),
    "in_progress": (0.95, 0.12),
    "new": (1.05, 0.10),
}

_ROUTES: dict[str, tuple[tuple[int, tuple[str, ...]], ...]] = {
    "new": ((1, ()),),
    "in_progress": (
        (7, ("in_progress",)),
        (4, ("in_progress", "clarification", "in_progress")),
        (2, ("in_progress", "paused", "in_progress")),
        (1, ("in_progress", "resolved", "in_progress")),
    ),
    "clarification": ((3, ("clarification",)), (4, ("in_progress", "clarification"))),
    "paused": (
        (4, ("in_progress", "paused")),
        (2, ("in_progress", "clarification", "in_progress", "paused")),
    ),
    "resolved": (
        (5, ("in_progress", "resolved")),
        (4, ("in_progress", "clarification", "in_progress", "resolved")),
        (2, ("in_progress", "paused", "in_progress", "resolved")),
    ),
    "closed": (
        (6, ("in_progress", "resolved", "closed")),
        (6, ("in_progress", "clarification", "in_progress", "resolved", "closed")),
        (4, ("in_progress", "paused", "in_progress", "resolved", "closed")),
        (2, ("in_progress", "resolved", "in_progress", "resolved", "closed")),
    ),
    "rejected": ((4, ("rejected",)), (2, ("clarification", "rejected"))),
}


def outcomes(rng: Random, tasks: int) -> list[Outcome]:
    """What becomes of each task, oldest first: the shares are exact (rounded), closed ones come early."""
    pack = [outcome for outcome, share in _SHARES.items() for _ in range(share)]
    rng.shuffle(pack)
    dealt = list(islice(cycle(pack), tasks))
    return sorted(dealt, key=lambda outcome: rng.gauss(*_LATENESS[outcome[0]]))


def route(rng: Random, status: str, *, may_return: bool) -> tuple[str, ...]:
    """The statuses that a task goes through after "new" to end in `status`.

    Only with `may_return` does a solved one come back to work: trouble returns, a thing handed over does not.
    """
    weights, routes = zip(*(pair for pair in _ROUTES[status] if may_return or not _returns(pair[1])), strict=True)
    chosen: tuple[str, ...] = rng.choices(routes, weights)[0]
    return chosen


def _returns(statuses: tuple[str, ...]) -> bool:
    return ("resolved", "in_progress") in pairwise(statuses)


def casting(rng: Random, situations: tuple[Situation, ...], tasks: int) -> list[tuple[int, Situation]]:
    """Which situation each task is, and for the how-manieth time that situation happens (from 0).

    Situations are dealt in packs whose order changes from round to round, so that at least two thirds of all
    situations lie between two tasks of the same one.
    """
    order = list(situations)
    rng.shuffle(order)
    third = -(-len(order) // 3)
    packs = [order[start : start + third] for start in range(0, len(order), third)]
    dealt: list[tuple[int, Situation]] = []
    for turn in range(-(-tasks // len(order))):
        for pack in packs:
            rng.shuffle(pack)
            dealt += [(turn, situation) for situation in pack]
    return dealt[:tasks]
