"""Store the rows of posts' files. A file is staged first, with a token, and belongs to a post when that is saved.

A file that is let go keeps its row until its content is deleted, so that a process that dies leaves nothing behind.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.errors import Invalid, NotFound, sentence
from helpdesk.store.blobs import Blob
from helpdesk.store.models.posts import Post, PostFile
from helpdesk.store.tokens import hashed

MOST_OF_POST = 50
GONE = sentence("A file you had chosen is not here any more. Please choose it again.")
TOO_MANY = sentence("A post has at most %(most)s files.", most=MOST_OF_POST)


class FileRow(NamedTuple):
    """A file of a post; `size` in bytes."""

    id: int
    blob: str
    filename: str
    size: int
    content_type: str


COLUMNS = tuple(col(getattr(PostFile, name)) for name in FileRow._fields)
IS_LEFT = sa.and_(col(PostFile.post_id).is_(None), col(PostFile.token_hash).is_(None))
"""The condition of a file that is let go."""


def stage(session: Session, person_id: int, blob: str, filename: str, kind: str, token: str, now: datetime) -> None:
    """Name the content of a file that belongs to no post yet, before it is written."""
    known: dict[str, Any] = {"filename": filename, "content_type": kind, "added_by": person_id, "added_at": now}
    session.add(PostFile(blob=blob, size=0, token_hash=hashed(token), **known))


def complete(session: Session, person_id: int, token: str, size: int) -> None:
    """Note that the content of a staged file is written."""
    session.exec(sa.update(PostFile).where(*_staged(person_id, token)).values(size=size))


def withdraw(session: Session, person_id: int, token: str) -> None:
    """Let a staged file go whose content could not be written."""
    session.exec(sa.update(PostFile).where(*_staged(person_id, token)).values(token_hash=None))


def of_post(session: Session, post_id: int) -> list[FileRow]:
    """Return the files of a post in the order in which they were added."""
    rows = session.execute(sa.select(*COLUMNS).where(col(PostFile.post_id) == post_id).order_by(col(PostFile.id)))
    return [FileRow(*row) for row in rows]


def one(session: Session, post_id: int, file_id: int) -> FileRow:
    """Return a file of a post. Raises NotFound."""
    its = (col(PostFile.id) == file_id, col(PostFile.post_id) == post_id)
    row = session.execute(sa.select(*COLUMNS).where(*its)).first()
    if row is None:
        raise NotFound
    return FileRow(*row)


def attach(session: Session, post_id: int, person_id: int, tokens: Sequence[str]) -> None:
    """Give staged files to a post, each once. Raises Invalid for one that is gone, and for too many."""
    for token in tokens:
        taken = sa.update(PostFile).where(*_staged(person_id, token)).values(post_id=post_id, token_hash=None)
        if not session.exec(taken).rowcount:
            raise Invalid({"files": [GONE]})
    count = sa.select(sa.func.count(col(PostFile.id))).where(col(PostFile.post_id) == post_id)
    if session.execute(count).scalar_one() > MOST_OF_POST:
        raise Invalid({"files": [TOO_MANY]})


def take(session: Session, person_id: int, token: str) -> Blob:
    """Take the content of a staged picture, and forget its row. Raises Invalid for one that is gone."""
    row = session.exec(select(PostFile).where(*_staged(person_id, token))).first()
    if row is None or not session.exec(sa.delete(PostFile).where(*_staged(person_id, token))).rowcount:
        raise Invalid({"picture": [GONE]})
    return Blob(row.blob, row.size)


def let_go(session: Session, post_id: int, but: Collection[int] = ()) -> None:
    """Take the files from a post, but for some."""
    its = (col(PostFile.post_id) == post_id, col(PostFile.id).not_in(but))
    session.exec(sa.update(PostFile).where(*its).values(post_id=None))


def let_picture_go(session: Session, post: Post, now: datetime) -> None:
    """Take the picture from a post."""
    if post.picture is not None:
        known: dict[str, Any] = {"filename": "", "content_type": "", "added_by": post.updated_by, "added_at": now}
        session.add(PostFile(blob=post.picture, size=post.picture_size, **known))
    post.picture, post.picture_size = None, 0


def left(session: Session, before: datetime) -> list[str]:
    """Return the contents to be deleted. Files staged before then and never taken are let go."""
    staged = (col(PostFile.post_id).is_(None), col(PostFile.added_at) <= before)
    session.exec(sa.update(PostFile).where(*staged).values(token_hash=None))
    return list(session.scalars(sa.select(col(PostFile.blob)).where(IS_LEFT)))


def forget(session: Session, blobs: Collection[str]) -> None:
    """Delete the rows of contents that are deleted."""
    session.exec(sa.delete(PostFile).where(IS_LEFT, col(PostFile.blob).in_(blobs)))


def _staged(person_id: int, token: str) -> tuple[sa.ColumnElement[bool], ...]:
    return col(PostFile.token_hash) == hashed(token), col(PostFile.added_by) == person_id
