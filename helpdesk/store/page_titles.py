"""Find knowledge pages by their titles, among those that a reader may see."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.store.casefold import fold
from helpdesk.store.knowledge import IS_PAGE
from helpdesk.store.models.posts import Post, PostRevision
from helpdesk.store.post_readers import Reader, visible

MOST_TITLES = 100
"""The most titles that are looked up at once."""
MOST_WORDS = 8


class Title(NamedTuple):
    """A page, by its present title."""

    id: int
    title: str


def named(session: Session, reader: Reader, now: datetime, titles: Iterable[str]) -> dict[str, Title]:
    """Return the pages with these titles by the folded title; of several the one that was made first.

    A title that no page has now may be a former one, in the same letters.
    """
    wanted = {fold(it): it for it in islice(titles, MOST_TITLES)}
    present = pages(reader, now).where(col(Post.title_folded).in_(wanted)).order_by(col(Post.id).desc())
    found = {fold(it.title): it for it in rows(session, present)}
    former = [title for folded, title in wanted.items() if folded not in found]
    return (_formerly(session, reader, now, former) if former else {}) | found


def beginning(session: Session, reader: Reader, now: datetime, q: str, limit: int) -> list[Title]:
    """Return pages in whose titles each word of `q` stands, those that begin with it first."""
    text, title = fold(q), col(Post.title_folded)
    each = (title.contains(word, autoescape=True) for word in text.split()[:MOST_WORDS])
    begins = sa.case((title.startswith(text, autoescape=True), 0), else_=1)
    return rows(session, pages(reader, now).where(*each).order_by(begins, title, col(Post.id)).limit(limit))


def _formerly(session: Session, reader: Reader, now: datetime, titles: Sequence[str]) -> dict[str, Title]:
    """Return the pages that once had these titles, by the folded title."""
    former = sa.select(col(PostRevision.post_id), col(PostRevision.title)).where(col(PostRevision.title).in_(titles))
    had = session.execute(former).all()
    query = pages(reader, now).where(col(Post.id).in_({page for page, _ in had}))
    seen = {it.id: it for it in rows(session, query)}
    return {fold(title): seen[id] for id, title in sorted(had, reverse=True) if id in seen}


def pages(reader: Reader, now: datetime) -> sa.Select[int | None, str]:
    """Return the query for `rows` of the pages that a reader may see."""
    return sa.select(col(Post.id), col(Post.title)).where(IS_PAGE, visible(reader, now))


def rows(session: Session, query: sa.Select[int | None, str]) -> list[Title]:
    """Return the titles that a query of `pages` finds."""
    return [Title(id or 0, title) for id, title in session.execute(query)]
