"""Kept notifications as their person may read them at present."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from starlette.requests import Request

from helpdesk.errors import Sentence, sentence
from helpdesk.notifications.wording import Gist, in_words
from helpdesk.store.notifications import Kept
from helpdesk.web.guards import actor
from helpdesk.web.rendering import services

HIDDEN = sentence("You do not see this task any more")
NOTHING = sentence("What was told of it is not shown.")


class Told(NamedTuple):
    """A notification in words; `subject` and statuses are empty where the person may not see the task any more."""

    kept: Kept
    title: Sentence
    message: Sentence
    details: tuple[Sentence | str, ...]
    subject: str = ""
    old_status: str = ""
    new_status: str = ""


async def told(request: Request, rows: Iterable[Kept]) -> list[Told]:
    """What the person of the request may still see is asked of the tracker, at once for all. Raises Unavailable."""
    rows = list(rows)
    seen = await services(request).tracker.seen(await actor(request), {row.task_id for row in rows}) if rows else {}
    return [in_full(row) if _is_open(row, seen) else hidden(row) for row in rows]


def _is_open(row: Kept, seen: Mapping[int, bool]) -> bool:
    """Whether the task is still seen and, when private things are told, with them."""
    return row.task_id in seen and (seen[row.task_id] or not row.is_private)


def in_full(row: Kept) -> Told:
    words = in_words(Gist(row.kind, row.task_id, row.subject, row.author, row.old, row.new, row.excerpt))
    statuses = ("", "") if row.kind == "priority" else (row.old, row.new)
    return Told(row, words.title, words.message, words.details, row.subject, *statuses)


def hidden(row: Kept) -> Told:
    return Told(row, HIDDEN, NOTHING, (NOTHING,))
