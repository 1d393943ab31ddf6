"""Forget calls that are kept no longer, and who the other end of a call was."""

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import phone_agents
from helpdesk.store.call_lists import OUT
from helpdesk.store.clock_skew import AHEAD
from helpdesk.store.models.telephony import PhoneAgent, PhoneCall

AT_ONCE = 500
KEPT_UNSEEN = timedelta(days=1)


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
    agents = session.exec(select(PhoneCall.agent_id).where(theirs).distinct()).all()
    _forget_present(session, col(PhoneAgent.agent_id).in_(agents))
    session.exec(sa.update(PhoneCall).where(theirs).values(**masked))
    noted = sa.update(PhoneCall).where(col(PhoneCall.requester_id).in_(person_ids))
    session.exec(noted.values(requester_id=None))


def forget_unseen(session: Session, now: datetime) -> None:
    """Forget the present calls and numbers of agents of whom no page was on a screen for a day: nobody sees them."""
    lately = col(PhoneAgent.watched_until).between(now - KEPT_UNSEEN, now + phone_agents.LONGEST_WATCH + AHEAD)
    _forget_present(session, sa.or_(col(PhoneAgent.watched_until).is_(None), ~lately))


def _forget_present(session: Session, which: sa.ColumnElement[bool]) -> None:
    """Forget what was seen of the calls of agents that go on, and what they asked. Calls are seen anew."""
    numbers = (col(PhoneAgent.asked_to) != "", col(PhoneAgent.passing_to) != "")
    values = {"dialogs": "[]", "ringing": 0, "asked": "", "asked_to": "", "passing": "", "passing_to": ""}
    same = (which, sa.or_(col(PhoneAgent.dialogs) != "[]", *numbers))
    session.exec(sa.update(PhoneAgent).where(*same).values(version=PhoneAgent.version + 1, **values))
