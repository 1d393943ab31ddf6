"""The facts of a task's page, and those that are sent after a write."""

from datetime import UTC, date, datetime, timedelta

from helpdesk.tasks.model import Choices, Priority, Ref, Status, Task, TaskRow, Written
from helpdesk.web.tasks.page import changed_facts, facts

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROW = TaskRow(7, "Принтер", Status(1, "new"), Priority(2, "normal"), Ref(1, "help"), Ref(1, "bug"), None, None, None,
              NOON, NOON)  # fmt: skip
TASK = Task(ROW, "", None, 0, None, (), (), Choices(), "1")
LATER = ROW._replace(status=Status(2, "in progress"), updated_on=NOON + timedelta(hours=1))


def names(of: Task) -> list[str]:
    return [fact.name for fact in facts(of)]


def test_attributes_without_a_value_are_left_out() -> None:
    assert names(TASK) == ["status", "priority", "assignee", "updated_on"]
    assert names(TASK._replace(start_date=date(2026, 11, 20), done_ratio=10))[3:5] == ["start_date", "done_ratio"]


def test_only_facts_that_a_write_changed_are_sent() -> None:
    told = changed_facts(Written(TASK, TASK._replace(row=LATER)))
    assert told and [fact.name for fact in told] == ["status", "updated_on"]
    assert changed_facts(Written(TASK, TASK)) == ()


def test_all_facts_are_sent_when_one_came_or_went() -> None:
    begun = TASK._replace(row=LATER, done_ratio=10)
    assert changed_facts(Written(TASK, begun)) is None and changed_facts(Written(begun, TASK)) is None
