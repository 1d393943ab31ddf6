"""The executors that a form offers are remembered for a minute, for those who see the same tasks."""

from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.reports import executors
from helpdesk.store.database import Database
from helpdesk.tasks.embedded.permissions import rights
from helpdesk.tasks.embedded.report_tables import report_tables
from helpdesk.tasks.model import Actor
from tests.world import PEOPLE_IDS


def test_executors_are_asked_for_again_after_a_minute_and_for_other_rights(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, clock = list[sa.Select[Any]](), [1000.0]
    monkeypatch.setattr(executors, "monotonic", lambda: clock[0])
    monkeypatch.setattr(executors, "MOST_KNOWN", 2)
    known = executors.Executors()

    def ask(login: str, *, is_admin: bool = False) -> int:
        def work(session: Session) -> Sequence[int]:
            def run(statement: sa.Select[Any]) -> Sequence[int]:
                asked.append(statement)
                return session.scalars(statement).all()

            actor = Actor(PEOPLE_IDS[login], login, is_admin=is_admin)
            return known.ids(report_tables(session, rights(session, actor)), run)

        database.run_here(work)
        return len(asked)

    assert (ask("boris"), ask("boris"), ask("irina"), ask("irina")) == (1, 1, 2, 2)
    assert (ask("irina", is_admin=True), len(known._known)) == (2, 2), "with other rights she has another answer"
    clock[0] += executors.FRESH_SECONDS + 1
    assert (ask("boris"), ask("boris")) == (3, 3)
    assert (ask("irina"), ask("admin"), len(known._known)) == (4, 5, 2)
