"""Store who asked to be notified of the network monitor's incidents."""

from sqlmodel import Session, select

from helpdesk.store.models.netmonitor import MonitorWatcher


def is_watching(session: Session, person_id: int) -> bool:
    return session.get(MonitorWatcher, person_id) is not None


def switch(session: Session, person_id: int, on: bool) -> None:
    """Let a person be notified, or no longer."""
    row = session.get(MonitorWatcher, person_id, with_for_update=True)
    if on and row is None:
        session.merge(MonitorWatcher(person_id=person_id))
    elif row is not None and not on:
        session.delete(row)


def all(session: Session) -> list[int]:
    """Return the ids of those who asked."""
    return list(session.exec(select(MonitorWatcher.person_id)))
