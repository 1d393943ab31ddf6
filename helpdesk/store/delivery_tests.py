"""Limit the tests that people send to themselves: what they gave as their address may be somebody else's."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.errors import TooManyAttempts
from helpdesk.store import locks
from helpdesk.store.models.delivery import OutboxRow
from helpdesk.store.models.tables import Person
from helpdesk.store.outbox import WAITING

PREFIX = "test."
"""How the event of a test begins."""
APART, A_DAY = timedelta(minutes=1), timedelta(days=1)
MOST, MOST_UNPROVEN = 10, 3
"""Tests of a person over one channel in a day; fewer to an address that nobody has proven."""


def is_new(session: Session, person_id: int, channel: str, device_id: int, now: datetime) -> bool:
    """Tell whether a test may be added; False while one waits for the same device. Raises TooManyAttempts."""
    locks.person(session, person_id)
    tests = _last(session, person_id, channel, now)
    own = [it for it in tests if it.device_id == device_id]
    if any(it.state == WAITING for it in own):
        return False
    most = MOST_UNPROVEN if channel == "email" and not _is_proven(session, person_id) else MOST
    ends = [it.created_at + APART for it in own[:1]] + [it.created_at + A_DAY for it in tests[most - 1 : most]]
    if ends and (left := (max(ends) - now).total_seconds()) > 0:
        raise TooManyAttempts(ceil(left))
    return True


def _last(session: Session, person_id: int, channel: str, now: datetime) -> Sequence[OutboxRow]:
    """Return the tests of the last day and those that wait for longer, the newest first."""
    mine = (OutboxRow.person_id == person_id, OutboxRow.channel == channel, col(OutboxRow.event).startswith(PREFIX))
    lasting = sa.or_(col(OutboxRow.state) == WAITING, col(OutboxRow.created_at) > now - A_DAY)
    return session.exec(select(OutboxRow).where(*mine, lasting).order_by(col(OutboxRow.id).desc())).all()


def _is_proven(session: Session, person_id: int) -> bool:
    return session.get_one(Person, person_id).is_email_proven
