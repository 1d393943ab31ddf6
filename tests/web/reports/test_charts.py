"""Lines through times, and the words for the parts of a period."""

from datetime import date

from helpdesk.errors import Sentence
from helpdesk.reports.labels import step_text
from helpdesk.reports.periods import Period, parts
from helpdesk.web.reports.charts import of_times

HOUR = 3_600


def test_a_part_without_a_time_is_a_gap_of_the_line() -> None:
    chart = of_times({0: HOUR * 10, 1: HOUR * 5, 3: 0}, 4)
    assert chart and chart.top == 10 * HOUR
    assert chart.line == "M75.0 0.0L225.0 80.0M525.0 160.0h1"
    assert chart.area == "M75.0 0.0L225.0 80.0V160H75.0zM525.0 160.0h1V160H525.0z"


def test_one_time_alone_is_not_drawn_and_minutes_have_an_edge_of_minutes() -> None:
    assert of_times({0: HOUR}, 4) is None and of_times({}, 4) is None
    chart = of_times({0: 240, 1: 60}, 2)
    assert chart and chart.top == 240


def test_the_month_that_runs_is_no_day_among_months() -> None:
    def told(first: date, last: date, step: str) -> Sentence | str:
        divided = parts(Period(first, last), step)
        return step_text(divided, len(divided) - 1)

    begin = date(2026, 10, 1)
    running = told(begin, date(2026, 12, 1), "month")
    assert isinstance(running, Sentence) and running.values == {"month": "12.2026", "day": "01.12"}
    assert told(begin, date(2026, 11, 30), "month") == "11.2026"
    assert told(begin, date(2026, 12, 1), "day") == "01.12.2026"
    assert told(date(2026, 12, 1), date(2026, 12, 1), "month") == "01.12.2026"
