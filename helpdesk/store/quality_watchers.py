"""Store who asked to be notified of new requests of quality control."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, select

from helpdesk.store import locks
from helpdesk.store.models.quality import QualityWatcher


def is_watching(session: Session, person_id: int) -> bool:
    return session.get(QualityWatcher, person_id) is not None


def switch(session: Session, person_id: int, on: bool, now: datetime) -> None:
    """Let a person be notified of requests from now on, or no longer."""
    locks.person(session, person_id)
    row = session.get(QualityWatcher, person_id)
    if on and row is None:
        session.add(QualityWatcher(person_id=person_id, since=now))
    elif row is not None and not on:
        session.delete(row)


def all(session: Session) -> Mapping[int, datetime]:
    """Return the ids of those who asked, each with the moment since when."""
    return {row.person_id: row.since for row in session.exec(select(QualityWatcher))}
