"""What reports cost over 200,000 tasks and a million journals: `python -m bench.reports` prints a table for
docs/numbers.md. Redmine's database is a real MariaDB, the embedded tracker a SQLite file; each question is asked as
an administrator and as somebody with one role. Only root can start that MariaDB."""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from helpdesk.reports.model import Measure, Question, Selection
from helpdesk.reports.source import ReportSource
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

TASKS, TIMES, LONGEST_SECONDS = 200_000, 12, 25
YEARS = 3
END = datetime(2026, 11, 30, 21, tzinfo=UTC)
MONTHS = tuple(
    datetime(year, month, 1, tzinfo=ZoneInfo("Europe/Moscow")) for year in (2023, 2024, 2025) for month in range(1, 13)
) + (datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Moscow")),)
CLOSED, WORK = 5, 2

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
           WHEN 4 THEN 86400 * (1 + issues.id % 20) ELSE 86400 * (3 + issues.id % 20) END SECOND, 0
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


async def measured(source: ReportSource, actors: Sequence[tuple[str, Actor]]) -> Iterator[str]:
    """Return a line for each question with the median and the 95th percentile of its milliseconds."""
    lines = []
    for name, question in questions():
        for who, actor in actors:
            lines.append(await _line(f"{name}, {who}", lambda q=question, a=actor: source.counts(a, q)))
    closed, cell = Question(Selection(), "closed", MONTHS, ("time",)), {"time": 20}
    is_open = closed._replace(measure="open")
    for who, actor in actors:
        lines.append(await _line(f"tasks closed in a month, {who}", lambda a=actor: source.found(a, closed, cell)))
        lines.append(await _line(f"tasks open at a day, {who}", lambda a=actor: source.found(a, is_open, cell)))
        lines.append(await _line(f"choices, {who}", lambda a=actor: source.choices(a)))
    return iter(lines)


async def _line(name, ask) -> str:
    waits: list[float] = []
    while len(waits) <= TIMES and sum(waits) < LONGEST_SECONDS * 1000:
        began = time.perf_counter()
        try:
            await ask()
        except Exception as error:
            print(name, type(error).__name__, error)
        waits.append((time.perf_counter() - began) * 1000)
    kept = waits[1:] if len(waits) > 2 else waits * 2
    line = f"| {name} | {median(kept):.0f} | {quantiles(kept, n=20)[-1]:.0f} |"
    print(line, flush=True)
    return line


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
            database = writer.database
            first_id = int(execute(server, "SELECT MAX(id) + 1 FROM issues", database)[0][0])
            priority = execute(server, "SELECT MIN(id) FROM enumerations WHERE type = 'IssuePriority'", database)[0][0]
            statuses = execute(server, "SELECT id, is_closed FROM issue_statuses ORDER BY id", database)
            closed = next(row[0] for row in statuses if row[1] == "1")
            work = [row[0] for row in statuses if row[1] == "0"][1]
            step = YEARS * 365 * 86400 // tasks
            numbers = {"tasks": tasks, "first": FIRST, "step": step, "priority": priority, "work": work,
                       "closed": closed, "first_id": first_id}  # fmt: skip
            first_journal = int(execute(server, "SELECT COALESCE(MAX(id), 0) + 1 FROM journals", database)[0][0])
            for statement in (PEOPLE, ISSUES, JOURNALS):
                execute(server, statement.format(**numbers), database)
            first_journal = int(
                execute(server, f"SELECT MIN(id) FROM journals WHERE journalized_id >= {first_id}", database)[0][0]
            )
            numbers["first_journal"] = first_journal
            for statement in (DETAILS, OTHERS, FIELD):
                execute(server, statement.format(**numbers), database)
            execute(server, "ANALYZE TABLE issues, journals, journal_details, custom_values", database)
            counted = "SELECT MAX(id) FROM journal_details"
            print(execute(server, counted, database))
            anna = int(execute(server, "SELECT id FROM users WHERE login = 'anna'", database)[0][0])
            reader = create_reader(server, writer)
            yield url_of(reader), anna


def main() -> None:
    reader = argparse.ArgumentParser(prog="bench.reports", description=__doc__)
    reader.add_argument("--tasks", type=int, default=TASKS)
    reader.add_argument("--serve", action="store_true")
    asked = reader.parse_args()
    mariadb.BUFFER = "512M"
    connection.READ_SECONDS, connection.LIMITS = 60, ("SET SESSION max_statement_time = 55",) * 2
    with filled_redmine(asked.tasks) as (url, anna):
        if asked.serve:
            print(url.render_as_string(hide_password=False), flush=True)
            time.sleep(3000)
        database = RedmineDatabase(url, ZoneInfo(TIMEZONE))
        actors = [("administrator", Actor(1, "admin")), ("anna", Actor(anna, "anna"))]
        print("\n".join(asyncio.run(measured(RedmineReports(Source(database, 3600.0)), actors))))


if __name__ == "__main__":
    main()
