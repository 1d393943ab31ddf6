"""Write the log of calls: what was seen of them. Reading it is in `call_lists.py`."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.models.telephony import PhoneAgent, PhoneCall

LONGEST = timedelta(hours=12)
"""A call that seems to last longer has ended while nobody looked."""
SHORTLY = timedelta(seconds=30)
AT_ONCE = 500
ANSWERED, LOST = "answered", "lost"


def following(session: Session, agent_id: str, dialog_ids: Collection[str], now: datetime) -> Sequence[PhoneCall]:
    """Return the calls of an agent that go on, have just ended, or are the ones of these dialogs, the first one first.

    A dialog's number may belong to another call after half a day.
    """
    goes_on = sa.or_(col(PhoneCall.ended_at).is_(None), col(PhoneCall.ended_at) > now - SHORTLY)
    query = select(PhoneCall).where(
        PhoneCall.agent_id == agent_id,
        col(PhoneCall.began_at) > now - LONGEST,
        sa.or_(goes_on, col(PhoneCall.dialog_id).in_(dialog_ids)),
    )
    return session.exec(query.order_by(col(PhoneCall.began_at), col(PhoneCall.id))).all()


def going_on(session: Session, agent_id: str, now: datetime) -> Mapping[str, int]:
    """Return the ids of an agent's present calls by their dialogs."""
    query = select(PhoneCall.dialog_id, PhoneCall.id).where(
        PhoneCall.agent_id == agent_id,
        col(PhoneCall.began_at) > now - LONGEST,
        col(PhoneCall.ended_at).is_(None),
    )
    return {dialog: id or 0 for dialog, id in session.exec(query.order_by(col(PhoneCall.id)))}


def lose(session: Session, now: datetime) -> int:
    """End the calls that seem to last longer than any, at most AT_ONCE, and return their number.

    One that was answered lasted until its agent was seen last, as far as anybody knows; others are lost.
    """
    forgotten = (
        col(PhoneCall.ended_at).is_(None),
        col(PhoneCall.began_at).between(now - 60 * LONGEST, now - LONGEST),
    )
    query = select(PhoneCall, PhoneAgent.seen_at).outerjoin(
        PhoneAgent, col(PhoneAgent.agent_id) == col(PhoneCall.agent_id)
    )
    found = session.exec(query.where(*forgotten).order_by(col(PhoneCall.began_at)).limit(AT_ONCE)).all()
    for call, seen_at in found:
        until = call.answered_at or call.began_at
        call.outcome = ANSWERED if call.answered_at else LOST
        is_known = call.answered_at and seen_at and until <= seen_at <= call.began_at + LONGEST
        call.ended_at = seen_at if is_known else until
        session.add(call)
    return len(found)
