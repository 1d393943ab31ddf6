"""Store business calendars: working hours, days with hours of their own, and the projects that follow them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from helpdesk.errors import Conflict, Invalid, sentence
from helpdesk.store import audit, locks
from helpdesk.store.casefold import fold
from helpdesk.store.database import required
from helpdesk.store.models.promises import BusinessCalendar, CalendarDay, CalendarProject

MOST = 100
MOST_DAYS = 1_000
MOST_PROJECTS = 500
LONGEST_NAME = 100
TOO_MANY = sentence("There are %(most)s calendars already.", most=MOST)
TAKEN = sentence("There is a calendar with this name already.")
HAS_ANOTHER = sentence("Some of these projects follow another calendar. Take them out there first.")

VERSIONS = select(BusinessCalendar.id, BusinessCalendar.version)


class OwnDay(NamedTuple):
    """A day with hours of its own; a holiday has none."""

    day: date
    hours: str = ""
    name: str = ""


class CalendarValues(NamedTuple):
    """The values of a calendar. `hours` are as the column has them; days and projects rise."""

    name: str
    timezone: str
    hours: str
    is_default: bool
    days: tuple[OwnDay, ...]
    project_ids: tuple[int, ...]


class StoredCalendar(NamedTuple):
    """A calendar with its days and projects."""

    id: int
    version: int
    values: CalendarValues


def all(session: Session) -> list[StoredCalendar]:
    """Return all calendars by their names."""
    rows = session.exec(select(BusinessCalendar).order_by(col(BusinessCalendar.name_folded))).all()
    return _kept(session, rows)


def versions(session: Session) -> frozenset[tuple[int, int]]:
    """Return the ids of all calendars with their versions, which tell whether one was changed."""
    return frozenset((id or 0, version) for id, version in session.exec(VERSIONS))


def one(session: Session, calendar_id: int) -> StoredCalendar:
    """Return a calendar. Raises NotFound."""
    return _kept(session, [required(session, BusinessCalendar, calendar_id)])[0]


def add(session: Session, actor_id: int, wanted: CalendarValues) -> StoredCalendar:
    """Add a calendar. Raises Invalid."""
    locks.everybody(session)
    if session.exec(select(func.count()).select_from(BusinessCalendar)).one() >= MOST:
        raise Invalid({"name": [TOO_MANY]})
    _require_possible(session, wanted, None)
    row = BusinessCalendar(**_columns(wanted))
    session.add(row)
    session.flush()
    _save_parts(session, row, wanted)
    audit.note(session, actor_id, "calendar_added", None, _told(row, wanted))
    return one(session, row.id or 0)


def change(
    session: Session, actor_id: int, calendar_id: int, wanted: CalendarValues, known: str | None
) -> StoredCalendar:
    """Change a calendar whose version is `known`. Raises NotFound, Invalid, and Conflict with the calendar as it is."""
    locks.everybody(session)
    row = required(session, BusinessCalendar, calendar_id, for_update=True)
    before = one(session, calendar_id)
    if known is not None and known != str(row.version):
        raise Conflict(before)
    if wanted != before.values:
        _require_possible(session, wanted, calendar_id)
        row.sqlmodel_update({**_columns(wanted), "version": row.version + 1})
        session.add(row)
        session.flush()
        _save_parts(session, row, wanted)
        audit.note(session, actor_id, "calendar_changed", None, _told(row, wanted))
    return one(session, calendar_id)


def remove(session: Session, actor_id: int, calendar_id: int, known: str | None) -> None:
    """Remove a calendar whose version is `known`; its projects follow the default one from now on. Raises NotFound,
    and Conflict with the calendar as it is."""
    locks.everybody(session)
    row = required(session, BusinessCalendar, calendar_id, for_update=True)
    if known is not None and known != str(row.version):
        raise Conflict(one(session, calendar_id))
    _forget_parts(session, calendar_id)
    session.delete(row)
    audit.note(session, actor_id, "calendar_removed", None, {"calendar": calendar_id, "name": row.name})


def _kept(session: Session, rows: Sequence[BusinessCalendar]) -> list[StoredCalendar]:
    ids = [row.id or 0 for row in rows]
    days: Mapping[int, list[OwnDay]] = {id: [] for id in ids}
    projects: Mapping[int, list[int]] = {id: [] for id in ids}
    of_day, of_project = CalendarDay.calendar_id, CalendarProject.calendar_id
    for day in session.exec(select(CalendarDay).where(col(of_day).in_(ids)).order_by(col(CalendarDay.day))):
        days[day.calendar_id].append(OwnDay(day.day, day.hours, day.name))
    chosen = select(CalendarProject).where(col(of_project).in_(ids)).order_by(col(CalendarProject.project_id))
    for it in session.exec(chosen):
        projects[it.calendar_id].append(it.project_id)
    return [
        StoredCalendar(
            id,
            row.version,
            CalendarValues(row.name, row.timezone, row.hours, row.is_default, tuple(days[id]), tuple(projects[id])),
        )
        for id, row in zip(ids, rows, strict=True)
    ]


def _columns(wanted: CalendarValues) -> dict[str, Any]:
    return {
        "name": wanted.name,
        "name_folded": fold(wanted.name)[:LONGEST_NAME],
        "timezone": wanted.timezone,
        "hours": wanted.hours,
        "is_default": wanted.is_default,
    }


def _save_parts(session: Session, row: BusinessCalendar, wanted: CalendarValues) -> None:
    number = row.id or 0
    _forget_parts(session, number)
    if wanted.days:
        session.execute(sa.insert(CalendarDay), [{"calendar_id": number, **it._asdict()} for it in wanted.days])
    if wanted.project_ids:
        projects = [{"calendar_id": number, "project_id": it} for it in wanted.project_ids]
        session.execute(sa.insert(CalendarProject), projects)
    if wanted.is_default:
        others = sa.update(BusinessCalendar).where(
            col(BusinessCalendar.id) != number, col(BusinessCalendar.is_default).is_(True)
        )
        session.execute(others.values(is_default=False, version=col(BusinessCalendar.version) + 1))


def _forget_parts(session: Session, calendar_id: int) -> None:
    session.execute(sa.delete(CalendarDay).where(col(CalendarDay.calendar_id) == calendar_id))
    session.execute(sa.delete(CalendarProject).where(col(CalendarProject.calendar_id) == calendar_id))


def _require_possible(session: Session, wanted: CalendarValues, own_id: int | None) -> None:
    named = select(BusinessCalendar.id).where(col(BusinessCalendar.name_folded) == fold(wanted.name)[:LONGEST_NAME])
    if session.exec(named).first() not in (None, own_id):
        raise Invalid({"name": [TAKEN]})
    followed = select(CalendarProject.calendar_id).where(col(CalendarProject.project_id).in_(wanted.project_ids))
    if wanted.project_ids and set(session.exec(followed)) - {own_id}:
        raise Invalid({"project_ids": [HAS_ANOTHER]})


def _told(row: BusinessCalendar, wanted: CalendarValues) -> dict[str, object]:
    """Return what the audit keeps; of days only how many there are."""
    return {
        "calendar": row.id,
        "name": wanted.name,
        "timezone": wanted.timezone,
        "hours": wanted.hours,
        "is_default": wanted.is_default,
        "days": len(wanted.days),
        "projects": list(wanted.project_ids),
    }
