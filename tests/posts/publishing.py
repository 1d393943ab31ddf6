"""Announcements as tests publish them."""

from datetime import timedelta
from typing import Any

from sqlmodel import Session

from helpdesk.store.casefold import fold
from helpdesk.store.database import Database
from helpdesk.store.models.posts import Post, PostAudience
from helpdesk.store.posts import POST, folded_words
from tests.clocks import NOON
from tests.world import PEOPLE_IDS


def publish(database: Database, *audience: tuple[str, str], **values: Any) -> int:
    """Store an announcement of boris that is published, unless the values say otherwise; its id."""

    def work(db: Session) -> int:
        title, content = values.get("title", "Лифт"), values.get("content", "")
        texts = {"title": title, "title_folded": fold(title), "content": content, "words": folded_words(title, content)}
        times = {"created_at": NOON, "updated_at": NOON, "published_from": NOON - timedelta(hours=1)}
        people = {"author_id": PEOPLE_IDS["boris"], "updated_by": PEOPLE_IDS["boris"]}
        post = Post(**{"kind": POST, "is_draft": False, **texts, **times, **people, **values})
        db.add(post)
        db.flush()
        assert post.id
        db.add_all(PostAudience(post_id=post.id, kind=kind, value=it, value_folded=fold(it)) for kind, it in audience)
        return post.id

    return database.run_here(work, writes=True)
