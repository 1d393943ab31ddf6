"""Find the announcements of which people are to be notified, and keep how far that is done."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.store.models import tables
from helpdesk.store.models.posts import Post, PostAudience
from helpdesk.store.post_readers import is_published
from helpdesk.store.posts import POST

LONGEST_TEXT = 2_000


class Announcement(NamedTuple):
    """An announcement with the beginning of its text. All people up to the id `announced_to` have been notified."""

    id: int
    title: str
    text: str
    author_id: int
    author: str
    published_from: datetime
    announced_to: int


def event_of(post_id: int) -> str:
    """Return the event of the notifications of an announcement."""
    return f"post.{post_id}"


def waiting(session: Session, now: datetime) -> list[int]:
    """Return the announcements that are published by now and not announced, the oldest first. One whose time was over
    before is not announced."""
    query = sa.select(col(Post.id)).where(*_is_waiting(now)).order_by(col(Post.published_from), col(Post.id))
    return list(session.execute(query).scalars())


def one(session: Session, post_id: int, now: datetime) -> Announcement | None:
    """Return an announcement that waits; None for one that was taken back meanwhile."""
    author = sa.select(col(tables.Person.full_name)).where(col(tables.Person.id) == col(Post.author_id))
    query = sa.select(
        *(col(Post.id), col(Post.title), sa.func.substr(Post.content, 1, LONGEST_TEXT), col(Post.author_id)),
        *(author.scalar_subquery(), col(Post.published_from), col(Post.announced_to)),
    )
    row = session.execute(query.where(col(Post.id) == post_id, *_is_waiting(now))).first()
    return Announcement(*row) if row else None


def audience(session: Session, post_id: int) -> list[tuple[str, str]]:
    """Return the parts of an announcement's audience, as `post_readers.is_for` takes them."""
    parts = sa.select(col(PostAudience.kind), col(PostAudience.value_folded)).where(
        col(PostAudience.post_id) == post_id
    )
    return [(kind, value) for kind, value in session.execute(parts)]


def note_progress(session: Session, post_id: int, announced_to: int) -> None:
    """Keep that all people up to this id have been notified."""
    session.exec(sa.update(Post).where(col(Post.id) == post_id).values(announced_to=announced_to))


def finish(session: Session, post_id: int, now: datetime) -> None:
    """Keep that all whom an announcement concerns have been notified: later edits notify nobody."""
    session.exec(sa.update(Post).where(col(Post.id) == post_id).values(announced_at=now))


def _is_waiting(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return col(Post.announced_at).is_(None), col(Post.kind) == POST, is_published(now)
