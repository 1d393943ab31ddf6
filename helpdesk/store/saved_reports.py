"""Store saved reports: addresses of reports under names, shared or not, and who gets them by e-mail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from helpdesk.errors import NotFound
from helpdesk.store import locks
from helpdesk.store.casefold import fold
from helpdesk.store.models import table
from helpdesk.store.models.delivery import OutboxRow
from helpdesk.store.models.reports import ReportMailing, SavedReport
from helpdesk.store.models.tables import Person
from helpdesk.store.outbox import WAITING

MOST_OF_PERSON = 100
MOST_SHOWN = 500
"""As many shared reports of others are listed."""
LONGEST_NAME = 60
LONGEST_QUERY = 2_000
LONGEST_FOLDED = 60  # of the column: a name may grow by folding

REPORT, MAILING, PERSON, OUTBOX = (table(it) for it in (SavedReport, ReportMailing, Person, OutboxRow))


class Saved(NamedTuple):
    """A saved report as a person sees it: `rhythm` is that of their own mailing, "" without one."""

    id: int
    owner_id: int
    owner: str
    name: str
    query: str
    is_shared: bool
    rhythm: str


class Mailing(NamedTuple):
    """A mailing that is due: the report, who gets it and in which language."""

    report_id: int
    person_id: int
    rhythm: str
    next_at: datetime
    name: str
    query: str
    language: str


class TooMany(Exception):
    """This person has MOST_OF_PERSON already."""


class NameTaken(Exception):
    """Another report of this person has that name, in any case."""


def of_person(session: Session, person_id: int) -> list[Saved]:
    """Return a person's own reports, by name."""
    return _found(session, person_id, REPORT.c.owner_id == person_id)


def shared(session: Session, person_id: int) -> list[Saved]:
    """Return the reports that others have shared, by name."""
    return _found(session, person_id, REPORT.c.owner_id != person_id, REPORT.c.is_shared.is_(True), limit=MOST_SHOWN)


def one(session: Session, person_id: int, report_id: int) -> Saved | None:
    """Return a report of this person, or one that another has shared; None for any other."""
    return next(iter(_found(session, person_id, *_may_read(person_id, report_id))), None)


def add(session: Session, person_id: int, name: str, query: str, now: datetime) -> int:
    """Save a report and return its id. Raises TooMany or NameTaken."""
    locks.person(session, person_id)
    count = session.exec(select(sa.func.count()).where(col(SavedReport.owner_id) == person_id)).one()
    if count >= MOST_OF_PERSON:
        raise TooMany
    row = SavedReport(owner_id=person_id, name=name, name_folded=_folded(name), query=query, created_at=now)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise NameTaken from error
    return row.id or 0


def rename(session: Session, person_id: int, report_id: int, name: str) -> None:
    """Rename a report of this person. Raises NameTaken."""
    renamed = sa.update(REPORT).where(*_is(person_id, report_id)).values(name=name, name_folded=_folded(name))
    try:
        with session.begin_nested():
            session.execute(renamed)
    except IntegrityError as error:
        raise NameTaken from error


def share(session: Session, person_id: int, report_id: int, *, is_shared: bool) -> None:
    """Share a report of this person, or stop doing so: then others get it by e-mail no more."""
    changed = sa.update(REPORT).where(*_is(person_id, report_id)).values(is_shared=is_shared)
    if session.exec(changed).rowcount and not is_shared:
        for other in _readers(session, report_id):
            if other != person_id:
                stop_mailing(session, other, report_id)


def remove(session: Session, person_id: int, report_id: int) -> None:
    """Delete a report of this person and its mailings."""
    if not _locked(session, *_is(person_id, report_id)):
        return
    for reader in _readers(session, report_id):
        stop_mailing(session, reader, report_id)
    session.execute(sa.delete(REPORT).where(REPORT.c.id == report_id))


def mail(session: Session, person_id: int, report_id: int, rhythm: str, next_at: datetime) -> None:
    """Send a report to a person by e-mail in this rhythm from then on. Raises NotFound for one that is gone, or is
    shared no more."""
    if not _locked(session, *_may_read(person_id, report_id)):
        raise NotFound
    session.merge(ReportMailing(report_id=report_id, person_id=person_id, rhythm=rhythm, next_at=next_at))


def stop_mailing(session: Session, person_id: int, report_id: int) -> bool:
    """Send a report to a person no more, nor what still waits for being sent. Return whether it was sent."""
    event = OUTBOX.c.event.startswith(f"{event_of(report_id)}.", autoescape=True)
    session.execute(sa.delete(OUTBOX).where(OUTBOX.c.person_id == person_id, event, OUTBOX.c.state == WAITING))
    mine = (MAILING.c.report_id == report_id, MAILING.c.person_id == person_id)
    return bool(session.exec(sa.delete(MAILING).where(*mine)).rowcount)


def due(session: Session, now: datetime, limit: int) -> Sequence[Mailing]:
    """Return the mailings that are due, the longest waiting first."""
    columns = (*(MAILING.c[name] for name in Mailing._fields[:4]), REPORT.c.name, REPORT.c.query, PERSON.c.language)
    query = sa.select(*columns).join(REPORT, REPORT.c.id == MAILING.c.report_id)
    query = query.join(PERSON, PERSON.c.id == MAILING.c.person_id).where(MAILING.c.next_at <= now)
    ordered = query.order_by(MAILING.c.next_at, MAILING.c.report_id, MAILING.c.person_id).limit(limit)
    return [Mailing(*row) for row in session.execute(ordered)]


def put_off(session: Session, mailing: Mailing, next_at: datetime) -> bool:
    """Let a mailing go next at that time. Return False when it was changed, stopped or sent meanwhile."""
    same = [MAILING.c[name] == getattr(mailing, name) for name in Mailing._fields[:4]]
    return bool(session.exec(sa.update(MAILING).where(*same).values(next_at=next_at)).rowcount)


def event_of(report_id: int) -> str:
    """Return how the events of a report's mailings begin."""
    return f"report.{report_id}"


def _readers(session: Session, report_id: int) -> Sequence[int]:
    return session.execute(sa.select(MAILING.c.person_id).where(MAILING.c.report_id == report_id)).scalars().all()


def _found(session: Session, person_id: int, *which: sa.ColumnElement[bool], limit: int | None = None) -> list[Saved]:
    mine = sa.and_(MAILING.c.report_id == REPORT.c.id, MAILING.c.person_id == person_id)
    columns: tuple[Any, ...] = (REPORT.c.id, REPORT.c.owner_id, PERSON.c.full_name, REPORT.c.name, REPORT.c.query)
    query = sa.select(*columns, REPORT.c.is_shared, sa.func.coalesce(MAILING.c.rhythm, ""))
    query = query.join(PERSON, PERSON.c.id == REPORT.c.owner_id).outerjoin(MAILING, mine).where(*which)
    return [Saved(*row) for row in session.execute(query.order_by(REPORT.c.name_folded, REPORT.c.id).limit(limit))]


def _locked(session: Session, *which: sa.ColumnElement[bool]) -> bool:
    """Lock a report, so that its mailings are not written by two at once. Return whether it is there."""
    return session.execute(sa.select(REPORT.c.id).where(*which).with_for_update()).scalar() is not None


def _may_read(person_id: int, report_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return REPORT.c.id == report_id, sa.or_(REPORT.c.owner_id == person_id, REPORT.c.is_shared.is_(True))


def _is(person_id: int, report_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return REPORT.c.owner_id == person_id, REPORT.c.id == report_id


def _folded(name: str) -> str:
    return fold(name)[:LONGEST_FOLDED]
