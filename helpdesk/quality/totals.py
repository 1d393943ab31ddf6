"""Count the requests of now: all, those that nobody has looked at, and those that are open."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from helpdesk.quality.model import QualityChoices
from helpdesk.quality.tables import selection_of
from helpdesk.reports import periods
from helpdesk.reports.address import Address
from helpdesk.reports.model import Question, Selection
from helpdesk.reports.report import Reporter
from helpdesk.tasks.model import Status
from helpdesk.tasks.phases import Rules, phase

EVER = datetime(1970, 1, 1, tzinfo=UTC)


class Totals(NamedTuple):
    """The requests of a person's quality control, those that nobody has looked at, and those that are open."""

    all: int
    new: int
    open: int


WHICH = Totals._fields


def new_ids(statuses: Iterable[Status], rules: Rules) -> tuple[int, ...]:
    """Return the statuses of requests that nobody has looked at; one that no task has if there are none."""
    return tuple(it.id for it in statuses if phase(it, rules) == "new") or (0,)


async def of_now(
    reporter: Reporter, address: Address, choices: QualityChoices, which: str, new: Sequence[int]
) -> Question:
    """Return the question for the requests of one of WHICH, by the filters of an address and whenever they came in;
    `new` are the statuses of those nobody has looked at."""
    return _of_now(reporter, await selection_of(reporter, address, choices), which, new)


async def totals_of(reporter: Reporter, address: Address, choices: QualityChoices, new: Sequence[int]) -> Totals:
    """Count the requests of now by the filters of an address, whatever its period."""
    selection = await selection_of(reporter, address, choices)
    questions = [_of_now(reporter, selection, which, new) for which in WHICH]
    counts = await reporter.source.counts_of(reporter.actor, questions)
    return Totals(*(it.get((), 0) for it in counts))


def _of_now(reporter: Reporter, selection: Selection, which: str, new: Sequence[int]) -> Question:
    if which == "new":
        kept = tuple(it for it in new if not selection.status_ids or it in selection.status_ids)
        selection = selection._replace(status_ids=kept or (0,))
    elif which == "open" and selection.phase != "closed":
        selection = selection._replace(phase="open")
    elif which == "open":
        selection = selection._replace(status_ids=(0,))
    return Question(selection, "created", (EVER, periods.midnight(reporter.today + periods.DAY, reporter.zone)))
