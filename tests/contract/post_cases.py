"""One request for each JSON answer of announcements, and for each way in which they refuse.

The administrator has written one, which is important and has a file; he writes, and anna reads.
"""

from typing import Any

from tests.contract.cases import Case, refused

NEWS: dict[str, Any] = {
    "title": "Новый принтер",
    "content": "Стоит у кабинета **210**.",
    "published_from": "2026-01-12T09:00:00Z",
    "published_until": "2099-01-12T09:00:00Z",
    "pinned": True,
    "rights": ["can_access_contact_center_moscow"],
}


def written(name: str, method: str, path: str, body: Any = None) -> Case:
    return Case(name, method, path, body, login="admin")


POSTS = [
    Case("posts", "GET", "/posts?q=СЕТИ"),
    Case("post", "GET", "/posts/1"),
    Case("post_file", "GET", "/posts/1/files/1?format=json"),
    Case("post_understood", "POST", "/posts/1/understood", {"version": 1}),
    written("post_added", "POST", "/posts", NEWS),
    written("post_form", "GET", "/posts/new"),
    written("post_added_by_its_form", "POST", "/posts/new", NEWS | {"draft": True}),
    written("post_previewed", "POST", "/posts/preview", {"content": "см. #1 и **план**"}),
    written("post_edited", "GET", "/posts/1/edit"),
    written("post_changed", "POST", "/posts/1/edit", NEWS | {"version": 1, "ask_again": True}),
    written("post_history", "GET", "/posts/1/history"),
    written("post_readers", "GET", "/posts/1/readers?state=not_yet"),
    written("post_deletion", "GET", "/posts/1/delete"),
    written("post_deleted", "POST", "/posts/1/delete", {}),
    Case("department_changed", "POST", "/admin/people/2/department", {"department": "Склад"}, "admin"),
]
POST_REFUSALS = [
    refused("403_posts_of_writers", "POST", "/posts", NEWS),
    refused("404_no_such_post", "GET", "/posts/77"),
    refused("409_conflict_of_posts", "POST", "/posts/1/edit", NEWS | {"version": 7}, login="admin"),
    refused("422_invalid_post", "POST", "/posts", {"published_from": "завтра", "rights": ["x"]}, login="admin"),
]
