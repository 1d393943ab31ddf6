"""Find who may be at the other end of a call: by the numbers of accounts, and by earlier calls."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.colleagues import LISTED
from helpdesk.store.models.tables import Person
from helpdesk.store.models.telephony import PhoneCall

IN = "in"
SHORTEST_OUTSIDE = 7
MOST_SHARING = 100
"""The most accounts that are compared with an outside number: everybody may have that of the switchboard."""
MOST_ALIKE = 1_000
"""The most that are compared with an internal number, whose digits stand in other numbers, too."""
MOST_CALLS = 200
"""The most earlier calls with a number that are looked at, the last ones."""


def with_number(session: Session, key: str, holds: Callable[[str], bool]) -> list[tuple[int, str, bool]]:
    """Return the listed accounts, each with its text of phones and whether that is proven, for whose text `holds` is
    true; the proven ones first, so that no texts that people type themselves hide them.

    The store narrows them down by the digits of `key`: with anything between them for an outside number, where twenty
    thousand texts are compared faster than punctuation is taken out of them. An internal number is too short for that.
    """
    phones = col(Person.phone)
    if len(key) >= SHORTEST_OUTSIDE:
        alike, most = phones.like(f"%{'%'.join(key)}%"), MOST_SHARING
    else:
        plain = sa.func.replace(sa.func.replace(phones, "-", ""), " ", "")
        alike, most = plain.like(f"%{key}%"), MOST_ALIKE
    proven = col(Person.is_phone_proven)
    query = sa.select(col(Person.id), phones, proven).where(alike, phones != "", LISTED)
    rows = session.execute(query.order_by(proven.desc(), col(Person.full_name), col(Person.id)).limit(most))
    return [(id, phone, bool(is_proven)) for id, phone, is_proven in rows if holds(phone)]


def earlier_callers(session: Session, key: str, limit: int) -> Sequence[int]:
    """Return who was recognised or chosen in earlier calls with this number, of the last call first."""
    calls = select(PhoneCall.caller_id, PhoneCall.began_at).where(PhoneCall.other_key == key)
    calls = calls.where(col(PhoneCall.caller_id).is_not(None))
    last = calls.order_by(col(PhoneCall.began_at).desc()).limit(MOST_CALLS).subquery()
    query = sa.select(last.c.caller_id).group_by(last.c.caller_id).order_by(sa.func.max(last.c.began_at).desc())
    return list(session.execute(query.limit(limit)).scalars())


def of_dialogs(session: Session, agent_id: str, dialog_ids: Collection[str]) -> PhoneCall | None:
    """Return the call of an agent's present dialogs: the one that rings, else one that came in, even while it is held
    for a question to somebody else; of two such the one that began last."""
    query = select(PhoneCall).where(PhoneCall.agent_id == agent_id, col(PhoneCall.dialog_id).in_(dialog_ids))
    goes_on = query.where(col(PhoneCall.ended_at).is_(None))
    came_in = col(PhoneCall.direction) == IN
    rank = sa.case((sa.and_(came_in, col(PhoneCall.answered_at).is_(None)), 0), (came_in, 1), else_=2)
    return session.exec(goes_on.order_by(rank, col(PhoneCall.began_at).desc()).limit(1)).first()


def unknown(session: Session, call_ids: Iterable[int]) -> Sequence[PhoneCall]:
    """Return those of these calls whose other end nobody knows."""
    query = select(PhoneCall).where(col(PhoneCall.id).in_(call_ids), col(PhoneCall.caller_id).is_(None))
    return session.exec(query).all()


def recognise(session: Session, people: Mapping[int, int]) -> None:
    """Store who the other ends of calls are, by the calls' ids, unless somebody has chosen them."""
    for call_id, person_id in people.items():
        is_open = (col(PhoneCall.id) == call_id, col(PhoneCall.caller_id).is_(None))
        session.exec(sa.update(PhoneCall).where(*is_open).values(caller_id=person_id))


def choose(session: Session, call_id: int, person_id: int | None) -> None:
    """Store who the other end of a call is; None for somebody unknown."""
    session.exec(sa.update(PhoneCall).where(col(PhoneCall.id) == call_id).values(caller_id=person_id))
