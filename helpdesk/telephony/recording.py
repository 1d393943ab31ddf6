"""Store what was seen of an agent, and the log of the agent's calls, in one transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from helpdesk.store import calls, phone_agents
from helpdesk.store.models.telephony import PhoneAgent
from helpdesk.telephony import call_log, snapshot
from helpdesk.telephony.asked import FORGOTTEN, View, asked_of, is_answered, passing_of
from helpdesk.telephony.call_log import Look
from helpdesk.telephony.phone import Agent, Dialog

KeyOf = Callable[[str], str]


class Seen(NamedTuple):
    """What the phone system has answered, asked for at `at`; without an `agent` only the calls were asked for.
    `before` is when this process last asked."""

    agent_id: str
    agent: Agent | None
    dialogs: Sequence[Dialog]
    at: datetime
    before: datetime | None = None


OLD = -1


class Recorded(NamedTuple):
    """The version that pages show now, and the people to wake: nobody when nothing has changed. The version is OLD when
    a newer answer was stored already. `calls` are the ids of those with another end than before."""

    version: int
    people: frozenset[int] = frozenset()
    calls: tuple[int, ...] = ()


def record(session: Session, seen: Seen, now: datetime, key_of: KeyOf) -> Recorded:
    """Store what was seen of an agent, unless a newer answer is stored."""
    row = phone_agents.locked(session, seen.agent_id)
    # A time that is still to come was written by a clock that was ahead.
    if row is None or (row.seen_at is not None and seen.at < row.seen_at <= now):
        return Recorded(OLD)
    before, dialogs = view(row), snapshot.to_json(seen.dialogs)
    has_changed, named = _write_agent(row, seen.agent), tuple[int, ...]()
    if dialogs != row.dialogs:
        row.ringing, named = _log_calls(session, row, seen, key_of)
        row.dialogs, has_changed = dialogs, True
    asked = asked_of(row)
    if asked and is_answered(asked, before, view(row)):
        row.sqlmodel_update(phone_agents.NOTHING_ASKED)
        has_changed = True
    elif asked and now - asked.at > FORGOTTEN:
        row.sqlmodel_update(phone_agents.NOTHING_ASKED)
    if row.failure:
        row.failure, row.failed_at, has_changed = "", None, True
    row.seen_at, row.unanswered, row.unanswered_at = seen.at, 0, None
    row.version += has_changed
    session.add(row)
    return Recorded(row.version, phone_agents.people(session, [row.agent_id]) if has_changed else frozenset(), named)


def view(row: PhoneAgent) -> View:
    """Return what is stored of an agent."""
    dialogs = tuple(snapshot.from_json(row.dialogs))
    return View(row.state, row.pending, row.reason, row.state_since, row.extension, dialogs)


def _write_agent(row: PhoneAgent, agent: Agent | None) -> bool:
    """Write the agent's state into the row, and return whether it has changed."""
    if agent is None:
        return False
    values = {
        # Who was signed in already has the extension of then, whatever was entered here.
        "extension": agent.extension[:32] or row.extension,
        "name": agent.name[:200],
        "team_id": agent.team_id[:64],
        "team_name": agent.team_name[:200],
        "is_supervisor": agent.is_supervisor,
        "state": agent.state[:40],
        "reason": agent.reason[:200],
        "pending": agent.pending[:40],
        "state_since": agent.since,
    }
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    return bool(changed)


def _log_calls(session: Session, row: PhoneAgent, seen: Seen, key_of: KeyOf) -> tuple[int, tuple[int, ...]]:
    """Write the log of the agent's calls, and return the id of the one that rings, or 0, and the ids of those with
    another end than before."""
    before = max((it for it in (row.seen_at, seen.before) if it and it <= seen.at), default=None)
    look = Look(row.agent_id, row.person_id, row.extension, seen.at, before, passing_of(row), key_of)
    known = calls.following(session, row.agent_id, [it.id for it in seen.dialogs], seen.at)
    keys = {it.id: it.other_key for it in known}
    present = call_log.follow(known, seen.dialogs, look)
    session.add_all(present)
    session.flush()
    rings = call_log.ringing(present)
    named = tuple(it.id or 0 for it in present if keys.get(it.id) != it.other_key)
    return (rings.id or 0 if rings else 0), named
