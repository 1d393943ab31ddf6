"""Write the demo's announcements. Nobody is notified of them: they are there already when the demo starts."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from helpdesk.demo.seed import Line
from helpdesk.demo.task_rows import Ids
from helpdesk.demo.worktime import ago
from helpdesk.store import post_edits, post_reads
from helpdesk.store.models.posts import Post
from helpdesk.store.post_edits import Wanted
from helpdesk.store.post_readers import DEPARTMENT, RIGHT
from helpdesk.store.posts import Part


def add(session: Session, lines: Sequence[Line], ids: Ids, now: datetime) -> None:
    """Store announcements. Each was published `at` so many working minutes before now, or is to be `in_days`.

    It is for some `departments` and `rights`, or for everybody; some people have `understood` it.
    """
    people = ids["assignee"]
    for it in lines:
        begin = now + timedelta(days=it["in_days"]) if "in_days" in it else ago(now, it["at"])
        audience = [Part(DEPARTMENT, name) for name in it.get("departments", ())]
        audience += [Part(RIGHT, name) for name in it.get("rights", ())]
        wanted = Wanted(
            it["title"],
            it["content"],
            is_draft=it.get("is_draft", False),
            published_from=begin,
            is_pinned=it.get("is_pinned", False),
            is_important=it.get("is_important", False),
            audience=tuple(audience),
        )
        number = post_edits.add(session, people[it["author"]], wanted, min(begin, now)).id
        for login in it.get("understood", ()):
            post_reads.note_understood(session, number, people[login], now)
    published = select(Post).where(col(Post.published_from) <= now, col(Post.is_draft).is_(False))
    for post in session.exec(published):
        post.announced_at = now
        session.add(post)
