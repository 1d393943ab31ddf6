"""Export reports as files: the numbers of a report with its tasks, or what one of its other pages shows."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.reports import listed, stale, tables, workload
from helpdesk.reports.address import NO_CHOICE, Address
from helpdesk.reports.kept import kept
from helpdesk.reports.model import EXECUTOR, MEASURES, TIME, Found, Measure
from helpdesk.reports.pace import MOST_READ, pace
from helpdesk.reports.report import THREADS, Report, Reporter
from helpdesk.tasks.model import TaskRow
from helpdesk.web.core.after_write import Act, record
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user
from helpdesk.web.lists.urls import COLUMNS, LABELS
from helpdesk.web.reports import page
from helpdesk.web.reports.exports import files, promises, times
from helpdesk.web.reports.exports.files import BATCH, Batches, Kind, Sheet, Value
from helpdesk.web.reports.form import TITLES
from helpdesk.web.reports.stale import address_of as stale_address
from helpdesk.web.reports.workload import split_of

MOST_TASKS = 20_000
"""As many tasks are listed in the file of a report."""
TASK_HEADINGS = (
    *(COLUMNS[name] for name in ("id", "subject", "status", "priority", "project")),
    *(LABELS["tracker"], *(COLUMNS[name] for name in ("assigned_to", "author", "created_on", "updated_on"))),
)
TASK_WIDTHS = (9, 60, 18, 14, 30, 18, 26, 26, 17, 17)
NAME_WIDTH, NUMBER_WIDTH = 32, 16
TASKS, TIMES = sentence("Task list"), sentence("Times")
OPEN_NOW = sentence("Open now")
TOO_MANY = sentence("These are more than %(most)s tasks. Export the tasks of a single number instead.", most=MOST_TASKS)
YES = "+"

Make = Callable[[Request, Reporter, Address], Awaitable[tuple[str, list[Sheet]]]]
"""Returns the name of the file without its ending, and its sheets."""


async def xlsx(request: Request) -> Response:
    """Answer with an xlsx file."""
    return await _export(request, "xlsx")


async def csv(request: Request) -> Response:
    """Answer with a CSV file of the first sheet."""
    return await _export(request, "csv")


async def _export(request: Request, kind: Kind) -> Response:
    reporter, person = await page.reporter_of(request), await current_user(request)
    params = request.query_params
    of = params.get("of") or ("tasks" if params.get("measure") else "report")
    if of not in PAGES:
        raise Invalid({"of": [NO_CHOICE]})
    address = page.address_of(request, is_divided=of in DIVIDED)
    name, sheets = await PAGES[of](request, reporter, address)
    if request.method != "HEAD":
        await record(request, Act("report_exported", details={"of": of, "kind": kind}))
    return await files.answer(request, person.id, kind, name, sheets)


async def _of_report(request: Request, reporter: Reporter, address: Address) -> tuple[str, list[Sheet]]:
    """Return the groups, the parts of the period, and the tasks that the numbers count."""
    report = await reporter.report(address, await reporter.choices(address))
    shown = [await THREADS.run(tables.of_groups, report)] if address.groups else []
    titles = (page.TABS["reports:index"], tables.PERIOD)
    sheets = [_table(title, table) for title, table in zip(titles, [*shown, tables.of_parts(report)], strict=False)]
    headings = (*TASK_HEADINGS, *tables.NUMBERS)
    sheets.append(Sheet(TASKS, headings, partial(_counted, reporter, report), (*TASK_WIDTHS, *[NUMBER_WIDTH] * 4)))
    return f"report-{report.period.first}-{report.period.last}", sheets


async def _of_tasks(request: Request, reporter: Reporter, address: Address) -> tuple[str, list[Sheet]]:
    """Return the tasks that a number counts."""
    choices, book = await reporter.choices(address), await services(request).promises.calendars()
    if address.unanswered:
        listed.groups_of(address)  # what it refuses is refused before the file begins
    # All histories are read for each page of unanswered tasks, so one page has all of them.
    size = 2 * MOST_READ if address.unanswered else BATCH

    def found(number: int) -> Awaitable[Found]:
        return listed.found(reporter, address._replace(page=number), choices, book, size)

    rows = partial(_pages, found, size)
    return "tasks", [Sheet(TASKS, TASK_HEADINGS, rows, TASK_WIDTHS)]


async def _of_stale(request: Request, reporter: Reporter, address: Address) -> tuple[str, list[Sheet]]:
    """Return the tasks that nobody has changed for a while."""
    address = stale_address(request)
    await reporter.choices(address)
    question = (await stale.questions(reporter, address))[stale.DAYS.index(address.days)]

    def found(number: int) -> Awaitable[Found]:
        return reporter.source.found(reporter.actor, question, {}, number, BATCH)

    def days(task: TaskRow) -> Sequence[Value]:
        return [stale.days_unchanged(reporter, task)]

    headings = (*TASK_HEADINGS, TITLES["days"])
    rows = partial(_pages, found, BATCH, days)
    return "stale-tasks", [Sheet(page.TABS["reports:stale"], headings, rows, (*TASK_WIDTHS, NUMBER_WIDTH))]


async def _of_workload(request: Request, reporter: Reporter, address: Address) -> tuple[str, list[Sheet]]:
    """Return the open tasks of each assignee."""
    address, split = address._replace(phase="", groups=(), cells=()), split_of(request)
    load = await workload.workload(reporter, address, await reporter.choices(address), split)
    return "workload", [_table(page.TABS["reports:workload"], await THREADS.run(_workload, load))]


async def _of_times(request: Request, reporter: Reporter, address: Address) -> tuple[str, list[Sheet]]:
    """Return how long tasks took."""
    its, choices = services(request).promises, await reporter.choices(address)
    address = address._replace(groups=address.groups or (TIME,))
    found = await pace(reporter, address, choices, await its.calendars(), its.now())
    return "times", [_sheet(TIMES, times.headings(found), await THREADS.run(times.rows, found), len(times.HEADINGS))]


async def _of_promises(request: Request, reporter: Reporter, address: Address) -> tuple[str, list[Sheet]]:
    """Return how many promises of time were kept."""
    its, choices = services(request).promises, await reporter.choices(address)
    found = await kept(reporter, address, choices, await its.book(), its.now())
    rows = await THREADS.run(promises.rows, found)
    return "promises", [_sheet(page.TABS["reports:promises"], promises.headings(found), rows, len(promises.HEADINGS))]


PAGES: dict[str, Make] = {
    "report": _of_report,
    "tasks": _of_tasks,
    "stale": _of_stale,
    "workload": _of_workload,
    "times": _of_times,
    "promises": _of_promises,
}
"""What is exported, by the parameter `of`."""
DIVIDED = ("report", "times", "promises")
"""What has a row for each part of a period, so that there may be too many."""


def _table(title: Sentence, table: tables.Table) -> Sheet:
    return _sheet(title, table.headings, table.rows, sum(1 for it in table.rows[-1] if isinstance(it, int)))


def _sheet(title: Sentence, headings: Sequence[tables.Text], rows: Sequence[Sequence[Value]], numbers: int) -> Sheet:
    """Return a sheet whose last columns are so many numbers."""
    widths = [NAME_WIDTH] * (len(headings) - numbers) + [NUMBER_WIDTH] * numbers
    return Sheet(title, headings, partial(files.in_batches, rows), widths)


def _workload(load: workload.Workload) -> tables.Table:
    def numbers(row: workload.Row) -> list[int]:
        return [row.total, row.stuck, *(row.counts.get(it.key, 0) for it in load.columns)]

    lines = (((row.executor,), numbers(row)) for row in load.rows)
    rows = tables.of_lines(load.labels, (EXECUTOR,), lines, numbers(load.whole))
    return tables.Table((COLUMNS["assigned_to"], OPEN_NOW, workload.STUCK, *(it.name for it in load.columns)), rows)


async def _counted(reporter: Reporter, report: Report) -> Batches:
    """Yield the tasks of a report with a mark at each number that counts them; in place of too many a sentence."""
    rows, marks = dict[int, TaskRow](), dict[int, set[str]]()
    address = report.address.fixed(report.period, groups=(), cells=(), days=0)
    for measure in MEASURES:
        number, total = 1, BATCH
        while (number - 1) * BATCH < total:
            found = await _found(reporter, address, measure, number)
            number, total = number + 1, found.total
            for row in found.rows:
                rows[row.id] = row
                marks.setdefault(row.id, set()).add(measure)
            if total > MOST_TASKS or len(rows) > MOST_TASKS:
                yield [["", TOO_MANY]]
                return
    newest = sorted(rows.values(), key=lambda it: -it.id)
    for begin in range(0, len(rows), BATCH):
        some = newest[begin : begin + BATCH]
        yield [[*_cells(it), *(YES if measure in marks[it.id] else None for measure in MEASURES)] for it in some]


async def _pages(
    found: Callable[[int], Awaitable[Found]],
    size: int,
    more: Callable[[TaskRow], Sequence[Value]] = lambda task: (),
) -> Batches:
    """Yield the tasks of all pages of this size, and what there is to say of a sample."""
    number, total, note = 1, size, None
    while (number - 1) * size < total:
        some = await found(number)
        number, total, note = number + 1, some.total, some.note
        async with aclosing(files.in_batches([*_cells(it), *more(it)] for it in some.rows)) as batches:
            async for batch in batches:
                yield batch
    if note:
        yield [["", note]]


def _found(reporter: Reporter, address: Address, measure: Measure, number: int) -> Awaitable[Found]:
    return reporter.found(address._replace(page=number), measure, BATCH)


def _cells(task: TaskRow) -> Iterable[Value]:
    people = (task.assignee.name if task.assignee else None, task.author.name if task.author else None)
    names: list[Any] = [task.status.name, task.priority.name, task.project.name, task.tracker.name, *people]
    return [task.id, task.subject, *names, task.created_on, task.updated_on]
