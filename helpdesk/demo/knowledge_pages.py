"""The demo company's knowledge pages."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session

from helpdesk.demo.seed import Line
from helpdesk.store import post_edits
from helpdesk.store.models.posts import Post
from helpdesk.store.post_edits import Wanted
from helpdesk.store.post_readers import DEPARTMENT
from helpdesk.store.posts import Part


def add(session: Session, lines: list[Line], people: Mapping[str, int], now: datetime) -> None:
    """Store the pages; `days` is how long ago one was written, `reviewed` how long ago it was last found true."""
    ids: dict[str, int] = {}
    for it in lines:
        written, author = now - timedelta(days=it["days"]), people[it["author"]]
        audience = tuple(Part(DEPARTMENT, name) for name in it.get("departments", ()))
        wanted = Wanted(it["title"], it["content"], published_from=written, audience=audience)
        above = ids.get(it.get("under", ""))
        ids[it["title"]] = post_edits.add_page(session, author, above, wanted, written).id
        if "reviewed" in it:
            page = session.get_one(Post, ids[it["title"]])
            page.reviewed_at, page.reviewed_by = now - timedelta(days=it["reviewed"]), author
            session.add(page)
    session.flush()
