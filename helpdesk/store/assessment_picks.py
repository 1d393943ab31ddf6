"""Store which tasks were drawn for whom to assess, so that two people do not assess the same one by chance."""

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import locks
from helpdesk.store.models.quality import AssessmentPick

KEPT = timedelta(days=7)
"""How long a task is left to the person for whom it was drawn."""
MOST = 50
"""As many may be drawn for a person at a time."""


def taken(session: Session, source: str, now: datetime) -> dict[int, int]:
    """Return the people for whom tasks are drawn at present, by the task's id."""
    live = (AssessmentPick.source == source, col(AssessmentPick.picked_at) > now - KEPT)
    return {it.task_id: it.person_id for it in session.exec(select(AssessmentPick).where(*live))}


def take(session: Session, source: str, ordered: Collection[int], count: int, person_id: int, now: datetime) -> None:
    """Draw the first `count` of these tasks that are free for a person, who has at most MOST then."""
    locks.everybody(session)
    session.execute(sa.delete(AssessmentPick).where(col(AssessmentPick.picked_at) <= now - KEPT))
    others = taken(session, source, now)
    room = max(MOST - sum(it == person_id for it in others.values()), 0)
    free = [it for it in ordered if it not in others]
    for task_id in free[: min(count, room)]:
        session.add(AssessmentPick(source=source, task_id=task_id, person_id=person_id, picked_at=now))
    session.flush()


def give_back(session: Session, source: str, task_id: int, person_id: int | None = None) -> None:
    """Leave a task to others; only one that was drawn for this person, if there is one."""
    its = [col(AssessmentPick.source) == source, col(AssessmentPick.task_id) == task_id]
    if person_id is not None:
        its.append(col(AssessmentPick.person_id) == person_id)
    session.execute(sa.delete(AssessmentPick).where(*its))
