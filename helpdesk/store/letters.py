"""Store letters that people write: from a task, and to many people at once, each with its rows in the outbox."""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.store import flagged_addresses, outbox, rights
from helpdesk.store.models import fitting, table
from helpdesk.store.models.delivery import FlaggedAddress, Letter, OutboxRow
from helpdesk.store.models.tables import Person

LETTER, OUTBOX, PERSON, FLAGGED = (table(it) for it in (Letter, OutboxRow, Person, FlaggedAddress))
CHANNEL, TYPE = "email", "letter"
TO_MANY = 0
"""The task's number of a letter to many."""
MOST_RECIPIENTS = 20_000
ALL, RIGHT, DEPARTMENT = "all", "right", "department"
MOST_DEPARTMENTS = 500


class NewLetter(NamedTuple):
    """A letter from a task as it is stored. `content` is its whole MIME message."""

    task_id: int
    to: Sequence[str]
    cc: Sequence[str]
    subject: str
    text: str
    content: str


class Sent(NamedTuple):
    """A letter from a task and what became of it; `state` is empty when its row was deleted long ago. When some have
    got it, it is still to be sent to those in `put_off`, and those in `not_to` do not get it."""

    id: int
    author_id: int
    author: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    created_at: datetime
    state: str
    reason: str
    detail: str
    put_off: tuple[str, ...] = ()
    not_to: tuple[str, ...] = ()


class Group(NamedTuple):
    """The people of a letter to many: `kind` is ALL, or RIGHT or DEPARTMENT with its `name`."""

    kind: str = ALL
    name: str = ""


class Recipient(NamedTuple):
    id: int
    name: str
    email: str


class ToMany(NamedTuple):
    """A letter to many. It is to go to `planned` people."""

    id: int
    author: str
    subject: str
    text: str
    created_at: datetime
    group: Group
    planned: int


def add(session: Session, author_id: int, letter: NewLetter, now: datetime) -> int:
    """Store a letter from a task and its row in the outbox, due now. Return its id."""
    recipients = json.dumps({"to": list(letter.to), "cc": list(letter.cc)}, ensure_ascii=False)
    values = {name: getattr(letter, name) for name in ("task_id", "subject", "text", "content")}
    letter_id = _add(session, author_id, now, values | {"recipients": recipients})
    row = {"channel": CHANNEL, "person_id": author_id, "event": event_of(letter_id), "type": TYPE, "device_id": 0}
    row |= {"task_id": letter.task_id, "letter_id": letter_id, "due_at": now, "created_at": now}
    outbox.add(session, [row])
    return letter_id


def note_rest(session: Session, letter_id: int, put_off: Sequence[str], refused: Sequence[str]) -> None:
    """Note who has not got a letter that others have: it is sent again to who was put off, and to nobody else."""
    stored = session.execute(sa.select(LETTER.c.recipients).where(LETTER.c.id == letter_id)).scalar()
    lists = json.loads(stored or "{}")
    lists |= {"put_off": list(put_off), "refused": [*lists.get("refused", ()), *refused]}
    values = {"recipients": json.dumps(lists, ensure_ascii=False)}
    session.execute(sa.update(LETTER).where(LETTER.c.id == letter_id).values(values))


def add_to_many(
    session: Session, author_id: int, group: Group, planned: int, subject: str, text: str, now: datetime
) -> int:
    """Store a letter to many without its rows, which `queue` adds. Return its id."""
    recipients = json.dumps({"kind": group.kind, "name": group.name, "planned": planned}, ensure_ascii=False)
    values = {"task_id": TO_MANY, "recipients": recipients, "subject": subject, "text": text}
    return _add(session, author_id, now, values)


