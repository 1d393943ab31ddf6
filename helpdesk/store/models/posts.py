"""Define the tables of announcements and knowledge pages, which are both posts."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from helpdesk.store.models import LONG, exact


class Post(SQLModel, table=True):
    """An announcement (`kind` "post") or a knowledge page ("page"), which has a place in a tree: `parent_id` and
    `position`.

    It is read from `published_from` until `published_until` by its audience (PostAudience), and as a draft only by
    those who may write. `is_important` asks for "read and understood". `announced_at` is when all whom it concerns had
    been notified; until then those with an id up to `announced_to` have been. `picture` names a file, in words
    `picture_alt`. `words` are title and content folded, for the search. `reviewed_at` is when somebody last found a
    page true. `version` rises with each edit; readers are to understand `asked_version` or a later one.
    """

    __tablename__ = "post"
    __table_args__ = (
        sa.Index("ix_post_list", "kind", "is_draft", "published_from"),
        sa.Index("ix_post_tree", "kind", "parent_id", "position"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(max_length=10)
    parent_id: int | None = Field(default=None, foreign_key="post.id")
    position: int = 0
    title: str = Field(max_length=100)
    title_folded: str = Field(sa_type=exact(100), index=True)
    content: str = Field(sa_type=LONG)
    words: str = Field(sa_type=LONG)
    author_id: int = Field(foreign_key="person.id", index=True)
    created_at: datetime
    updated_at: datetime
    updated_by: int = Field(foreign_key="person.id", index=True)
    version: int = 1
    asked_version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    is_draft: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    published_from: datetime | None = Field(default=None)
    published_until: datetime | None = Field(default=None)
    is_pinned: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    is_important: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    announced_at: datetime | None = Field(default=None, index=True)
    announced_to: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    picture: str | None = Field(default=None, max_length=64)
    picture_size: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    picture_alt: str = Field(default="", max_length=200)
    reviewed_at: datetime | None = None
    reviewed_by: int | None = Field(default=None, foreign_key="person.id", index=True)


class PostAudience(SQLModel, table=True):
    """One part of a post's audience: `kind` is "department" or "right". Without a row the post is for everybody.

    `value` is a department as it was chosen, or the name of a right; it is compared by `value_folded`.
    """

    __tablename__ = "post_audience"
    post_id: int = Field(primary_key=True, foreign_key="post.id", sa_column_kwargs={"autoincrement": False})
    kind: str = Field(primary_key=True, max_length=10)
    value_folded: str = Field(primary_key=True, sa_type=exact(200))
    value: str = Field(max_length=200)


class PostRevision(SQLModel, table=True):
    """A post's text as it was in a version."""

    __tablename__ = "post_revision"
    post_id: int = Field(primary_key=True, foreign_key="post.id", sa_column_kwargs={"autoincrement": False})
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    title: str = Field(max_length=100)
    content: str = Field(sa_type=LONG)
    edited_by: int = Field(foreign_key="person.id", index=True)
    edited_at: datetime


class PostFile(SQLModel, table=True):
    """A file of a post; `blob` names its content.

    One without a post is staged while it has the hash of a token, else its content is to be deleted.
    """

    __tablename__ = "post_file"
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    post_id: int | None = Field(default=None, foreign_key="post.id", index=True)
    token_hash: str | None = Field(default=None, max_length=64, unique=True)
    blob: str = Field(max_length=64)
    filename: str = Field(max_length=255)
    size: int
    content_type: str = Field(max_length=200)
    added_by: int = Field(foreign_key="person.id", index=True)
    added_at: datetime


class PostRead(SQLModel, table=True):
    """Somebody has read a post, and has understood an important one as it was in `understood_version`."""

    __tablename__ = "post_read"
    post_id: int = Field(primary_key=True, foreign_key="post.id", sa_column_kwargs={"autoincrement": False})
    person_id: int = Field(primary_key=True, foreign_key="person.id", index=True)
    read_at: datetime
    understood_at: datetime | None = None
    understood_version: int | None = None


class PageVote(SQLModel, table=True):
    """Whether a knowledge page has helped somebody."""

    __tablename__ = "page_vote"
    post_id: int = Field(primary_key=True, foreign_key="post.id", sa_column_kwargs={"autoincrement": False})
    person_id: int = Field(primary_key=True, foreign_key="person.id", index=True)
    is_helpful: bool
    given_at: datetime


class PageWord(SQLModel, table=True):
    """A word of a knowledge page, without its ending, by which the page is suggested."""

    __tablename__ = "page_word"
    word: str = Field(primary_key=True, sa_type=exact(20))
    post_id: int = Field(primary_key=True, foreign_key="post.id", index=True, sa_column_kwargs={"autoincrement": False})
    is_in_title: bool


class PostFeed(SQLModel, table=True):
    """A person's address of the Atom feed: the hash of its token. A new one takes the old one's place."""

    __tablename__ = "post_feed"
    person_id: int = Field(primary_key=True, foreign_key="person.id")
    token_hash: str = Field(max_length=64, unique=True)
    made_at: datetime
    used_at: datetime | None = None
