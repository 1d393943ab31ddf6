"""Notifications as tests keep them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from helpdesk.store import notifications, people
from helpdesk.store.database import Database
from helpdesk.store.models.notifications import NotificationRow
from tests.world import PEOPLE_IDS

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def tell(database: Database, login: str, task_id: int, event: str = "entry.1", **changed: Any) -> int:
    """Keep that boris commented on a task, or what is `changed` of that; the notification's number."""
    row = NotificationRow(
        person_id=PEOPLE_IDS[login],
        event=event,
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


def tell_in(store: Path, login: str, task_id: int, event: str = "entry.1", **changed: Any) -> None:
    """The same in the store of a helpdesk that is running, whoever its people are."""
    database = Database(f"sqlite:///{store}")
    person = database.run_here(lambda db: people.by_login_or_email(db, "local", login))
    assert person
    tell(database, login, task_id, event, person_id=person.id, **changed)
    database.close()
