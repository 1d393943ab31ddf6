"""Measure reports over 200,000 tasks and a million journals: `python -m bench.reports` prints a table for
docs/numbers.md. Redmine's database is a real MariaDB, the embedded tracker a SQLite file; each question is asked as
an administrator and as somebody with one role. Only root can start that MariaDB."""

import argparse
import asyncio
import tempfile
import time
from asyncio import gather
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.demo.load import load
from helpdesk.promises.clock import Limits
from helpdesk.promises.hours import WorkingHours, parse_week
from helpdesk.promises.rules import Book, Rule
from helpdesk.reports.address_parser import parse
from helpdesk.reports.ages import ages
from helpdesk.reports.departments import Departments
from helpdesk.reports.kept import before, kept
from helpdesk.reports.model import Measure, Question, Selection
from helpdesk.reports.pace import at_a_glance, pace
from helpdesk.reports.periods import Period
from helpdesk.reports.report import Reporter
from helpdesk.reports.source import ReportSource
from helpdesk.store import schema
from helpdesk.store.database import Database
from helpdesk.tasks.embedded.reports import EmbeddedReports
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.reports import RedmineReports
from helpdesk.tasks.redmine.sql import connection
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.source import Source
from tests.servers import mariadb
from tests.servers.mariadb import execute, running_mariadb, url_of
from tests.servers.redmine import create_database, create_reader
from tests.servers.redmine_instance import TIMEZONE, linked_instance
from tests.servers.redmine_seeded import fill

