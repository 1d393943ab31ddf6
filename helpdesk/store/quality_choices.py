"""Store what administrators chose for quality control: the trackers and custom fields by their roles."""

import json
from collections.abc import Mapping
from hashlib import sha256

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.errors import Conflict
from helpdesk.store import audit, locks
from helpdesk.store.models.quality import QualityChoice

Numbers = Mapping[str, tuple[int, ...]]


def all(session: Session) -> dict[str, tuple[int, ...]]:
    """Return the ids of each role; nothing where administrators have chosen nothing."""
    found: dict[str, tuple[int, ...]] = {}
    for it in session.exec(select(QualityChoice).order_by(col(QualityChoice.role), col(QualityChoice.number))):
        found[it.role] = (*found.get(it.role, ()), it.number)
    return found


def version(numbers: Numbers) -> str:
    """Return an opaque text that changes with the choices."""
    return sha256(json.dumps(sorted((role, sorted(ids)) for role, ids in numbers.items())).encode()).hexdigest()[:16]


def save(session: Session, actor_id: int, wanted: Numbers, known: str | None) -> None:
    """Replace the choices whose version is `known`. Raises Conflict with the choices as they are now."""
    locks.everybody(session)
    kept = all(session)
    if known is not None and known != version(kept):
        raise Conflict(kept)
    if version(wanted) == version(kept):
        return
    session.exec(sa.delete(QualityChoice))
    for role, ids in wanted.items():
        session.add_all(QualityChoice(role=role, number=number) for number in ids)
    session.flush()
    changes = [f"{role}: {_text(kept, role)} → {_text(wanted, role)}" for role in sorted({*kept, *wanted})]
    audit.note(session, actor_id, "quality_choices_changed", None, {"changes": changes})


def _text(numbers: Numbers, role: str) -> str:
    return ", ".join(map(str, numbers.get(role, ())))
