"""Reckon with assessments: the score of marks, means, how far assessors differ, and whose work is drawn: pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, tzinfo
from fractions import Fraction
from hashlib import blake2b
from math import floor
from typing import NamedTuple

BEST = 100
"""The highest score."""
FAR_APART = 20
"""A difference of two scores that is to be talked about."""


class Mark(NamedTuple):
    """A mark from 0 to `most` that counts by `weight`; None is "does not apply"."""

    mark: int | None
    weight: int
    most: int


class MarkSum(NamedTuple):
    """The sum of so many marks for a criterion, of those that have the same highest mark."""

    criterion_id: int
    most: int
    total: int
    number: int


class Scored(NamedTuple):
    """A score of a task, when it was given, and the id of its assessment."""

    source: str
    task_id: int
    score: int
    at: datetime
    id: int


class Mean(NamedTuple):
    """The mean of so many scores, with one decimal."""

    of: int
    mean: float


class Difference(NamedTuple):
    """How far the lowest and the highest score of a task are apart, with the ids of assessments that have them."""

    source: str
    task_id: int
    lowest: int
    highest: int
    lowest_id: int
    highest_id: int

    @property
    def points(self) -> int:
        return self.highest - self.lowest

    @property
    def is_far(self) -> bool:
        return self.points >= FAR_APART


class Candidate(NamedTuple):
    """A task that may be drawn, with whose work it was."""

    task_id: int
    executor_id: int


def score(marks: Iterable[Mark]) -> int | None:
    """Return the weighted share of the marks that were given, from 0 to BEST; None if nothing applies.

    Halves are rounded up.
    """
    given = [(it.mark, it.weight, it.most) for it in marks if it.mark is not None]
    if not given:
        return None
    total = sum((Fraction(mark * weight, most) for mark, weight, most in given), Fraction())
    return rounded(total / sum(weight for _, weight, _ in given) * BEST)


def rounded(number: Fraction) -> int:
    """Round to a whole number, halves up."""
    return floor(number + Fraction(1, 2))


def mean(scores: Collection[int]) -> Mean:
    """Return the mean of scores. Raises ZeroDivisionError without any."""
    return Mean(len(scores), rounded(Fraction(sum(scores) * 10, len(scores))) / 10)


def by_month(scored: Iterable[Scored], zone: tzinfo) -> dict[str, Mean]:
    """Return the means of months such as "2026-11", the earliest first; months without a score are left out."""
    months = defaultdict[str, list[int]](list)
    for it in scored:
        months[it.at.astimezone(zone).strftime("%Y-%m")].append(it.score)
    return {month: mean(months[month]) for month in sorted(months)}


def of_criteria(sums: Iterable[MarkSum]) -> dict[int, Mean]:
    """Return the mean share of each criterion's marks, from 0 to BEST, by its id, the lowest first."""
    shares, counts = defaultdict[int, Fraction](Fraction), defaultdict[int, int](int)
    for it in sums:
        shares[it.criterion_id] += Fraction(it.total * BEST, it.most)
        counts[it.criterion_id] += it.number
    means = {it: Mean(of, rounded(shares[it] / of * 10) / 10) for it, of in counts.items() if of}
    return dict(sorted(means.items(), key=lambda it: (it[1].mean, it[0])))


def differences(scored: Iterable[Scored]) -> list[Difference]:
    """Return the tasks with several scores, those that are furthest apart first."""
    tasks = defaultdict[tuple[str, int], list[tuple[int, int]]](list)
    for it in scored:
        tasks[it.source, it.task_id].append((it.score, it.id))
    ends = ((task, *min(scores), *max(scores)) for task, scores in tasks.items() if len(scores) > 1)
    found = [Difference(*task, low, high, low_id, high_id) for task, low, low_id, high, high_id in ends]
    return sorted(found, key=lambda it: (-it.points, it.source, it.task_id))


def drawn(candidates: Iterable[Candidate], count: int, seed: str) -> list[Candidate]:
    """Draw some candidates by chance, the same for the same seed, in whatever order they come.

    Everybody's work is drawn equally often, as far as there is enough of it.
    """
    turns = _by_executor(candidates, seed)
    placed = [
        (place, _chance(seed, f"executor {executor}"), it)
        for executor, of in turns.items()
        for place, it in enumerate(of)
    ]
    return [it for _, _, it in sorted(placed)[: max(count, 0)]]


def _by_executor(candidates: Iterable[Candidate], seed: str) -> dict[int, list[Candidate]]:
    turns = defaultdict[int, list[Candidate]](list)
    for it in sorted(set(candidates), key=lambda it: (_chance(seed, f"task {it.task_id}"), it)):
        turns[it.executor_id].append(it)
    return turns


def _chance(seed: str, name: str) -> bytes:
    return blake2b(f"{seed} {name}".encode(), digest_size=8).digest()
