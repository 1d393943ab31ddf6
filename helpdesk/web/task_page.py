"""One task as a page, and as the fragments that answer a form on it."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, get_args

from anyio import CapacityLimiter, to_thread
from markupsafe import Markup
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, NotAllowed, TooLarge
from helpdesk.store import preferences, replies
from helpdesk.store.drafts import Kept
from helpdesk.tasks import markup, safe_html
from helpdesk.tasks.model import Entry, Field, Task, Written
from helpdesk.tasks.wording import LABELS, RELATIONS, in_words
from helpdesk.web import facts, keeping, mutes, overwritten, returning, uploads
from helpdesk.web.errors import status_of
from helpdesk.web.guards import actor
from helpdesk.web.rendering import html, is_htmx, path_to, services

AT_ONCE = CapacityLimiter(4)
PAGE_SECONDS = 2.0
FIELDS: tuple[Field, ...] = get_args(Field)
FORMS = {"comments": "tasks/_comment_form.html", "attachments": "tasks/_attachments.html"}
HISTORY: dict[str, Callable[[Entry], bool]] = {
    "": lambda entry: True,
    "comments": lambda entry: bool(entry.notes),
    "changes": lambda entry: bool(entry.changes),
}


async def page(request: Request, task: Task, status: int = 200, **context: Any) -> Response:
    """The whole page; `?history=comments` or `changes` leaves out the other entries."""
    history = request.query_params.get("history", "")
    entries = _shown(task, history)
    context |= {
        "history": history,
        "offering": True,
        "back": returning.last_list(request),
    }
    response = await _show(request, "tasks/show.html", task, entries, status, described=True, **context)
    returning.remember(request, response, context["back"])
    return response


async def form(request: Request, task: Task, name: str) -> Response:
    """One form by itself, with its draft if there is one."""
    template = FORMS.get(name, "tasks/_change.html")
    return await part(request, template, task, field=name, fresh=False, offering=True)


async def written(request: Request, template: str, written: Written, version: str | None, **context: Any) -> Response:
    """What a write changed. `version` is what the browser knew: when that was the present one, only what is new is
    sent and the other forms may go on; else all facts and entries are, and what the others were typed upon stays
    stale."""
    fresh = version == written.before.version
    entries = written.new_entries if fresh else written.after.entries
    changed = facts.changed(written) if fresh else None
    context["overwrote"] = await overwritten.told(request, written)
    return await _show(request, template, written.after, entries, 200, fresh=fresh, changed=changed, **context)


async def caught_up(request: Request, task: Task, history: str) -> Response:
    """Fragments of all that may have changed, for a page that shows `history` of it."""
    entries = _shown(task, history)
    return await _show(request, "tasks/_caught_up.html", task, entries, 200, offering=True, field="")


async def part(request: Request, template: str, task: Task, **context: Any) -> Response:
    """A fragment that shows neither description nor history."""
    return await _show(request, template, task, (), 200, **context)


async def refused(
    request: Request, task: Task, form: str, refusal: Invalid | Conflict | TooLarge, typed: Mapping[str, Any]
) -> Response:
    """The form that was refused, by itself for htmx or in its page. Raises NotAllowed when it is offered no more."""
    if not _offered(task, form):
        raise NotAllowed
    context: dict[str, Any] = {"field": form, "refused": {"form": form, "why": refusal, "typed": typed}}
    if not is_htmx(request):
        return await page(request, task, status_of(refusal), **context)
    template = FORMS.get(form, "tasks/_refused.html")
    entries = task.entries if isinstance(refusal, Conflict) else ()
    return await _show(request, template, task, entries, status_of(refusal), fresh=False, **context)


def _offered(task: Task, form: str) -> bool:
    """Whether this person's page of the task has that form: where there is none, nothing would show a refusal."""
    has: dict[str, bool] = {field: task.offers(field) for field in FIELDS}
    return (has | {"comments": task.choices.may_comment}).get(form, True)


def _shown(task: Task, history: str) -> tuple[Entry, ...]:
    shown = HISTORY.get(history, HISTORY[""])
    return tuple(entry for entry in task.entries if shown(entry))


def address(request: Request, number: int) -> str:
    return path_to(request, "tasks:show", task_id=number)


async def rendered(request: Request, sources: Mapping[int, str]) -> dict[int, Markup]:
    """Texts as safe HTML, made in a thread.

    Each text has its bound of cost (`markup.render`); when a page's texts together took PAGE_SECONDS of CPU, the rest
    is shown as it was typed.
    """
    format = services(request).tracker.capabilities.text_format

    def link(number: int) -> str:
        return address(request, number)

    def work() -> dict[int, Markup]:
        until, texts = time.thread_time() + PAGE_SECONDS, {}
        for key, source in sources.items():
            in_time = time.thread_time() < until
            texts[key] = markup.render(source, format, link) if in_time else Markup(safe_html.as_typed(source))
        return texts

    return await to_thread.run_sync(work, limiter=AT_ONCE)


async def entry(request: Request, task: Task, entry: Entry, **context: Any) -> Response:
    """One entry of the history by itself."""
    return await _show(request, "tasks/_mended.html", task, (entry,), 200, entry=entry, **context)


async def _show(
    request: Request,
    template: str,
    task: Task,
    entries: tuple[Entry, ...],
    status: int,
    described: bool = False,
    offering: bool = False,
    **context: Any,
) -> Response:
    """The description's text has the number 0, notes that of their entry. `offering` is of drafts."""
    sources = {0: task.description} if described else {}
    texts, own = await asyncio.gather(
        rendered(request, sources | {entry.id: entry.notes for entry in entries if entry.notes}),
        _of_person(request, task, offering),
    )
    around = {"facts": facts.facts(task), "labels": LABELS, "in_words": in_words, "relations": RELATIONS}
    told = {"task": task, "entries": entries, "texts": texts, "refused": None}
    return html(request, template, status, **{**around, **own, **told, **context})


async def _of_person(request: Request, task: Task, offering: bool) -> dict[str, Any]:
    """What forms need to know of who fills them in: the mark of whose page it is, the replies to choose from, and the
    drafts that are offered."""
    person, who = await keeping.person_here(request), await actor(request)
    find = keeping.finding(request, person, task)

    def work(db: Session) -> tuple[list[tuple[int, str]], list[Kept], str]:
        listed, drafts, told = replies.names(db, person.id), list[Kept](), ""
        if offering:
            drafts, told = find(db), preferences.told(db, [person.id]).get(person.id, "")
        return listed, drafts, told

    listed, drafts, told = await services(request).database.run(work)
    return {
        "typed_by": keeping.typed_by(request, person),
        "replies": listed,
        "drafts": keeping.offered(task, drafts, who),
        "brought": uploads.listed(request, who),
        "limit": uploads.limit(request),
        "mutes": mutes.of_task(told, task.id, task.row.project),
    }
