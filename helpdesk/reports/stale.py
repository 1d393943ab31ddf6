"""Find open tasks that nobody has changed for a while."""

from collections.abc import Sequence
from typing import NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.reports.address import Address
from helpdesk.reports.model import Question
from helpdesk.reports.periods import Period
from helpdesk.reports.report import Reporter
from helpdesk.tasks.model import TaskRow


class Mark(NamedTuple):
    """A word for a task that was changed last so many days ago, or earlier; `kind` is its shape."""

    days: int
    kind: str
    word: Sentence


MARKS = (
    Mark(30, "critical", sentence("critical")),
    Mark(15, "attention", sentence("needs attention")),
    Mark(7, "warning", sentence("first warning")),
)
"""From the longest on."""
DAYS = tuple(it.days for it in MARKS)


async def questions(reporter: Reporter, address: Address) -> Sequence[Question]:
    """Return the questions for the stale tasks of each of MARKS."""
    selection = await reporter.selection(address)
    borders = Period(reporter.today, reporter.today).borders(reporter.zone)
    return [Question(reporter.unchanged(selection, days), "open", borders) for days in DAYS]


def days_unchanged(reporter: Reporter, task: TaskRow) -> int:
    """Return how many days ago a task was changed last."""
    return (reporter.today - task.updated_on.astimezone(reporter.zone).date()).days


def mark_of(days: int) -> Mark | None:
    """Return the mark of a task that was changed last so many days ago; None for a fresh one."""
    return next((it for it in MARKS if days >= it.days), None)
