"""List the addresses of the feed of announcements, each with its guard."""

from starlette.routing import BaseRoute, Route

from helpdesk.web.core.guards import in_person, signed_in, unguarded
from helpdesk.web.feeds import feed

# fmt: off
ROUTES: list[BaseRoute] = [
    Route("/posts/feed.atom",   unguarded(feed.read),              name="posts:atom"),
    Route("/posts/feed",        signed_in(in_person(feed.index)),  name="posts:feed", methods=["GET", "POST"]),
    Route("/posts/feed/revoke", signed_in(in_person(feed.revoke)), name="posts:feed_revoke", methods=["POST"]),
]
# fmt: on
