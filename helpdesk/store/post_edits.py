"""Write posts: each edit is a version, and an edit of another version than the present one is refused."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.errors import Conflict, NotFound
from helpdesk.store import announcements, audit, knowledge, notifications, page_words, post_audience, post_files
from helpdesk.store.casefold import fold
from helpdesk.store.models.posts import PageVote, PageWord, Post, PostAudience, PostRead, PostRevision
from helpdesk.store.posts import PAGE, POST, Part, audience, folded_words

LONGEST_TITLE = 100
MOST_REVISIONS = 100
EVERYBODY = "everybody"
"""The audience of a post without parts, in the audit log."""


class Wanted(NamedTuple):
    """A post as its writer wants it. `files` and `picture` are tokens of staged files; `kept_files` are the numbers
    of the files that stay, None for all of them.

    Without `published_from` it is published at once, or since when it was. `asks_again`: people who understood an
    earlier text are to confirm the new one.
    """

    title: str
    content: str
    is_draft: bool = False
    published_from: datetime | None = None
    published_until: datetime | None = None
    is_pinned: bool = False
    is_important: bool = False
    asks_again: bool = False
    audience: tuple[Part, ...] = ()
    picture: str = ""
    keeps_picture: bool = True
    picture_alt: str = ""
    files: tuple[str, ...] = ()
    kept_files: Collection[int] | None = None


class Written(NamedTuple):
    id: int
    version: int


def add(session: Session, person_id: int, wanted: Wanted, now: datetime) -> Written:
    """Store a new announcement. Raises Invalid for a staged file that is gone."""
    return _add(session, person_id, wanted, now, {"kind": POST})


def add_page(session: Session, person_id: int, parent_id: int | None, wanted: Wanted, now: datetime) -> Written:
    """Store a new knowledge page, the last one under its parent. Raises Invalid, also for a place that there is not."""
    position = knowledge.new_position(session, parent_id)
    return _add(session, person_id, wanted, now, {"kind": PAGE, "parent_id": parent_id, "position": position})


def _add(session: Session, person_id: int, wanted: Wanted, now: datetime, place: Mapping[str, Any]) -> Written:
    who: dict[str, Any] = {"author_id": person_id, "updated_by": person_id, "created_at": now, "updated_at": now}
    post = Post(version=0, **place, **_values(wanted), **who)
    session.add(post)
    session.flush()
    return _write(session, post, person_id, wanted, now, "post_added")


def edit(session: Session, person_id: int, post_id: int, seen: int, wanted: Wanted, now: datetime) -> Written:
    """Change a post. Raises NotFound, Conflict for another version than `seen`, Invalid for a file that is gone."""
    post = session.exec(select(Post).where(col(Post.id) == post_id).with_for_update()).first()
    if post is None:
        raise NotFound
    if post.version != seen:
        raise Conflict
    published_from = None if post.is_draft else post.published_from
    was_important = post.is_important
    for name, value in _values(wanted).items():
        setattr(post, name, value)
    if not wanted.published_from and published_from and published_from <= now:
        post.published_from = published_from
    if post.is_important and not was_important:
        post.asked_version = post.version + 1
    return _write(session, post, person_id, wanted, now, "post_changed")


def remove(session: Session, post_id: int, now: datetime) -> set[int]:
    """Delete a post with all that belongs to it; pages below it go up. Return the people who had a notification of it.

    Raises NotFound.
    """
    knowledge.release(session, post_id)
    post = session.exec(select(Post).where(col(Post.id) == post_id).with_for_update()).first()
    if post is None:
        raise NotFound
    post_files.let_go(session, post_id)
    post_files.let_picture_go(session, post, now)
    for model in (PostAudience, PostRead, PostRevision, PageVote, PageWord):
        session.exec(sa.delete(model).where(col(model.post_id) == post_id))
    audit.note(session, None, "post_removed", None, {"post": post_id, "name": post.title})
    session.delete(post)
    return notifications.take_back(session, announcements.event_of(post_id))


def _values(wanted: Wanted) -> dict[str, Any]:
    """Return the columns that are as their writer wants them."""
    names = ("title", "content", "is_draft", "published_from", "published_until", "is_pinned", "is_important")
    folded = fold(wanted.title)[:LONGEST_TITLE]
    texts = {"title_folded": folded, "words": folded_words(wanted.title, wanted.content)}
    return {name: getattr(wanted, name) for name in names} | texts


def _write(session: Session, post: Post, person_id: int, wanted: Wanted, now: datetime, act: str) -> Written:
    """Store a post as its next version, with its files and audience."""
    assert post.id
    post.version, post.updated_by, post.updated_at = post.version + 1, person_id, now
    if not (post.is_draft or post.published_from):
        post.published_from = now
    if wanted.asks_again:
        post.asked_version = post.version
    if wanted.picture:
        taken = post_files.take(session, person_id, wanted.picture)
        post_files.let_picture_go(session, post, now)
        post.picture, post.picture_size = taken
    elif not wanted.keeps_picture:
        post_files.let_picture_go(session, post, now)
    post.picture_alt = wanted.picture_alt if post.picture else ""
    if wanted.kept_files is not None:
        post_files.let_go(session, post.id, wanted.kept_files)
    post_files.attach(session, post.id, person_id, wanted.files)
    before, after = audience(session, post.id), sorted({it.value for it in wanted.audience})
    post_audience.save(session, post.id, wanted.audience)
    texts = {"title": post.title, "content": post.content}
    if post.kind == PAGE:
        post.is_pinned = post.is_important = False
        page_words.index(session, post.id, post.title, post.content)
    session.add(PostRevision(post_id=post.id, version=post.version, edited_by=person_id, edited_at=now, **texts))
    oldest = (col(PostRevision.post_id) == post.id, col(PostRevision.version) <= post.version - MOST_REVISIONS)
    session.exec(sa.delete(PostRevision).where(*oldest))
    whom = {"for": after or EVERYBODY} if {it.value for it in before} != set(after) else {}
    audit.note(session, None, act, None, {"post": post.id, "name": post.title, **whom})
    return Written(post.id, post.version)
