"""The small lines of the last hour, and the charts of longer times."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.store.host_history import Point
from helpdesk.web.netmonitor.charts import BASE, HEIGHT, WIDTH, chart
from helpdesk.web.netmonitor.lines import FAILED, draw
from helpdesk.web.netmonitor.lines import HEIGHT as LINE_HEIGHT

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("parts", "line", "failures"),
    [
        ([], "", ""),
        ([None, None], "", ""),
        ([1.0, 1.0], "M0 10h2", ""),
        ([None, 4.0, 8.0, None, 4.0], "M1 9h1v-1h1M4 9h1", ""),
        ([4.0, FAILED, FAILED, 4.0], "M0 9h1M3 9h1", "M1 10h2"),
        ([1e9, 0.0001], "M0 1h1v9h1", ""),
    ],
)
def test_a_line_is_steps_with_gaps(parts: list[float | None], line: str, failures: str) -> None:
    assert draw(parts) == (line, failures)


def places(path: str) -> list[tuple[int, int]]:
    """Where the path is in each part, by walking along it."""
    found, x, y = list[tuple[int, int]](), 0, 0
    for verb, one, two in re.findall(r"([Mhv])(-?\d+)(?: (-?\d+))?", path):
        if verb == "M":
            x, y = int(one), int(two)
        elif verb == "v":
            y += int(one)
        else:
            found += [(x + step, y) for step in range(int(one))]
            x += int(one)
    return found


@given(st.lists(st.none() | st.just(FAILED) | st.floats(0, 1e7), max_size=30))
def test_a_line_shows_each_part_at_its_place(parts: list[float | None]) -> None:
    line, failures = (places(path) for path in draw(parts))
    assert [x for x, _ in line] == [at for at, it in enumerate(parts) if it is not None and it != FAILED]
    assert [x for x, _ in failures] == [at for at, it in enumerate(parts) if it == FAILED]
    assert all(1 <= y <= LINE_HEIGHT for _, y in line)
    heights = sorted(
        (ms, -y) for ms, (_, y) in zip((it for it in parts if it is not None and it >= 0), line, strict=True)
    )
    assert [y for _, y in heights] == sorted(y for _, y in heights), "slower is never lower"


def point(minutes: float, ms: float | None = 20.0, lost: int = 0) -> Point:
    at = NOW - DAY + timedelta(minutes=minutes)
    return Point(at, 1, lost, ms, ms, ms)


def test_a_chart_breaks_where_nothing_was_answered_or_measured() -> None:
    points = [point(0), point(1), point(2, None, 1), point(3), point(4), point(5), point(100), point(101)]
    drawn = chart(points, NOW - DAY, NOW)
    assert drawn.mean.count("M") == 3 and drawn.lost.count("M") == 1 and drawn.top == 50


def test_one_slow_answer_does_not_flatten_the_rest() -> None:
    drawn = chart([*(point(it) for it in range(99)), point(99, 4_000.0)], NOW - DAY, NOW)
    assert drawn.top == 50


@given(st.lists(st.tuples(st.floats(-10, 1500), st.none() | st.floats(0, 1e6)), max_size=20))
def test_a_chart_stays_within_its_edges(asked: list[tuple[float, float | None]]) -> None:
    points = sorted(point(minutes, ms, lost=ms is None) for minutes, ms in asked if minutes == minutes)
    drawn = chart(points, NOW - DAY, NOW)
    for x, y in re.findall(r"[ML](-?\d+) (-?\d+)", drawn.mean + drawn.span):
        assert 0 <= int(x) <= WIDTH and 0 <= int(y) <= BASE < HEIGHT
    assert drawn.lost.count("M") == sum(it.lost for it in points)


def test_nothing_is_drawn_of_nothing() -> None:
    assert chart([], NOW - DAY, NOW)[:3] == ("", "", "")
