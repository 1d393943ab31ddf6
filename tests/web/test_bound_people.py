"""Many accounts of directories that are bound to Redmine make no page ask the store more often."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.services import Services
from helpdesk.store import directory_accounts, rights
from tests.web.conftest import HTML, Client, Visit
from tests.world import EmbeddedWorld

MANY = 200
OF_A_SESSION = 1
"""Statements by which a page learns who asks, with their rights: as many as before rights were rows."""


@contextmanager
def statements(services: Services) -> Iterator[list[str]]:
    """The statements that reach the store in the block."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    sa.event.listen(services.database.engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(services.database.engine, "before_cursor_execute", note)


def bind_many(db: Session) -> None:
    for number in range(MANY):
        values = {"full_name": f"Сотрудник {number}", "email": f"e{number}@example.test"}
        row = directory_accounts.bind(db, "oracle", f"e{number}", str(number), values)
        row.redmine_id, row.redmine_username, row.redmine_username_folded = 1000 + number, f"r{number}", f"r{number}"
        db.add(row)
        rights.grant(db, row.id or 0, "can_access_quality_control")


@pytest.fixture
def pages(embedded: EmbeddedWorld) -> list[str]:
    return ["/", "/tasks/my-tasks", "/tasks", "/tasks/board", "/notifications", f"/tasks/{embedded.new_task()}"]


def test_two_hundred_bound_people_cost_no_page_a_query(visit: Visit, services: Services, pages: list[str]) -> None:
    anna = visit("anna")

    def counts() -> dict[str, int]:
        return {page: _count(services, lambda page=page: anna.get(page, headers=HTML)) for page in pages}

    counts()  # what is read once in a while is remembered from now on
    before = counts()
    services.database.run_here(bind_many, writes=True)
    assert counts() == before


def _count(services: Services, visit: Callable[[], Any]) -> int:
    with statements(services) as seen:
        assert visit().status_code == 200
    return len(seen)


def test_who_asks_is_one_statement(visit: Visit, services: Services, anna: Client) -> None:
    with statements(services) as seen:
        anna.get("/users/menu")
    assert sum("FROM person JOIN session" in statement for statement in seen) == OF_A_SESSION
