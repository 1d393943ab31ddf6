"""Read the calls of a task, and the call that an agent has in hand."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.calls import LONGEST
from helpdesk.store.models.telephony import PhoneCall


def rows_of_task(session: Session, task_id: int, limit: int) -> Sequence[PhoneCall]:
    """Return the newest calls that are linked to a task."""
    rows = select(PhoneCall).where(PhoneCall.task_id == task_id)
    return session.exec(rows.order_by(col(PhoneCall.id).desc()).limit(limit)).all()


def latest_of_agent(session: Session, agent_id: str, ended_after: datetime) -> PhoneCall | None:
    """Return the call that an agent has in hand, or the last one if it ended after that moment."""
    recent = sa.or_(col(PhoneCall.ended_at).is_(None), col(PhoneCall.ended_at) > ended_after)
    lately = col(PhoneCall.began_at) > ended_after - LONGEST
    rows = select(PhoneCall).where(PhoneCall.agent_id == agent_id, lately, recent)
    return session.exec(rows.order_by(col(PhoneCall.began_at).desc(), col(PhoneCall.id).desc()).limit(1)).first()
