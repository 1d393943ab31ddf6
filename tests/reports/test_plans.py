"""SQLite asks the history of a task, not that of all tasks, for each task whose history reports and clocks read."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.reports import counting
from helpdesk.reports.executors import Executors
from helpdesk.reports.model import MEASURES, Question, Selection
from helpdesk.reports.numbers import counts
from helpdesk.reports.sql import Tables
from helpdesk.store.database import Database
from helpdesk.store.tracker import lives
from helpdesk.tasks.embedded.permissions import rights
from helpdesk.tasks.embedded.report_tables import report_tables
from helpdesk.tasks.model import Actor
from tests.store.test_plans import steps
from tests.world import PEOPLE_IDS

BORDERS = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
OF_A_TASK = "USING INDEX ix_tracker_change_entry_id (entry_id=?)"
OF_REOPENINGS = "USING INDEX ix_tracker_change_old_value (old_value=? AND field=?)"


def tables_of(session: Session) -> Tables:
    return report_tables(session, rights(session, Actor(PEOPLE_IDS["boris"], "boris")))


def executors(session: Session) -> Any:
    return Executors().ids(tables_of(session), session.scalars)


def numbers(session: Session) -> Any:
    groups = (("time",), ("executor",), ())
    asked = [Question(Selection(), measure, BORDERS, each) for measure in MEASURES for each in groups]
    return [counts(tables_of(session), session.execute, each) for each in (*([it] for it in asked), asked)]


def found(session: Session) -> Any:
    asked = [Question(Selection(executor_ids=(0, 3)), measure, BORDERS) for measure in MEASURES]
    return [
        session.execute(sa.select(counting.picked(tables_of(session), it, {"executor": 3}).c.id)).all() for it in asked
    ]


@pytest.mark.parametrize("ask", [executors, numbers, found, lambda db: lives.steps(db, range(1, 100))])
def test_no_task_costs_a_look_at_the_changes_of_all(database: Database, ask: Callable[[Session], Any]) -> None:
    planned = database.run_here(lambda session: steps(database, session, ask))
    reads = [each for each in planned if "tracker_change" in each]
    assert reads and all(each.endswith((OF_A_TASK, OF_REOPENINGS)) for each in reads), reads
