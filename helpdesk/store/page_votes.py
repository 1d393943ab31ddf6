"""Store the votes on knowledge pages, and their reviews."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.errors import Conflict, NotFound
from helpdesk.store import audit, locks
from helpdesk.store.knowledge import IS_PAGE
from helpdesk.store.models.posts import PageVote, Post
from helpdesk.store.models.tables import Person
from helpdesk.store.post_readers import Reader, visible
from helpdesk.store.posts import PAGE


class Review(NamedTuple):
    """The last time that somebody found a page true, and their name."""

    at: datetime
    by: str


class Votes(NamedTuple):
    """How many people a page has helped and has not, and the vote of one of them, None without one."""

    helped: int
    not_helped: int
    own: bool | None


def last_review(session: Session, page_id: int) -> Review | None:
    """Return the last review of a page, if there is one."""
    name = sa.case((col(Person.full_name) == "", col(Person.login)), else_=col(Person.full_name))
    query = sa.select(col(Post.reviewed_at), name).join(Person, col(Person.id) == col(Post.reviewed_by))
    row = session.execute(query.where(col(Post.id) == page_id)).first()
    return Review(*row) if row and row[0] else None


def review(session: Session, actor_id: int, page_id: int, version: int, now: datetime) -> None:
    """Note that somebody has found a page true. Raises NotFound, and Conflict if it is no longer the version read."""
    page = session.get(Post, page_id, with_for_update=True)
    if page is None or page.kind != PAGE:
        raise NotFound
    if page.version != version:
        raise Conflict
    page.reviewed_at, page.reviewed_by = now, actor_id
    session.add(page)
    audit.note(session, actor_id, "page_reviewed", None, {"post": page_id, "name": page.title})


def votes(session: Session, page_id: int, person_id: int) -> Votes:
    """Return the votes on a page, and this person's own."""
    rows = session.execute(
        sa.select(col(PageVote.is_helpful), sa.func.count())
        .where(col(PageVote.post_id) == page_id)
        .group_by("is_helpful")
    )
    counts = {bool(is_helpful): count for is_helpful, count in rows}
    own = session.get(PageVote, (page_id, person_id))
    return Votes(counts.get(True, 0), counts.get(False, 0), own.is_helpful if own else None)


def vote(session: Session, reader: Reader, page_id: int, person_id: int, is_helpful: bool, now: datetime) -> None:
    """Store whether a page has helped a person, in the place of their earlier vote.

    Raises NotFound for people who may not read it.
    """
    locks.person(session, person_id)
    seen = sa.select(col(Post.id)).where(col(Post.id) == page_id, IS_PAGE, visible(reader, now))
    if session.execute(seen.with_for_update(read=True)).first() is None:
        raise NotFound
    session.merge(PageVote(post_id=page_id, person_id=person_id, is_helpful=is_helpful, given_at=now))
    session.flush()
