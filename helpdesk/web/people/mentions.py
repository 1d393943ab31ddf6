"""Show whom a comment on a task can mention by `@login`: people who see the task and are notified of the mention."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotAllowed, NotFound
from helpdesk.notifications.mentions import mentioned_logins, mentioned_words
from helpdesk.people.model import SignedIn, entitled, person_of
from helpdesk.store import people
from helpdesk.store.casefold import fold
from helpdesk.tasks.fields import parse_flag
from helpdesk.tasks.model import Actor, Task
from helpdesk.web.core.faces import answer, choose, html, json_response
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services
from helpdesk.web.people import colleagues
from helpdesk.web.people.colleagues import Colleague
from helpdesk.web.tasks import page as task_page

MOST_OFFERED = 8
MOST_LISTED = 24
MOST_ASKED = 40
"""Of those who have the words, the backend is asked about so many whether they see the task."""
LONGEST_WORDS = 60


async def mentions(request: Request) -> Response:
    """List the people with the words of `?q=`; with `?private=1` those who may read internal comments.

    Raises NotFound; NotAllowed for a person who may not comment.
    """
    task = await task_page.load(request)
    if not task.choices.may_comment:
        raise NotAllowed
    words = request.query_params.get("q", "")[:LONGEST_WORDS].strip()
    private = task.choices.may_comment_privately and bool(parse_flag(request.query_params.get("private") or "0"))
    most = choose(request, page=MOST_LISTED, json=MOST_OFFERED, fragment=MOST_OFFERED)
    found = await _mentionable(request, task, words, private, most)
    context: dict[str, Any] = {"task": task, "found": found, "words": words, "private": private}
    context["is_cut"] = len(found) == MOST_LISTED
    template = choose(request, page="people/mentions.html", fragment="people/_mentions.html")
    body = {"people": [{"id": it.id, "name": it.name, "login": it.login} for it in found]}
    return await answer(
        request,
        json=lambda: json_response(request, body),
        page=lambda: html(request, template, **context),
    )


async def _mentionable(request: Request, task: Task, words: str, private: bool, most: int) -> list[Colleague]:
    """Return the first `most` people who can be mentioned, those of the task before others."""
    who, found = await actor(request), await colleagues.find(request, words, _people_of(task))
    asked = [it for it in found if it.account is not None and it.id != who.id][:MOST_ASKED]
    readers: list[Colleague] = []
    for start in range(0, len(asked), most):
        some = [it for it in asked[start : start + most] if _is_mention(it.login)]
        readers += await _readers(request, some, task.id, private)
        if len(readers) >= most:
            break
    return readers[:most]


def _people_of(task: Task) -> dict[int, str]:
    """Return the names of the people whom the task shows by their numbers, those who spoke last before others.

    The last are those to whom it can be assigned: of all colleagues they are the likeliest to see it.
    """
    writers = (entry.author for entry in reversed(task.entries))
    shown = (*writers, task.row.author, task.row.assignee, *task.watchers, *task.choices.assignees)
    return {person.id: person.name for person in shown if person}


def _is_mention(login: str) -> bool:
    """Tell whether `@login` is read as a mention of this login."""
    return mentioned_logins(mentioned_words(f"@{login} "), {fold(login)}) == {fold(login)}


async def _readers(request: Request, some: Sequence[Colleague], task_id: int, private: bool) -> list[Colleague]:
    """Return those who see the task, and others' internal comments on it if these are `private`."""
    actors = await _actors(request, [it.account for it in some if it.account is not None])
    sees = await asyncio.gather(*(_sees(request, it, task_id, private) for it in actors))
    seeing = {it.id for it, is_seen in zip(actors, sees, strict=True) if is_seen}
    return [it for it in some if it.id in seeing]


async def _actors(request: Request, accounts: Iterable[int]) -> list[Actor]:
    """Return the identities in the backend of these accounts."""
    named, now = services(request).settings.administrators, services(request).clock()
    rows = await services(request).database.run(lambda db: [people.with_id(db, number) for number in accounts])
    persons = [entitled(person_of(row), named) for row in rows if row]
    return [services(request).identify(SignedIn(person, "", now)) for person in persons]


async def _sees(request: Request, person: Actor, task_id: int, private: bool) -> bool:
    try:
        seen = await services(request).backend.seen(person, (task_id,))
    except (NotAllowed, NotFound):  # locked meanwhile, or no longer there
        return False
    return task_id in seen and (seen[task_id] or not private)
