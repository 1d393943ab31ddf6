"""Show whom a comment on a task can mention by `@login`: people who see the task and are notified of the mention."""

from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotAllowed
from helpdesk.notifications.mentions import mentioned_logins, mentioned_words
from helpdesk.store.casefold import fold
from helpdesk.tasks.fields import parse_flag
from helpdesk.tasks.model import Task
from helpdesk.tasks.readers import Answer
from helpdesk.web.core.faces import answer, choose, html, json_response
from helpdesk.web.core.guards import actor
from helpdesk.web.people import colleagues, readers
from helpdesk.web.people.colleagues import Colleague
from helpdesk.web.tasks import page as task_page

MOST_OFFERED = 8
MOST_LISTED = 24
MOST_ASKED = 40
"""Of those who have the words, the backend is asked about so many more with each question whether they see the task."""
ASKED_WHILE_TYPING = 16
ASKED_AT_ONCE = 8
LONGEST_WORDS = 60


class Offer(NamedTuple):
    """The first people who can be mentioned. It `is_cut` when there may be more."""

    people: list[Colleague]
    is_cut: bool


async def mentions(request: Request) -> Response:
    """List the people with the words of `?q=`; with `?private=1` those who may read internal comments.

    Raises NotFound; NotAllowed for a person who may not comment.
    """
    task = await task_page.load(request)
    if not task.choices.may_comment:
        raise NotAllowed
    words = request.query_params.get("q", "")[:LONGEST_WORDS].strip()
    private = task.choices.may_comment_privately and bool(parse_flag(request.query_params.get("private") or "0"))
    offer = await _offer(request, task, words, private)
    context: dict[str, Any] = {"task": task, "offer": offer, "words": words, "private": private}
    template = choose(request, page="people/mentions.html", fragment="people/_mentions.html")
    body = {"people": [{"id": it.id, "name": it.name, "login": it.login} for it in offer.people]}
    return await answer(
        request,
        json=lambda: json_response(request, body | {"has_more": offer.is_cut}),
        page=lambda: html(request, template, **context),
    )


async def _offer(request: Request, task: Task, words: str, private: bool) -> Offer:
    """Return the first people who can be mentioned, those of the task before others."""
    most = choose(request, page=MOST_LISTED, json=MOST_OFFERED, fragment=MOST_OFFERED)
    left = choose(request, page=MOST_ASKED, json=MOST_ASKED, fragment=ASKED_WHILE_TYPING)
    who, found = await actor(request), await colleagues.find(request, words, _people_of(task))
    candidates = [it for it in found.people if it.account is not None and it.id != who.id]
    offered, looked_at, is_cut = list[Colleague](), 0, not found.is_whole
    while looked_at < len(candidates) and len(offered) < most:
        some = candidates[looked_at : looked_at + ASKED_AT_ONCE]
        left -= len(some) - len(readers.known(request, task, some))
        if left < 0:
            break
        answers = await readers.among(request, task, some)
        offered += [it for it in some if _reads(answers.get(it.id), private) and _is_mention(it.login)]
        is_cut = is_cut or len(answers) < len(some)
        looked_at += len(some)
    return Offer(offered[:most], is_cut or looked_at < len(candidates) or len(offered) > most)


def _people_of(task: Task) -> dict[int, str]:
    """Return the names of the people whom the task shows by their numbers, those who spoke last before others.

    The last are those to whom it can be assigned: of all colleagues they are the likeliest to see it.
    """
    writers = (entry.author for entry in reversed(task.entries))
    shown = (*writers, task.row.author, task.row.assignee, *task.watchers, *task.choices.assignees)
    return {person.id: person.name for person in shown if person}


def _reads(sees: Answer, private: bool) -> bool:
    return sees is not None and (sees or not private)


def _is_mention(login: str) -> bool:
    """Tell whether `@login` is read as a mention of this login."""
    return mentioned_logins(mentioned_words(f"@{login} "), {fold(login)}) == {fold(login)}
