"""Record acts: who did what to which account or task, when, and from where.

The application only adds records. Those that are older than AUDIT_DAYS are deleted, at most once an hour, when a new
one is written.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.acting import ACTING, Acting
from helpdesk.store.casefold import fold
from helpdesk.store.database import AUDIT_DAYS, CLEANED, in_batches
from helpdesk.store.models import fitting
from helpdesk.store.models.tables import AuditRecord

CLEANED_EVERY = timedelta(hours=1)
DELETED_AT_ONCE = 5_000
"""The most old records that one act deletes: nobody waits for a year's records to go."""
LONGEST_TEXT = 200
"""The most characters of a text in `details`."""
LARGEST = 16 * 1024
"""The most bytes of `details`: a column of MySQL takes 64 KB, and a record is to be read by people."""
LEFT_OUT = "left_out"


def note(
    session: Session,
    actor_id: int | None,
    action: str,
    person_id: int | None,
    details: Mapping[str, Any] | None = None,
    task_id: int | None = None,
) -> None:
    """Record that an account did something to another one or to a task.

    Without `actor_id` it is the person of the request; commands and directories have none. `details` are values of JSON
    without passwords, tokens and keys.
    """
    now, acting = datetime.now(UTC), session.info.get(ACTING) or Acting()
    _clean(session, now)
    kept = _bounded({name: it[:LONGEST_TEXT] if isinstance(it, str) else it for name, it in (details or {}).items()})
    texts = {"action": action, "address": acting.address, "words": _words(kept, acting.address, task_id)}
    session.add(
        AuditRecord(
            at=now,
            actor_id=acting.person_id if actor_id is None else actor_id,
            person_id=person_id,
            task_id=task_id,
            details=json.dumps(kept, ensure_ascii=False),
            **fitting(AuditRecord, texts),
        )
    )
    session.flush()


def _bounded(details: dict[str, Any]) -> dict[str, Any]:
    """Leave out the largest details until the rest is small enough, and say which."""
    kept, sizes = dict(details), {name: _size(value) for name, value in details.items()}
    for name in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if _size(kept) <= LARGEST:
            break
        del kept[name]
        kept[LEFT_OUT] = [*kept.get(LEFT_OUT, []), name]
    return kept


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())


def _words(details: Mapping[str, Any], address: str, task_id: int | None) -> str:
    """Return what a record is found by, beside the people in it, whose names may change."""
    values = [*_texts(details.values()), address, f"#{task_id}" if task_id else ""]
    return fold(" ".join(filter(None, values)))


def _texts(values: Any) -> list[str]:
    return [text for it in values for text in (_texts(it) if isinstance(it, list | tuple) else [str(it)])]


def _clean(session: Session, now: datetime) -> None:
    """Delete the oldest records that are kept no longer, unless that was done within the hour."""
    cleaned: list[datetime] = session.info[CLEANED]
    if cleaned and now - cleaned[0] < CLEANED_EVERY:
        return
    oldest = now - timedelta(days=session.info[AUDIT_DAYS])
    at = col(AuditRecord.at)
    ids = session.exec(select(AuditRecord.id).where(at < oldest).order_by(at).limit(DELETED_AT_ONCE)).all()
    for batch in in_batches(ids):
        session.exec(sa.delete(AuditRecord).where(col(AuditRecord.id).in_(batch)))
    if len(ids) < DELETED_AT_ONCE:
        cleaned[:] = [now]
