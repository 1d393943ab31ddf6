"""Store the readers of posts and the people who have understood important ones; and list those who have not."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.errors import NotFound
from helpdesk.store import locks, post_audience, posts
from helpdesk.store.models.posts import Post, PostRead, PostRevision
from helpdesk.store.post_audience import Member
from helpdesk.store.post_readers import Reader, concerns, is_published
from helpdesk.store.posts import Author, PostRow
from helpdesk.store.rights import Named

UNDERSTOOD, EARLIER, NOT_YET = "understood", "earlier", "not_yet"
"""Whether somebody has understood the text that is asked about, only an earlier one, or none."""


class Asked(NamedTuple):
    """A person whom a post is for: whether and when they understood it, and when they first read it."""

    member: Member
    state: str
    understood_at: datetime | None
    read_at: datetime | None


class Revision(NamedTuple):
    """A version of a post's text."""

    version: int
    title: str
    edited_at: datetime
    editor: Author


def note_read(session: Session, post_id: int, person_id: int, now: datetime) -> None:
    """Note that somebody has read a post, if that is new. A post that is gone meanwhile is no error."""
    _read(session, post_id, person_id, now)


def understand(session: Session, reader: Reader, post_id: int, person_id: int, seen: int, now: datetime) -> PostRow:
    """Note that somebody has understood an important post as it was in the version that they have `seen`.

    Return the post; `is_understood` tells whether that is enough. Raises NotFound, also for a post that does not ask
    this person: writers may read it without being asked.
    """
    post = posts.one(session, reader, post_id, now, person_id)
    asked = (col(Post.id) == post_id, col(Post.is_important), is_published(now), concerns(reader))
    if session.scalar(sa.select(col(Post.id)).where(*asked)) is None:
        raise NotFound
    row = _read(session, post_id, person_id, now)
    if row is None:
        raise NotFound
    _note(session, row, min(seen, post.version), now)
    return post._replace(understood_at=row.understood_at, understood_version=row.understood_version)


def note_understood(session: Session, post_id: int, person_id: int, now: datetime) -> None:
    """Note that somebody has understood the present text of a post, without a question whether they may read it."""
    row = _read(session, post_id, person_id, now)
    if row:
        _note(session, row, session.get_one(Post, post_id).version, now)


def asked(session: Session, post: PostRow, named: Named | None) -> list[Asked]:
    """Return the people whom a post is for, those first who have not understood it, by name."""
    members = post_audience.members(session, posts.audience(session, post.id), named)
    columns = (PostRead.person_id, PostRead.read_at, PostRead.understood_at, PostRead.understood_version)
    reads = session.execute(sa.select(*map(col, columns)).where(col(PostRead.post_id) == post.id))
    by_person = {row.person_id: row for row in reads}
    found = list[Asked]()
    for member in members:
        row = by_person.get(member.id)
        version = row.understood_version if row else None
        state = NOT_YET if version is None else UNDERSTOOD if version >= post.asked_version else EARLIER
        found.append(Asked(member, state, row.understood_at if row else None, row.read_at if row else None))
    return sorted(found, key=lambda it: (NOT_YET, EARLIER, UNDERSTOOD).index(it.state))


def revisions(session: Session, post_id: int) -> list[Revision]:
    """Return the versions of a post's text, the newest first."""
    person = posts.EDITOR
    columns: list[Any] = [PostRevision.version, PostRevision.title, PostRevision.edited_at]
    columns += [person.id, person.login, person.full_name, person.source]
    query: sa.Select[Any] = sa.select(*columns).join(person, col(person.id) == col(PostRevision.edited_by))
    rows = session.execute(query.where(col(PostRevision.post_id) == post_id).order_by(col(PostRevision.version).desc()))
    return [Revision(row[0], row[1], row[2], Author(*row[3:])) for row in rows]


def texts(session: Session, post_id: int, versions: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return title and content of those of these versions that are kept."""
    columns = (col(PostRevision.version), col(PostRevision.title), col(PostRevision.content))
    its = (col(PostRevision.post_id) == post_id, col(PostRevision.version).in_(versions))
    return {row.version: (row.title, row.content) for row in session.execute(sa.select(*columns).where(*its))}


def _note(session: Session, row: PostRead, version: int, now: datetime) -> None:
    """Note that the reader of a row has understood a version, unless it was that one or a later one before."""
    if (row.understood_version or 0) < version:
        row.understood_at, row.understood_version = now, version
        session.add(row)
        session.flush()


def _read(session: Session, post_id: int, person_id: int, now: datetime) -> PostRead | None:
    """Return the row of a reader, a new one at the first time; None when the post is gone."""
    locks.person(session, person_id)
    locks.post(session, post_id)
    row = session.get(PostRead, (post_id, person_id), populate_existing=True)
    if row is None and session.get(Post, post_id) is not None:
        row = PostRead(post_id=post_id, person_id=person_id, read_at=now)
        session.add(row)
        session.flush()
    return row
