"""One task as a page, and as the fragments that answer a form on it."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, get_args

from markupsafe import Markup
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk import threads
from helpdesk.errors import Conflict, NotAllowed
from helpdesk.store import preferences, reply_templates
from helpdesk.store.drafts import Kept
from helpdesk.tasks.change_messages import LABELS, RELATIONS, in_words
from helpdesk.tasks.markup import inline_images
from helpdesk.tasks.markup import render as markup
from helpdesk.tasks.markup.render import Part, Resolver
from helpdesk.tasks.model import Entry, Field, Task, Written
from helpdesk.threads import Threads
from helpdesk.web.core import navigation, session
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import html
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.drafts import service as drafts_service
from helpdesk.web.files import uploads
from helpdesk.web.notifications import mutes
from helpdesk.web.tasks import attributes, lost_updates
from helpdesk.web.tasks.change import Refusal

AT_ONCE = Threads(4)
PAGE_SECONDS = 2.0
LARGEST_TEXT = 1_000_000  # characters of HTML in one answer

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
        "back": navigation.last_list(request),
    }
    response = await _show(request, "tasks/show.html", task, entries, status, described=True, **context)
    navigation.remember_list(request, response, context["back"])
    return response


async def form(request: Request, task: Task, name: str) -> Response:
    """One form by itself, with its draft if there is one."""
    template = FORMS.get(name, "tasks/_field_form.html")
    return await part(request, template, task, field=name, fresh=False, offering=True)


async def written(request: Request, template: str, written: Written, version: str | None, **context: Any) -> Response:
    """Show what a write changed. `version` is the one that the browser knew.

    When that was the present one, only new facts and entries are sent, and the other forms may go on. Else all facts
    and entries are sent, and the other forms stay stale.
    """
    fresh = version == written.before.version
    entries = written.new_entries if fresh else written.after.entries
    changed = attributes.changed(written) if fresh else None
    context["overwrote"] = await lost_updates.sentences(request, written)
    return await _show(request, template, written.after, entries, 200, fresh=fresh, changed=changed, **context)


async def caught_up(request: Request, task: Task, history: str) -> Response:
    """Fragments of all that may have changed, for a page that shows `history` of it."""
    entries = _shown(task, history)
    return await _show(request, "tasks/_page_refresh.html", task, entries, 200, offering=True, field="")


async def part(request: Request, template: str, task: Task, **context: Any) -> Response:
    """A fragment that shows neither description nor history."""
    return await _show(request, template, task, (), 200, **context)


async def refused_page(request: Request, task: Task, form: str, refusal: Refusal, typed: Mapping[str, Any]) -> Response:
    """The page with the form that was refused. Raises NotAllowed when it is offered no more."""
    return await page(request, task, status_of(refusal), **_refusal(task, form, refusal, typed))


async def refused_form(request: Request, task: Task, form: str, refusal: Refusal, typed: Mapping[str, Any]) -> Response:
    """The form that was refused, by itself for htmx. Raises NotAllowed when it is offered no more."""
    context = _refusal(task, form, refusal, typed)
    template = FORMS.get(form, "tasks/_field_refused.html")
    entries = task.entries if isinstance(refusal, Conflict) else ()
    return await _show(request, template, task, entries, status_of(refusal), fresh=False, **context)


def _refusal(task: Task, form: str, refusal: Refusal, typed: Mapping[str, Any]) -> dict[str, Any]:
    if not _offered(task, form):
        raise NotAllowed
    return {"field": form, "refused": {"form": form, "why": refusal, "typed": typed}}


def _offered(task: Task, form: str) -> bool:
    """Tell whether this person's page of the task has that form: where there is none, nothing would show a refusal."""
    has: dict[str, bool] = {field: task.offers(field) for field in FIELDS}
    return (has | {"comments": task.choices.may_comment}).get(form, True)


