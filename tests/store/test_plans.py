"""SQLite finds by an index what would otherwise cost a look at every task: of 20,000 that is most of a page's time."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.store import host_tasks, netmonitor
from helpdesk.store.database import Database
from helpdesk.store.tracker import lists, task_parts, tasks

SEEN = tasks.visible(1, [1, 2], [])


def steps(database: Database, session: Session, ask: Callable[[Session], object]) -> list[str]:
    """What SQLite plans to do for all that `ask` asks."""
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(_connection: object, _cursor: object, text: str, values: tuple[object, ...], *_: object) -> None:
        asked.append((text, values))

    sa.event.listen(database.engine, "before_cursor_execute", note)
    ask(session)
    sa.event.remove(database.engine, "before_cursor_execute", note)
    explain = session.connection().exec_driver_sql
    return [row[3] for text, values in asked for row in explain(f"EXPLAIN QUERY PLAN {text}", values)]


@pytest.mark.parametrize(
    ("ask", "step"),
    [
        (lambda db: tasks.by_status(db, SEEN), "USING COVERING INDEX ix_tracker_task_project"),
        (lambda db: tasks.divided(db, SEEN & tasks.OPEN, [datetime.now(UTC)], date.today()),
         "USING INDEX ix_tracker_task_report (project_id=? AND status_id=?)"),
        (lambda db: lists.page(db, SEEN & (tasks.TASK.c.assignee_id == 1) & tasks.OPEN, "subject", False, 25, 0),
         "USING INDEX ix_tracker_task_assignee (assignee_id=? AND status_id=?)"),
        (lambda db: lists.pages(db, SEEN & (tasks.TASK.c.assignee_id == 1), [1, 2], "updated_on", True, 25, 0),
         "USING INDEX ix_tracker_task_assignee (assignee_id=? AND status_id=?)"),
        (lambda db: lists.comments(db, [1, 2], [1], 1), "INDEX ix_tracker_entry_task_id (task_id=?)"),
        (lambda db: task_parts.links(db, 1, [2, 3], SEEN), "INDEX ix_tracker_task_parent_id (parent_id=?)"),
    ],
    ids=["the summary", "statistics", "my open tasks", "my cards", "comments of cards", "sub-tasks and relations"],
)  # fmt: skip
def test_an_index_is_used(database: Database, ask: Callable[[Session], object], step: str) -> None:
    planned = database.run_here(lambda session: steps(database, session, ask))
    assert any(step in each for each in planned), planned
    assert not [each for each in planned if each.startswith("SCAN tracker_task")]


@pytest.mark.parametrize(
    ("ask", "index"),
    [(host_tasks.unwritten, "ix_host_incident_task_state"), (netmonitor.version, "sqlite_autoindex_host_incident_1")],
)
def test_what_is_asked_every_few_seconds_reads_not_all_incidents(
    database: Database, ask: Callable[[Session], object], index: str
) -> None:
    planned = database.run_here(lambda session: steps(database, session, ask))
    assert any(f"INDEX {index} (" in each for each in planned), planned
    assert "SCAN host_incident" not in planned


def test_a_page_joins_only_what_it_sorts_by_until_its_rows_are_known(database: Database) -> None:
    def ask(session: Session) -> object:
        return lists.page(session, SEEN, "status", False, 25, 0)

    planned = database.run_here(lambda session: steps(database, session, ask))
    sorting = planned[: next(place for place, each in enumerate(planned) if "ORDER BY" in each)]
    assert any("tracker_status" in each for each in sorting) and not [each for each in sorting if "person" in each]
