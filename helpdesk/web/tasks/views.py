"""One task as a page, and the forms on it: fields, comments, files, watching, deleting. Programs get JSON."""

import re

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, NotAllowed, NotFound, Sentence, TooLarge, Unchanged, sentence
from helpdesk.tasks.model import Edit, Field, Task, Written
from helpdesk.texts import is_blank
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import Act, recorded
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, choose, fragment_or_page, html, json_response, see_other
from helpdesk.web.core.guards import actor
from helpdesk.web.core.request_data import entry_id, task_id
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import translate
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.files import uploads
from helpdesk.web.notifications import mark_read
from helpdesk.web.replies import page_links
from helpdesk.web.tasks import change, form_fields, rendered_texts, schemas, task_input
from helpdesk.web.tasks import page as task_page

CHANGED: dict[Field, Sentence] = {
    "status": sentence("The status was changed."),
    "priority": sentence("The priority was changed."),
    "assignee": sentence("The assignee was changed."),
}
DUE_CHANGED = sentence("The due date was changed.")
COMMENTED = sentence("The comment was added.")
ANSWERED = sentence("The comment was added and the task was changed.")
ATTACHED = sentence("The files were added.")
CHOOSE = sentence("Please choose a file.")
WATCHED = {True: sentence("You watch this task."), False: sentence("You do not watch this task.")}
DELETED = sentence("The task was deleted.")
FORMS = ("fields", "status", "priority", "assignee", "comments", "attachments", "watch", "preview")
ENTRY = re.compile(r"\d{1,10}", re.ASCII)
PART = re.compile(r"[0-9]{1,5}")


async def show(request: Request) -> Response:
    task = await task_page.load(request)
    return await answer(request, json=lambda: change.task_json(request, task), page=lambda: _show(request, task))


async def _show(request: Request, task: Task) -> Response:
    await mark_read.read_of_task(request, task.id)
    return await task_page.page(request, task)


async def back(request: Request) -> Response:
    """Go to the task from the address of one of its forms, which somebody reloads or comes back to."""
    if request.path_params["form"] not in FORMS:
        raise NotFound
    return see_other(task_page.address(request, task_id(request)))


async def text(request: Request) -> Response:
    """Show a text too long for the page: the comment of that number, or the description, which has the number 0.

    `?from=` names the part to begin with.
    """
    task, number = await task_page.load(request), request.path_params["entry_id"]
    first = int(start[0]) if (start := PART.fullmatch(request.query_params.get("from", ""))) else 0
    entry = task_page.entry_of(task, entry_id(request)) if number else None
    part = await rendered_texts.render(request, entry.notes if entry else task.description, task, first)
    template = choose(request, page="tasks/text.html", fragment="tasks/_text.html")
    context = {"task": task, "entry": entry, "number": number, "text": part, "alone": True}
    context["takes_focus"] = choose(request, page=False, fragment=True)  # from the link, whose place it takes
    return await answer(
        request,
        json=lambda: json_response(request, {"html": part.html, "next": part.more}),
        page=lambda: html(request, template, **context),
    )


async def status(request: Request) -> Response:
    return await _change(request, "status")


async def priority(request: Request) -> Response:
    return await _change(request, "priority")


async def assignee(request: Request) -> Response:
    return await _change(request, "assignee")


async def _change(request: Request, field: Field) -> Response:
    """Make the change by the form of one field: people are notified of it unless the request asks not to.

    Programs and the board use it. A task's page stays among the faces for pages that were left open.
    """

    async def read(request: Request) -> Edit:
        edit = await request_data.edit(request, field)
        await change.wants_notifications(request)
        return edit

    async def conclude(request: Request, written: Written) -> change.Outcome:
        await change.apply_notify_flag(request, written, field)
        differs = written.before.value(field) != written.after.value(field)
        return change.Outcome(written, CHANGED[field] if differs else COMMENTED, field)

    presenter = await change.presenter_of(request)
    return await change.make(request, change.Change(read, conclude, field=field), presenter)


