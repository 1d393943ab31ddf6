"""What people were told: rows that streams and pages read. Added by the one that holds the reader's lease."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.notification_tables import Notification, fitting
from helpdesk.store.tasks import table

PEOPLE_AT_ONCE = 256
"""In one statement of `after`; SQLite takes no condition of more than a thousand parts."""


class New(NamedTuple):
    """A notification to be kept: the columns of the table, in the words of the tracker."""

    person_id: int
    happening: str
    type: str
    kind: str
    task_id: int
    project_id: int
    subject: str
    author: str
    old: str
    new: str
    excerpt: str
    is_private: bool
    sound: str
    happened_at: datetime


class Kept(NamedTuple):
    """A notification as it is kept; it is unread while there is no `read_at`."""

    id: int
    person_id: int
    happening: str
    type: str
    kind: str
    task_id: int
    project_id: int
    subject: str
    author: str
    old: str
    new: str
    excerpt: str
    is_private: bool
    sound: str
    happened_at: datetime
    created_at: datetime
    read_at: datetime | None


NOTIFICATION = table(Notification)
COLUMNS = [NOTIFICATION.c[name] for name in Kept._fields]
IS_UNREAD = NOTIFICATION.c.read_at.is_(None)

# Made once, for each stream that wakes asks it.
UNREAD = (
    sa.select(NOTIFICATION.c.person_id, sa.func.count())
    .where(NOTIFICATION.c.person_id.in_(sa.bindparam("people", expanding=True)), IS_UNREAD)
    .group_by(NOTIFICATION.c.person_id)
)


def add(session: Session, rows: Sequence[New], now: datetime) -> list[Kept]:
    """Keep those that were not there yet, by person and happening; what was added, ids rising. Texts that are too long
    are cut.

    Whoever calls holds the lease in this transaction: ids must appear in their order.
    """
    there = _there(session, rows)
    new = {(row.person_id, row.happening): row for row in rows if (row.person_id, row.happening) not in there}
    made = [Notification(**fitting(Notification, row._asdict()), created_at=now) for row in new.values()]
    session.add_all(made)
    session.flush()
    return sorted(_kept(row) for row in made)


def page(
    session: Session, person_id: int, *, unread_only: bool = False, type: str | None = None, limit: int, offset: int = 0
) -> list[Kept]:
    """A person's notifications, the newest first."""
    asked = sa.select(*COLUMNS).where(*_of(person_id, unread_only, type))
    rows = session.execute(asked.order_by(NOTIFICATION.c.id.desc()).limit(limit).offset(offset))
    return [Kept(*row) for row in rows]


def one(session: Session, person_id: int, id: int) -> Kept | None:
    """A notification of this person's."""
    mine = (NOTIFICATION.c.person_id == person_id, NOTIFICATION.c.id == id)
    row = session.execute(sa.select(*COLUMNS).where(*mine)).first()
    return Kept(*row) if row else None


def newest(session: Session, person_id: int) -> int:
    """The highest id of this person's; 0 when there is none."""
    highest = sa.select(sa.func.max(NOTIFICATION.c.id)).where(NOTIFICATION.c.person_id == person_id)
    return session.execute(highest).scalar() or 0


def total(session: Session, person_id: int, *, unread_only: bool = False, type: str | None = None) -> int:
    """How many there are of those that `page` shows."""
    asked = sa.select(sa.func.count()).select_from(NOTIFICATION).where(*_of(person_id, unread_only, type))
    return session.execute(asked).scalar() or 0


def unread(session: Session, person_ids: Collection[int]) -> dict[int, int]:
    """How many each of these people has not read; everybody asked for is in it."""
    found = {row[0]: row[1] for row in session.execute(UNREAD, {"people": list(person_ids)})}
    return {number: found.get(number, 0) for number in person_ids}


def unread_tasks(session: Session, person_id: int, task_ids: Collection[int]) -> frozenset[int]:
    """Those of these tasks that this person has something unread of."""
    asked = sa.select(NOTIFICATION.c.task_id).where(NOTIFICATION.c.person_id == person_id, IS_UNREAD)
    return frozenset(session.scalars(asked)).intersection(task_ids)


