"""One task as a page, and as the fragments that answer a form on it."""

import asyncio
from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import Any, Literal, NamedTuple, get_args

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, HelpdeskError, Invalid, NotAllowed, NotFound, Sentence, TooLarge, sentence
from helpdesk.store import preferences, reply_templates
from helpdesk.store.drafts import StoredDraft
from helpdesk.tasks.change_messages import LABELS, in_words, overwritten
from helpdesk.tasks.conversation import files_by_entry, next_statuses, other_statuses
from helpdesk.tasks.fields import cf_name
from helpdesk.tasks.model import Entry, Field, Task, Written
from helpdesk.tasks.relations import RELATIONS
from helpdesk.texts import called
from helpdesk.threads import Threads
from helpdesk.web.clocks import shown as clocks
from helpdesk.web.core import navigation, request_data, session, templating
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import html
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import translate
from helpdesk.web.drafts import service as drafts_service
from helpdesk.web.files import uploads
from helpdesk.web.notifications import mutes
from helpdesk.web.task_assessments import beside as task_assessments
from helpdesk.web.task_calls import beside as task_calls
from helpdesk.web.tasks import askers, colors, form_fields, rendered_texts

FIELDS: tuple[Field, ...] = get_args(Field)
ANSWERED = "tasks/_comment_saved.html"
HISTORY: dict[str, Callable[[Entry], bool]] = {
    "comments": lambda entry: bool(entry.notes),
    "changes": lambda entry: bool(entry.changes),
}
MANY_ENTRIES = 50
"""Of a task's history: some 0.1 ms each. Fewer are not worth the way to a thread."""
THREADS = Threads(4)

Refusal = Invalid | Conflict | TooLarge
FactKind = Literal[
    "status", "priority", "person", "due", "day", "moment", "percent", "hours", "custom", "people", "yes"
]


class Fact(NamedTuple):
    """A line of the list beside the history. `kind` says how `value` is shown: templates/tasks/_fact.html.

    A due date is "due" while it can be overdue, that is until the task is closed.
    """

    name: str
    label: Sentence
    kind: FactKind
    value: Any


async def run_if_many(work: Callable[[], Response], entries: int) -> Response:
    """Make an answer of so many entries, in a thread if they are many: on the event loop it would hold up others.

    Also in a thread it counts for the request's timings.
    """
    return work() if entries <= MANY_ENTRIES else await THREADS.run(copy_context().run, work)


async def load(request: Request) -> Task:
    """Return the task that the address names, as this person may see it. Raises NotFound."""
    return await services(request).backend.task(await actor(request), request_data.task_id(request))


async def load_refused(request: Request, refusal: HelpdeskError) -> Task:
    """Return the task whose change was refused, as it is now; a conflict brings it. Raises NotFound."""
    current = refusal.current if isinstance(refusal, Conflict) else None
    return current if isinstance(current, Task) else await load(request)


def entry_of(task: Task, entry_id: int) -> Entry:
    """Return the entry with that number. Raises NotFound."""
    entry = next((entry for entry in task.entries if entry.id == entry_id), None)
    if entry is None:
        raise NotFound
    return entry


def address(request: Request, number: int) -> str:
    """Return the address of a task's page, with the list that it was opened from."""
    return path_to(request, "tasks:show", task_id=number) + origin_query(request, number)


def origin_query(request: Request, number: int) -> str:
    origin = navigation.origin_of(request, number)
    return origin.query(request) if origin else ""


async def page(request: Request, task: Task, status: int = 200, **context: Any) -> Response:
    """Show the whole page; `?history=comments` or `changes` leaves out the other entries.

    On paper it has no internal comments, except with `?print=internal`.
    """
    history, origin = request.query_params.get("history", ""), navigation.origin_of(request, task.id)
    back = origin.address if origin else navigation.last_list(request)
    context |= {"history": history, "back": back, "origin": origin, "walk": origin_query(request, task.id)}
    context |= {"asked": await askers.of_task(request, task), "assessed": await task_assessments.of_task(request, task)}
    has_internal = any(entry.private for entry in task.entries)
    context |= {"beside": await task_calls.of_task(request, task.id), "may_print_internal": has_internal}
    context["prints_internal"] = has_internal and request.query_params.get("print") == "internal"
    response = await _render(request, "tasks/show.html", task, _filtered(task, history), status, True, True, **context)
    navigation.remember_list(request, response, back)
    return response