async def fields(request: Request) -> Response:
    """Change the facts that are controls by the form beside the history.

    The button `take` assigns the task to me, `deputy` to the deputy of its assignee; `no_day` takes its due date away.
    """

    async def read(request: Request) -> Edit:
        fields = await request_data.read(request)
        changed = fields._replace(values=form_fields.touched(fields.values))
        edit = request_data.edits(changed)._replace(details=task_input.due_date(changed))
        pressed: dict[Field, int | None] = {}
        if fields.values.get("deputy"):
            pressed["assignee"] = fields.number("deputy")
        elif fields.values.get("take"):
            pressed["assignee"] = (await actor(request)).id
        return edit._replace(changes={**edit.changes, **pressed})

    async def conclude(request: Request, written: Written) -> change.Outcome:
        before, after = written.before, written.after
        differing = [CHANGED[field] for field in CHANGED if before.value(field) != after.value(field)]
        differing += [DUE_CHANGED] if before.row.due_date != after.row.due_date else []
        return change.Outcome(written, differing[0] if len(differing) == 1 else change.CHANGED)

    return await change.make(request, change.Change(read, conclude), await change.presenter_of(request))


async def comments(request: Request) -> Response:
    """Answer: a comment with files, and a status, priority or assignee beside it, in one write."""
    who = await actor(request)
    try:
        edit = await _read_answer(request)
        written = await _write_answer(request, edit)
    except (Invalid, Conflict, TooLarge) as refusal:
        return await (await change.presenter_of(request)).refused(request, refusal, "comments")
    message, own = _answer_message(edit), written.own_entries(who.id)
    anchor = "".join(f"#entry-{entry.id}" for entry in own[-1:])
    return await answer(
        request,
        json=lambda: _answer_to_json(request, written, message),
        page=lambda: _answer_to_page(request, written, anchor, message),
        fragment=lambda: _answer_to_fragment(request, written, message),
    )


async def _read_answer(request: Request) -> Edit:
    """Read an answer. `then` is the status of the pressed button; choices that were left alone change nothing.

    Raises Invalid, TooLarge, NotAllowed; NotFound before files of an invisible task are kept.
    """
    fields = await request_data.read(request)
    if fields.files and not (await task_page.load(request)).choices.may_attach:
        raise NotAllowed
    files = await uploads.receive(request, await actor(request))
    values = form_fields.touched(fields.values)
    if fields.values.get("then"):
        values["status_id"] = fields.values["then"]
    edit = request_data.edits(fields._replace(values=values))
    if choose(request, json=True, page=not (files or edit.changes)):
        fields.required_text("comment")
    comment = choose(request, json=edit.comment, page=await page_links.linked(request, edit.comment))
    return edit._replace(comment=comment, files=files, private=fields.flag("private"))


async def _write_answer(request: Request, edit: Edit) -> Written:
    backend, who, number = services(request).backend, await actor(request), request_data.task_id(request)
    if not (edit.changes or edit.files):
        act = Act("task_changed", number, {"what": ["comment"]})
        return await recorded(request, backend.comment(who, number, edit.comment, edit.private), act)
    try:
        written = await change.write(request, who, number, edit)
    except Unchanged as refusal:
        raise request_data.refusal("comment", change.NOTHING_CHANGED) from refusal
    request.state.staged = []  # they are the task's now
    return written


def _answer_message(edit: Edit) -> Sentence:
    if is_blank(edit.comment):
        return change.CHANGED if edit.changes else ATTACHED
    return ANSWERED if edit.changes else COMMENTED


async def _answer_to_json(request: Request, written: Written, message: Sentence) -> Response:
    entry = written.comment_of((await actor(request)).id)
    return json_response(request, {"message": translate(request, message), "comment": schemas.comment(entry)}, 201)


async def _answer_to_page(request: Request, written: Written, anchor: str, message: Sentence) -> Response:
    next_path = (await request_data.read(request)).next_path()
    return flash.redirect(request, next_path or await change.address_after(request, written, anchor), message)


