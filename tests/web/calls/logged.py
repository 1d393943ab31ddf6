"""Calls in the log of tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.store.database import Database
from helpdesk.store.models.telephony import PhoneAgent, PhoneCall
from helpdesk.telephony.numbers import key_of
from tests.world import PEOPLE_IDS

NOON = datetime(2026, 11, 30, 9, tzinfo=UTC)
"""Noon in the time zone of the tests."""
DAY = "2026-11-30"
NUMBER, OTHER_NUMBER = "+79035550142", "1204"


def log(database: Database, *calls: dict[str, Any]) -> list[int]:
    """Log calls of boris, the agent 1002, if nothing else is said; each begins a minute after the one before."""

    def work(session: Session) -> list[int]:
        rows = [row(place, it) for place, it in enumerate(calls)]
        for agent_id, name in (("1001", "anna"), ("1002", "boris")):
            session.merge(PhoneAgent(agent_id=agent_id, person_id=PEOPLE_IDS[name], extension=agent_id, name=name))
        session.flush()
        session.add_all(rows)
        session.flush()
        return [it.id or 0 for it in rows]

    return database.run_here(work, writes=True)


def row(place: int, values: dict[str, Any]) -> PhoneCall:
    """A call that was answered after ten seconds and lasted a minute; `number` is the other end's."""
    number, began = values.get("number", NUMBER), values.get("began_at", NOON + timedelta(minutes=place))
    outcome, is_out = values.get("outcome", "answered"), values.get("direction") == "out"
    picked = began + timedelta(seconds=10)
    agent = values.get("agent", "boris")
    known = {
        "agent_id": {"anna": "1001", "boris": "1002"}[agent],
        "dialog_id": str(16_000_000 + place),
        "person_id": PEOPLE_IDS[agent],
        "direction": "in",
        "from_number": "1002" if is_out else number,
        "to_number": number if is_out else "5500",
        "other_key": key_of(number),
        "began_at": began,
        "answered_at": picked if outcome in ("answered", "transferred") else None,
        "ended_at": picked + timedelta(seconds=60),
        "outcome": outcome,
    }
    return PhoneCall(**known | {name: it for name, it in values.items() if name not in ("number", "agent")})


def stored(database: Database, call_id: int) -> PhoneCall:
    return database.run_here(lambda db: db.get_one(PhoneCall, call_id))


@contextmanager
def asked(database: Database) -> Iterator[list[str]]:
    """All that a store is asked of calls meanwhile."""
    texts: list[str] = []

    def note(_connection: object, _cursor: object, text: str, *_: object) -> None:
        if "phone_call" in text:
            texts.append(text)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    yield texts
    sa.event.remove(database.engine, "before_cursor_execute", note)
