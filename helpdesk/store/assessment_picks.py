"""Store which tasks were drawn for whom to assess, so that two people do not assess the same one by chance."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import locks
from helpdesk.store.models.quality import AssessmentPick

KEPT = timedelta(days=7)
"""How long a task is left to the person for whom it was drawn."""
MOST = 50
"""As many may be drawn for a person at a time."""


class Taken(NamedTuple):
    """How many tasks were drawn, and whether the person had room for any."""

    added: int
    had_room: bool


def taken(session: Session, source: str, now: datetime) -> dict[int, int]:
    """Return the people for whom tasks are drawn at present, by the task's id."""
    live = (AssessmentPick.source == source, col(AssessmentPick.picked_at) > now - KEPT)
    return {it.task_id: it.person_id for it in session.exec(select(AssessmentPick).where(*live))}


def take(session: Session, source: str, ordered: Collection[int], count: int, person_id: int, now: datetime) -> Taken:
    """Draw the first of these tasks that are free, until `count` of them are drawn for a person, who has at most MOST
    then."""
    locks.everybody(session)
    session.execute(sa.delete(AssessmentPick).where(col(AssessmentPick.picked_at) <= now - KEPT))
    drawn = taken(session, source, now)
    own = {it for it, whose in drawn.items() if whose == person_id}
    room = max(min(count - len(own.intersection(ordered)), MOST - len(own)), 0)
    new = [it for it in ordered if it not in drawn][:room]
    for task_id in new:
        session.add(AssessmentPick(source=source, task_id=task_id, person_id=person_id, picked_at=now))
    session.flush()
    return Taken(len(new), room > 0)


def give_back(session: Session, source: str, task_id: int, person_id: int | None = None) -> None:
    """Leave a task to others; only one that was drawn for this person, if there is one."""
    its = [col(AssessmentPick.source) == source, col(AssessmentPick.task_id) == task_id]
    if person_id is not None:
        its.append(col(AssessmentPick.person_id) == person_id)
    session.execute(sa.delete(AssessmentPick).where(*its))