async def composer(request: Request, task: Task, **context: Any) -> Response:
    """Show the form of an answer by itself, with its draft if there is one."""
    return await part(request, "tasks/_comment_form.html", task, with_drafts=True, **context)


async def written(request: Request, template: str, written: Written, version: str | None, **context: Any) -> Response:
    """Show the result of a write. `version` is the one that the browser knew.

    When that was the present one, only new facts and entries are sent, and the other forms may go on. Else all facts
    and entries are sent, and the other forms stay stale.
    """
    fresh = version == written.before.version
    entries = written.new_entries if fresh else written.after.entries
    context |= {"changed": changed_facts(written) if fresh else None, "overwrote": await overwrote(request, written)}
    before, after = written.before, written.after
    context["files_differ"] = before.attachments != after.attachments
    is_whole = template == ANSWERED or not (after.choices.may_comment or after.choices.may_attach)
    offers = [
        (task.row.assignee, choices(task).get("assignee"), bool(other_statuses(task)), has_others(task))
        for task in (before, after)
    ]
    context["sends_differ"] = not is_whole and offers[0] != offers[1]
    statuses = [(task.row.status, task.choices.statuses) for task in (before, after)]
    context["then_differs"] = not (is_whole or context["sends_differ"]) and statuses[0] != statuses[1]
    return await _render(request, template, written.after, entries, fresh=fresh, **context)


async def overwrote(request: Request, written: Written) -> list[str]:
    """Return a sentence for each change of somebody else that was written over unseen; nearly always none."""
    who = await actor(request)
    return [translate(request, message) for message in overwritten(written, who.id)]


async def caught_up(request: Request, task: Task, history: str) -> Response:
    """Show all that may have changed as fragments, for a page that shows `history` of the task."""
    entries = _filtered(task, history)
    return await _render(request, "tasks/_page_refresh.html", task, entries, with_drafts=True, field="")


async def part(request: Request, template: str, task: Task, **context: Any) -> Response:
    """Show a fragment without description and history."""
    return await _render(request, template, task, (), **context)


async def entry(request: Request, task: Task, entry: Entry, **context: Any) -> Response:
    """Show one entry of the history by itself."""
    return await _render(request, "tasks/_entry_saved.html", task, (entry,), entry=entry, **context)


async def refused_page(request: Request, task: Task, form: str, refusal: Refusal, typed: Mapping[str, Any]) -> Response:
    """Show the page with the refused form. Raises NotAllowed when the form is offered no more."""
    return await page(request, task, status_of(refusal), **_refusal(task, form, refusal, typed))


async def refused_form(request: Request, task: Task, form: str, refusal: Refusal, typed: Mapping[str, Any]) -> Response:
    """Show the refused form by itself for htmx. Raises NotAllowed when the form is offered no more."""
    context = _refusal(task, form, refusal, typed)
    template = "tasks/_comment_refused.html" if form == "comments" else "tasks/_fields_refused.html"
    entries = task.entries if isinstance(refusal, Conflict) else ()
    return await _render(request, template, task, entries, status_of(refusal), fresh=False, **context)


def facts(task: Task) -> tuple[Fact, ...]:
    """Return the facts beside the history, in their order; without empty ones, unless they are controls."""
    controls = choices(task)
    due: FactKind = "day" if task.row.status.is_closed else "due"
    optional = (
        Fact("is_private", LABELS["is_private"], "yes", task.row.is_private),
        Fact("start_date", LABELS["start_date"], "day", task.start_date),
        Fact("due_date", LABELS["due_date"], due, task.row.due_date),
        Fact("done_ratio", sentence("Progress"), "percent", task.done_ratio),
        Fact("estimated_hours", sentence("Estimated"), "hours", task.estimated_hours),
        Fact("spent_hours", sentence("Spent"), "hours", task.spent_hours),
        *(Fact(cf_name(it.field.id), Sentence(called(it.field)), "custom", it) for it in task.custom if it.value),
        Fact("watchers", sentence("Watchers"), "people", task.watchers),
    )
    return (
        Fact("status", LABELS["status"], "status", task.row.status),
        Fact("priority", LABELS["priority"], "priority", task.row.priority),
        Fact("assignee", LABELS["assignee"], "person", task.row.assignee),
        *(fact for fact in optional if fact.value or fact.name in controls),
        Fact("updated_on", sentence("Changed"), "moment", task.row.updated_on),
    )


