"""The values of a post's form by name: as the post is, and as they were typed."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from helpdesk.store.casefold import fold
from helpdesk.store.post_readers import DEPARTMENT, RIGHT
from helpdesk.web.posts.form_input import EVERYBODY, SOME, Editing, local

BOXES = ("pinned", "important", "ask_again", "keep_picture")
LISTS = ("departments", "rights", "kept_files")
FIELDS = (
    "title",
    "content",
    "published_from",
    "published_until",
    "audience",
    "picture_alt",
    "version",
    "base",
    "draft_id",
    "parent",
)


def as_it_is(editing: Editing, zone: tzinfo) -> dict[str, Any]:
    """Return the values of the form of a post that nobody has touched."""
    post = editing.post
    if post is None:
        return as_typed({"audience": EVERYBODY})
    of_kind = {kind: [it.value for it in editing.audience if it.kind == kind] for kind in (DEPARTMENT, RIGHT)}
    return {
        **{"title": post.title, "content": post.content, "picture_alt": post.picture_alt, "version": post.version},
        **{"pinned": post.is_pinned, "important": post.is_important, "ask_again": False, "keep_picture": True},
        "published_from": local(post.published_from, zone),
        "published_until": local(post.published_until, zone),
        "audience": SOME if editing.audience else EVERYBODY,
        "departments": [fold(it) for it in of_kind[DEPARTMENT]],
        "rights": of_kind[RIGHT],
        "kept_files": [str(it.id) for it in editing.files],
        **{"draft_id": "", "parent": ""},
    }


def as_typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a form that was sent: a box that is not ticked is absent."""
    lists = {name: _texts(values.get(name)) for name in LISTS}
    lists["departments"] = [fold(it) for it in lists["departments"]]
    return {
        **{name: str(values.get(name) or "") for name in FIELDS},
        **{name: bool(values.get(name)) for name in BOXES},
        **lists,
    }


def _texts(value: Any) -> list[str]:
    return [str(it) for it in value] if isinstance(value, list) else [str(value)] if value else []
