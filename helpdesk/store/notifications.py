"""Store notifications and read them. Rows are added only by the process that holds the lease of the feed."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from operator import attrgetter

import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.store import outbox
from helpdesk.store.database import in_batches
from helpdesk.store.models import fitting, table
from helpdesk.store.models.notifications import Notification, NotificationRow

TASKS_AT_ONCE = 64
PEOPLE_AT_ONCE = 256
"""The most people in `after`: SQLite accepts at most a thousand parts in a condition."""
MOST_AFTER = 500
"""The rows that `after` returns for one person: the newest."""
MOST_OF_MANY = 2_000
"""The rows that one statement of `after` reads for several people. If there are more, each person is read alone."""

NOTIFICATION = table(Notification)
COLUMNS = [NOTIFICATION.c[name] for name in NotificationRow._fields]
BY_ID = attrgetter("id")
IS_UNREAD = NOTIFICATION.c.read_at.is_(None)

# Built once, because each wake-up of a stream runs it.
UNREAD = (
    sa.select(NOTIFICATION.c.person_id, sa.func.count())
    .where(NOTIFICATION.c.person_id.in_(sa.bindparam("people", expanding=True)), IS_UNREAD)
    .group_by(NOTIFICATION.c.person_id)
)
NEWEST = (
    sa.select(*COLUMNS)
    .where(NOTIFICATION.c.person_id == sa.bindparam("person"), NOTIFICATION.c.id > sa.bindparam("last"))
    .order_by(NOTIFICATION.c.id.desc())
    .limit(MOST_AFTER)
)


def add(session: Session, rows: Sequence[NotificationRow], now: datetime) -> list[NotificationRow]:
    """Add the rows that are not stored yet, by person and event, and return them by rising id. Cut texts that are too
    long.

    The caller holds the lease in this transaction, because ids must appear in their order.
    """
    stored = _stored(session, rows)
    new = {(row.person_id, row.event): row for row in rows if (row.person_id, row.event) not in stored}
    made = [_new(row, now) for row in new.values()]
    session.add_all(made)
    session.flush()
    return sorted((_row(it) for it in made), key=BY_ID)


def page(
    session: Session, person_id: int, *, unread_only: bool = False, type: str | None = None, limit: int, offset: int = 0
) -> list[NotificationRow]:
    """Return a page of a person's notifications, the newest first."""
    query = sa.select(*COLUMNS).where(*_of(person_id, unread_only, type))
    rows = session.execute(query.order_by(NOTIFICATION.c.id.desc()).limit(limit).offset(offset))
    return [NotificationRow(*row) for row in rows]


def one(session: Session, person_id: int, id: int) -> NotificationRow | None:
    """Return one notification of this person."""
    mine = (NOTIFICATION.c.person_id == person_id, NOTIFICATION.c.id == id)
    row = session.execute(sa.select(*COLUMNS).where(*mine)).first()
    return NotificationRow(*row) if row else None


def states(session: Session, ids: Collection[int]) -> dict[int, bool]:
    """Return, for each of these notifications that are there, whether it was read."""
    found: dict[int, bool] = {}
    for batch in in_batches(ids):
        query = sa.select(NOTIFICATION.c.id, NOTIFICATION.c.read_at.isnot(None)).where(NOTIFICATION.c.id.in_(batch))
        found |= {row[0]: bool(row[1]) for row in session.execute(query)}
    return found


def newest(session: Session, person_id: int) -> int:
    """Return the highest id of this person's notifications; 0 when there is none."""
    highest = sa.select(sa.func.max(NOTIFICATION.c.id)).where(NOTIFICATION.c.person_id == person_id)
    return session.execute(highest).scalar() or 0


def total(session: Session, person_id: int, *, unread_only: bool = False, type: str | None = None) -> int:
    """Count the notifications that `page` pages through."""
    query = sa.select(sa.func.count()).select_from(NOTIFICATION).where(*_of(person_id, unread_only, type))
    return session.execute(query).scalar() or 0


def unread(session: Session, person_ids: Collection[int]) -> dict[int, int]:
    """Count the unread notifications of each of these people."""
    counts = {row[0]: row[1] for row in session.execute(UNREAD, {"people": list(person_ids)})}
    return {person_id: counts.get(person_id, 0) for person_id in person_ids}


def unread_tasks(session: Session, person_id: int, task_ids: Collection[int]) -> frozenset[int]:
    """Return those of these tasks about which this person has unread notifications."""
    unread, left = set[int](), iter(task_ids)
    while part := list(islice(left, TASKS_AT_ONCE)):
        size = 1 << (len(part) - 1).bit_length()
        ids = {f"task{index}": part[min(index, len(part) - 1)] for index in range(size)}
        unread.update(session.execute(_unread_of(size), {"person": person_id, **ids}).scalars())
    return frozenset(unread)


def after(session: Session, last: Mapping[int, int]) -> list[NotificationRow]:
    """Return each person's rows above the id in `last`, by rising id; of more than MOST_AFTER the newest.

    `last` has at most PEOPLE_AT_ONCE people. One statement reads all, unless there are many rows.
    """
    wanted = list(last.items())
    if len(wanted) < 2:
        return [row for pair in wanted for row in _newest(session, *pair)]
    # Sizes are powers of two, so that few statements are ever built. The last pair fills the places that are left.
    size = 1 << (len(wanted) - 1).bit_length()
    part = [*wanted, *([wanted[-1]] * (size - len(wanted)))]
    pairs = {f"person{index}": person for index, (person, _) in enumerate(part)}
    pairs |= {f"last{index}": number for index, (_, number) in enumerate(part)}
    rows = session.execute(_above(size), pairs).all()
    of_each = Counter(row.person_id for row in rows)
    if len(rows) < MOST_OF_MANY and max(of_each.values(), default=0) <= MOST_AFTER:
        return [NotificationRow(*row) for row in rows]
    return sorted((row for pair in wanted for row in _newest(session, *pair)), key=BY_ID)


