"""List the tasks of a number that only their histories tell: read some, or those of a sample, and pick."""

from array import array
from collections.abc import Callable, Iterable
from contextlib import aclosing
from itertools import product

from helpdesk.errors import Invalid
from helpdesk.promises.clock import answered
from helpdesk.promises.rules import Book
from helpdesk.reports.address import DEPARTMENT, NO_CHOICE, Address
from helpdesk.reports.model import TIME, Choices, Found, Life, Question, Selection
from helpdesk.reports.pace import GROUPS, MOST_READ, attribute_of, meaning, one_in
from helpdesk.reports.report import Reporter
from helpdesk.reports.times import THREADS


async def sampled(reporter: Reporter, question: Question) -> Question:
    """Return a question about at most some MOST_READ tasks: all of them, or a sample."""
    number = (await reporter.source.counts(reporter.actor, question)).get((), 0)
    return question._replace(selection=question.selection._replace(every=one_in(number, MOST_READ)))


async def found(reporter: Reporter, address: Address, choices: Choices, book: Book, per_page: int) -> Found:
    """Return a page of the tasks that a number counts. Raises what `groups_of` does."""
    measure = address.measure or "created"
    if not address.unanswered:
        return await reporter.found(address, measure, per_page)
    borders, statuses = address.within(reporter.today).borders(reporter.zone), meaning(choices, book)
    question = await sampled(reporter, Question(await reporter.listed(address), measure, borders))
    return await picked(reporter, address, question, lambda life: answered(life, statuses) is None, per_page)


def groups_of(address: Address) -> tuple[str, ...]:
    """Return the groups of the cells. Raises Invalid for those that histories do not tell."""
    groups = address.groups if address.cells else ()
    if not set(groups) <= {*GROUPS} - {TIME}:
        raise Invalid({"group": [NO_CHOICE]})
    return groups


async def picked(
    reporter: Reporter,
    address: Address,
    question: Question,
    is_wanted: Callable[[Life], bool],
    per_page: int,
) -> Found:
    """Return a page of the wanted tasks of a question that are in the cells of an address, the newest first."""
    groups = groups_of(address)
    keyed = [await attribute_of(reporter, it, question) for it in groups]
    cells = zip(groups, address.cells, strict=True)
    cell = tuple(text if group == DEPARTMENT else address.cell()[group] for group, text in cells)
    ids = array("q")

    def pick(lives: Iterable[Life]) -> None:
        ids.extend(it.id for it in lives if cell in product(*(group(it) for group in keyed)) and is_wanted(it))

    async with aclosing(reporter.source.lives_of(reporter.actor, question)) as histories:
        async for lives in histories:
            await THREADS.run(pick, lives)
    every, begin = question.selection.every, (address.page - 1) * per_page
    shown = tuple(sorted(ids, reverse=True)[begin : begin + per_page])
    asked = question._replace(selection=Selection(task_ids=shown))
    rows = (await reporter.source.found(reporter.actor, asked, {}, 1, per_page)).rows if shown else ()
    return Found(rows, len(ids), every)
