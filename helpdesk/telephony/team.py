"""Tell how the agents are: from what was seen of those who use the helpdesk, and from the phone system's own team.

The phone system tells only those who are signed in to it. It may be slow, so it gets a few seconds; then what is known
here is told alone.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from helpdesk.errors import HelpdeskError
from helpdesk.people.model import SignedIn
from helpdesk.store import phone_agents
from helpdesk.store.models.telephony import PhoneAgent
from helpdesk.telephony import snapshot, words
from helpdesk.telephony.desk import Desk
from helpdesk.telephony.phone import Agent, Credentials, Dialog, NotOnPhone, Queue

SEEN_WITHIN = timedelta(hours=12)
PATIENCE_SECONDS = 2.5
UNKNOWN = "UNKNOWN"
TOLD, NOT_ASKED, FAILED = "told", "not_asked", "failed"
"""What the phone system told: its part is there; the person is not signed in to it; it did not answer well in time."""


class Member(NamedTuple):
    """An agent of the team. `dialogs` are the calls in hand, known of those who have a page of the helpdesk open.

    Of an agent of whom nobody tells now the state is UNKNOWN, and `seen_at` is when it was seen last.
    """

    agent: Agent
    dialogs: tuple[Dialog, ...] = ()
    seen_at: datetime | None = None


class Team(NamedTuple):
    """All agents, those who are free first; the queues; and whether the phone system told of both."""

    members: Sequence[Member]
    queues: Sequence[Queue]
    phone: str


async def of(desk: Desk, signed_in: SignedIn) -> Team:
    """Return the team as far as it is known. Raises nothing of the phone system."""
    now = desk.clock()
    rows, (agents, queues, phone) = await asyncio.gather(
        desk.database.run(lambda db: phone_agents.seen(db, now - SEEN_WITHIN)), _asked(desk, signed_in)
    )
    return Team(in_order(merged(rows, agents, now)), queues, phone)


async def own(desk: Desk, signed_in: SignedIn) -> Sequence[Member]:
    """Return the agents that the person was signed in as."""
    now, person = desk.clock(), signed_in.person
    rows = await desk.database.run(lambda db: phone_agents.seen(db, now - SEEN_WITHIN))
    return in_order(merged([it for it in rows if it.person_id == person.id], (), now))


def merged(rows: Iterable[PhoneAgent], agents: Iterable[Agent], now: datetime) -> list[Member]:
    """Join what was seen here with what the phone system tells now, which is newer."""
    own = {row.agent_id: _member(row, now) for row in rows}
    told = [Member(it, own[it.agent_id].dialogs if it.agent_id in own else ()) for it in agents]
    names = {it.agent.agent_id for it in told}
    return told + [it for name, it in own.items() if name not in names]


def in_order(members: Iterable[Member]) -> list[Member]:
    """Sort agents: by how their state looks, the free ones first, then by name."""
    return sorted(members, key=lambda it: (words.LOOKS.index(words.agent_state(it.agent.state).look), it.agent.name))


def _member(row: PhoneAgent, now: datetime) -> Member:
    """Return an agent as seen last; nobody looks after an agent without an open page, or in a failure."""
    is_watched = row.watched_until is not None and row.watched_until > now
    is_current = is_watched and not row.failure and bool(row.state)
    agent = Agent(
        row.agent_id,
        row.name or row.agent_id,
        row.extension,
        row.state if is_current else UNKNOWN,
        row.state_since if is_current else None,
        row.reason if is_current else "",
        row.pending if is_current else "",
        row.team_id,
        row.team_name,
        row.is_supervisor,
    )
    return Member(agent, tuple(snapshot.from_json(row.dialogs)), None) if is_current else Member(agent, (), row.seen_at)


async def _asked(desk: Desk, signed_in: SignedIn) -> tuple[Sequence[Agent], Sequence[Queue], str]:
    async def ask(who: Credentials) -> tuple[Sequence[Agent], Sequence[Queue]]:
        return await desk.phone.team(who), await desk.phone.queues(who)

    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return *await desk.as_agent(signed_in, ask), TOLD
    except NotOnPhone:
        return (), (), NOT_ASKED
    except (HelpdeskError, TimeoutError):
        return (), (), FAILED
