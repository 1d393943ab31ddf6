"""Tell who is polled: who has a page on a screen, and whose password may be used now."""

from datetime import datetime

from sqlmodel import Session

from helpdesk.store import phone_agents, phone_refusals, phone_silence
from helpdesk.store.phone_agents import REFUSED, Watched
from helpdesk.store.phone_silence import Silence

MOST_REFUSED = 2
"""Passwords of an agent that are refused in five minutes, until polling waits: five lock the agent."""


def to_poll(session: Session, now: datetime, agent_id: str | None = None) -> list[Watched]:
    """Return the agents to poll, or one of them: not those of whom too many passwords were refused just now, or too
    many questions were not answered."""
    silent, refused = phone_silence.of_all(session), phone_refusals.counts(session, now)
    answered_at = phone_silence.answered_at(session) if silent else None

    def may_ask(it: Watched) -> bool:
        silence, number = silent.get(it.agent_id, Silence()), refused.get(phone_refusals.hash_of(it.agent_id), 0)
        is_refused = it.failure == REFUSED and number >= MOST_REFUSED
        return not is_refused and not silence.holds(now, answered_at, number)

    return [it for it in phone_agents.watched(session, now, agent_id) if may_ask(it)]
