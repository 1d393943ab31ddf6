"""Count what the phone system was asked as an agent and did not answer: it may have checked the password each time, and
five wrong ones lock the agent.

FREE questions may stay without an answer. After that the agent's password is used again when the phone system has
answered somebody since, until MOST are without an answer; else by one careful try in CAREFUL. Any answer to the agent
ends the count. A question that surely did not arrive is not counted.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import phone_agents
from helpdesk.store.clock_skew import is_ahead
from helpdesk.store.models.telephony import PhoneAgent

FREE, MOST = 2, 4
CAREFUL = timedelta(minutes=5)
"""So long the phone system locks an agent."""


class Silence(NamedTuple):
    """So many questions as an agent are without an answer since the last answer; the newest since `at`."""

    unanswered: int = 0
    at: datetime | None = None

    def recent(self, now: datetime) -> int:
        """Return how many may count at the phone system now."""
        return self.unanswered if self.at and not is_ahead(self.at, now) and now - self.at < CAREFUL else 0

    def holds(self, now: datetime, answered_at: datetime | None, refused: int = 0) -> bool:
        """Tell whether the agent's password must not be used now. `answered_at` is when somebody asked what was
        answered, `refused` the number of refused passwords of the agent."""
        recent = self.recent(now)
        if recent + refused >= MOST:
            return True
        return recent >= FREE and (answered_at is None or self.at is None or answered_at <= self.at)


def count(session: Session, agent_id: str, now: datetime) -> tuple[int, frozenset[int]]:
    """Count a question without an answer. Return how many there are, and the people whose pages ask for the password
    now. Each question wakes them that begins a hold again: a page that was loaded between two holds has no form."""
    row = phone_agents.locked(session, agent_id)
    if row is None:
        return 0, frozenset()
    row.unanswered, row.unanswered_at = row.unanswered + 1, now
    is_held = row.unanswered >= FREE
    row.version += is_held
    session.add(row)
    session.flush()
    if not is_held:
        return row.unanswered, frozenset()
    phone_agents.fail(session, [agent_id], now)
    return row.unanswered, phone_agents.people(session, [agent_id])


def over(session: Session, agent_id: str) -> None:
    """Note that the phone system has answered the agent."""
    phone_agents.change(session, agent_id, unanswered=0, unanswered_at=None)


def of_agent(session: Session, agent_id: str) -> Silence:
    """Return the silence about an agent."""
    columns = select(PhoneAgent.unanswered, PhoneAgent.unanswered_at)
    row = session.exec(columns.where(PhoneAgent.agent_id == agent_id)).first()
    return Silence(*row) if row else Silence()


def of_all(session: Session) -> Mapping[str, Silence]:
    """Return the agents about whom there is silence."""
    columns = select(PhoneAgent.agent_id, PhoneAgent.unanswered, PhoneAgent.unanswered_at)
    return {row[0]: Silence(*row[1:]) for row in session.exec(columns.where(col(PhoneAgent.unanswered) > 0))}


def is_held(session: Session, agent_id: str, now: datetime) -> bool:
    """Tell whether the agent's password must not be used now."""
    silence = of_agent(session, agent_id)
    return silence.unanswered > 0 and silence.holds(now, answered_at(session))


def answered_at(session: Session) -> datetime | None:
    """Return when the newest question was asked that the phone system has answered, to anybody."""
    return session.exec(select(sa.func.max(PhoneAgent.seen_at))).first()
