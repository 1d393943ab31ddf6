"""One request for each JSON answer about announcements that come to people, and for each way in which it refuses."""

from tests.contract.cases import Case, refused

POST_NEWS = [
    Case("post_read", "POST", "/posts/1/read", {}),
    Case("posts_feed", "GET", "/posts/feed"),
    Case("posts_feed_made", "POST", "/posts/feed", {}),
    Case("posts_feed_revoked", "POST", "/posts/feed/revoke", {}),
]
POST_NEWS_REFUSALS = [
    refused("404_no_such_post_read", "POST", "/posts/4711/read", {}),
    refused("404_no_such_feed", "GET", "/posts/feed.atom?token=x", login=None),
]
