"""Store who is signed in to the phone in which session, and what the phone system showed of each agent last.

News of an agent are asked for only while a session lasts that is signed in as the agent, and its person may handle
calls. A secret that the phone system has refused is forgotten.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.people.rights import AGENT
from helpdesk.store import locks, rights
from helpdesk.store.clock_skew import AHEAD
from helpdesk.store.database import in_batches
from helpdesk.store.models import tables
from helpdesk.store.models.telephony import PhoneAgent, PhoneCall

REFUSED, UNAVAILABLE, LEFT = "refused", "unavailable", "left"
LONGEST_WATCH = timedelta(hours=1)
"""No page is on a screen for longer without saying so: a later moment was written by a clock that was wrong."""
MAY_CALL = sa.and_(rights.ACTIVE, rights.holds(col(tables.Person.id), AGENT))
"""The condition that a person may handle calls."""
SIGNED_OUT = "LOGOUT"
"""The state of an agent whom the phone system has signed out."""
NOTHING_ASKED = {"asked": "", "asked_dialog": "", "asked_to": ""}
"""What was asked goes when it has come: also the number."""


class Owner(NamedTuple):
    """The person who was signed in last as an agent, with the name for the agent."""

    person_id: int
    name: str


class OnPhone(NamedTuple):
    """A session that is, or was, signed in to the phone; without a `secret` the phone system has refused it."""

    agent: PhoneAgent
    secret: str | None


class Watched(NamedTuple):
    """An agent of whom news are asked for, with a secret of each session, the one that was used last first.

    `is_asked` tells that an outcome is waited for, `unanswered` how many questions are without an answer.
    """

    agent_id: str
    version: int
    is_asked: bool
    failure: str
    secrets: tuple[str, ...]
    unanswered: int = 0


class News(NamedTuple):
    """What a page is told of its agent: the version of what it shows, and the id of the call that rings, or 0."""

    version: int = 0
    ringing: int = 0


def sign_in(session: Session, mark: str, person_id: int, agent_id: str, extension: str, secret: str) -> bool:
    """Sign a session in to the phone. Returns False if the session is over."""
    locks.everybody(session)  # nobody else makes the agent's row meanwhile
    mine = (col(tables.Session.id_hash) == mark, col(tables.Session.person_id) == person_id)
    values = {"phone_agent_id": agent_id, "phone_secret": secret}
    if not session.exec(sa.update(tables.Session).where(*mine).values(**values)).rowcount:
        return False
    agent = locked(session, agent_id) or PhoneAgent(agent_id=agent_id, person_id=person_id, extension="")
    agent.person_id, agent.extension = person_id, extension
    agent.failure, agent.failed_at, agent.unanswered, agent.unanswered_at = "", None, 0, None
    agent.sqlmodel_update(NOTHING_ASKED)
    agent.version += 1
    if agent.state == SIGNED_OUT:  # that was before
        agent.state, agent.state_since = "", None
    session.add(agent)
    return True


def sign_out(session: Session, mark: str) -> None:
    """Forget what a session knew of the phone."""
    _forget(session, col(tables.Session.id_hash) == mark)


def forget_person(session: Session, person_id: int) -> None:
    """Forget what the sessions of a person knew of the phone."""
    _forget(session, col(tables.Session.person_id) == person_id)


def forget_strangers(session: Session, now: datetime) -> int:
    """Forget what sessions knew of the phone that are over, or whose people may no longer handle calls."""
    may_call = sa.exists(sa.select(1).where(col(tables.Person.id) == tables.Session.person_id, MAY_CALL))
    is_over = col(tables.Session.expires_at) <= now
    return _forget(session, col(tables.Session.phone_agent_id).is_not(None), sa.or_(is_over, ~may_call))


def _forget(session: Session, *which: sa.ColumnElement[bool]) -> int:
    change = sa.update(tables.Session).where(*which).values(phone_agent_id=None, phone_secret=None)
    return session.exec(change, execution_options={"synchronize_session": False}).rowcount


def sealed(session: Session, now: datetime) -> Mapping[str, tuple[str, str]]:
    """Return the agent and the secret of each session that is signed in to the phone, by the session's mark."""
    query = (
        select(tables.Session.id_hash, tables.Session.phone_agent_id, tables.Session.phone_secret)
        .join(tables.Person, col(tables.Person.id) == col(tables.Session.person_id))
        .where(col(tables.Session.phone_agent_id).is_not(None), col(tables.Session.phone_secret).is_not(None))
        .where(col(tables.Session.expires_at) > now, MAY_CALL)
    )
    return {mark: (agent_id or "", secret or "") for mark, agent_id, secret in session.exec(query)}


def claim_left(session: Session, agent_id: str, now: datetime) -> bool:
    """Note that the last session of an agent is over. Return False for one who is signed out, whose password was
    refused, or of whom another process has noted it."""
    known = (col(PhoneAgent.failure).not_in((LEFT, REFUSED)), col(PhoneAgent.state) != SIGNED_OUT)
    change = sa.update(PhoneAgent).where(col(PhoneAgent.agent_id) == agent_id, *known)
    return bool(session.exec(change.values(failure=LEFT, failed_at=now)).rowcount)


