"""Notifications as tests keep them."""

from datetime import UTC, datetime
from typing import Any

from helpdesk.store import notifications
from helpdesk.store.database import Database
from helpdesk.store.notifications import New
from tests.world import PEOPLE_IDS

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def tell(database: Database, login: str, task_id: int, happening: str = "entry.1", **changed: Any) -> int:
    """Keep that boris commented on a task, or what is `changed` of that; the notification's number."""
    row = New(
        person_id=PEOPLE_IDS[login],
        happening=happening,
        type="comment",
        kind="commented",
        task_id=task_id,
        project_id=1,
        subject="Стул",
        author="Борис",
        old="",
        new="",
        excerpt="готово",
        is_private=False,
        sound="chime",
        happened_at=AT,
    )._replace(**changed)
    return database.run_here(lambda db: notifications.add(db, [row], AT), writes=True)[0].id
