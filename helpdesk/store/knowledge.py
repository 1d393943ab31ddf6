"""Store the tree of knowledge pages: read it as a reader may see it, and change the places of pages.

Titles of pages that a reader may not see are left out. A page below a hidden one is shown under its nearest ancestor
that the reader sees, or among the roots.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.errors import Invalid, NotFound, Sentence, sentence
from helpdesk.store import audit, locks
from helpdesk.store.models import Moment
from helpdesk.store.models.posts import Post
from helpdesk.store.post_readers import Reader, is_published, visible
from helpdesk.store.posts import PAGE

MOST_PAGES = 2_000
DEEPEST = 6
"""The most pages from a root to a leaf."""
STALE = timedelta(days=365)
"""The time after which a page is to be reviewed again."""

IS_PAGE = col(Post.kind) == PAGE
IN_ORDER = (col(Post.position), col(Post.id))

NO_PAGE = sentence("There is no such page.")
UNDER_ITSELF = sentence("A page can't be under itself or under a page below it.")
TOO_DEEP = sentence("The tree has at most %(most)s levels: choose a page further up.", most=DEEPEST)
TOO_MANY = sentence("There are %(most)s pages already: delete one first.", most=MOST_PAGES)


class Page(NamedTuple):
    """A page in the tree: `depth` is 1 at the roots, and `parent_id` that of the page under which it is shown.

    Only writers see pages that are not published. One `is_stale` that nobody has made or found true for STALE.
    """

    id: int
    parent_id: int | None
    depth: int
    title: str
    is_published: bool
    is_stale: bool


Tree = Sequence[Page]
"""Pages in the order in which one reads them: each before the pages below it."""


class Place(NamedTuple):
    """Where a page is: the pages above it from a root on, those beside it, itself among them, and those under it."""

    above: Tree
    beside: Tree
    under: Tree


class Parents(NamedTuple):
    """All pages: the parent of each, and the children of each in their order, those of None being the roots."""

    parent: Mapping[int, int | None]
    children: Mapping[int | None, list[int]]


def tree(session: Session, reader: Reader, now: datetime) -> Tree:
    """Return the pages that this reader may see now."""
    title = sa.case((visible(reader, now), col(Post.title)), else_=None)
    is_stale = sa.func.coalesce(col(Post.reviewed_at), col(Post.created_at)) <= sa.literal(now - STALE, Moment())
    flags = (sa.case((it, 1), else_=0) for it in (is_published(now), is_stale))
    columns = (col(Post.id), col(Post.parent_id), title, *flags)
    rows = {row[0]: row for row in session.execute(sa.select(*columns).where(IS_PAGE).order_by(*IN_ORDER))}
    all = _parents({id: row[1] for id, row in rows.items()})

    def below(parent: int | None, shown_under: int | None, depth: int) -> Iterator[Page]:
        for id in all.children.get(parent, ()):
            _, _, title, published, stale = rows[id]
            if title is None:
                yield from below(id, shown_under, depth)
            else:
                yield Page(id, shown_under, depth, title, bool(published), bool(stale))
                yield from below(id, id, depth + 1)

    return list(below(None, None, 1))


def place(tree: Tree, page_id: int) -> Place:
    """Return where a page of the tree is; nowhere if it is not in it."""
    pages = {page.id: page for page in tree}
    page = pages.get(page_id)
    if page is None:
        return Place((), (), ())
    above = list[Page]()
    while (up := pages.get((above[0] if above else page).parent_id or 0)) is not None:
        above.insert(0, up)
    beside = [it for it in tree if it.parent_id == page.parent_id]
    return Place(above, beside, [it for it in tree if it.parent_id == page_id])


def without(tree: Tree, page_id: int) -> Tree:
    """Return the pages of a tree under which a page could be: not itself, nor what is under it."""
    gone = {page_id}
    for page in tree:
        if page.parent_id in gone:
            gone.add(page.id)
    return [page for page in tree if page.id not in gone]


def new_position(session: Session, parent_id: int | None) -> int:
    """Return the position of a new page, the last one under its parent.

    Raises Invalid for a parent that is no page or too deep, and when there are MOST_PAGES. Nobody else adds or moves a
    page until the transaction ends.
    """
    locks.everybody(session)
    all = _read_parents(session)
    if len(all.parent) >= MOST_PAGES:
        raise _refusal(TOO_MANY)
    _require_room(all, parent_id, 1)
    return len(all.children.get(parent_id, ()))


def move(session: Session, actor_id: int, page_id: int, parent_id: int | None, number: int) -> None:
    """Put a page under another one, or among the roots, as number 1 or more of the pages there.

    Raises NotFound, and Invalid for a place that there is not.
    """
    locks.everybody(session)
    all = _read_parents(session)
    if page_id not in all.parent:
        raise NotFound
    moved = set(_subtree(all, page_id))
    if parent_id in moved:
        raise _refusal(UNDER_ITSELF)
    _require_room(all, parent_id, _height(all, page_id))
    beside = [id for id in all.children.get(parent_id, ()) if id != page_id]
    beside.insert(max(number - 1, 0), page_id)
    session.execute(sa.update(Post).where(col(Post.id) == page_id).values(parent_id=parent_id))
    _number(session, beside)
    name = session.execute(sa.select(col(Post.title)).where(col(Post.id) == page_id)).scalar_one()
    audit.note(session, actor_id, "page_moved", None, {"post": page_id, "name": name, "to": beside.index(page_id) + 1})


def release(session: Session, page_id: int) -> None:
    """Take a page out of the tree before it is deleted: the pages under it take its place."""
    locks.everybody(session)
    all = _read_parents(session)
    parent_id, under = all.parent.get(page_id), all.children.get(page_id, [])
    session.execute(sa.update(Post).where(col(Post.parent_id) == page_id).values(parent_id=parent_id))
    if page_id in all.parent:
        beside = all.children[parent_id]
        at = beside.index(page_id)
        _number(session, [*beside[:at], *under, *beside[at + 1 :]])


def _read_parents(session: Session) -> Parents:
    rows = session.execute(sa.select(col(Post.id), col(Post.parent_id)).where(IS_PAGE).order_by(*IN_ORDER))
    return _parents({row[0]: row[1] for row in rows})


def _parents(stored: Mapping[int, int | None]) -> Parents:
    parent = {id: above if above in stored else None for id, above in stored.items()}
    children: dict[int | None, list[int]] = {}
    for id, above in parent.items():
        children.setdefault(above, []).append(id)
    return Parents(parent, children)


def _subtree(all: Parents, page_id: int) -> Iterator[int]:
    yield page_id
    for child in all.children.get(page_id, ()):
        yield from _subtree(all, child)


def _height(all: Parents, page_id: int) -> int:
    return 1 + max((_height(all, child) for child in all.children.get(page_id, ())), default=0)


def _depth(all: Parents, page_id: int | None) -> int:
    return 0 if page_id is None else 1 + _depth(all, all.parent[page_id])


def _require_room(all: Parents, parent_id: int | None, height: int) -> None:
    """Raise Invalid unless pages of so many levels can be under this parent."""
    if parent_id is not None and parent_id not in all.parent:
        raise _refusal(NO_PAGE)
    if _depth(all, parent_id) + height > DEEPEST:
        raise _refusal(TOO_DEEP)


def _number(session: Session, pages: Iterable[int]) -> None:
    """Store the order of the pages under one parent."""
    rows = [{"page": id, "number": number} for number, id in enumerate(pages)]
    page = col(Post.id) == sa.bindparam("page")
    if rows:
        session.connection().execute(sa.update(Post).where(page).values(position=sa.bindparam("number")), rows)


def _refusal(why: Sentence) -> Invalid:
    return Invalid({"parent": [why]})
