"""Show writers the versions of a post, and the changes of one."""

import difflib
from itertools import pairwise
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound
from helpdesk.store import post_reads
from helpdesk.store.post_reads import Revision
from helpdesk.threads import Threads
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import Json, answer, html, json_response, moment
from helpdesk.web.core.services import services
from helpdesk.web.posts import access

THREADS = Threads(2)
MOST_LINES = 1_000
"""The most lines of each text that are compared."""
AROUND = 2
SAME, REMOVED, ADDED, SKIPPED = "same", "removed", "added", "skipped"


class Line(NamedTuple):
    """A line of a comparison: its kind, and its text."""

    kind: str
    text: str


async def index(request: Request) -> Response:
    """List the versions, the newest first; `?version=` shows the changes of that one. Raises NotFound."""
    post = await access.load(request)
    number = request_data.query_number(request.query_params, "version", post.version)
    versions = await services(request).database.run(lambda db: post_reads.revisions(db, post.id))
    earlier = {after.version: before.version for after, before in pairwise(versions)}
    if number not in {it.version for it in versions}:
        raise NotFound
    context: dict[str, Any] = {"post": post, "versions": versions, "number": number}
    return await answer(
        request,
        json=lambda: json_response(request, {"versions": [_to_dict(it) for it in versions]}),
        page=lambda: _page(request, earlier.get(number), number, context),
    )


async def _page(request: Request, base: int | None, number: int, context: dict[str, Any]) -> Response:
    """Show the changes of a version from its base. The first one has none, and that of the oldest in store is gone."""
    if base is None and number > 1:
        return html(request, "posts/history.html", **context, is_base_lost=True, lines=None)
    post_id, numbers = context["post"].id, (base or 0, number)
    texts = await services(request).database.run(lambda db: post_reads.texts(db, post_id, numbers))
    if number not in texts:  # too many versions came meanwhile
        raise NotFound
    lines = await THREADS.run(compared, "\n".join(texts.get(numbers[0], ())), "\n".join(texts[number]))
    return html(request, "posts/history.html", **context, is_base_lost=False, lines=lines)


def compared(before: str, after: str) -> list[Line] | None:
    """Return the lines that differ with a few around them; None for texts that are too long to compare."""
    old, new = before.split("\n") if before else [], after.split("\n")
    if max(len(old), len(new)) > MOST_LINES:
        return None
    lines = list[Line]()
    # Of 200 lines and more, those that come often are not looked for (autojunk): else the time grows with the cube.
    for place, group in enumerate(difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(AROUND)):
        if place:
            lines.append(Line(SKIPPED, ""))
        for tag, first, last, begin, end in group:
            if tag == "equal":
                lines += [Line(SAME, it) for it in old[first:last]]
            else:
                lines += [Line(REMOVED, it) for it in old[first:last]] + [Line(ADDED, it) for it in new[begin:end]]
    return lines


def _to_dict(it: Revision) -> Json:
    editor = {"id": it.editor.id, "username": it.editor.login, "full_name": it.editor.full_name}
    return {"version": it.version, "title": it.title, "edited_at": moment(it.edited_at), "editor": editor}
