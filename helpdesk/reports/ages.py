"""Tell how old the open tasks are that a report counts, at the beginning and at the end of its period."""

from asyncio import gather
from typing import NamedTuple

from helpdesk.reports.model import Question
from helpdesk.reports.periods import DAY
from helpdesk.reports.report import Report, Reporter


class Ages(NamedTuple):
    """The age that half of the open tasks do not exceed, in seconds by the clock on the wall; None without any."""

    before: int | None
    now: int | None


async def ages(reporter: Reporter, report: Report, now: int) -> Ages:
    """Return the ages at the beginning of a report's period, and at its end, or now while it runs."""
    begin, end = report.period.borders(reporter.zone)
    question = Question(await reporter.selection(report.address), "open", (begin, end))

    async def age(question: Question, number: int, moment: int) -> int | None:
        middle = (number - 1) // 2
        created = await reporter.source.created(reporter.actor, question, middle) if number else None
        return max(0, moment - int(created.timestamp())) if created else None

    before, then = question._replace(borders=(begin - DAY, begin)), int(begin.timestamp())
    until = min(int(end.timestamp()), now)
    return Ages(*await gather(age(before, report.begin, then), age(question, report.total.open, until)))
