"""Scores, means, differences and draws against what they mean, in random worlds."""

import random
from collections import Counter
from datetime import UTC, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from helpdesk.quality.assessments import (
    Candidate,
    Difference,
    Mark,
    MarkSum,
    Mean,
    Scored,
    by_month,
    differences,
    drawn,
    mean,
    of_criteria,
    score,
)

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ([], None),
        ([Mark(None, 5, 5)], None),
        ([Mark(0, 1, 5)], 0),
        ([Mark(5, 100, 5), Mark(None, 100, 10)], 100),
        ([Mark(5, 3, 5), Mark(0, 1, 5)], 75),
        ([Mark(1, 1, 8)], 13),  # 12.5
        ([Mark(1, 1, 1), Mark(1, 2, 3)], 56),  # (1 + 2/3) / 3
    ],
)
def test_a_score_is_the_weighted_share_of_the_marks_given(marks: list[Mark], expected: int | None) -> None:
    assert score(marks) == expected


def test_scores_of_random_marks() -> None:
    """A score lies within 0 and 100, in no order of the marks another one, and never falls when a mark rises."""
    chance = random.Random(7)
    for _ in range(500):
        mosts = [chance.randint(1, 10) for _ in range(chance.randint(1, 30))]
        marks = [Mark(chance.choice([None, chance.randint(0, most)]), chance.randint(1, 100), most) for most in mosts]
        found = score(marks)
        assert found == score(chance.sample(marks, len(marks)))
        if found is None:
            assert all(it.mark is None for it in marks)
            continue
        weights = sum(it.weight for it in marks if it.mark is not None)
        exact = sum(Fraction(100 * it.mark * it.weight, it.most) for it in marks if it.mark is not None) / weights
        assert 0 <= found <= 100 and -Fraction(1, 2) <= exact - found < Fraction(1, 2) + Fraction(1, 10**9)
        better = [it._replace(mark=it.most) if it.mark is not None else it for it in marks]
        assert score(better) == 100
        one = chance.choice([it for it in range(len(marks)) if marks[it].mark is not None])
        raised = [*marks]
        raised[one] = marks[one]._replace(mark=marks[one].most)
        assert (score(raised) or 0) >= found


def test_months_are_those_of_the_time_zone() -> None:
    at = datetime(2026, 10, 31, 21, 30, tzinfo=UTC)  # November in Moscow
    scored = [
        Scored("main", 1, 80, at, 1),
        Scored("main", 2, 85, at, 2),
        Scored("main", 3, 10, datetime(2026, 2, 1, tzinfo=UTC), 3),
    ]
    assert by_month(scored, MOSCOW) == {"2026-02": Mean(1, 10.0), "2026-11": Mean(2, 82.5)}
    assert list(by_month(scored, MOSCOW)) == ["2026-02", "2026-11"]


def test_a_mean_has_one_decimal_and_halves_go_up() -> None:
    assert mean([1, 1, 0]) == Mean(3, 0.7) and mean([0, 0, 0, 1]) == Mean(4, 0.3)


def test_the_lowest_criterion_comes_first_and_what_does_not_apply_counts_nowhere() -> None:
    sums = [MarkSum(1, 5, 5, 1), MarkSum(2, 4, 1, 1), MarkSum(2, 8, 4, 1), MarkSum(3, 5, 0, 0)]
    assert of_criteria(sums) == {2: Mean(2, 37.5), 1: Mean(1, 100.0)}
    assert list(of_criteria(sums)) == [2, 1]


def test_differences_are_of_the_same_task_of_the_same_source() -> None:
    at = datetime(2026, 2, 1, tzinfo=UTC)
    scores = [
        ("main", 1, 80),
        ("main", 1, 60),
        ("main", 1, 70),
        ("quality", 2, 5),
        ("main", 2, 90),
        ("main", 3, 9),
        ("main", 3, 10),
    ]
    found = differences(Scored(*it, at, number) for number, it in enumerate(scores))
    assert found == [Difference("main", 1, 60, 80, 1, 0), Difference("main", 3, 9, 10, 5, 6)]
    assert [(it.points, it.is_far) for it in found] == [(20, True), (1, False)]


def test_a_draw_is_spread_over_the_executors_and_the_same_in_any_order() -> None:
    chance = random.Random(5)
    for world in range(200):
        candidates = [Candidate(number, chance.randint(0, 6)) for number in range(chance.randint(0, 60))]
        count, seed = chance.randint(0, 15), f"anna {world}"
        found = drawn(candidates, count, seed)
        assert found == drawn(chance.sample(candidates, len(candidates)), count, seed)
        assert len(found) == len(set(found)) == min(count, len(candidates)) and set(found) <= set(candidates)
        given, there = Counter(it.executor_id for it in found), Counter(it.executor_id for it in candidates)
        most = max(given.values(), default=0)
        assert all(given[it] in (most, most - 1) or given[it] == there[it] for it in there)


def test_another_person_draws_others() -> None:
    candidates = [Candidate(number, number % 3) for number in range(300)]
    first, second = (drawn(candidates, 10, f"{person} 2026-11-23") for person in (2, 3))
    assert first != second
