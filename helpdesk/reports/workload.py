"""Count the open tasks of each assignee by priority, status or age."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.reports import periods
from helpdesk.reports.address import Address
from helpdesk.reports.labels import Labels
from helpdesk.reports.lines import PER_PAGE
from helpdesk.reports.model import EXECUTOR, NOBODY, TIME, Choices, Counts, Key, Question
from helpdesk.reports.periods import DAY, FIRST_DAY, Period
from helpdesk.reports.report import STALE, THREADS, Reporter

AGES = (90, 30, 7)
"""The borders between the ages of tasks, in days, from the oldest on."""
AGE = "age"
STUCK = sentence("Unchanged for 30 days")
SPLITS = {"priority": sentence("by priority"), AGE: sentence("by age"), "status": sentence("by status")}


class Column(NamedTuple):
    """A part of the tasks: its value in the counts, its name, and the days in which its tasks were created."""

    key: Key
    name: Sentence | str
    period: Period | None = None


class Row(NamedTuple):
    """The open tasks of a person by columns, and how many of them all nobody has changed for 30 days."""

    executor: Key
    counts: Mapping[Key, int]
    stuck: int = 0

    @property
    def total(self) -> int:
        return sum(self.counts.values())


class Workload(NamedTuple):
    """The open tasks of people, those with most of them first and those of nobody last, and of all of them together."""

    split: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    whole: Row
    labels: Labels

    def rows_of(self, page: int) -> Sequence[Row]:
        return self.rows[(page - 1) * PER_PAGE : page * PER_PAGE]


async def workload(
    reporter: Reporter, address: Address, choices: Choices, split: str, page: int | None = None
) -> Workload:
    """Count who has how many open tasks now. People are named on that page, or on all of them."""
    spans = _ages(reporter.today)
    selection, today = await reporter.selection(address), Period(reporter.today, reporter.today).borders(reporter.zone)
    stuck_of = Question(reporter.unchanged(selection, STALE), "open", today, (EXECUTOR,))
    if split == AGE:
        moments = periods.borders(spans, reporter.zone)
        asked = Question(selection._replace(phase="open"), "created", moments, (EXECUTOR, TIME))
    else:
        asked = Question(selection, "open", today, (EXECUTOR, split))
    counts, stuck = await reporter.source.counts_of(reporter.actor, (asked, stuck_of))
    rows, whole = await THREADS.run(_rows, counts, stuck)
    labels = Labels(choices)
    columns = _of_ages(spans) if split == AGE else _of_words(split, whole, labels)
    load = Workload(split, columns, rows, Row(NOBODY, whole, sum(stuck.values())), labels)
    shown = rows if page is None else load.rows_of(page)
    return load._replace(labels=await reporter.named(labels, address, more=[it.executor for it in shown]))


def _rows(counts: Counts, stuck: Counts) -> tuple[list[Row], Counter[Key]]:
    """Return the rows of people and the numbers of all of them. There may be many: it runs in a thread."""
    people, whole = dict[Key, Counter[Key]](), Counter[Key]()
    for (person, key), number in counts.items():
        people.setdefault(person, Counter())[key] += number
        whole[key] += number
    rows = (Row(person, numbers, stuck.get((person,), 0)) for person, numbers in people.items())
    return sorted(rows, key=lambda it: (it.executor == NOBODY, -it.total, str(it.executor))), whole


def _of_words(split: str, whole: Mapping[Key, int], labels: Labels) -> list[Column]:
    places = labels.places(split) or {}
    keys = sorted(whole, key=lambda it: (places.get(it, len(places)), str(it)))
    return [Column(key, labels.of(split, key)) for key in keys]


def _of_ages(spans: Sequence[Period]) -> list[Column]:
    return [Column(place, _age_words(place), span) for place, span in enumerate(spans)]


def _age_words(place: int) -> Sentence:
    if place == 0:
        return sentence("%(days)s days and more", days=AGES[0])
    if place == len(AGES):
        return sentence("less than %(days)s days", days=AGES[-1])
    return sentence("%(first)s–%(last)s days", first=AGES[place], last=AGES[place - 1] - 1)


def _ages(today: date) -> list[Period]:
    """Return the days in which tasks of each age were created, the oldest first."""
    firsts = [FIRST_DAY, *(today - (days - 1) * DAY for days in AGES)]
    return [Period(first, after - DAY) for first, after in zip(firsts, [*firsts[1:], today + DAY], strict=True)]
