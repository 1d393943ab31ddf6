"""Read the record of acts, the newest first, a page at a time.

Ids rise with time, so days are turned into ids by the index of times, and a page goes on from the last id of the one
before. Choices are looked up by their indexes, each choice by a query of its own: for several at once a database would
sort all their records. Words have no index: a page looks for them in the next LOOKED_THROUGH records.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice, product
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import account_search, people
from helpdesk.store.casefold import fold
from helpdesk.store.models import table
from helpdesk.store.models.tables import AuditRecord

LOOKED_THROUGH = 50_000
CLOCKS = timedelta(minutes=5)
"""How much the times of neighbouring records may differ from their order."""
FEW_PEOPLE = 50
"""So many people whom a searched word means are looked up once; more are looked up by each query."""
RECORD = table(AuditRecord).c


class LogQuery(NamedTuple):
    """What is looked for. `about` is a person who acted or was acted upon; records have lower ids than `before`."""

    text: str = ""
    actions: Sequence[str] = ()
    actor_ids: Sequence[int] = ()
    about: int | None = None
    task_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


class Account(NamedTuple):
    """A person of a record, as they are called now. One who is deleted has no names."""

    id: int
    login: str = ""
    full_name: str = ""
    source: str = ""


class LogLine(NamedTuple):
    """A record. Without an actor it was a command, a directory or somebody who was not signed in."""

    id: int
    at: datetime
    actor: Account | None
    action: str
    person: Account | None
    task_id: int | None
    address: str
    details: dict[str, Any]


class LogPage(NamedTuple):
    """Lines, and the id before which the next page begins, if there may be more.

    When words were looked for, `back_to` is the time of the last record that was looked through.
    """

    lines: list[LogLine]
    before: int | None = None
    back_to: datetime | None = None


def page(session: Session, query: LogQuery, size: int) -> LogPage:
    """Return a page of at most `size` records."""
    least, most = _ids(session, query)
    words, back_to = list(_words(session, query.text)), None
    if words:
        least, back_to = _window(session, least, most)
    found = list(islice(_newest(session, query, words, least, most, size + 1), size + 1))
    rest = found[size - 1].id if len(found) > size else least if back_to else None
    return LogPage(_lines(session, found[:size]), rest, back_to if len(found) <= size else None)


def _newest(
    session: Session, query: LogQuery, words: list[Any], least: int, most: int | None, limit: int
) -> Iterator[Any]:
    """Yield the newest records, each once."""
    within = [RECORD.id >= least, *([] if most is None else [RECORD.id < most]), *_moments(query), *words]
    streams = [
        session.execute(sa.select(table(AuditRecord)).where(*within, *choice).order_by(RECORD.id.desc()).limit(limit))
        for choice in _choices(query)
    ]
    last = None
    for row in merge(*streams, key=lambda row: row.id, reverse=True):
        if row.id != last:
            yield row
        last = row.id


def _choices(query: LogQuery) -> Iterator[Sequence[sa.ColumnElement[bool]]]:
    """Yield the conditions of which a record fulfils one."""
    alternatives: list[list[Any]] = [
        [RECORD.action == action for action in query.actions],
        [RECORD.actor_id == number for number in query.actor_ids],
        [] if query.about is None else [RECORD.actor_id == query.about, RECORD.person_id == query.about],
        [] if query.task_id is None else [RECORD.task_id == query.task_id],
    ]
    return product(*(each for each in alternatives if each))


def _moments(query: LogQuery) -> list[Any]:
    since = [] if query.since is None else [RECORD.at >= query.since]
    return since if query.until is None else [*since, RECORD.at < query.until]


def _ids(session: Session, query: LogQuery) -> tuple[int, int | None]:
    """Return the ids between which the records of the days are, the second one excluded."""
    least, most, at = 0, query.before, RECORD.at
    if query.since is not None:
        first = sa.select(RECORD.id).where(at >= query.since - CLOCKS).order_by(at).limit(1)
        least = session.execute(first).scalar() or 0
    if query.until is not None:
        last = sa.select(RECORD.id).where(at < query.until + CLOCKS).order_by(at.desc()).limit(1)
        highest = (session.execute(last).scalar() or 0) + 1
        most = highest if most is None else min(most, highest)
    return least, most


def _window(session: Session, least: int, most: int | None) -> tuple[int, datetime | None]:
    """Return the lowest id to look through, and its time unless it is the last one anyway."""
    if most is None:
        most = (session.execute(sa.select(sa.func.max(RECORD.id))).scalar() or 0) + 1
    lowest = max(least, most - LOOKED_THROUGH)
    older = sa.select(RECORD.id).where(RECORD.id < lowest, RECORD.id >= least).order_by(RECORD.id.desc()).limit(1)
    if session.execute(older).scalar() is None:
        return least, None
    at = session.execute(sa.select(RECORD.at).where(RECORD.id >= lowest).order_by(RECORD.id).limit(1)).scalar()
    return lowest, at


def _words(session: Session, text: str) -> Iterator[sa.ColumnElement[bool]]:
    """Yield a condition for each word: it is in the record, or in the names of one of its people."""
    for term in fold(text).split()[: account_search.MOST_TERMS]:
        meant = account_search.ids_like(term)
        ids = session.execute(meant.limit(FEW_PEOPLE + 1)).scalars().all()
        who: Any = ids if len(ids) <= FEW_PEOPLE else meant
        named = [RECORD.actor_id.in_(who), RECORD.person_id.in_(who)] if ids else []
        yield sa.or_(RECORD.words.contains(term, autoescape=True), *named)


def _lines(session: Session, rows: Sequence[Any]) -> list[LogLine]:
    told = [json.loads(row.details) for row in rows]
    ids = {number for row in rows for number in (row.actor_id, row.person_id) if number is not None}
    ids |= {details["deputy_id"] for details in told if details.get("deputy_id")}
    known = {
        it.id: Account(it.id, it.login, it.full_name, it.source) for it, _ in people.with_ids(session, ids) if it.id
    }
    known |= {number: Account(number) for number in ids - known.keys()}
    return [
        LogLine(
            row.id,
            row.at,
            known.get(row.actor_id),
            row.action,
            known.get(row.person_id),
            row.task_id,
            row.address,
            _with_deputy(details, known),
        )
        for row, details in zip(rows, told, strict=True)
    ]


def _with_deputy(details: dict[str, Any], known: Mapping[int, Account]) -> dict[str, Any]:
    """Return details with the deputy's name, as it is now."""
    deputy = known.get(details.get("deputy_id") or 0)
    return {**details, "deputy": deputy.full_name or deputy.login} if deputy else details


def actors_named(session: Session, typed: str) -> list[int]:
    """Return the ids of the accounts with this login or e-mail, of a directory if it is named."""
    source, colon, login = typed.rpartition(":")
    rows = people.with_login(session, login, source) if colon else people.named(session, typed)
    return [row.id for row in rows if row.id is not None]


def oldest(session: Session) -> datetime | None:
    """Return the time of the oldest record."""
    return session.exec(select(AuditRecord.at).order_by(col(AuditRecord.at)).limit(1)).first()