def _shown(task: Task, history: str) -> tuple[Entry, ...]:
    shown = HISTORY.get(history, HISTORY[""])
    return tuple(entry for entry in task.entries if shown(entry))


def address(request: Request, number: int) -> str:
    return path_to(request, "tasks:show", task_id=number)


async def rendered(request: Request, sources: Mapping[int, str], task: Task) -> dict[int, Part]:
    """Texts as safe HTML, of long ones the first part, made in a thread.

    Each text has its bound of cost (`markup.render`); when a page's texts together took PAGE_SECONDS of CPU, the rest
    begins without its markup.
    """
    if not sources:
        return {}
    format, look = services(request).backend.capabilities.text_format, _resolver(request, task)

    def work() -> dict[int, Part]:
        until, texts = time.thread_time() + PAGE_SECONDS, {}
        for key, source in sources.items():
            make = markup.beginning if time.thread_time() < until else markup.plain
            texts[key] = make(source, format, look)
        return texts

    return await AT_ONCE.run(work)


async def all_of(request: Request, source: str, task: Task | None, first: int = 0) -> Part:
    """A long text from one of its parts on: all of it, unless that is more than one answer may hold or take."""
    format, look = services(request).backend.capabilities.text_format, _resolver(request, task)

    def work() -> Part:
        until, made, size = time.thread_time() + PAGE_SECONDS, list[Part](), 0
        for part in markup.parts(source, format, look, first):
            made.append(part)
            size += len(part.html)
            if size > LARGEST_TEXT or time.thread_time() > until:
                break
        return Part(Markup("").join(part.html for part in made), made[-1].more if made else None)

    return await AT_ONCE.run(work)


def _resolver(request: Request, task: Task | None) -> Resolver:
    """Return how texts of this task link to other tasks and show its files; without a task there are no files."""
    settings = services(request).settings
    sites = (settings.redmine_url, settings.public_url)
    files = inline_images.files_of(task.id, task.attachments, sites) if task else inline_images.NO_FILES

    def link(number: int) -> str:
        return address(request, number)

    def path(kind: str, file_id: int) -> str:
        return path_to(request, f"tasks:{kind}", task_id=files.task_id, file_id=file_id)

    return Resolver(link, lambda picture: inline_images.html(picture, files, path))


async def entry(request: Request, task: Task, entry: Entry, **context: Any) -> Response:
    """One entry of the history by itself."""
    return await _show(request, "tasks/_entry_saved.html", task, (entry,), 200, entry=entry, **context)


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
        rendered(request, sources | {entry.id: entry.notes for entry in entries if entry.notes}, task),
        _of_person(request, task, offering),
    )
    around = {"facts": attributes.facts(task), "labels": LABELS, "in_words": in_words, "relations": RELATIONS}
    shown = {"task": task, "entries": entries, "texts": texts, "refused": None}
    words = {**around, **own, **shown, **context}
    return await threads.run_if_many(lambda: html(request, template, status, **words), len(entries))


async def _of_person(request: Request, task: Task, offering: bool) -> dict[str, Any]:
    """What forms need to know of who fills them in: the mark of whose page it is, the replies to choose from, and the
    drafts that are offered."""
    person, who = await session.current_user(request), await actor(request)
    find = drafts_service.finding(request, person, task)

    def work(db: Session) -> tuple[list[tuple[int, str]], list[Kept], str]:
        listed, drafts, chosen = reply_templates.names(db, person.id), list[Kept](), ""
        if offering:
            drafts, chosen = find(db), preferences.told(db, [person.id]).get(person.id, "")
        return listed, drafts, chosen

    listed, drafts, chosen = await services(request).database.run(work)
    return {
        "typed_by": drafts_service.form_owner(request, person),
        "replies": listed,
        "drafts": drafts_service.offered(task, drafts, who),
        "brought": uploads.listed(request, who),
        "limit": uploads.limit(request),
        "reference": uploads.reference(request),
        "mutes": mutes.of_task(chosen, task.id, task.row.project),
    }
