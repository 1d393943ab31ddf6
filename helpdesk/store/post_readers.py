"""Decide who may read a post: the one rule that pages, programs, feeds, searches and notifications go by.

A post is read by its audience while it is published. Writers read all of them, drafts too. A department
counts only where a directory of the company or an administrator vouches for it: people type others themselves.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

import sqlalchemy as sa
from sqlmodel import col

from helpdesk.people.rights import ADMIN, WRITER
from helpdesk.store.casefold import fold
from helpdesk.store.models.posts import Post, PostAudience

DEPARTMENT, RIGHT = "department", "right"


class Account(Protocol):
    """The properties of a person by which the rule goes."""

    @property
    def department(self) -> str: ...
    @property
    def is_department_proven(self) -> bool: ...
    @property
    def rights(self) -> frozenset[str]: ...


class Reader(NamedTuple):
    """A reader: the folded department, empty where nobody vouches for it, and the rights."""

    department: str = ""
    rights: frozenset[str] = frozenset()

    @property
    def may_write(self) -> bool:
        return bool(self.rights & {ADMIN, WRITER})


def reader_of(person: Account) -> Reader:
    """Return a person as a reader of posts."""
    return Reader(fold(person.department) if person.is_department_proven else "", person.rights)


def is_published(now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition of a post that its audience may read now."""
    begun, end = col(Post.published_from), col(Post.published_until)
    return sa.and_(col(Post.is_draft).is_(False), begun <= now, sa.or_(end.is_(None), end > now))


def visible(reader: Reader, now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition of a post that this reader may read now."""
    return sa.true() if reader.may_write else sa.and_(is_published(now), concerns(reader))


def concerns(reader: Reader) -> sa.ColumnElement[bool]:
    """Return the condition of a post in whose audience this reader is, published or not."""
    of_post = col(PostAudience.post_id) == col(Post.id)
    department = sa.and_(col(PostAudience.kind) == DEPARTMENT, col(PostAudience.value_folded) == reader.department)
    right = sa.and_(col(PostAudience.kind) == RIGHT, col(PostAudience.value_folded).in_(sorted(reader.rights)))
    chosen = sa.or_(department, right) if reader.department else right
    return sa.or_(~sa.exists().where(of_post), sa.exists().where(of_post, chosen))


def is_for(audience: Iterable[tuple[str, str]], reader: Reader) -> bool:
    """Tell the same as `concerns` of an audience that was read: pairs of its kind and folded value."""
    parts: Collection[tuple[str, str]] = set(audience)
    own: Mapping[str, frozenset[str]] = {
        DEPARTMENT: frozenset({reader.department} - {""}),
        RIGHT: reader.rights,
    }
    return not parts or any(value in own.get(kind, ()) for kind, value in parts)
