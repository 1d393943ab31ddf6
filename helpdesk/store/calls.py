"""Write the log of calls: what was seen of them. Reading it is in `call_lists.py`."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.models.telephony import PhoneCall

LONGEST = timedelta(hours=12)
"""A call that seems to last longer has ended while nobody looked."""
SHORTLY = timedelta(seconds=30)
LOST = "lost"


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
    """End the calls that seem to last longer than any. Nobody knows when they ended. Return their number."""
    forgotten = (
        col(PhoneCall.ended_at).is_(None),
        col(PhoneCall.began_at).between(now - 60 * LONGEST, now - LONGEST),
    )
    until = sa.func.coalesce(col(PhoneCall.answered_at), col(PhoneCall.began_at))
    return session.exec(sa.update(PhoneCall).where(*forgotten).values(outcome=LOST, ended_at=until)).rowcount
