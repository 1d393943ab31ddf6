"""Knowledge pages as tests tell of them: rows of the store, without the form by which people write them."""

from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from helpdesk.store import page_words
from helpdesk.store.casefold import fold
from helpdesk.store.models.posts import Post, PostAudience, PostRevision

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def add_page(
    session: Session,
    title: str,
    under: int | None = None,
    content: str = "",
    department: str = "",
    right: str = "",
    former: str = "",
    **values: Any,
) -> int:
    """Store a page that was published at NOON, for everybody or for a part of the company."""
    row: dict[str, Any] = {
        "kind": "page",
        "parent_id": under,
        "title": title,
        "title_folded": fold(title),
        "content": content,
        "words": fold(f"{title}\n{content}"),
        "author_id": 1,
        "updated_by": 1,
        "created_at": NOON,
        "updated_at": NOON,
        "is_draft": False,
        "published_from": NOON,
    }
    page = Post(**row | values)
    session.add(page)
    session.flush()
    assert page.id
    for kind, value in (("department", department), ("right", right)):
        if value:
            session.add(PostAudience(post_id=page.id, kind=kind, value_folded=fold(value), value=value))
    if former:
        revision: dict[str, Any] = {
            "version": 1,
            "title": former,
            "content": content,
            "edited_by": 1,
            "edited_at": NOON,
        }
        session.add(PostRevision(post_id=page.id, **revision))
    if page.kind == "page":
        page_words.index(session, page.id, title, content)
    session.flush()
    return page.id
