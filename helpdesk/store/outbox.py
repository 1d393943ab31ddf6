"""Store what is to be sent, and claim it for sending: each row is claimed by one worker of one process at a time.

A claimed row that its worker does not end is free again when its lease has run out, so nothing is lost when a process
is killed. Of the rows for one person, device and task only the first is claimed: they are sent in their order.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.store.database import in_batches
from helpdesk.store.models import fitting, table
from helpdesk.store.models.delivery import FCM, WEB_PUSH, Device, FlaggedAddress, Letter, OutboxRow
from helpdesk.store.models.tables import Person

WAITING, SENT, SKIPPED, FAILED = "waiting", "sent", "skipped", "failed"
QUIET = "quiet"
"""The reason of a row that is put off in quiet hours."""
KEEP_FOR = timedelta(days=30)
MOST_IN_BUNDLE = 500
MOST_PRUNED = 2_000
"""Rows that are deleted in one transaction, for which others wait."""
LONGEST_LEASE = timedelta(minutes=10)
"""A lease that lasts longer was made by a clock that was ahead."""

OUTBOX, DEVICE, LETTER, PERSON, FLAGGED = (table(it) for it in (OutboxRow, Device, Letter, Person, FlaggedAddress))
KEY = ("person_id", "event", "channel", "device_id")
NOBODY = {"holder": "", "leased_until": None}


class Row(NamedTuple):
    """A claimed row, with what its letter, its person and its device have. `holder` names the claim."""

    id: int
    channel: str
    person_id: int
    event: str
    type: str
    device_id: int
    notification_id: int
    task_id: int
    letter_id: int | None
    content: str
    bundle: str
    attempts: int
    due_at: datetime
    holder: str
    created_at: datetime
    name: str
    email: str
    language: str
    flagged: str | None
    service: str | None
    address: str | None
    p256dh: str | None
    auth: str | None


class Ended(NamedTuple):
    """A row of the past, as its person or an administrator sees it."""

    channel: str
    event: str
    type: str
    task_id: int
    state: str
    reason: str
    detail: str
    attempts: int
    due_at: datetime
    ended_at: datetime | None


OWN = [OUTBOX.c[name] for name in Row._fields if name in OUTBOX.c]
# A device that meanwhile belongs to somebody else is none for this row.
OF_DEVICE = sa.and_(
    DEVICE.c.id == OUTBOX.c.device_id,
    DEVICE.c.person_id == OUTBOX.c.person_id,
    DEVICE.c.service == OUTBOX.c.channel,
)
CLAIMED = (
    sa.select(
        *OWN,
        PERSON.c.full_name,
        PERSON.c.email,
        PERSON.c.language,
        FLAGGED.c.address.label("flagged"),
        DEVICE.c.service,
        DEVICE.c.address,
        DEVICE.c.p256dh,
        DEVICE.c.auth,
    )
    .join(PERSON, PERSON.c.id == OUTBOX.c.person_id)
    .outerjoin(FLAGGED, FLAGGED.c.person_id == OUTBOX.c.person_id)
    .outerjoin(DEVICE, OF_DEVICE)
    .where(OUTBOX.c.holder == sa.bindparam("holder"))
    .order_by(OUTBOX.c.id)
)


def add(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows, given by their columns, unless the same was added before. Cut texts that are too long."""
    if not rows:
        return
    events = {row["event"] for row in rows}
    stored = set[tuple[Any, ...]]()
    for batch in in_batches(events):
        found = sa.select(*(OUTBOX.c[name] for name in KEY)).where(OUTBOX.c.event.in_(batch))
        stored |= {tuple(each) for each in session.execute(found)}
    new = {tuple(row[name] for name in KEY): row for row in rows}
    session.add_all(OutboxRow(**fitting(OutboxRow, row)) for key, row in new.items() if key not in stored)
    session.flush()


def claim(session: Session, channel: str, holder: str, now: datetime, seconds: float, limit: int) -> list[Row]:
    """Claim rows that are due, the longest waiting first, under a name that no other claim has. Rows of a bundle come
    with all that are due for the same person."""
    heads = sa.select(OUTBOX.c.id, OUTBOX.c.person_id, OUTBOX.c.bundle).where(*_free(channel, now), _is_first())
    found = session.execute(heads.order_by(OUTBOX.c.due_at, OUTBOX.c.id).limit(limit)).all()
    bundled = {it.person_id for it in found if it.bundle}
    ids = [it.id for it in found if not it.bundle] + (_bundled(session, channel, now, bundled) if bundled else [])
    return _held(session, ids, _free(channel, now), holder, now + timedelta(seconds=seconds))


