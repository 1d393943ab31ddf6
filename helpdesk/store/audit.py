"""Record what is done to accounts and their rights, and by whom. Old records are deleted when a new one is written."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.store.database import AUDIT_DAYS
from helpdesk.store.models import fitting
from helpdesk.store.models.tables import AuditRecord


def note(
    session: Session, actor_id: int | None, action: str, person_id: int | None, details: Mapping[str, Any] | None = None
) -> None:
    """Record that an account did something to another one. `actor_id` is None for commands and directories.

    `details` are values of JSON without passwords, tokens and keys.
    """
    now = datetime.now(UTC)
    oldest = now - timedelta(days=session.info[AUDIT_DAYS])
    session.exec(sa.delete(AuditRecord).where(col(AuditRecord.at) < oldest))
    text = json.dumps(details or {}, ensure_ascii=False)
    values = fitting(AuditRecord, {"action": action})
    session.add(AuditRecord(at=now, actor_id=actor_id, person_id=person_id, details=text, **values))
    session.flush()
