"""Forget calls that are kept no longer, and who the other end of a call was."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import phone_agents
from helpdesk.store.call_lists import OUT
from helpdesk.store.models.tables import PhoneCall

AT_ONCE = 500


def delete_old(session: Session, oldest: datetime) -> int:
    """Delete the oldest calls that began before a moment, at most AT_ONCE. Returns their number."""
    began = col(PhoneCall.began_at)
    ids = session.exec(select(PhoneCall.id).where(began < oldest).order_by(began).limit(AT_ONCE)).all()
    if ids:
        session.exec(sa.delete(PhoneCall).where(col(PhoneCall.id).in_(ids)))
    return len(ids)


def forget_callers(session: Session, person_ids: Collection[int]) -> None:
    """Take these people's names and numbers out of the calls whose other end they were. The agents' rows stay."""
    is_outgoing = col(PhoneCall.direction) == OUT
    masked = {
        "caller_id": None,
        "other_key": "",
        "from_number": sa.case((is_outgoing, col(PhoneCall.from_number)), else_=""),
        "to_number": sa.case((is_outgoing, ""), else_=col(PhoneCall.to_number)),
    }
    theirs = col(PhoneCall.caller_id).in_(person_ids)
    phone_agents.forget_calls_of(session, session.exec(select(PhoneCall.agent_id).where(theirs).distinct()).all())
    session.exec(sa.update(PhoneCall).where(theirs).values(**masked))
