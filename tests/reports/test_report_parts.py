"""The parts of a report that nothing is asked for: charts, pages of lines, labels, and how numbers have changed."""

from datetime import date

import pytest

from helpdesk.reports.labels import NO_DEPARTMENT, NO_ONE, NO_VALUE, Labels, part_text
from helpdesk.reports.lines import PER_PAGE, Line, Numbers, order, with_heads
from helpdesk.reports.model import Choices
from helpdesk.reports.periods import Period, parts
from helpdesk.reports.report import Part, Report
from helpdesk.tasks.fields import CustomField, Option
from helpdesk.tasks.lists import Vocabulary
from helpdesk.tasks.model import Status
from helpdesk.web.reports import charts
from helpdesk.web.reports.words import QUICKER, SLOWER, change, trend, verdict

FIELDS = (CustomField(7, "Курорт", "list", (Option("1", "Сочи"),)), CustomField(8, "Согласовано", "yes_no"))
CHOICES = Choices(Vocabulary((Status(4, "Новая"), Status(2, " ")), (), (), ()), FIELDS, ())
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))


def report(lines: tuple[Line, ...]) -> Report:
    """A report of nothing but lines."""
    return Report.__new__(Report, *[None] * 8, lines, None, None, Labels(CHOICES))  # type: ignore[arg-type]


def test_a_page_that_begins_within_a_group_repeats_its_line() -> None:
    lines = [Line((1,), Numbers(300)), *(Line((1, key), Numbers(1)) for key in range(300)), Line((2,), Numbers(1))]
    found = report(tuple(lines))
    first, second, third = (found.lines_of(page) for page in (1, 2, 3))
    assert (len(first), len(second), third) == (PER_PAGE, 103, ())
    assert second[0] == lines[0] and (*first, *second[1:]) == tuple(lines)


def test_lines_stand_within_their_first_group_the_heaviest_first() -> None:
    lines = {(7, "b"): 4, (7, "a"): 4, (7, "c"): 5, (9, "a"): 20, (5, "a"): 1}
    place = order(("executor", "cf_7"), Labels(CHOICES), with_heads(lines))
    assert sorted(lines, key=place) == [(9, "a"), (7, "c"), (7, "a"), (7, "b"), (5, "a")]
    heads = [keys for keys in sorted(with_heads(lines), key=place) if len(keys) == 1 or keys[0] == 7]
    assert heads == [(9,), (7,), (7, "c"), (7, "a"), (7, "b"), (5,)]


def test_lines_of_words_stand_in_the_order_of_these() -> None:
    lines = {(4, 6): 1, (4, 5): 2, (17, 5): 99, (2, 5): 50}
    place = order(("status", "executor"), Labels(CHOICES), with_heads(lines))
    assert sorted(lines, key=place) == [(4, 5), (4, 6), (2, 5), (17, 5)]


@pytest.mark.parametrize("most", [0, 1, 4, 5, 99, 100, 101, 1_999, 123_456])
def test_the_upper_edge_of_a_chart_is_round_and_not_below(most: int) -> None:
    edge = charts.upper_edge(most)
    assert most <= edge <= max(4, most * 2.5) and edge % 2 == 0


@pytest.mark.parametrize("number", [1, 2, 12, 400])
def test_each_bar_stands_on_the_ground_within_the_drawing(number: int) -> None:
    days = parts(Period(date(2026, 1, 1), date(2026, 12, 31)), "day") * 2
    drawn = charts.chart([Part(day, Numbers(place + 1, 3, 0, place)) for place, day in enumerate(days[:number])])
    assert drawn.created.count("M") == drawn.closed.count("M") == number
    edges = [float(bar.split()[0]) for bar in drawn.created.split("M")[1:]]
    assert all(0 <= x < charts.WIDTH for x in edges) and edges == sorted(edges)


def test_values_are_named_or_numbered() -> None:
    labels = Labels(CHOICES, parts(YEAR, "month"), {5: "Анна"})
    named = {
        ("status", 4): "Новая",
        ("status", 2): "#2",
        ("status", 17): "#17",
        ("executor", 5): "Анна",
        ("executor", 6): "#6",
        ("executor", 0): NO_ONE,
        ("department", ""): NO_DEPARTMENT,
        ("cf_7", "1"): "Сочи",
        ("cf_7", "9"): "9",
        ("cf_7", ""): NO_VALUE,
        ("cf_9", "x"): "x",
        ("time", 1): "02.2026",
    }
    assert {it: labels.of(*it) for it in named} == named


def test_parts_are_told_as_people_write_them() -> None:
    assert part_text(Period(date(2026, 2, 1), date(2026, 2, 28))) == "02.2026"
    assert part_text(Period(date(2026, 2, 2), date(2026, 2, 8))) == "02.02–08.02.2026"
    assert part_text(Period(date(2025, 12, 29), date(2026, 1, 4))) == "29.12.2025–04.01.2026"
    assert part_text(Period(date(2026, 2, 2), date(2026, 2, 2))) == "02.02.2026"


def test_a_change_is_told_by_a_sign_and_by_words() -> None:
    more, fewer, same, first = change(10, 15), change(10, 5), change(3, 3), change(0, 7)
    assert [it.sign for it in (more, fewer, same, first)] == ["▲", "▼", "=", "▲"]
    assert more.words.values == {"number": 5, "before": 10, "percent": 50} and "percent" not in first.words.values


def test_work_gets_slower_only_where_closed_and_open_tasks_do_not_contradict() -> None:
    assert (trend(1, 2), trend(2, 1), trend(2, 2), trend(None, 2), trend(0, None)) == (1, -1, 0, None, None)
    assert [verdict(*it) for it in ((1, 0), (0, 1), (1, 1))] == [SLOWER] * 3
    assert [verdict(*it) for it in ((-1, 0), (0, -1), (-1, -1))] == [QUICKER] * 3
    assert verdict(None, 1) is verdict(-1, None) is None
    assert not any(verdict(*it) in (SLOWER, QUICKER, None) for it in ((-1, 1), (1, -1), (0, 0)))
