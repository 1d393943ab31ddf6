"""Store which warnings of promises were given, so that each is given once.

A silent note keeps a warning away, too, but only while the clock stands at what was reached or beyond it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.store.database import in_batches
from helpdesk.store.models import table
from helpdesk.store.models.promises import PromiseWarning

KEPT = timedelta(days=365)
RENEWED = timedelta(days=180)
"""A row that still keeps a warning from being given again is renewed when it is older."""

WARNING = table(PromiseWarning).c


class Key(NamedTuple):
    """The subject of a warning: so many `percent` of the `minutes` of a task's clock, "answer" or "solution"."""

    task_id: int
    kind: str
    percent: int
    minutes: int


def given(session: Session, keys: Collection[Key], now: datetime) -> set[Key]:
    """Return those of these warnings that were given, and keep them from being forgotten."""
    found, old = set[Key](), set[int]()
    columns = [WARNING[name] for name in Key._fields]
    for batch in in_batches({key.task_id for key in keys}):
        for *key, warned_at in session.execute(
            sa.select(*columns, WARNING.warned_at).where(WARNING.task_id.in_(batch))
        ):
            found.add(Key(*key))
            if warned_at < now - RENEWED:
                old.add(key[0])
    for batch in in_batches(old):
        session.execute(sa.update(PromiseWarning).where(WARNING.task_id.in_(batch)).values(warned_at=now))
    return found.intersection(keys)


def note(session: Session, keys: Iterable[Key], now: datetime, *, silent: bool = False) -> None:
    """Note that these warnings were given; none of them was before."""
    rows = [{**key._asdict(), "is_silent": silent, "warned_at": now} for key in keys]
    if rows:
        session.execute(sa.insert(PromiseWarning), rows)


def silent(session: Session, keys: Collection[Key]) -> set[Key]:
    """Return those of these warnings that were only noted."""
    columns, found = [WARNING[name] for name in Key._fields], set[Key]()
    for batch in in_batches({key.task_id for key in keys}):
        rows = session.execute(sa.select(*columns).where(WARNING.task_id.in_(batch), WARNING.is_silent))
        found.update(Key(*row) for row in rows)
    return found.intersection(keys)


def forget(session: Session, keys: Iterable[Key]) -> None:
    """Have these warnings given when they become due."""
    tasks = defaultdict[tuple[str, int, int], list[int]](list)
    for key in keys:
        tasks[key.kind, key.percent, key.minutes].append(key.task_id)
    for (kind, percent, minutes), ids in tasks.items():
        same = (WARNING.kind == kind, WARNING.percent == percent, WARNING.minutes == minutes)
        for batch in in_batches(ids):
            session.execute(sa.delete(PromiseWarning).where(WARNING.task_id.in_(batch), *same))


def prune(session: Session, now: datetime) -> None:
    """Delete warnings of tasks that were closed long ago."""
    session.execute(sa.delete(PromiseWarning).where(WARNING.warned_at < now - KEPT))
