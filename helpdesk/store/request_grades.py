"""Store what requesters say of the help."""

from datetime import datetime

from sqlmodel import Session

from helpdesk.store import locks
from helpdesk.store.models.tables import RequestGrade


def of_task(session: Session, task_id: int) -> RequestGrade | None:
    return session.get(RequestGrade, task_id)


def save(session: Session, task_id: int, person_id: int, grade: int, word: str, now: datetime) -> None:
    """Keep the grade of a request; a later one takes its place."""
    locks.everybody(session)
    session.merge(RequestGrade(task_id=task_id, person_id=person_id, grade=grade, word=word, given_at=now))
