"""Guard the writing of posts, and load the post that an address names for its reader."""

from starlette.requests import Request

from helpdesk.people.rights import ADMIN, WRITER
from helpdesk.store import posts
from helpdesk.store.post_readers import Reader, reader_of
from helpdesk.store.posts import PostRow
from helpdesk.web.core import request_data
from helpdesk.web.core.guards import needs_one_of
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user

writer = needs_one_of(WRITER, ADMIN)
"""The guard of the routes that write posts."""


async def reader(request: Request) -> Reader:
    """Return the signed-in person as a reader of posts."""
    return reader_of(await current_user(request))


async def load(request: Request) -> PostRow:
    """Return the post in the address, with this person's reading of it. Raises NotFound."""
    post_id, now = request_data.path_id(request, "post_id"), services(request).clock()
    who, person_id = await reader(request), (await current_user(request)).id
    return await services(request).database.run(lambda db: posts.one(db, who, post_id, now, person_id))
