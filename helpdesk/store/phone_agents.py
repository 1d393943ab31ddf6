"""Store who is signed in to the phone in which session, and what the phone system showed of each agent last.

Only one process at a time asks for news of an agent: it holds the agent's row for a while. An answer counts only if it
was asked for later than the one that is stored, since actions ask again out of turn.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.clock_skew import AHEAD
from helpdesk.store.models import tables
from helpdesk.store.models.telephony import PhoneAgent

REFUSED, UNAVAILABLE = "refused", "unavailable"
SIGNED_OUT = "LOGOUT"
"""The state of an agent whom the phone system has signed out."""


class OnPhone(NamedTuple):
    """A session that is, or was, signed in to the phone; without a `secret` the phone system has refused it."""

    agent: PhoneAgent
    secret: str | None


class Held(NamedTuple):
    """An agent of whom this process asks for news, with a secret of each session that is signed in."""

    agent_id: str
    person_id: int
    secrets: tuple[str, ...]


def sign_in(
    session: Session, mark: str, person_id: int, agent_id: str, extension: str, secret: str, now: datetime
) -> bool:
    """Sign a session in to the phone. Returns False if the session is over."""
    mine = (col(tables.Session.id_hash) == mark, col(tables.Session.person_id) == person_id)
    values = {"phone_agent_id": agent_id, "phone_secret": secret}
    if not session.exec(sa.update(tables.Session).where(*mine).values(**values)).rowcount:
        return False
    agent = session.get(PhoneAgent, agent_id) or PhoneAgent(agent_id=agent_id, person_id=person_id, extension="")
    agent.person_id, agent.extension = person_id, extension
    agent.failure, agent.failures, agent.failed_at = "", 0, None
    agent.version += 1
    if agent.state == SIGNED_OUT:  # that was before
        agent.state, agent.state_since, agent.dialogs = "", None, "[]"
    session.add(agent)
    return True


def sign_out(session: Session, mark: str) -> None:
    """Forget what a session knew of the phone."""
    ours = col(tables.Session.id_hash) == mark
    session.exec(sa.update(tables.Session).where(ours).values(phone_agent_id=None, phone_secret=None))


def of_session(session: Session, mark: str) -> OnPhone | None:
    """Return the agent that a session is signed in as."""
    query = select(PhoneAgent, tables.Session.phone_secret).join(
        tables.Session, col(tables.Session.phone_agent_id) == col(PhoneAgent.agent_id)
    )
    row = session.exec(query.where(tables.Session.id_hash == mark)).first()
    return OnPhone(*row) if row else None


def last_of(session: Session, person_id: int) -> PhoneAgent | None:
    """Return the agent as whom a person was signed in last."""
    query = select(PhoneAgent).where(PhoneAgent.person_id == person_id)
    return session.exec(query.order_by(col(PhoneAgent.watched_until).desc()).limit(1)).first()


def refuse(session: Session, agent_id: str, secrets: Collection[str], now: datetime) -> None:
    """Forget secrets that the phone system refused, so that nobody asks with them again: it would lock the agent."""
    same = (col(tables.Session.phone_agent_id) == agent_id, col(tables.Session.phone_secret).in_(secrets))
    session.exec(sa.update(tables.Session).where(*same).values(phone_secret=None))
    change(session, agent_id, failure=REFUSED, failed_at=now, version=PhoneAgent.version + 1)


def change(session: Session, agent_id: str, **values: Any) -> None:
    """Change columns of an agent."""
    session.exec(sa.update(PhoneAgent).where(col(PhoneAgent.agent_id) == agent_id).values(**values))


def watch(session: Session, agent_id: str, until: datetime) -> None:
    """Note that a page of the agent is on a screen, at least until then."""
    earlier = sa.or_(col(PhoneAgent.watched_until).is_(None), col(PhoneAgent.watched_until) < until)
    same = (col(PhoneAgent.agent_id) == agent_id, earlier)
    session.exec(sa.update(PhoneAgent).where(*same).values(watched_until=until))


def hold(session: Session, holder: str, now: datetime, seconds: float) -> list[Held]:
    """Take, or keep, the agents who have a page on a screen, and return those held by `holder`.

    A moment too far ahead was written by a clock that was wrong.
    """
    until = now + timedelta(seconds=seconds)
    watched = col(PhoneAgent.watched_until).between(now, now + timedelta(hours=1) + AHEAD)
    free = sa.or_(
        col(PhoneAgent.held_until).is_(None),
        col(PhoneAgent.held_until) <= now,
        col(PhoneAgent.held_until) > until + AHEAD,
        sa.and_(col(PhoneAgent.holder) == holder, col(PhoneAgent.held_until) < now + timedelta(seconds=seconds / 2)),
    )
    session.exec(sa.update(PhoneAgent).where(watched, free).values(holder=holder, held_until=until))
    query = (
        select(PhoneAgent.agent_id, PhoneAgent.person_id, tables.Session.phone_secret)
        .join(tables.Session, col(tables.Session.phone_agent_id) == col(PhoneAgent.agent_id))
        .where(
            PhoneAgent.holder == holder,
            watched,
            col(tables.Session.phone_secret).is_not(None),
            col(tables.Session.expires_at) > now,
        )
        .order_by(PhoneAgent.agent_id, col(tables.Session.last_used).desc())
    )
    found: dict[str, Held] = {}
    for agent_id, person_id, secret in session.exec(query):
        known = found.get(agent_id, Held(agent_id, person_id, ()))
        found[agent_id] = known._replace(secrets=(*known.secrets, secret or ""))
    return list(found.values())


def one(session: Session, agent_id: str, now: datetime) -> Held | None:
    """Return an agent with the secrets of sessions that last, whichever process holds it."""
    query = (
        select(PhoneAgent.person_id, tables.Session.phone_secret)
        .join(tables.Session, col(tables.Session.phone_agent_id) == col(PhoneAgent.agent_id))
        .where(
            PhoneAgent.agent_id == agent_id,
            col(tables.Session.phone_secret).is_not(None),
            col(tables.Session.expires_at) > now,
        )
        .order_by(col(tables.Session.last_used).desc())
    )
    rows = session.exec(query).all()
    return Held(agent_id, rows[0][0], tuple(secret or "" for _, secret in rows)) if rows else None


def locked(session: Session, agent_id: str) -> PhoneAgent | None:
    """Return an agent's row, which nobody else changes before this transaction ends."""
    session.exec(sa.update(PhoneAgent).where(col(PhoneAgent.agent_id) == agent_id).values(version=PhoneAgent.version))
    return session.get(PhoneAgent, agent_id, populate_existing=True)


def versions(session: Session, marks: Collection[str]) -> Mapping[str, int]:
    """Return the version of the agent of each of these sessions that is signed in to the phone."""
    query = select(tables.Session.id_hash, PhoneAgent.version).join(
        PhoneAgent, col(tables.Session.phone_agent_id) == col(PhoneAgent.agent_id)
    )
    return dict(session.exec(query.where(col(tables.Session.id_hash).in_(marks))).all())


def seen(session: Session, since: datetime) -> Sequence[PhoneAgent]:
    """Return the agents who were seen since then, by their names."""
    query = select(PhoneAgent).where(col(PhoneAgent.seen_at) >= since)
    return session.exec(query.order_by(PhoneAgent.team_name, PhoneAgent.name, PhoneAgent.agent_id)).all()


def names(session: Session) -> Mapping[str, str]:
    """Return the names of the people who were signed in last as each agent."""
    query = select(PhoneAgent.agent_id, tables.Person.full_name).join(
        tables.Person, col(PhoneAgent.person_id) == col(tables.Person.id)
    )
    return {agent_id: name for agent_id, name in session.exec(query).all() if name}