def after(session: Session, last: Mapping[int, int]) -> list[Kept]:
    """What came to each person after the id that `last` names, ids rising: one question for PEOPLE_AT_ONCE of them."""
    wanted, found = list(last.items()), []
    for start in range(0, len(wanted), PEOPLE_AT_ONCE):
        part = wanted[start : start + PEOPLE_AT_ONCE]
        # Sizes are powers of two, so that few statements are ever made: the last pair stands in for those that lack.
        size = 1 << (len(part) - 1).bit_length()
        part += part[-1:] * (size - len(part))
        pairs = {f"person{place}": person for place, (person, _) in enumerate(part)}
        pairs |= {f"last{place}": number for place, (_, number) in enumerate(part)}
        found += [Kept(*row) for row in session.execute(_above(size), pairs)]
    return found if len(wanted) <= PEOPLE_AT_ONCE else sorted(found)


def mark_read(session: Session, person_id: int, id: int, now: datetime) -> bool:
    """Whether this person has such a notification; it is read from the first time on."""
    mine = (NOTIFICATION.c.person_id == person_id, NOTIFICATION.c.id == id)
    if _marked(session, now, *mine):
        return True
    return session.execute(sa.select(NOTIFICATION.c.id).where(*mine)).first() is not None


def mark_all(session: Session, person_id: int, now: datetime) -> int:
    """How many became read by it; `unmark` with the same moment takes it back."""
    return _marked(session, now, NOTIFICATION.c.person_id == person_id)


def mark_task(session: Session, person_id: int, task_id: int, now: datetime) -> int:
    """Who opens a task has read what is told of it; how many became read by it."""
    return _marked(session, now, NOTIFICATION.c.person_id == person_id, NOTIFICATION.c.task_id == task_id)


def unmark(session: Session, person_id: int, at: datetime) -> int:
    """What was read at exactly that moment is unread again; how many those are."""
    read_then = (col(Notification.person_id) == person_id, col(Notification.read_at) == at)
    return session.exec(sa.update(Notification).where(*read_then).values(read_at=None)).rowcount


def take_back(session: Session, happening: str) -> set[int]:
    """Take away what was told of an act; the people whom it was told."""
    of_it = col(Notification.happening) == happening
    people = set(session.exec(select(Notification.person_id).where(of_it)))
    if people:
        session.exec(sa.delete(Notification).where(of_it))
    return people


def prune(session: Session, before: datetime) -> int:
    """Take away what came before then; how many those are."""
    return session.exec(sa.delete(Notification).where(col(Notification.created_at) < before)).rowcount


@cache
def _above(size: int) -> sa.Select[tuple[object, ...]]:
    asked = (
        sa.and_(NOTIFICATION.c.person_id == sa.bindparam(f"person{it}"), NOTIFICATION.c.id > sa.bindparam(f"last{it}"))
        for it in range(size)
    )
    return sa.select(*COLUMNS).where(sa.or_(*asked)).order_by(NOTIFICATION.c.id)


def _of(person_id: int, unread_only: bool, type: str | None) -> list[sa.ColumnElement[bool]]:
    conditions = [NOTIFICATION.c.person_id == person_id]
    if unread_only:
        conditions.append(IS_UNREAD)
    if type is not None:
        conditions.append(NOTIFICATION.c.type == type)
    return conditions


def _there(session: Session, rows: Sequence[New]) -> set[tuple[int, str]]:
    asked = select(Notification.person_id, Notification.happening).where(
        col(Notification.person_id).in_({row.person_id for row in rows}),
        col(Notification.happening).in_({row.happening for row in rows}),
    )
    return {(person, happening) for person, happening in session.exec(asked)}


def _kept(row: Notification) -> Kept:
    return Kept(*(getattr(row, name) for name in Kept._fields))


def _marked(session: Session, now: datetime, *which: sa.ColumnElement[bool]) -> int:
    return session.exec(sa.update(Notification).where(*which, IS_UNREAD).values(read_at=now)).rowcount