def claim_for_browsers(session: Session, holder: str, now: datetime, spared: int, limit: int) -> list[Row]:
    """Claim what waits for phones of people who have a browser, due or not, but for the first `spared`. What is older
    than a day is no news."""
    browser = sa.exists().where(DEVICE.c.person_id == OUTBOX.c.person_id, DEVICE.c.service == WEB_PUSH)
    fit = (*_unclaimed(FCM, now), OUTBOX.c.created_at > now - timedelta(days=1))
    found = sa.select(OUTBOX.c.id).where(*fit, browser).order_by(OUTBOX.c.id).offset(spared).limit(limit)
    ids = session.execute(found).scalars().all()
    return _held(session, ids, fit, holder, now + timedelta(minutes=1))


def next_due(session: Session, channel: str, now: datetime) -> datetime | None:
    """Return when the first row that nobody sends or holds up may be claimed; None when there is none."""
    ready = sa.select(OUTBOX.c.due_at).where(*_unclaimed(channel, now), _is_first())
    return session.execute(ready.order_by(OUTBOX.c.due_at).limit(1)).scalar()


def end(session: Session, row: Row, state: str, now: datetime, reason: str = "", detail: str = "") -> bool:
    """End a claimed row. Return False when the claim was lost meanwhile; nothing is written then."""
    values = {"state": state, "reason": reason, "detail": detail[:200], "content": "", "ended_at": now}
    is_ended = _change(session, row, {**values, **NOBODY, "attempts": row.attempts + 1})
    if is_ended:
        _empty_letters(session, [row])
    return is_ended


def end_sent(session: Session, rows: Sequence[Row], now: datetime) -> None:
    """End claimed rows that were sent, all at once; those whose claim was lost meanwhile are left alone."""
    values = {"state": SENT, "reason": "", "detail": "", "content": "", "ended_at": now, **NOBODY}
    ids: dict[str, list[int]] = {}
    for row in rows:
        ids.setdefault(row.holder, []).append(row.id)
    for holder, own in ids.items():
        mine = (OUTBOX.c.id.in_(sorted(own)), OUTBOX.c.holder == holder, OUTBOX.c.state == WAITING)
        session.execute(sa.update(OUTBOX).where(*mine).values(**values, attempts=OUTBOX.c.attempts + 1))
    _empty_letters(session, rows)


def postpone(session: Session, row: Row, due: datetime, reason: str, detail: str = "", *, counts: bool = True) -> bool:
    """Let a claimed row wait until then, with those that must not come before it: claims need not look at them. Return
    False when the claim was lost meanwhile."""
    values = {"due_at": due, "reason": reason, "detail": detail[:200], "attempts": row.attempts + counts, **NOBODY}
    is_postponed = _change(session, row, values)
    if is_postponed and not row.bundle and row.letter_id is None:
        same = [OUTBOX.c[name] == getattr(row, name) for name in ("channel", "person_id", "device_id", "task_id")]
        alone = (OUTBOX.c.bundle == "", OUTBOX.c.letter_id.is_(None))
        later = (OUTBOX.c.state == WAITING, OUTBOX.c.id > row.id, OUTBOX.c.due_at < due)
        session.execute(sa.update(OUTBOX).where(*same, *alone, *later).values(due_at=due))
    return is_postponed


def reschedule(session: Session, person_id: int, due: datetime, now: datetime) -> None:
    """Let a person's rows that wait for a digest or the end of quiet hours wait until then instead. What is due already
    and what waits for a server are left alone."""
    put_off = sa.or_(OUTBOX.c.bundle != "", OUTBOX.c.reason == QUIET)
    waiting = (OUTBOX.c.person_id == person_id, OUTBOX.c.state == WAITING, OUTBOX.c.due_at > now)
    which = (*waiting, put_off, OUTBOX.c.reason.in_(("", QUIET)))
    session.execute(sa.update(OUTBOX).where(*which).values(due_at=due))


def release(session: Session, holder: str) -> None:
    """Give back the rows of a claim that were not sent."""
    session.execute(sa.update(OUTBOX).where(OUTBOX.c.holder == holder, OUTBOX.c.state == WAITING).values(NOBODY))


def states_of(session: Session, person_id: int, event: str, channel: str) -> set[str]:
    """Return the states of a person's rows of an event in a channel."""
    which = (OUTBOX.c.person_id == person_id, OUTBOX.c.event == event, OUTBOX.c.channel == channel)
    return set(session.execute(sa.select(OUTBOX.c.state).where(*which)).scalars())


def end_device(session: Session, device_id: int, now: datetime, reason: str) -> None:
    """End everything that still waits for a browser. What waits for a phone ends when it is claimed, and goes to its
    person's browsers then."""
    waiting = (OUTBOX.c.device_id == device_id, OUTBOX.c.state == WAITING, OUTBOX.c.channel != FCM)
    values = {"state": FAILED, "reason": reason, "content": "", "ended_at": now, **NOBODY}
    session.execute(sa.update(OUTBOX).where(*waiting).values(values))


def take_back(session: Session, event: str) -> None:
    """Delete what still waits of an event. What is just being sent is not stopped any more."""
    session.execute(sa.delete(OUTBOX).where(OUTBOX.c.event == event, OUTBOX.c.state == WAITING))


