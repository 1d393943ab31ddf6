"""Write what polling has found beside the calls: passwords that are of no use, and what nobody needs any more."""

from datetime import datetime

from sqlmodel import Session

from helpdesk.encryption import Box
from helpdesk.store import call_privacy, calls, phone_agents, phone_refusals
from helpdesk.telephony.credentials import opened
from helpdesk.telephony.phone import Credentials


def refuse(session: Session, box: Box, who: Credentials, now: datetime) -> tuple[list[str], frozenset[int]]:
    """Forget a password that the phone system has refused, in all sessions. Return their secrets, and the people."""
    stored = phone_agents.secrets(session, who.agent_id)
    same = [it for it in stored if (found := opened(box, who.agent_id, it)) and found[:2] == who[:2]]
    phone_refusals.add(session, who.agent_id, now)
    phone_agents.refuse(session, who.agent_id, same, now)
    return same, phone_agents.people(session, [who.agent_id])


def forget(session: Session, agent_id: str, secret: str, now: datetime) -> frozenset[int]:
    """Forget a secret that no key opens, as if it were refused, and return the people whose pages say so."""
    phone_agents.refuse(session, agent_id, [secret], now)
    return phone_agents.people(session, [agent_id])


def sweep(session: Session, now: datetime) -> None:
    """Clear up what nobody else does: calls whose end nobody saw, secrets of sessions that are over, and numbers that
    are shown to nobody any more."""
    calls.lose(session, now)
    phone_agents.forget_strangers(session, now)
    call_privacy.forget_unseen(session, now)
    phone_refusals.forget_old(session, now)
