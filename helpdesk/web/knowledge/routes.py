"""List the addresses of knowledge pages, each with its guard. A page itself is a post: `posts:show`."""

from starlette.routing import BaseRoute, Route

from helpdesk.web.core.guards import signed_in
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.knowledge import index, opinions, writing
from helpdesk.web.posts.access import writer

ONE = "/knowledge/{post_id:int}"
FORM, POST = ["GET", "POST"], ["POST"]

# fmt: off
ROUTES: list[BaseRoute] = [
    Route("/knowledge",        signed_in(index.index),               name="knowledge:index"),
    Route("/knowledge/titles", signed_in(index.titles),              name="knowledge:titles"),
    Route("/knowledge/new",    writer(writing.new_page),             name="posts:new_page", methods=FORM),
    Route(ONE + "/move",       writer(writing.move),                 name="knowledge:move", methods=FORM),
    Route(ONE + "/review",     writer(idempotent(opinions.review)),  name="knowledge:review", methods=POST),
    Route(ONE + "/vote",       signed_in(idempotent(opinions.vote)), name="knowledge:vote", methods=POST),
]
# fmt: on