def queue(session: Session, letter_id: int, person_ids: Collection[int], now: datetime) -> None:
    """Put a letter to many into the outbox for some people, for each once however often this is done."""
    event = event_of(letter_id)
    # Two tabs may do it at once.
    session.execute(sa.select(LETTER.c.id).where(LETTER.c.id == letter_id).with_for_update())
    there = sa.select(OUTBOX.c.person_id).where(OUTBOX.c.event == event, OUTBOX.c.person_id.in_(person_ids))
    new = set(person_ids) - set(session.execute(there).scalars())
    row = {"channel": CHANNEL, "event": event, "type": TYPE, "letter_id": letter_id, "due_at": now, "created_at": now}
    if new:
        defaults: dict[str, Any] = dict.fromkeys(("content", "bundle", "reason", "detail", "holder"), "")
        defaults |= dict.fromkeys(("device_id", "notification_id", "task_id", "attempts"), 0)
        session.execute(
            sa.insert(OUTBOX), [{**defaults, **row, "state": outbox.WAITING, "person_id": id} for id in sorted(new)]
        )


def of_task(session: Session, task_id: int, limit: int, author_id: int | None = None) -> list[Sent]:
    """Return the last letters of a task, the newest first; with `author_id` only those of this person."""
    written = (LETTER.c.task_id == task_id, *([LETTER.c.author_id == author_id] if author_id is not None else ()))
    return _with_ends(session, _letters().where(*written).order_by(LETTER.c.id.desc()).limit(limit))


def written(session: Session, author_id: int, since: datetime, limit: int) -> list[tuple[datetime, int]]:
    """Return when a person wrote letters from tasks and to how many addresses each, the newest first."""
    mine = (LETTER.c.author_id == author_id, LETTER.c.task_id != TO_MANY, LETTER.c.created_at > since)
    query = sa.select(LETTER.c.created_at, LETTER.c.recipients).where(*mine).order_by(LETTER.c.id.desc()).limit(limit)
    return [(at, sum(map(len, json.loads(listed).values()))) for at, listed in session.execute(query)]


def one(session: Session, letter_id: int) -> Sent | None:
    """Return a letter from a task; None when there is none with this id."""
    found = _with_ends(session, _letters().where(LETTER.c.id == letter_id, LETTER.c.task_id != TO_MANY))
    return found[0] if found else None


def to_many(session: Session, limit: int, letter_id: int | None = None) -> list[ToMany]:
    """Return the last letters to many, the newest first; with `letter_id` that one alone."""
    which = (LETTER.c.task_id == TO_MANY, *([LETTER.c.id == letter_id] if letter_id is not None else ()))
    columns = (LETTER.c.id, PERSON.c.full_name, LETTER.c.subject, LETTER.c.text, LETTER.c.created_at)
    query = sa.select(*columns, LETTER.c.recipients).join(PERSON, PERSON.c.id == LETTER.c.author_id).where(*which)
    return [_to_many(row) for row in session.execute(query.order_by(LETTER.c.id.desc()).limit(limit))]


def progress(session: Session, letter_id: int) -> dict[tuple[str, str], int]:
    """Count the rows of a letter by their state and reason."""
    query = sa.select(OUTBOX.c.state, OUTBOX.c.reason, sa.func.count()).where(OUTBOX.c.event == event_of(letter_id))
    counts = session.execute(query.group_by(OUTBOX.c.state, OUTBOX.c.reason))
    return Counter({(state, reason): number for state, reason, number in counts})


def unsent(session: Session, letter_id: int, limit: int) -> list[tuple[str, str]]:
    """Return the reasons and people's names of a letter's rows that were not sent, by name."""
    which = (OUTBOX.c.event == event_of(letter_id), OUTBOX.c.state.in_((outbox.FAILED, outbox.SKIPPED)))
    query = sa.select(OUTBOX.c.reason, PERSON.c.full_name).join(PERSON, PERSON.c.id == OUTBOX.c.person_id)
    found = session.execute(query.where(*which).order_by(PERSON.c.full_name, PERSON.c.id).limit(limit))
    return [(reason, name) for reason, name in found]


