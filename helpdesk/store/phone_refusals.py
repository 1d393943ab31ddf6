"""Count the tries to sign in to the phone that were refused: five wrong passwords lock an agent of the phone system.

A try whose outcome is not known counts, too. Agents, people and addresses are stored as hashes.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import locks, phone_agents, phone_silence
from helpdesk.store.casefold import fold
from helpdesk.store.clock_skew import AHEAD
from helpdesk.store.models.telephony import PhoneRefusal

WITHIN = timedelta(minutes=5)
"""So long the phone system counts."""
MOST, MOST_IN_ALL = 3, 4
"""Refused tries at an agent: of all people, and when one tries who was signed in as the agent before."""
MOST_OF_PERSON, MOST_OF_ADDRESS = 6, 30
"""Refused tries at any agents. The people of a company may have one address."""


def begin(session: Session, agent_id: str, person_id: int, address: str, now: datetime) -> tuple[int, int]:
    """Record a try before it is made, so that tries at the same time count, too. Return its id and 0; or 0 and the
    seconds to wait."""
    locks.everybody(session)
    forget_old(session, now)
    agent, person, place = _of_agent(agent_id), _of_person(person_id), _of_address(address)
    silent = phone_silence.of_agent(session, agent_id).recent(now)
    limits: list[tuple[int, Mapping[str, str]]] = [(MOST_OF_PERSON, person)]
    if phone_agents.was_signed_in(session, person_id, agent_id):
        limits += [(MOST, agent | person), (max(1, MOST_IN_ALL - silent), agent)]
    else:
        limits += [(MOST_OF_ADDRESS, place), (max(1, MOST - silent), agent)]
    if seconds := max(_wait(session, which, now, limit) for limit, which in limits):
        return 0, seconds
    row = _row(now, agent | person | place)
    session.add(row)
    session.flush()
    return row.id or 0, 0


def add(session: Session, agent_id: str, now: datetime) -> None:
    """Record a password that was refused when nobody had entered it."""
    session.add(_row(now, _of_agent(agent_id)))


def forget_old(session: Session, now: datetime) -> None:
    """Delete the tries that count no more."""
    session.exec(sa.delete(PhoneRefusal).where(~_counts(now)))


def take_back(session: Session, id: int) -> None:
    """Delete a try that was not refused."""
    session.exec(sa.delete(PhoneRefusal).where(col(PhoneRefusal.id) == id))


def forgive(session: Session, agent_id: str) -> None:
    """Delete the tries at an agent: the phone system has taken the password."""
    session.exec(sa.delete(PhoneRefusal).where(*_are(_of_agent(agent_id))))


def wait(session: Session, agent_id: str, now: datetime, limit: int) -> int:
    """Return the seconds until the agent may be tried again; 0 while there were fewer than `limit` refused tries."""
    return _wait(session, _of_agent(agent_id), now, limit)


def counts(session: Session, now: datetime) -> Mapping[str, int]:
    """Return the number of refused tries at each agent, by `hash_of`."""
    columns = select(PhoneRefusal.agent_hash, sa.func.count()).where(_counts(now))
    return dict(session.exec(columns.group_by(PhoneRefusal.agent_hash)).all())


def hash_of(agent_id: str) -> str:
    """Return what is stored of an agent's id: people type passwords into the wrong field."""
    return sha256(fold(agent_id).encode()).hexdigest()


def _wait(session: Session, which: Mapping[str, str], now: datetime, limit: int) -> int:
    newest = select(PhoneRefusal.at).where(*_are(which), _counts(now)).order_by(col(PhoneRefusal.at).desc())
    oldest = session.exec(newest.offset(limit - 1).limit(1)).first()
    return max(1, ceil((oldest + WITHIN - now).total_seconds())) if oldest else 0


def _row(now: datetime, whose: Mapping[str, str]) -> PhoneRefusal:
    return PhoneRefusal.model_validate({**whose, "at": now})


def _of_agent(agent_id: str) -> dict[str, str]:
    return {"agent_hash": hash_of(agent_id)}


def _of_person(person_id: int) -> dict[str, str]:
    return {"person_hash": sha256(f"person {person_id}".encode()).hexdigest()}


def _of_address(address: str) -> dict[str, str]:
    return {"address_hash": sha256(f"address {address}".encode()).hexdigest()}


def _are(which: Mapping[str, str]) -> list[sa.ColumnElement[bool]]:
    return [getattr(PhoneRefusal, name) == value for name, value in which.items()]


def _counts(now: datetime) -> sa.ColumnElement[bool]:
    return col(PhoneRefusal.at).between(now - WITHIN, now + AHEAD)
