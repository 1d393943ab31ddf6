"""Decide who may read a notification that is about no task, now: it may have been stored long ago.

Administrators lose the right, announcements are taken back or are for fewer people, and the setting of the network
monitor changes. Of tasks the backend decides.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.netmonitor.access import may_see
from helpdesk.notifications.delivery import from_content
from helpdesk.notifications.kinds import READERS, Readers
from helpdesk.notifications.links import number_of
from helpdesk.people.model import Person, load_people
from helpdesk.people.rights import QUALITY, REPORTS
from helpdesk.settings.netmonitor import Access
from helpdesk.store import people, post_readers, rights
from helpdesk.store.database import in_batches
from helpdesk.store.models import table, tables
from helpdesk.store.models.delivery import OutboxRow
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.store.models.posts import Post, PostAudience
from helpdesk.store.notifications import COLUMNS, NOTIFICATION
from helpdesk.store.people import Accounts
from helpdesk.store.post_readers import reader_of
from helpdesk.store.rights import Named

OUTBOX = table(OutboxRow)
RIGHTS: Mapping[Readers, str] = {"quality": QUALITY, "reports": REPORTS}
"""The right that readers need, besides administrators."""


class Rules(NamedTuple):
    """The facts from outside the store: the accounts that the backend knows, the administrators that a setting names,
    and the setting of the network monitor."""

    accounts: Accounts
    named: Named = ()
    access: Access = "staff"


class Announced(NamedTuple):
    """An announcement: whether its audience may read it now, and who that is."""

    is_published: bool
    audience: frozenset[tuple[str, str]]


class _Facts(NamedTuple):
    people: Mapping[int, Person]
    known: Collection[int]
    posts: Mapping[int, Announced]


def unreadable(
    session: Session, rows: Iterable[NotificationRow], rules: Rules, now: datetime
) -> frozenset[tuple[int, str]]:
    """Return the people and events of those of these rows that are about no task and that their people may not read."""
    asked = [row for row in rows if row.kind in READERS]
    if not asked:
        return frozenset()
    ids = {row.person_id for row in asked}
    is_monitor = any(READERS[row.kind] == "monitor" for row in asked)
    facts = _Facts(
        {it.id: it for it in _people(session, ids, rules)},
        people.numbered(session, rules.accounts, ids) if is_monitor and rules.access == "staff" else (),
        _posts(session, {number_of(row) for row in asked if READERS[row.kind] == "post"}, now),
    )
    return frozenset((row.person_id, row.event) for row in asked if not _may_read(row, facts, rules))


def seeing_monitor(session: Session, person_ids: Collection[int], rules: Rules) -> list[int]:
    """Return those of these people who may see the network monitor and can sign in."""
    found = _people(session, dict.fromkeys(person_ids), rules, rights.ACTIVE, col(tables.Person.joined_into).is_(None))
    known = people.numbered(session, rules.accounts, person_ids) if rules.access == "staff" else ()
    return [it.id for it in found if may_see(it, rules.access, it.id in known)]


def readable_events(
    session: Session, accounts: Collection[int], person_id: int, rules: Rules, now: datetime
) -> frozenset[str]:
    """Return the events about no task of which these accounts of a person have notifications, listed or still to be
    sent, and that the person may read."""
    rows = [row._replace(person_id=person_id) for row in _of_accounts(session, accounts) if row.kind in READERS]
    hidden = unreadable(session, rows, rules, now)
    return frozenset(row.event for row in rows if (person_id, row.event) not in hidden)


def _people(
    session: Session, ids: Iterable[int], rules: Rules, *conditions: sa.ColumnElement[bool]
) -> Iterator[Person]:
    for batch in in_batches(ids):
        yield from load_people(session, rules.named, col(tables.Person.id).in_(batch), *conditions)


def _of_accounts(session: Session, accounts: Collection[int]) -> Iterator[NotificationRow]:
    kinds = NOTIFICATION.c.person_id.in_(accounts), NOTIFICATION.c.kind.in_(READERS)
    yield from (NotificationRow(*row) for row in session.execute(sa.select(*COLUMNS).where(*kinds)))
    unsent = sa.select(OUTBOX.c.content).where(
        OUTBOX.c.person_id.in_(accounts), OUTBOX.c.task_id == 0, OUTBOX.c.content != ""
    )
    yield from map(from_content, session.execute(unsent).scalars())


def _may_read(row: NotificationRow, facts: _Facts, rules: Rules) -> bool:
    person, readers = facts.people.get(row.person_id), READERS[row.kind]
    if person is None:
        return False
    if readers == "monitor":
        return may_see(person, rules.access, person.id in facts.known)
    if readers == "post":
        return _reads(person, facts.posts.get(number_of(row)))
    return readers in ("oneself", "promises") or person.is_admin or RIGHTS.get(readers) in person.rights


def _reads(person: Person, post: Announced | None) -> bool:
    reader = reader_of(person)
    return bool(post and (reader.may_write or (post.is_published and post_readers.is_for(post.audience, reader))))


def _posts(session: Session, ids: Collection[int], now: datetime) -> dict[int, Announced]:
    if not ids:
        return {}
    audiences: dict[int, set[tuple[str, str]]] = {}
    parts = select(PostAudience.post_id, PostAudience.kind, PostAudience.value_folded)
    for post_id, kind, value in session.exec(parts.where(col(PostAudience.post_id).in_(ids))):
        audiences.setdefault(post_id, set()).add((kind, value))
    published = sa.case((post_readers.is_published(now), True), else_=False)
    rows = session.execute(sa.select(col(Post.id), published).where(col(Post.id).in_(ids)))
    return {id: Announced(bool(is_published), frozenset(audiences.get(id, ()))) for id, is_published in rows}
