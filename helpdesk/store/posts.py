"""Read posts: each function returns only what its reader may read now, by the rule of `post_readers`."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from helpdesk.errors import NotFound
from helpdesk.store.casefold import fold
from helpdesk.store.models.posts import Post, PostAudience, PostRead
from helpdesk.store.models.tables import Person
from helpdesk.store.post_readers import RIGHT, Reader, concerns, is_published, visible

POST, PAGE = "post", "page"
"""The kinds of posts: announcements and knowledge pages."""
DRAFT, SCHEDULED, PUBLISHED, EXPIRED = "draft", "scheduled", "published", "expired"
LONGEST_EXCERPT = 10_000
MOST_WORDS = 8
NEW = timedelta(days=30)
"""For so long an announcement that somebody has not read is news to them."""


class Author(NamedTuple):
    id: int
    login: str
    full_name: str
    source: str


class PostRow(NamedTuple):
    """A post, and when the person read it and which version of it they understood.

    In a list `content` is only the beginning of a text of `length` characters.
    """

    id: int
    kind: str
    title: str
    content: str
    length: int
    created_at: datetime
    updated_at: datetime
    version: int
    asked_version: int
    is_draft: bool
    published_from: datetime | None
    published_until: datetime | None
    is_pinned: bool
    is_important: bool
    picture: str | None
    picture_size: int
    picture_alt: str
    author: Author
    editor: Author
    read_at: datetime | None
    understood_at: datetime | None
    understood_version: int | None

    @property
    def is_understood(self) -> bool:
        """Tell whether the person understood the text that is asked about."""
        return self.understood_version is not None and self.understood_version >= self.asked_version

    def state(self, now: datetime) -> str:
        """Return DRAFT, SCHEDULED, PUBLISHED or EXPIRED, as `post_readers.is_published` tells."""
        if self.is_draft or self.published_from is None:
            return DRAFT
        if self.published_from > now:
            return SCHEDULED
        return EXPIRED if self.published_until and self.published_until <= now else PUBLISHED


class Part(NamedTuple):
    """A part of an audience: the name of a right, or a department."""

    kind: str
    value: str


AUTHOR, EDITOR = aliased(Person), aliased(Person)
OWN = ("read_at", "understood_at", "understood_version")
PLAIN = tuple(name for name in PostRow._fields if name not in ("content", "length", "author", "editor", *OWN))
BY_PIN_AND_AGE = (
    col(Post.is_pinned).desc(),
    sa.func.coalesce(col(Post.published_from), col(Post.created_at)).desc(),
    col(Post.id).desc(),
)


def one(session: Session, reader: Reader, post_id: int, now: datetime, person_id: int = 0) -> PostRow:
    """Return a post whole, with the reading of `person_id`. Raises NotFound for people who may not read it."""
    row = session.execute(_rows(person_id).where(col(Post.id) == post_id, visible(reader, now))).first()
    if row is None:
        raise NotFound
    return _post(row)


def page(
    session: Session,
    reader: Reader,
    now: datetime,
    kind: str = POST,
    q: str = "",
    limit: int = 25,
    offset: int = 0,
    person_id: int = 0,
    author_id: int | None = None,
) -> tuple[list[PostRow], int]:
    """Return pinned posts, then the newest, and the number of all; only those that hold each word of `q`."""
    where = [col(Post.kind) == kind, visible(reader, now), *_holding(q)]
    if author_id is not None:
        where.append(col(Post.author_id) == author_id)
    total = session.execute(sa.select(sa.func.count(col(Post.id))).where(*where)).scalar_one()
    rows = _rows(person_id, LONGEST_EXCERPT).where(*where).order_by(*BY_PIN_AND_AGE).limit(limit).offset(offset)
    return [_post(row) for row in session.execute(rows)], total


def news(session: Session, reader: Reader, person_id: int, now: datetime, limit: int) -> tuple[list[PostRow], int]:
    """Return the first announcements for this person that ask for attention, and the number of all: important ones that
    they have not understood as they are asked, then pinned and new ones that they have not read."""
    understood, since = col(PostRead.understood_version), col(Post.published_from) > now - NEW
    unread = sa.and_(col(PostRead.read_at).is_(None), sa.or_(col(Post.is_pinned).is_(True), since))
    lacking = sa.or_(understood.is_(None), understood < col(Post.asked_version))
    is_important = col(Post.is_important).is_(True)
    asking = sa.case((is_important, lacking), else_=unread)
    query = _rows(person_id, LONGEST_EXCERPT).where(
        col(Post.kind) == POST, is_published(now), concerns(reader), asking, col(Post.author_id) != person_id
    )
    total = session.execute(
        query.with_only_columns(sa.func.count(col(Post.id)), maintain_column_froms=True)
    ).scalar_one()
    rows = session.execute(query.order_by(is_important.desc(), *BY_PIN_AND_AGE).limit(limit))
    return [_post(row) for row in rows], total


def published(session: Session, reader: Reader, now: datetime, limit: int) -> list[PostRow]:
    """Return the newest announcements that are published and that this reader may read."""
    where = (col(Post.kind) == POST, is_published(now), visible(reader, now))
    rows = _rows(0, LONGEST_EXCERPT).where(*where).order_by(col(Post.published_from).desc(), col(Post.id).desc())
    return [_post(row) for row in session.execute(rows.limit(limit))]


def audience(session: Session, post_id: int) -> list[Part]:
    """Return the parts of a post's audience, rights first; none for everybody."""
    kind, value = col(PostAudience.kind), col(PostAudience.value)
    rows = session.execute(sa.select(kind, value).where(col(PostAudience.post_id) == post_id))
    return sorted((Part(*row) for row in rows), key=lambda it: (it.kind != RIGHT, fold(it.value)))


