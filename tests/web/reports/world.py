"""Two years of tasks for reports: of all projects and people, some closed and reopened, some left alone."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from helpdesk.people.rights import REPORTS
from helpdesk.store import rights
from helpdesk.store.models import tables
from tests.world import FIELD_IDS, PEOPLE_IDS, PRIORITY_IDS, PROJECT_IDS, STATUS_IDS, EmbeddedWorld

DAYS_OLD = (0, 1, 3, 8, 16, 29, 31, 45, 75, 120, 200, 300, 340, 420, 500, 640) * 3
CHANNELS = ("Телефон", "Почта", "")


def fill(world: EmbeddedWorld) -> None:
    """Make the tasks, and let boris and irina read reports."""
    with world.project_below("help") as below:
        projects = (PROJECT_IDS["help"], PROJECT_IDS["office"], below, PROJECT_IDS["warehouse"])
        world.database.run_here(lambda session: _fill(session, projects), writes=True)


def _fill(session: Session, projects: tuple[int, ...]) -> None:
    for n, days in enumerate(DAYS_OLD):
        _live(session, n, days, projects[n % 4])
    for login, department in (("irina", "Отдел продаж"), ("boris", "ИТ")):
        rights.grant(session, PEOPLE_IDS[login], REPORTS)
        session.get_one(tables.Person, PEOPLE_IDS[login]).department = department


def _live(session: Session, n: int, days: int, project: int) -> None:
    """Make a task; two of five are closed after half of its life, and one of them is reopened."""
    created = datetime.now(UTC) - timedelta(days=days, minutes=30)
    status = STATUS_IDS[("new", "in_progress", "waiting", "new", "resolved")[n % 5]]
    task = tables.Task(
        project_id=project,
        kind_id=1,
        status_id=status,
        priority_id=PRIORITY_IDS[("low", "high", "urgent")[(n + n // 16) % 3]],
        author_id=PEOPLE_IDS["irina"],
        assignee_id=(PEOPLE_IDS["anna"], PEOPLE_IDS["boris"], None)[n % 3],
        subject=f"=Задача {n}",
        created_at=created,
        updated_at=created,
    )
    session.add(task)
    session.flush()
    steps = [("closed", 0.5)] if n % 5 in (1, 3) else []
    for name, share in steps + ([("in_progress", 0.75)] if n % 5 == 3 else []):
        task.updated_at, old = created + timedelta(days=days * share), task.status_id
        task.status_id, task.closed_at = STATUS_IDS[name], task.updated_at if name == "closed" else None
        entry = tables.Entry(task_id=task.id, author_id=PEOPLE_IDS["boris"], created_at=task.updated_at)
        session.add(entry)
        session.flush()
        values = {"old_value": str(old), "new_value": str(task.status_id)}
        session.add(tables.Change(entry_id=entry.id, field="status", **values))
    if channel := CHANNELS[n % 3]:
        session.add(tables.CustomValue(task_id=task.id, field_id=FIELD_IDS["Способ связи"], place=0, value=channel))
