"""Tasks as pages and fragments; a program that asks the same addresses gets JSON."""

from secrets import token_urlsafe
from typing import Any

from anyio import to_thread
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk.errors import Conflict, Invalid, NotFound, Sentence, Unchanged, sentence
from helpdesk.tasks import markup
from helpdesk.tasks.model import Edit, Field, Task, TaskQuery, Written
from helpdesk.tasks.wording import LABELS, in_words
from helpdesk.web import inputs, listing
from helpdesk.web.api import shapes
from helpdesk.web.errors import status_of
from helpdesk.web.guards import actor
from helpdesk.web.rendering import data, html, is_htmx, see_other, services, spoken, today, wants_html

CHANGED: dict[Field, Sentence] = {
    "status": sentence("The status was changed."),
    "priority": sentence("The priority was changed."),
    "assignee": sentence("The assignee was changed."),
}
COMMENTED = sentence("The comment was added.")
NOTHING_CHANGED = sentence("Nothing was changed: that is its value already.")


async def home(request: Request) -> Response:
    return RedirectResponse(request.app.url_path_for("tasks:my_tasks"), 302)


async def my_tasks(request: Request) -> Response:
    """Tasks assigned to me, or those I asked for; the latter by itself for people whom nothing was ever assigned."""
    who, tracker = await actor(request), services(request).tracker
    vocabulary = await tracker.vocabulary(who)
    asked = listing.read(request, vocabulary)
    page = await tracker.tasks(who, asked.query)
    if not page.total and not asked.scope_chosen and await _never_assigned(request):
        asked = asked._replace(query=asked.query._replace(scope="authored"))
        page = await tracker.tasks(who, asked.query)
    if not wants_html(request):
        return data(request, shapes.task_list(page, asked.filters))
    links = listing.nearby(page.query.page, page.pages)
    searches = services(request).tracker.capabilities.searches
    context: dict[str, Any] = {"words": vocabulary, "links": links, "searches": searches, "today": today(request)}
    return html(request, "tasks/my_tasks.html", asked=asked, page=page, rows=page.rows, **context)


async def show(request: Request) -> Response:
    task = await load(request)
    if not wants_html(request):
        return data(request, shapes.task(task))
    return await _page(request, task)


async def status(request: Request) -> Response:
    return await _change(request, "status")


async def priority(request: Request) -> Response:
    return await _change(request, "priority")


async def assignee(request: Request) -> Response:
    return await _change(request, "assignee")


async def comments(request: Request) -> Response:
    fields = await inputs.read(request)
    try:
        text = fields.required_text("comment")
        written = await comment(request, text, fields.flag("private"))
    except Invalid as refusal:
        return await _refused(request, "comments", refusal)
    if not wants_html(request):
        return data(request, {"message": spoken(request, COMMENTED), "comment": _own_comment(written)}, 201)
    if not is_htmx(request):
        return see_other(_address(request, written.after.id) + f"#entry-{written.new_entries[-1].id}")
    return await _fragment(request, "tasks/_commented.html", written.after, says=COMMENTED)


async def load(request: Request) -> Task:
    """The task that the address names, as this person may see it. Raises NotFound."""
    return await services(request).tracker.task(await actor(request), task_id(request))


async def change(request: Request, edit: Edit) -> Written:
    return await services(request).tracker.change(await actor(request), task_id(request), edit)


async def comment(request: Request, text: str, private: bool) -> Written:
    return await services(request).tracker.comment(await actor(request), task_id(request), text, private)


def task_id(request: Request) -> int:
    """The number in the address. Raises NotFound for one that no task can have."""
    number: int = request.path_params["task_id"]
    if not 0 < number <= inputs.LARGEST_ID:
        raise NotFound
    return number


async def _change(request: Request, field: Field) -> Response:
    """One field's form: a redirect, the form anew with what changed around it, or the form with what was refused."""
    try:
        edit = await inputs.edit(request, field)
        written = await change(request, edit)
    except Unchanged:
        if not wants_html(request):
            raise
        task = await load(request)
        return await _changed(request, field, Written(task, task), NOTHING_CHANGED)
    except (Invalid, Conflict) as refusal:
        return await _refused(request, field, refusal)
    return await _changed(request, field, written, CHANGED[field])


async def _changed(request: Request, field: Field, written: Written, says: Sentence) -> Response:
    if not wants_html(request):
        return data(request, shapes.changed(written, field, spoken(request, says)))
    if not is_htmx(request):
        return see_other(_address(request, written.after.id))
    new = written.new_entries
    return await _fragment(request, "tasks/_changed.html", written.after, field=field, new=new, says=says)


async def _refused(request: Request, form: str, refusal: Invalid | Conflict) -> Response:
    """The form again with what was typed and why it was refused; for a conflict with mine and theirs side by side."""
    if not wants_html(request):
        raise refusal
    task = refusal.current if isinstance(refusal, Conflict) else None
    if not isinstance(task, Task):
        task = await load(request)
    refused = {"form": form, "why": refusal, "typed": (await inputs.read(request)).values}
    if not is_htmx(request):
        return await _page(request, task, status_of(refusal), refused=refused)
    template = "tasks/_comments.html" if form == "comments" else "tasks/_refused.html"
    return await _fragment(request, template, task, status_of(refusal), field=form, refused=refused)


async def _page(request: Request, task: Task, status: int = 200, **context: Any) -> Response:
    return await _fragment(request, "tasks/show.html", task, status, **context)


async def _fragment(request: Request, template: str, task: Task, status: int = 200, **context: Any) -> Response:
    texts = await _rendered(request, task)
    around = {"key": token_urlsafe, "labels": LABELS, "in_words": in_words, "refused": None}
    return html(request, template, status, task=task, texts=texts, **{**around, **context})


async def _rendered(request: Request, task: Task) -> dict[int, Markup]:
    """Descriptions (0) and notes (by entry) as safe HTML, made in a thread: hostile ones take their time."""
    format = services(request).tracker.capabilities.text_format
    sources = {0: task.description, **{entry.id: entry.notes for entry in task.entries if entry.notes}}

    def link(number: int) -> str:
        return _address(request, number)

    def work() -> dict[int, Markup]:
        return {key: markup.render(source, format, link) for key, source in sources.items()}

    return await to_thread.run_sync(work)


async def _never_assigned(request: Request) -> bool:
    query = TaskQuery(closed=True, per_page=1)
    return (await services(request).tracker.tasks(await actor(request), query)).total == 0


def _own_comment(written: Written) -> shapes.Shape:
    return shapes.comment(next(entry for entry in reversed(written.new_entries) if entry.notes))


def _address(request: Request, number: int) -> str:
    return str(request.app.url_path_for("tasks:show", task_id=number))