def changed_facts(written: Written) -> tuple[Fact, ...] | None:
    """Return the facts that differ after a write, in their value or in what may be chosen instead.

    None when one came or went, so that all must be shown again.
    """
    before, after = facts(written.before), facts(written.after)
    if [fact.name for fact in before] != [fact.name for fact in after]:
        return None
    old_choices, new_choices = choices(written.before), choices(written.after)
    return tuple(
        new
        for old, new in zip(before, after, strict=True)
        if old != new or old_choices.get(old.name) != new_choices.get(new.name)
    )


def choices(task: Task) -> dict[str, tuple[Any, ...]]:
    """Return what this person may choose, by the name of the fact; without those that offer nothing else.

    A due date is there when this person may write it, without choices: any day will do.
    """
    offered = task.choices
    options = {"status": offered.statuses, "priority": offered.priorities, "assignee": offered.assignees}
    days = {"due_date": ()} if "due_date" in offered.details else {}
    return {field: options[field] for field in FIELDS if task.offers(field)} | days


def has_others(task: Task) -> bool:
    """Return whether an answer can have another assignee, or another status than that of its main button."""
    return len(other_statuses(task)) > 1 or "assignee" in choices(task)


def _refusal(task: Task, form: str, refusal: Refusal, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the context of a refused form. Raises NotAllowed for a form that this person's page does not have: nothing
    would show the refusal."""
    offered = {"comments": task.choices.may_comment or task.choices.may_attach}
    if not offered.get(form, form in choices(task) or (not form and choices(task))):
        raise NotAllowed
    shown = "comments" if form == "comments" else "fields"
    return {"refused": {"form": shown, "error": refusal, "typed": form_fields.touched(typed)}}


def _filtered(task: Task, history: str) -> tuple[Entry, ...]:
    return tuple(filter(HISTORY.get(history, lambda entry: True), task.entries))


async def _render(
    request: Request,
    template: str,
    task: Task,
    entries: tuple[Entry, ...],
    status: int = 200,
    with_description: bool = False,
    with_drafts: bool = False,
    **context: Any,
) -> Response:
    """Render a template with the task. The description's text has the number 0, notes that of their entry."""
    sources = {0: task.description} if with_description else {}
    html_texts, personal = await asyncio.gather(
        rendered_texts.beginnings(request, sources | {entry.id: entry.notes for entry in entries if entry.notes}, task),
        _personal_context(request, task, with_drafts),
    )
    labels = {"facts": facts(task), "labels": LABELS, "in_words": in_words, "relations": RELATIONS}
    labels |= {"choices": choices(task), "seen": form_fields.seen_choices(task), "has_others": has_others(task)}
    shared = {"task": task, "entries": entries, "texts": html_texts, "refused": None}
    shared |= {"files": files_by_entry(task.entries, task.attachments), "today": templating.today(request)}
    shared |= {"next_statuses": next_statuses(task, await colors.prepare(request))}
    return await run_if_many(
        lambda: html(request, template, status, **{**labels, **personal, **shared, **context}), len(entries)
    )


async def _personal_context(request: Request, task: Task, with_drafts: bool) -> dict[str, Any]:
    """Return what forms show of their person: the signed owner, reply templates, drafts, staged files and mutes."""
    person, who = await session.current_user(request), await actor(request)
    query = drafts_service.query_of_task(request, person, task)

    def work(db: Session) -> tuple[list[tuple[int, str]], list[StoredDraft], str]:
        replies = reply_templates.names(db, person.id, form_fields.is_staff(task.choices))
        if not with_drafts:
            return replies, [], ""
        return replies, query(db), preferences.of_people(db, [person.id]).get(person.id, "")

    replies, stored, notification_preferences = await services(request).database.run(work)
    drafts = drafts_service.unsent(task, stored, who)
    if "comments" in drafts and not hasattr(request.state, "staged"):
        uploads.restore(request, who.id, drafts["comments"].fields.get("staged"))
    return {
        "me": who.id,
        "clocks": await clocks.of_task(request, who, task.row),
        "away": await services(request).absences.now(),
        "typed_by": await drafts_service.form_owner(request),
        "replies": replies,
        "drafts": drafts,
        "typed_draft": form_fields.touched(drafts["comments"].fields) if "comments" in drafts else {},
        "mutes": mutes.of_task(notification_preferences, task.id, task.row.project),
        **uploads.context(request, who.id),
    }