TASKS, TIMES = 200_000, 12
YEARS = 3
END = datetime(2026, 11, 30, 21, tzinfo=UTC)
TODAY = date(2025, 12, 31)
"""When pages are asked for: the last day of the tasks."""
MONTHS = tuple(
    datetime(year, month, 1, tzinfo=ZoneInfo("Europe/Moscow")) for year in (2023, 2024, 2025) for month in range(1, 13)
) + (datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Moscow")),)

# One task every eight minutes since the first of January 2023; nine of ten are closed, and one of 17 of them is open
# again. Each has five journals. Every tenth has no assignee.
FIRST = "2023-01-01 00:00:00"
ISSUES = """
INSERT INTO issues (tracker_id, project_id, subject, description, status_id, assigned_to_id, priority_id, author_id,
                    created_on, updated_on, closed_on, done_ratio, is_private, lft, rgt, lock_version)
SELECT tracker.id, project.id, CONCAT('Задача ', seq), REPEAT('Не печатает принтер. ', 20),
       IF(seq % 10 = 0, {work}, IF(seq % 17 = 0, {work}, {closed})),
       IF(seq % 10 = 1, NULL, 10000 + seq % 100), {priority}, 10100 + seq % 300,
       '{first}' + INTERVAL seq * {step} SECOND, '{first}' + INTERVAL seq * {step} + 86400 * (5 + seq % 20) SECOND,
       IF(seq % 10 = 0, NULL, '{first}' + INTERVAL seq * {step} + 86400 * (1 + seq % 20) SECOND), 0, 0, 1, 2, 1
FROM seq_1_to_{tasks}
JOIN (SELECT id, ROW_NUMBER() OVER (ORDER BY id) - 1 place, COUNT(*) OVER () many FROM projects) project
     ON project.place = seq % project.many
JOIN (SELECT id, ROW_NUMBER() OVER (ORDER BY id) - 1 place, COUNT(*) OVER () many FROM trackers) tracker
     ON tracker.place = seq % tracker.many"""
PEOPLE = """
INSERT INTO users (id, login, firstname, lastname, status, type, admin)
SELECT 10000 + seq, CONCAT('user', seq), 'Имя', CONCAT('Фамилия ', seq), 1, 'User', 0 FROM seq_0_to_400"""
JOURNALS = """
INSERT INTO journals (journalized_id, journalized_type, user_id, notes, created_on, private_notes)
SELECT issues.id, 'Issue', IF(seq = 3, author_id, COALESCE(assigned_to_id, 10007)),
       IF(seq IN (1, 3, 5), REPEAT('Проверила ещё раз. ', 10), ''),
       created_on + INTERVAL CASE seq WHEN 1 THEN 3600 WHEN 2 THEN 7200 WHEN 3 THEN 70000
           ELSE COALESCE(TIMESTAMPDIFF(SECOND, created_on, closed_on), 86400) + 86400 * 2 * (seq = 5) END SECOND, 0
FROM issues JOIN seq_1_to_5 WHERE issues.id >= {first_id} ORDER BY issues.id, seq"""
DETAILS = """
INSERT INTO journal_details (journal_id, property, prop_key, old_value, value)
SELECT journals.id, 'attr', 'status_id', what.old, what.new FROM journals JOIN issues ON issues.id = journalized_id
JOIN (SELECT 2 place, '1' old, '{work}' new UNION SELECT 4, '{work}', '{closed}' UNION SELECT 0, '{closed}', '{work}')
     what ON what.place = (journals.id - {first_journal} + 1) % 5
WHERE journals.id >= {first_journal}
  AND (what.place = 2 OR (what.place = 4 AND closed_on IS NOT NULL)
       OR (what.place = 0 AND closed_on IS NOT NULL AND status_id = {work})) ORDER BY journals.id"""
OTHERS = """
INSERT INTO journal_details (journal_id, property, prop_key, old_value, value)
SELECT id, 'attr', 'assigned_to_id', NULL, '10001' FROM journals WHERE id >= {first_journal} AND id % 5 IN (1, 2)"""
FIELD = """
INSERT INTO custom_fields (id, type, name, field_format, possible_values, position, is_for_all, visible, multiple,
                           editable, is_required, is_filter, searchable)
VALUES (900, 'IssueCustomField', 'Курорт', 'list', '---\\n- a\\n', 9, 1, 1, 0, 1, 0, 1, 0);
INSERT INTO custom_fields_trackers (custom_field_id, tracker_id) SELECT 900, id FROM trackers;
INSERT INTO custom_values (customized_type, customized_id, custom_field_id, value)
SELECT 'Issue', id, 900, IF(id % 7 = 0, '', CONCAT('Курорт ', id % 40)) FROM issues"""

KNOWN = (
    "SELECT MAX(id) + 1 FROM issues",
    "SELECT MIN(id) FROM enumerations WHERE type = 'IssuePriority'",
    "SELECT MIN(id) FROM issue_statuses WHERE is_closed = 1",
    "SELECT MIN(id) + 1 FROM issue_statuses WHERE is_closed = 0",
)
ANALYZE = "ANALYZE TABLE issues, journals, journal_details, custom_values"

STATUSES_OF_OURS = (
    "SELECT MIN(id) FROM tracker_status WHERE is_closed",
    "SELECT MIN(id) + 1 FROM tracker_status WHERE NOT is_closed",
)
SEQUENCE = "WITH RECURSIVE seq(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < {most})"
MOMENT = "strftime('%Y-%m-%d %H:%M:%f000', '2023-01-01', '+' || ({seconds}) || ' seconds')"
LAST = 1_000_000  # the ids of the demo's own are below
OURS = (
    f"""INSERT INTO tracker_task (id, project_id, kind_id, status_id, priority_id, author_id, assignee_id, subject,
        description, words, requester, done_ratio, is_private, version, created_at, updated_at, closed_at)
    {SEQUENCE.format(most=":tasks")}
    SELECT {LAST} + n, 1 + n % 3, 1 + n % 3, CASE WHEN n % 10 = 0 OR n % 17 = 0 THEN :work ELSE :closed END, 2,
        1 + n % 4, CASE WHEN n % 10 = 1 THEN NULL ELSE 2 + n % 2 END, 'Задача ' || n,
        printf('%.400c', 'п'), printf('%.400c', 'п'), '', 0, 0, 1, {MOMENT.format(seconds="n * :step")},
        {MOMENT.format(seconds="n * :step + 86400 * (5 + n % 20)")},
        CASE WHEN n % 10 = 0 OR n % 17 = 0 THEN NULL
             ELSE {MOMENT.format(seconds="n * :step + 86400 * (1 + n % 20)")} END FROM seq""",
    f"""INSERT INTO tracker_entry (id, task_id, author_id, created_at, notes, is_private)
    {SEQUENCE.format(most="5")}
    SELECT {LAST} + (task.id - {LAST}) * 5 + n, task.id, COALESCE(assignee_id, 2),
        strftime('%Y-%m-%d %H:%M:%f000', created_at, '+' || CASE n WHEN 1 THEN 3600 WHEN 2 THEN 7200 WHEN 3 THEN 70000
            WHEN 4 THEN 86400 * (1 + task.id % 20) ELSE 86400 * (3 + task.id % 20) END || ' seconds'),
        CASE WHEN n IN (1, 3, 5) THEN printf('%.200c', 'п') ELSE '' END, 0
    FROM tracker_task task JOIN seq WHERE task.id > {LAST} ORDER BY task.id, n""",
    f"""INSERT INTO tracker_change (entry_id, field, old_value, new_value)
    SELECT entry.id, 'status', CASE entry.id % 5 WHEN 2 THEN 1 WHEN 4 THEN :work ELSE :closed END,
        CASE entry.id % 5 WHEN 4 THEN :closed ELSE :work END
    FROM tracker_entry entry JOIN tracker_task task ON task.id = task_id
    WHERE task.id > {LAST} AND (entry.id % 5 = 2 OR (entry.id % 5 = 4 AND task.id % 10 <> 0)
        OR (entry.id % 5 = 0 AND task.id % 10 <> 0 AND status_id = :work))""",
    f"""INSERT INTO tracker_change (entry_id, field, old_value, new_value)
    SELECT id, 'assignee', NULL, '2' FROM tracker_entry WHERE id > {LAST} AND id % 5 IN (1, 2)""",
    """INSERT INTO tracker_custom_field (id, name, kind, position, options, multiple, required, "default", hint)
    VALUES (900, 'Курорт', 'list', 9, 'a', 0, 0, '', '')""",
    """INSERT INTO tracker_custom_value (task_id, field_id, place, value)
    SELECT id, 900, 0, 'Курорт ' || id % 40 FROM tracker_task WHERE id % 7 > 0""",
)


def questions() -> Iterator[tuple[str, Question]]:
    """Yield the usual questions, each with its name."""
    measures: tuple[Measure, ...] = ("created", "closed", "open", "reopened")
    for measure in measures:
        yield f"{measure} by month", Question(Selection(), measure, MONTHS, ("time",))
    for measure in measures[:3]:
        yield f"{measure} by assignee and month", Question(Selection(), measure, MONTHS, ("executor", "time"))
    for measure in measures[:3]:
        yield f"{measure} by custom field", Question(Selection(), measure, MONTHS, ("cf_900",))
    yield "closed in a month by assignee", Question(Selection(), "closed", MONTHS[-2:], ("executor",))
    yield "open now by assignee", Question(Selection(), "open", (MONTHS[0], END), ("executor",))


def pages(reporter: Reporter) -> dict[str, Callable[[], Awaitable[object]]]:
    """Return what pages ask, each by its name: everything that they wait for but their template."""
    hours = WorkingHours(reporter.zone, parse_week(";".join(["09:00-18:00"] * 5 + ["", ""])))
    place, now = (None, None, None), int(Period(TODAY, TODAY).borders(reporter.zone)[1].timestamp())
    book = Book({place: Rule(1, "", place, Limits(60, 480))}, default=hours)

    async def report(query: str) -> None:
        address = parse(query, reporter.today)
        choices = await reporter.choices(address)
        counted = await reporter.report(address, choices, 1)
        await gather(at_a_glance(reporter, counted, choices, book, now), ages(reporter, counted, now))

    async def times(query: str) -> None:
        address = parse(query, reporter.today)
        await pace(reporter, address, await reporter.choices(address), book, now)

    async def promises(query: str) -> None:
        address = parse(query, reporter.today)
        choices = await reporter.choices(address)
        await gather(kept(reporter, address, choices, book, now), before(reporter, address, book, now))

    return {
        "page: twelve months": partial(report, ""),
        "page: twelve months by assignee": partial(report, "group=executor"),
        "page: the last month": partial(report, "period=last-month"),
        "page: times of the last month by assignee": partial(times, "period=last-month&group=executor"),
        "page: times of twelve months": partial(times, "group=time"),
        "page: times of those created in twelve months": partial(times, "group=time&measure=created"),
        "page: promises of the last month": partial(promises, "period=last-month"),
        "page: promises of twelve months": partial(promises, ""),
    }


async def measured(name: str, source: ReportSource, actors: Sequence[Actor], store: Database) -> None:
    """Print a line for each question: the median and the 95th percentile of its milliseconds."""
    closed, cell = Question(Selection(), "closed", MONTHS, ("time",)), {"time": 20}
    for actor in actors:
        asked: dict[str, Callable[[], Awaitable[object]]] = {
            title: partial(source.counts, actor, question) for title, question in questions()
        }
        asked["the tasks closed in a month"] = partial(source.found, actor, closed, cell)
        asked["the tasks open on a day"] = partial(source.found, actor, closed._replace(measure="open"), cell)
        asked["the choices of the form"] = partial(source.choices, actor)
        asked |= pages(Reporter(source, actor, Departments(store, lambda *_: []), ZoneInfo(TIMEZONE), TODAY))
        for title, ask in asked.items():
            waits = []
            for _ in range(TIMES + 1):
                began = time.perf_counter()
                await ask()
                waits.append((time.perf_counter() - began) * 1000)
            p50, p95 = median(waits[1:]), quantiles(waits[1:], n=20)[-1]
            print(f"| {name}, {actor.login} | {title} | {p50:.0f} | {p95:.0f} |", flush=True)


@contextmanager
def filled_redmine(tasks: int) -> Iterator[tuple[sa.URL, int]]:
    """Redmine's tables in a MariaDB, as many of its issues, and anna's number."""
    with tempfile.TemporaryDirectory(prefix="helpdesk-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with running_mariadb(folder / "mariadb", timezone=TIMEZONE) as server:
            writer = create_database(server)
            with linked_instance(folder / "redmine", writer) as instance:
                fill(server, writer.database, instance)
            name = writer.database
            first_id, priority, closed, work = (int(execute(server, query, name)[0][0]) for query in KNOWN)
            step = YEARS * 365 * 86_400 // tasks
            numbers = {"tasks": tasks, "first": FIRST, "step": step, "priority": priority, "work": work}
            numbers |= {"closed": closed, "first_id": first_id}
            for statement in (PEOPLE, ISSUES, JOURNALS):
                execute(server, statement.format(**numbers), name)
            first = execute(server, f"SELECT MIN(id) FROM journals WHERE journalized_id >= {first_id}", name)[0][0]
            for statement in (DETAILS, OTHERS, FIELD, ANALYZE):
                execute(server, statement.format(**numbers, first_journal=first), name)
            anna = int(execute(server, "SELECT id FROM users WHERE login = 'anna'", name)[0][0])
            yield url_of(create_reader(server, writer)), anna


def filled_store(folder: Path, tasks: int) -> Database:
    """Fill an embedded tracker with as many tasks of the demo's people, and the same histories."""
    database = Database(f"sqlite:///{folder / 'helpdesk.db'}")
    schema.migrate(database, "demo")
    database.run_here(lambda session: load(session, datetime.now(UTC)), writes=True)
    step = YEARS * 365 * 86_400 // tasks

    def fill(session: Session) -> None:
        closed, work = (session.scalar(sa.text(query)) for query in STATUSES_OF_OURS)
        for statement in OURS:
            session.execute(sa.text(statement), {"tasks": tasks, "step": step, "closed": closed, "work": work})
        session.execute(sa.text("ANALYZE"))

    database.run_here(fill, writes=True)
    return database


def main() -> None:
    reader = argparse.ArgumentParser(prog="bench.reports", description=__doc__)
    reader.add_argument("--tasks", type=int, default=TASKS)
    reader.add_argument("--embedded", action="store_true", help="not over Redmine, too")
    asked = reader.parse_args()
    print("| backend, person | question | p50 ms | p95 ms |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        store = filled_store(Path(name), asked.tasks)
        people = [Actor(1, "administrator", is_admin=True), Actor(2, "anna")]
        asyncio.run(measured("embedded", EmbeddedReports(store), people, store))
        if not asked.embedded:
            measure_redmine(asked.tasks, store)
        store.close()


def measure_redmine(tasks: int, store: Database) -> None:
    """Print the lines of the same questions over Redmine's tables."""
    mariadb.BUFFER = "512M"
    connection.READ_SECONDS, connection.LIMITS = 60, ("SET SESSION max_statement_time = 55",) * 2  # to see by how much
    with filled_redmine(tasks) as (url, anna):
        database = RedmineDatabase(url, ZoneInfo(TIMEZONE))
        people = [Actor(1, "administrator"), Actor(anna, "anna")]
        asyncio.run(measured("Redmine", RedmineReports(Source(database)), people, store))
        database.close()


if __name__ == "__main__":
    main()
