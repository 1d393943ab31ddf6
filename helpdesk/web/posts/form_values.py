"""The values of a post's form: as the post is, as they were typed, and merged with those that somebody else has saved.

A form carries its base: a digest of each value that it began with, and the ids of the files that it knew. A value
that equals its base was left alone and becomes theirs. One that both have changed stays as it was typed, beside theirs.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import tzinfo
from hashlib import blake2b
from typing import Any, NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.store.casefold import fold
from helpdesk.store.post_files import MOST_OF_POST
from helpdesk.store.post_readers import DEPARTMENT, RIGHT
from helpdesk.store.posts import PAGE
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
PARTS = {
    "title": (sentence("the title"), ("title",)),
    "content": (sentence("the text"), ("content",)),
    "picture": (sentence("the picture"), ("keep_picture",)),
    "picture_alt": (sentence("what the picture shows, in words"), ("picture_alt",)),
    "audience": (sentence("for whom it is"), ("audience", "departments", "rights")),
    "published_from": (sentence("from when on it is published"), ("published_from",)),
    "published_until": (sentence("until when it is published"), ("published_until",)),
    "pinned": (sentence("whether it is pinned"), ("pinned",)),
    "important": (sentence("whether it is important"), ("important",)),
}
"""The parts of a form that are compared: their names for people, and their fields."""
STATE, FILES = "state", sentence("the files")
NOT_OF_PAGES = {"published_from", "published_until", "pinned", "important"}
DRAFTED, PUBLISHED = sentence("it is a draft now"), sentence("it is no draft any more")
BASE = re.compile(
    rf"(?P<digests>[0-9a-f]{{12}}(?:\.[0-9a-f]{{12}}){{{len(PARTS)}}}):"
    rf"(?P<files>(?:[0-9]{{1,10}}(?:,[0-9]{{1,10}}){{0,{MOST_OF_POST - 1}}})?)"
)


class Merged(NamedTuple):
    """The values of a form after a conflict. `both` are the parts that the form and somebody else have changed,
    `taken` names those that only they have."""

    typed: Mapping[str, Any]
    both: Collection[str]
    taken: Sequence[Sentence]


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


def base_of(editing: Editing, zone: tzinfo) -> str:
    """Return the base of a form of a post as it is; empty for a new one."""
    if editing.post is None:
        return ""
    digests = _digests(as_it_is(editing, zone), editing.post.picture or "")
    digests[STATE] = _digest(str(editing.post.is_draft))
    return ".".join(digests.values()) + ":" + ",".join(str(it.id) for it in editing.files)


def merged(typed: Mapping[str, Any], editing: Editing, zone: tzinfo, sent_picture: str) -> Merged:
    """Merge the `typed` values, with a picture that came with them, and a post that is not as its form began."""
    theirs, present = as_it_is(editing, zone), base_of(editing, zone)
    (began, known), (now, _) = _read(str(typed["base"])), _read(present)
    mine = _digests(typed, sent_picture)
    if not sent_picture and (typed["keep_picture"] or began.get("picture") in (None, _digest(""))):
        mine["picture"] = began.get("picture", now["picture"])
    is_page = editing.kind == PAGE
    differing = [it for it in PARTS if mine[it] != now[it] and not (is_page and it in NOT_OF_PAGES)]
    left_alone = [it for it in differing if mine[it] == began.get(it)]
    values = {**typed, "version": editing.post and editing.post.version, "base": present}
    values["keep_picture"] = values["keep_picture"] or bool(sent_picture)
    values |= {name: theirs[name] for it in left_alone for name in PARTS[it][1]}
    files = [str(it.id) for it in editing.files]
    values["kept_files"] = [it for it in files if it in typed["kept_files"] or it not in known]
    taken = [PARTS[it][0] for it in left_alone]
    taken += [FILES] if began and set(files) != known else []
    if editing.post and now[STATE] != began.get(STATE, now[STATE]):
        taken.append(DRAFTED if editing.post.is_draft else PUBLISHED)
    return Merged(values, {it for it in differing if it not in left_alone and now[it] != began.get(it)}, taken)


def _digests(values: Mapping[str, Any], picture: str) -> dict[str, str]:
    """Return a digest of each part of a form with this picture, however a browser ends lines and orders boxes."""
    parts = {
        it: str(values[it] or "").replace("\r\n", "\n").replace("\r", "\n")
        for it in PARTS
        if it not in ("picture", "audience")
    }
    chosen = [sorted(values["departments"]), sorted(values["rights"])] if values["audience"] == SOME else []
    parts |= {"picture": picture, "audience": json.dumps(chosen)}
    trimmed = {it: text if it == "content" else text.strip() for it, text in parts.items()}
    return {it: _digest(trimmed[it]) for it in PARTS}


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=6).hexdigest()


def _read(base: str) -> tuple[dict[str, str], set[str]]:
    """Return the digests and the ids of files in a base; none of an unreadable one, so that all counts as changed."""
    match = BASE.fullmatch(base)
    if match is None:
        return {}, set()
    return dict(zip((*PARTS, STATE), match["digests"].split("."), strict=True)), set(match["files"].split(",")) - {""}


def _texts(value: Any) -> list[str]:
    return [str(it) for it in value] if isinstance(value, list) else [str(value)] if value else []
