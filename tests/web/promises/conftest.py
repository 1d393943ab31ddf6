"""A promise for the tasks of a project, and tasks of some age. Without a calendar all time is working time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from helpdesk.services import Services
from helpdesk.store.models.tables import Task
from tests.web.conftest import Client, Visit
from tests.world import EmbeddedWorld

PROMISE = {"name": "Обычный срок", "project_id": 1, "solution": "4:00", "is_active": True}
Aged = Callable[..., int]


@pytest.fixture
def admin(visit: Visit) -> Client:
    return visit("admin")


@pytest.fixture
def promised(admin: Client) -> int:
    """The number of a promise: what is in the first project is solved in four hours."""
    answer = admin.post("/admin/promises", json=PROMISE)
    assert answer.status_code == 201, answer.text
    number: int = answer.json()["id"]
    return number


@pytest.fixture
def aged(embedded: EmbeddedWorld, services: Services) -> Aged:
    """Makes a task that was created so many minutes ago, and returns its number."""

    def make(minutes: float, subject: str = "Принтер", **more: str) -> int:
        number = embedded.new_task(subject, **more)  # type: ignore[arg-type]
        created = datetime.now(UTC) - timedelta(minutes=minutes)
        change = sa.update(Task).where(col(Task.id) == number).values(created_at=created, updated_at=created)
        services.database.run_here(lambda db: db.execute(change), writes=True)
        return number

    return make
