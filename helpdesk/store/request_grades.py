"""Store what requesters say of the help."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from helpdesk.store import locks
from helpdesk.store.models.tables import RequestGrade


def of_person(session: Session, task_id: int, person_id: int) -> RequestGrade | None:
    return session.get(RequestGrade, (task_id, person_id))


def of_task(session: Session, task_id: int) -> Sequence[RequestGrade]:
    """Return the grades of all requesters of a task, the last one first."""
    query = select(RequestGrade).where(RequestGrade.task_id == task_id)
    return session.exec(query.order_by(col(RequestGrade.given_at).desc(), col(RequestGrade.person_id))).all()


def save(session: Session, task_id: int, person_id: int, grade: int, word: str, now: datetime) -> None:
    """Keep a requester's grade of a request; a later one of the same person takes its place."""
    locks.everybody(session)
    session.merge(RequestGrade(task_id=task_id, person_id=person_id, grade=grade, word=word, given_at=now))