def prune(session: Session, now: datetime) -> bool:
    """Delete some of the rows that ended long ago, then of the letters to which no row refers any more. Return whether
    there may be more."""
    before = now - KEEP_FOR
    if _deleted(session, OUTBOX, OUTBOX.c.ended_at < before):
        return True
    referred = sa.select(OUTBOX.c.letter_id).where(OUTBOX.c.letter_id.is_not(None))
    return _deleted(session, LETTER, LETTER.c.created_at < before, LETTER.c.id.not_in(referred))


def recent(session: Session, person_id: int, channels: Collection[str], limit: int) -> list[Ended]:
    """Return what became of what was to be sent to a person in these channels, the newest first.

    Rows of letters from tasks are left out: their person has written them to others.
    """
    is_to_person = sa.or_(OUTBOX.c.letter_id.is_(None), OUTBOX.c.task_id == 0)
    which = (OUTBOX.c.person_id == person_id, OUTBOX.c.channel.in_(channels), is_to_person)
    query = sa.select(*(OUTBOX.c[name] for name in Ended._fields)).where(*which)
    return [Ended(*row) for row in session.execute(query.order_by(OUTBOX.c.id.desc()).limit(limit))]


def with_email(session: Session, person_ids: Iterable[int]) -> set[int]:
    """Return those of these people who have an e-mail address."""
    found = set[int]()
    for batch in in_batches(set(person_ids)):
        found |= set(
            session.execute(sa.select(PERSON.c.id).where(PERSON.c.id.in_(batch), PERSON.c.email != "")).scalars()
        )
    return found


def _bundled(session: Session, channel: str, now: datetime, person_ids: Collection[int]) -> list[int]:
    """Return the rows of bundles that are due for some of these people: all of each person, for nobody gets two
    letters where one would do."""
    due = (*_free(channel, now), OUTBOX.c.bundle != "", OUTBOX.c.person_id.in_(person_ids))
    query = sa.select(OUTBOX.c.id, OUTBOX.c.person_id).where(*due).order_by(OUTBOX.c.person_id, OUTBOX.c.id)
    found = session.execute(query.limit(MOST_IN_BUNDLE + 1)).all()
    if len(found) > MOST_IN_BUNDLE:  # the last person's may not be whole
        found = [it for it in found if it.person_id != found[-1].person_id] or found[:MOST_IN_BUNDLE]
    return [it.id for it in found]


def _held(
    session: Session, ids: Collection[int], fit: Iterable[sa.ColumnElement[bool]], holder: str, until: datetime
) -> list[Row]:
    """Claim those of these rows that still fit."""
    if not ids:
        return []
    held = {"holder": holder, "leased_until": until}
    session.execute(sa.update(OUTBOX).where(OUTBOX.c.id.in_(sorted(ids)), *fit).values(held))
    return [Row(*row) for row in session.execute(CLAIMED, {"holder": holder})]


def _deleted(session: Session, of: sa.Table, *which: sa.ColumnElement[bool]) -> bool:
    """Delete at most MOST_PRUNED rows. Return whether there were any."""
    ids = session.execute(sa.select(of.c.id).where(*which).limit(MOST_PRUNED)).scalars().all()
    if ids:
        session.execute(sa.delete(of).where(of.c.id.in_(ids)))
    return bool(ids)


def _unclaimed(channel: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    lease = OUTBOX.c.leased_until
    unclaimed = sa.or_(lease.is_(None), lease <= now, lease > now + LONGEST_LEASE)
    return (OUTBOX.c.channel == channel, OUTBOX.c.state == WAITING, unclaimed)


def _empty_letters(session: Session, rows: Iterable[Row]) -> None:
    """Delete the messages of letters from tasks that have ended: their files may be large, and are on the tasks."""
    if ended := {row.letter_id for row in rows if row.letter_id and row.task_id}:
        session.execute(sa.update(LETTER).where(LETTER.c.id.in_(ended)).values(content=""))


def _free(channel: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (*_unclaimed(channel, now), OUTBOX.c.due_at <= now)


def _is_first() -> sa.ColumnElement[bool]:
    """Tell whether nothing earlier waits for the same person, device and task. Letters and bundles wait for nothing."""
    earlier = OUTBOX.alias()
    same = (earlier.c[name] == OUTBOX.c[name] for name in ("state", "channel", "person_id", "device_id", "task_id"))
    alone = (earlier.c.id < OUTBOX.c.id, earlier.c.bundle == "", earlier.c.letter_id.is_(None))
    ordered = sa.and_(OUTBOX.c.bundle == "", OUTBOX.c.letter_id.is_(None))
    return sa.not_(sa.and_(ordered, sa.exists().where(*same, *alone)))


def _change(session: Session, row: Row, values: Mapping[str, Any]) -> bool:
    mine = (OUTBOX.c.id == row.id, OUTBOX.c.holder == row.holder, OUTBOX.c.state == WAITING)
    return bool(session.exec(sa.update(OUTBOX).where(*mine).values(**values)).rowcount)
