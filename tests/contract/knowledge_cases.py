"""One request for each JSON answer of knowledge pages, and for each way in which they refuse.

The administrator writes a page before, the second post of the story, and another one under it.
"""

from typing import Any

from tests.contract.cases import Case, refused

NEW = "/knowledge/new"
PAGE: dict[str, Any] = {"title": "Почта", "content": "См. [[Календарь]].", "rights": ["can_write_posts"]}
BEFORE = (NEW, {"title": "Почта", "content": "Ящик и календарь."})


def written(name: str, method: str, path: str, body: Any = None) -> Case:
    return Case(name, method, path, body, login="admin", before=BEFORE)


KNOWLEDGE = [
    written("knowledge", "GET", "/knowledge"),
    written("knowledge_found", "GET", "/knowledge?q=ЯЩИК"),
    written("knowledge_titles", "GET", "/knowledge/titles?q=почт"),
    written("knowledge_page", "GET", "/posts/2"),
    written("knowledge_form", "GET", NEW),
    written("knowledge_added", "POST", NEW, PAGE | {"parent": 2}),
    written("knowledge_place", "GET", "/knowledge/2/move"),
    written("knowledge_moved", "POST", "/knowledge/2/move", {"parent": None, "number": 1}),
    written("knowledge_reviewed", "POST", "/knowledge/2/review", {"version": 1}),
    written("knowledge_vote", "POST", "/knowledge/2/vote", {"helpful": True}),
]
KNOWLEDGE_REFUSALS = [
    refused("403_knowledge_of_writers", "POST", NEW, PAGE),
    refused("404_no_such_page", "POST", "/knowledge/1/vote", {"helpful": True}),
    refused("409_conflict_of_reviews", "POST", "/knowledge/2/review", {"version": 7}, login="admin", before=BEFORE),
    refused("422_invalid_place", "POST", "/knowledge/2/move", {"parent": 2}, login="admin", before=BEFORE),
]