def mark_read(session: Session, person_id: int, id: int, now: datetime) -> bool:
    """Mark a notification as read, unless it is; return whether this person has it."""
    mine = (NOTIFICATION.c.person_id == person_id, NOTIFICATION.c.id == id)
    if _marked(session, now, *mine):
        return True
    return session.execute(sa.select(NOTIFICATION.c.id).where(*mine)).first() is not None


def mark_all(session: Session, person_id: int, now: datetime) -> int:
    """Mark all of a person's notifications as read and return how many. `unmark` with the same moment undoes it."""
    return _marked(session, now, NOTIFICATION.c.person_id == person_id)


def mark_task(session: Session, person_id: int, task_id: int, now: datetime) -> int:
    """Mark a person's notifications about a task as read and return how many."""
    return _marked(session, now, NOTIFICATION.c.person_id == person_id, NOTIFICATION.c.task_id == task_id)


def mark_event(session: Session, person_id: int, event: str, now: datetime) -> int:
    """Mark a person's notification of an event as read and return how many."""
    return _marked(session, now, NOTIFICATION.c.person_id == person_id, NOTIFICATION.c.event == event)


def unmark(session: Session, person_id: int, at: datetime) -> int:
    """Mark as unread what was read at exactly that moment and return how many."""
    read_then = (NOTIFICATION.c.person_id == person_id, NOTIFICATION.c.read_at == at)
    return session.exec(sa.update(NOTIFICATION).where(*read_then).values(read_at=None)).rowcount


def take_back(session: Session, event: str) -> set[int]:
    """Delete the notifications of an event, and what waits to be sent of it. Return the people who had them."""
    outbox.take_back(session, event)
    of_it = NOTIFICATION.c.event == event
    people = set(session.execute(sa.select(NOTIFICATION.c.person_id).where(of_it)).scalars())
    if people:
        session.exec(sa.delete(NOTIFICATION).where(of_it))
    return people


def prune(session: Session, before: datetime) -> int:
    """Delete the notifications that were stored before then and return how many."""
    return session.exec(sa.delete(NOTIFICATION).where(NOTIFICATION.c.created_at < before)).rowcount


def _newest(session: Session, person_id: int, last: int) -> list[NotificationRow]:
    rows = session.execute(NEWEST, {"person": person_id, "last": last}).all()
    return [NotificationRow(*row) for row in reversed(rows)]


@cache
def _unread_of(size: int) -> sa.Select[tuple[int]]:
    """Build the query of `unread_tasks`. It looks each task up by itself, so that thousands of unread ones cost no more
    than one."""
    tasks = (sa.select(sa.bindparam(f"task{it}", type_=sa.Integer).label("task_id")) for it in range(size))
    wanted = sa.union_all(*tasks).subquery("wanted")
    of_it = (NOTIFICATION.c.person_id == sa.bindparam("person"), NOTIFICATION.c.task_id == wanted.c.task_id)
    return sa.select(wanted.c.task_id).where(sa.select(NOTIFICATION.c.task_id).where(*of_it, IS_UNREAD).exists())


@cache
def _above(size: int) -> sa.Select[tuple[object, ...]]:
    conditions = (
        sa.and_(NOTIFICATION.c.person_id == sa.bindparam(f"person{it}"), NOTIFICATION.c.id > sa.bindparam(f"last{it}"))
        for it in range(size)
    )
    return sa.select(*COLUMNS).where(sa.or_(*conditions)).order_by(NOTIFICATION.c.id).limit(MOST_OF_MANY)


def _of(person_id: int, unread_only: bool, type: str | None) -> list[sa.ColumnElement[bool]]:
    conditions = [NOTIFICATION.c.person_id == person_id]
    if unread_only:
        conditions.append(IS_UNREAD)
    if type is not None:
        conditions.append(NOTIFICATION.c.type == type)
    return conditions


def _stored(session: Session, rows: Sequence[NotificationRow]) -> set[tuple[int, str]]:
    """Return who has notifications of these events. Mostly nobody has, so the query names the people only of an event
    alone, which may be one of thousands of people."""
    events = {row.event for row in rows}
    of_them = [NOTIFICATION.c.event.in_(events)]
    if len(events) == 1:
        of_them.append(NOTIFICATION.c.person_id.in_([row.person_id for row in rows]))
    query = sa.select(NOTIFICATION.c.person_id, NOTIFICATION.c.event).where(*of_them)
    return {(person, event) for person, event in session.execute(query)}


def _new(row: NotificationRow, now: datetime) -> Notification:
    return Notification(**fitting(Notification, row._asdict() | {"id": None, "created_at": now}))


def _row(stored: Notification) -> NotificationRow:
    return NotificationRow(*(getattr(stored, name) for name in NotificationRow._fields))


def _marked(session: Session, now: datetime, *which: sa.ColumnElement[bool]) -> int:
    return session.exec(sa.update(NOTIFICATION).where(*which, IS_UNREAD).values(read_at=now)).rowcount