async def _answer_to_fragment(request: Request, written: Written, message: Sentence) -> Response:
    fields = await request_data.read(request)
    context = {"message": message, "pressed": fields.values.get("then")}
    return await task_page.written(request, task_page.ANSWERED, written, fields.version(), **context)


async def attachments(request: Request) -> Response:
    """Add files for a program. The form of a page that was left open has this address, too: it is an answer by now."""
    missing = Invalid({"files": [CHOOSE]})
    if not choose(request, json=True, page=False):
        fields = await request_data.read(request)
        if fields.files or fields.too_large or fields.values.get("staged"):
            return await comments(request)
        return await (await change.presenter_of(request)).refused(request, missing, "comments")
    who, task = await actor(request), await task_page.load(request)
    if not task.choices.may_attach:
        raise NotAllowed
    fields, files = await request_data.read(request), await uploads.receive(request, who)
    if not files:
        raise missing
    written = await change.write(request, who, task.id, Edit(comment=fields.text("comment"), files=files))
    added = [schemas.attachment(file) for file in written.added_files]
    return json_response(request, {"message": translate(request, ATTACHED), "attachments": added}, 201)


async def watch(request: Request) -> Response:
    """Begin or stop to watch, as `watching` of the form says."""
    watching = (await request_data.read(request)).flag("watching")
    task = await write_watch(request, watching)
    body = {"message": translate(request, WATCHED[watching]), "watched": task.watched}
    return await answer(
        request,
        json=lambda: json_response(request, body),
        page=lambda: flash.redirect(request, task_page.address(request, task.id), WATCHED[watching]),
        fragment=lambda: task_page.part(request, "tasks/_watch_saved.html", task, message=WATCHED[watching]),
    )


async def write_watch(request: Request, watching: bool) -> Task:
    """Begin or stop to watch, and record it."""
    number, backend = task_id(request), services(request).backend
    act = Act("task_watched" if watching else "task_unwatched", number)
    return await recorded(request, backend.watch(await actor(request), number, watching), act)


async def changed(request: Request) -> Response:
    """Show the news to a page that heard of a change: nothing if `?since` names the present version.

    Else it names the other person who made a change after the page's last `?entry`. With `?show=1`, or without another
    person, it shows all that is new, and leaves alone the forms that somebody types in. It reports a deleted task.
    """
    page = task_page.address(request, task_id(request))
    return await fragment_or_page(request, lambda: _news(request), page)


async def _news(request: Request) -> Response:
    query = request.query_params
    shows, history, last = bool(query.get("show")), query.get("history", ""), query.get("entry", "")
    try:
        task = await task_page.load(request)
    except NotFound as error:
        return html(request, "tasks/_task_gone_answer.html" if shows else "tasks/_task_gone.html", status_of(error))
    if shows:
        return await task_page.caught_up(request, task, history)
    if task.version in query.getlist("since"):
        return Response(status_code=204)
    who = await actor(request)
    unseen = [entry for entry in task.entries if entry.id > (int(last) if ENTRY.fullmatch(last) else 0)]
    others = [entry for entry in unseen if not entry.author or entry.author.id != who.id]
    if unseen and not others:
        return await task_page.caught_up(request, task, history)
    return html(request, "tasks/_changed_notice.html", task=task, history=history, entry=others[-1] if others else None)


async def delete(request: Request) -> Response:
    """Ask for confirmation; a POST deletes the task and leads to the list."""
    if request.method == "POST":
        return await remove(request)
    task = await task_page.load(request)
    if not task.choices.may_delete:
        raise NotAllowed
    return html(request, "tasks/delete.html", task=task)


@idempotent
async def remove(request: Request) -> Response:
    number = task_id(request)
    await recorded(request, services(request).backend.delete(await actor(request), number), Act("task_deleted", number))
    await services(request).suppression.deleted(number)
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, DELETED)}),
        page=lambda: flash.redirect(request, path_to(request, "tasks:my_tasks"), DELETED),
    )