def signed_out(session: Session, agent_id: str, now: datetime) -> None:
    """Note that the phone system has accepted that an agent is signed out."""
    values = {"state": SIGNED_OUT, "state_since": now, "reason": "", "failure": "", "failed_at": None}
    change(session, agent_id, version=PhoneAgent.version + 1, **values, **NOTHING_ASKED)


def of_session(session: Session, mark: str) -> OnPhone | None:
    """Return the agent that a session is signed in as."""
    query = select(PhoneAgent, tables.Session.phone_secret).join(
        tables.Session, col(tables.Session.phone_agent_id) == col(PhoneAgent.agent_id)
    )
    row = session.exec(query.where(tables.Session.id_hash == mark)).first()
    return OnPhone(*row) if row else None


def secrets(session: Session, agent_id: str) -> Sequence[str]:
    """Return the secrets of all sessions that are signed in as an agent."""
    query = select(tables.Session.phone_secret).where(tables.Session.phone_agent_id == agent_id)
    return [secret for secret in session.exec(query) if secret]


def people(session: Session, agent_ids: Collection[str]) -> frozenset[int]:
    """Return the people whose sessions are signed in as these agents."""
    query = select(tables.Session.person_id).where(col(tables.Session.phone_agent_id).in_(agent_ids))
    return frozenset(session.exec(query.distinct()))


def last_of(session: Session, person_id: int) -> PhoneAgent | None:
    """Return the agent as whom a person was signed in last."""
    query = select(PhoneAgent).where(PhoneAgent.person_id == person_id)
    return session.exec(query.order_by(col(PhoneAgent.watched_until).desc()).limit(1)).first()


def spelt(session: Session, agent_id: str) -> str:
    """Return an agent's id as it was written first: the letters' case makes no other agent."""
    same = select(PhoneAgent.agent_id).where(sa.func.lower(PhoneAgent.agent_id) == agent_id.lower())
    return session.exec(same.limit(1)).first() or agent_id


def was_signed_in(session: Session, person_id: int, agent_id: str) -> bool:
    """Tell whether a person is, or was, signed in as an agent."""
    known = (
        sa.select(1).where(col(it.agent_id) == agent_id, col(it.person_id) == person_id)
        for it in (PhoneAgent, PhoneCall)
    )
    now = sa.select(1).where(col(tables.Session.phone_agent_id) == agent_id, col(tables.Session.person_id) == person_id)
    return bool(session.scalar(sa.select(sa.or_(*(it.exists() for it in (*known, now))))))


def refuse(session: Session, agent_id: str, secrets: Collection[str], now: datetime) -> None:
    """Forget secrets that the phone system refused, so that nobody asks with them again: it would lock the agent."""
    same = (col(tables.Session.phone_agent_id) == agent_id, col(tables.Session.phone_secret).in_(secrets))
    session.exec(sa.update(tables.Session).where(*same).values(phone_secret=None))
    change(session, agent_id, failure=REFUSED, failed_at=now, version=PhoneAgent.version + 1, **NOTHING_ASKED)


def fail(session: Session, agent_ids: Collection[str], now: datetime) -> frozenset[int]:
    """Note that the phone system does not answer about these agents, and return the people whose pages say so."""
    query = select(PhoneAgent.agent_id).where(col(PhoneAgent.agent_id).in_(agent_ids), PhoneAgent.failure == "")
    answering = session.exec(query).all()
    values: dict[str, Any] = {"failure": UNAVAILABLE, "failed_at": now, "version": PhoneAgent.version + 1}
    session.exec(sa.update(PhoneAgent).where(col(PhoneAgent.agent_id).in_(answering)).values(**values))
    return people(session, answering)


def replace(session: Session, agent_id: str, **values: Any) -> Mapping[str, Any]:
    """Change columns of an agent, and return what they were."""
    row = locked(session, agent_id)
    before = {name: getattr(row, name) for name in values} if row else {}
    change(session, agent_id, **values)
    return before


def take_back(session: Session, agent_id: str, asked_at: datetime, before: Mapping[str, Any]) -> None:
    """Put back what `replace` has returned, unless something else was asked since."""
    same = (col(PhoneAgent.agent_id) == agent_id, col(PhoneAgent.asked_at) == asked_at)
    session.exec(sa.update(PhoneAgent).where(*same).values(**before))


def change(session: Session, agent_id: str, **values: Any) -> None:
    """Change columns of an agent."""
    session.exec(sa.update(PhoneAgent).where(col(PhoneAgent.agent_id) == agent_id).values(**values))