def titles(session: Session, reader: Reader, now: datetime, ids: Collection[int]) -> dict[int, str]:
    """Return the titles of those of these posts that the reader may read now."""
    rows = session.execute(sa.select(col(Post.id), col(Post.title)).where(col(Post.id).in_(ids), visible(reader, now)))
    return {row.id: row.title for row in rows}


def folded_words(*texts: str) -> str:
    """Return the text by which a post with these texts is found."""
    return fold("\n".join(texts))


def _holding(q: str) -> Sequence[sa.ColumnElement[bool]]:
    words = fold(q).split()[:MOST_WORDS]
    return [col(Post.words).contains(word, autoescape=True) for word in words]


def _rows(person_id: int, length: int | None = None) -> sa.Select[Any]:
    """Return the query for rows of posts, with at most `length` characters of each text."""
    text: Any = Post.content if length is None else sa.func.substr(Post.content, 1, length)
    columns: list[Any] = [getattr(Post, name) for name in PLAIN]
    columns += [text, sa.func.char_length(col(Post.content))]
    columns += [it for each in (AUTHOR, EDITOR) for it in (each.id, each.login, each.full_name, each.source)]
    columns += [getattr(PostRead, name) for name in OWN]
    own = sa.and_(col(PostRead.post_id) == col(Post.id), col(PostRead.person_id) == person_id)
    query: sa.Select[Any] = sa.select(*columns)
    with_people = query.join(AUTHOR, col(AUTHOR.id) == col(Post.author_id))
    return with_people.join(EDITOR, col(EDITOR.id) == col(Post.updated_by)).outerjoin(PostRead, own)


def _post(row: sa.Row[Any]) -> PostRow:
    values, rest = dict(zip(PLAIN, row, strict=False)), row[len(PLAIN) :]
    content, length, *people = rest[:10]
    return PostRow(
        **values,
        content=content,
        length=length,
        author=Author(*people[:4]),
        editor=Author(*people[4:]),
        **dict(zip(OWN, rest[10:], strict=True)),
    )
