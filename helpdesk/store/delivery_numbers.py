"""Count what waits in the outbox and what became of the rest, for administrators."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.store.devices import WEB_PUSH
from helpdesk.store.models import table
from helpdesk.store.models.delivery import Device, OutboxRow
from helpdesk.store.models.tables import Person
from helpdesk.store.outbox import FAILED, WAITING

OUTBOX, DEVICE, PERSON = (table(it) for it in (OutboxRow, Device, Person))
LONGEST_HOST = 100
"""The beginning of an endpoint that is read: its host is in it."""


class Depth(NamedTuple):
    """What waits in a channel. `due` may be sent now, the oldest of it since `oldest`; the others wait for their time:
    for a digest, or for the next attempt."""

    waiting: int = 0
    due: int = 0
    oldest: datetime | None = None


class Failure(NamedTuple):
    """A row that failed. `detail` holds the other side's words; the row's own text is not read."""

    channel: str
    type: str
    task_id: int
    name: str
    reason: str
    detail: str
    attempts: int
    ended_at: datetime | None


def depth(session: Session, channel: str, now: datetime) -> Depth:
    """Count what waits in a channel."""
    waiting = (OUTBOX.c.channel == channel, OUTBOX.c.state == WAITING)
    total = session.execute(sa.select(sa.func.count()).select_from(OUTBOX).where(*waiting)).scalar_one()
    oldest = sa.func.min(OUTBOX.c.due_at, type_=OUTBOX.c.due_at.type)
    due = sa.select(sa.func.count(), oldest).select_from(OUTBOX).where(*waiting, OUTBOX.c.due_at <= now)
    return Depth(total, *session.execute(due).one())


def ended(session: Session, hours: Sequence[tuple[datetime, datetime]]) -> list[dict[tuple[str, str], int]]:
    """Return for each of these times how many rows ended in it, by channel and state.

    Each time is a range of the index: databases differ in how they cut a moment to its hour.
    """
    counts: list[dict[tuple[str, str], int]] = []
    for begin, end in hours:
        within = (OUTBOX.c.ended_at >= begin, OUTBOX.c.ended_at < end)
        query = sa.select(OUTBOX.c.channel, OUTBOX.c.state, sa.func.count()).where(*within)
        rows = session.execute(query.group_by(OUTBOX.c.channel, OUTBOX.c.state))
        counts.append({(channel, state): number for channel, state, number in rows})
    return counts


def failures(session: Session, channels: Iterable[str], limit: int) -> list[Failure]:
    """Return the last rows that failed, the newest first.

    The index has them in the order in which they were due, so a few more than those of each channel are looked at.
    """
    own = [OUTBOX.c.get(name, PERSON.c.full_name) for name in Failure._fields]
    found: list[Failure] = []
    for channel in channels:
        failed = (OUTBOX.c.channel == channel, OUTBOX.c.state == FAILED)
        last = sa.select(OUTBOX.c.id).where(*failed).order_by(OUTBOX.c.due_at.desc()).limit(limit)
        ids = session.execute(last).scalars().all()
        query = sa.select(*own).join(PERSON, PERSON.c.id == OUTBOX.c.person_id).where(OUTBOX.c.id.in_(ids))
        found += [Failure(*row) for row in session.execute(query)]
    found.sort(key=lambda it: it.ended_at.timestamp() if it.ended_at else 0.0, reverse=True)
    return found[:limit]


def devices(session: Session) -> dict[str, Counter[str]]:
    """Count devices by their service, those of Web Push by the host of their push service."""
    counts: dict[str, Counter[str]] = {}
    query = sa.select(DEVICE.c.service, sa.func.substr(DEVICE.c.address, 1, LONGEST_HOST))
    for service, beginning in session.execute(query.execution_options(yield_per=1000)):
        host = urlsplit(beginning).hostname or "" if service == WEB_PUSH else ""
        counts.setdefault(service, Counter())[host] += 1
    return counts