def bump(session: Session, agent_id: str, asked_at: datetime) -> frozenset[int]:
    """Count a new version if what was asked at this moment has led to nothing, and return the people to wake."""
    same = (col(PhoneAgent.agent_id) == agent_id, col(PhoneAgent.asked) != "", col(PhoneAgent.asked_at) == asked_at)
    changed = session.exec(sa.update(PhoneAgent).where(*same).values(version=PhoneAgent.version + 1))
    return people(session, [agent_id]) if changed.rowcount else frozenset()


def watch(session: Session, agent_id: str, until: datetime) -> None:
    """Note that a page of the agent is on a screen, at least until then."""
    known = col(PhoneAgent.watched_until).between(until, until + LONGEST_WATCH)
    same = (col(PhoneAgent.agent_id) == agent_id, sa.or_(col(PhoneAgent.watched_until).is_(None), ~known))
    session.exec(sa.update(PhoneAgent).where(*same).values(watched_until=until))


def note_seen(session: Session, agent_ids: Collection[str], asked_at: datetime) -> None:
    """Note that answers about these agents, asked for then or later, have shown nothing new."""
    newer = col(PhoneAgent.seen_at).between(asked_at, asked_at + AHEAD)  # a later one is of a clock that was ahead
    same = (col(PhoneAgent.agent_id).in_(agent_ids), sa.or_(col(PhoneAgent.seen_at).is_(None), ~newer))
    session.exec(sa.update(PhoneAgent).where(*same).values(seen_at=asked_at))


def watched(session: Session, now: datetime, agent_id: str | None = None) -> list[Watched]:
    """Return the agents of whom news are asked for; or one of them, whether a page is on a screen or not."""
    which: sa.ColumnElement[bool] = col(PhoneAgent.watched_until).between(now, now + LONGEST_WATCH + AHEAD)
    if agent_id is not None:
        which = col(PhoneAgent.agent_id) == agent_id
    columns = (PhoneAgent.agent_id, PhoneAgent.version, PhoneAgent.asked, PhoneAgent.failure, PhoneAgent.unanswered)
    query = (
        sa.select(*columns, tables.Session.phone_secret)  # type: ignore[call-overload]  # columns, not values
        .join(tables.Session, col(tables.Session.phone_agent_id) == col(PhoneAgent.agent_id))
        .join(tables.Person, col(tables.Person.id) == col(tables.Session.person_id))
        .where(which, col(tables.Session.phone_secret).is_not(None), col(tables.Session.expires_at) > now, MAY_CALL)
        .order_by(PhoneAgent.agent_id, col(tables.Session.last_used).desc())
    )
    found: dict[str, Watched] = {}
    for agent, version, asked, failure, unanswered, secret in session.execute(query):
        known = found.get(agent) or Watched(agent, version, bool(asked), failure, (), unanswered)
        found[agent] = known._replace(secrets=(*known.secrets, secret))
    return list(found.values())


def locked(session: Session, agent_id: str) -> PhoneAgent | None:
    """Return an agent's row, which nobody else changes before this transaction ends."""
    session.exec(sa.update(PhoneAgent).where(col(PhoneAgent.agent_id) == agent_id).values(version=PhoneAgent.version))
    return session.get(PhoneAgent, agent_id, populate_existing=True)


def news(session: Session, marks: Collection[str]) -> Mapping[str, News]:
    """Return the news for each of these sessions that is signed in to the phone."""
    query = (
        select(tables.Session.id_hash, PhoneAgent.version, PhoneAgent.ringing)
        .join(PhoneAgent, col(tables.Session.phone_agent_id) == col(PhoneAgent.agent_id))
        .join(tables.Person, col(tables.Person.id) == col(tables.Session.person_id))
        .where(MAY_CALL)
    )
    found: dict[str, News] = {}
    for batch in in_batches(marks):
        rows = session.exec(query.where(col(tables.Session.id_hash).in_(batch)))
        found.update((mark, News(version, ringing)) for mark, version, ringing in rows)
    return found


def seen(session: Session, since: datetime) -> Sequence[PhoneAgent]:
    """Return the agents who were seen since then, by their names."""
    query = select(PhoneAgent).where(col(PhoneAgent.seen_at) >= since)
    return session.exec(query.order_by(PhoneAgent.team_name, PhoneAgent.name, PhoneAgent.agent_id)).all()


def names(session: Session) -> Mapping[str, str]:
    """Return the names of the people who were signed in last as each agent."""
    return {agent_id: it.name for agent_id, it in owners(session).items()}


def owners(session: Session) -> Mapping[str, Owner]:
    """Return who was signed in last as each agent; of two with one name, with the agent's id."""
    owner = sa.select(
        col(PhoneAgent.agent_id), col(tables.Person.id), col(tables.Person.full_name), col(tables.Person.login)
    ).join(tables.Person, col(PhoneAgent.person_id) == col(tables.Person.id))
    known = {agent_id: Owner(id, full_name or login) for agent_id, id, full_name, login in session.execute(owner)}
    often = Counter(it.name for it in known.values())
    return {
        agent_id: it if often[it.name] == 1 else it._replace(name=f"{it.name} ({agent_id})")
        for agent_id, it in known.items()
    }
