"""Load the surroundings of a knowledge page: its place in the tree, its last review and its votes."""

from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request

from helpdesk.store import knowledge, page_votes
from helpdesk.store.knowledge import Page, Place
from helpdesk.store.page_votes import Review, Votes
from helpdesk.store.posts import PostRow
from helpdesk.web.core.faces import Json, moment
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user
from helpdesk.web.posts import access


class Beside(NamedTuple):
    """The surroundings of a page, as its reader may know them."""

    place: Place
    review: Review | None
    votes: Votes
    may_write: bool

    def is_stale(self, page_id: int) -> bool:
        """Tell writers whether the page is to be reviewed again."""
        return self.may_write and any(it.is_stale for it in self.place.beside if it.id == page_id)


async def load(request: Request, post: PostRow) -> Beside:
    """Return the surroundings of a page."""
    reader, person_id, now = await access.reader(request), (await current_user(request)).id, services(request).clock()

    def work(db: Session) -> Beside:
        place = knowledge.place(knowledge.tree(db, reader, now), post.id)
        review, votes = page_votes.last_review(db, post.id), page_votes.votes(db, post.id, person_id)
        return Beside(place, review, votes, reader.may_write)

    return await services(request).database.run(work)


def to_json(beside: Beside) -> Json:
    """Return the same for programs; only writers see the sums of its votes."""
    review, votes = beside.review, beside.votes
    return {
        "kind": "page",
        "path": [_named(it) for it in beside.place.above],
        "children": [_named(it) for it in beside.place.under],
        "reviewed_at": moment(review.at) if review else None,
        "reviewed_by": review.by if review else None,
        "has_helped": votes.own,
        **({"helped": votes.helped, "not_helped": votes.not_helped} if beside.may_write else {}),
    }


def _named(page: Page) -> Json:
    return {"id": page.id, "title": page.title}