def recipients(session: Session, group: Group) -> list[Recipient]:
    """Return the active people of a group whose address takes mail, by name."""
    fit = (PERSON.c.email != "", FLAGGED.c.person_id.is_(None))
    query = sa.select(PERSON.c.id, PERSON.c.full_name, PERSON.c.email).where(*_in(group), *fit)
    return [Recipient(*row) for row in session.execute(_unflagged(query).order_by(PERSON.c.full_name, PERSON.c.id))]


def left_out(session: Session, group: Group) -> tuple[int, int]:
    """Count the active people of a group without an address, and those whose address was refused."""
    without = sa.func.count(sa.case((PERSON.c.email == "", 1)))
    refused = sa.func.count(sa.case((sa.and_(PERSON.c.email != "", FLAGGED.c.person_id.is_not(None)), 1)))
    query = sa.select(without, refused).where(*_in(group))
    counts = session.execute(_unflagged(query)).one()
    return counts[0], counts[1]


def departments(session: Session) -> Sequence[str]:
    """Return the departments of active people, by name."""
    query = sa.select(PERSON.c.department).where(PERSON.c.department != "", rights.ACTIVE).distinct()
    return session.execute(query.order_by(PERSON.c.department).limit(MOST_DEPARTMENTS)).scalars().all()


def event_of(letter_id: int) -> str:
    """Return the event of a letter's rows in the outbox."""
    return f"letter.{letter_id}"


def _add(session: Session, author_id: int, now: datetime, values: dict[str, Any]) -> int:
    row = Letter(author_id=author_id, created_at=now, **fitting(Letter, values))
    session.add(row)
    session.flush()
    return row.id or 0


def _letters() -> sa.Select[Any]:
    columns = (LETTER.c.id, LETTER.c.author_id, PERSON.c.full_name, LETTER.c.recipients, LETTER.c.subject)
    return sa.select(*columns, LETTER.c.created_at).join(PERSON, PERSON.c.id == LETTER.c.author_id)


def _with_ends(session: Session, query: sa.Select[Any]) -> list[Sent]:
    """Return letters, each with what became of its row in the outbox, which is found by its event."""
    rows = session.execute(query).all()
    ended = sa.select(OUTBOX.c.event, OUTBOX.c.state, OUTBOX.c.reason, OUTBOX.c.detail)
    found = session.execute(ended.where(OUTBOX.c.event.in_([event_of(row.id) for row in rows])))
    ends = {event: tuple(rest) for event, *rest in found}
    return [_sent(row, ends.get(event_of(row.id), ("", "", ""))) for row in rows]


def _sent(row: Any, end: tuple[str, str, str]) -> Sent:
    id, author_id, author, recipients, subject, created_at = row
    lists = json.loads(recipients or "{}")
    to, cc, put_off, not_to = (tuple(lists.get(name, ())) for name in ("to", "cc", "put_off", "refused"))
    state, reason, detail = end
    if put_off and state in (outbox.FAILED, outbox.SKIPPED):
        state, not_to = outbox.SENT, not_to + put_off
    put_off = put_off if state == outbox.WAITING else ()
    return Sent(id, author_id, author, to, cc, subject, created_at, state, reason, detail, put_off, not_to)


def _to_many(row: Any) -> ToMany:
    id, author, subject, text, created_at, recipients = row
    named = json.loads(recipients or "{}")
    return ToMany(
        id,
        author,
        subject,
        text,
        created_at,
        Group(named.get("kind", ALL), named.get("name", "")),
        named.get("planned", 0),
    )


def _in(group: Group) -> tuple[Any, ...]:
    """Return the conditions that a person belongs to a group."""
    own = {
        ALL: (),
        RIGHT: (rights.holds(PERSON.c.id, group.name),),
        DEPARTMENT: (PERSON.c.department == group.name,),
    }[group.kind]
    return (rights.ACTIVE, col(Person.joined_into).is_(None), *own)


def _unflagged(query: Any) -> Any:
    return query.outerjoin(FLAGGED, flagged_addresses.STILL)
