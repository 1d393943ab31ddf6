"""Write an e-mail from a task: by the form of its page, or by a program."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotAllowed, NotConfigured, Sentence, TooLarge, sentence
from helpdesk.notifications import reasons
from helpdesk.people import signature
from helpdesk.store import company_texts, letters, profiles
from helpdesk.store.drafts import StoredDraft
from helpdesk.store.letters import Sent
from helpdesk.store.outbox import FAILED, SENT, SKIPPED, WAITING
from helpdesk.tasks.model import Task
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, choose, html, json_response, moment
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import size_text, translate
from helpdesk.web.drafts import service as drafts
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.files import uploads
from helpdesk.web.mail import letter_input, sending
from helpdesk.web.mail.limits import TooManyLetters
from helpdesk.web.tasks import askers
from helpdesk.web.tasks import page as task_page

MOST_SHOWN = 20
MOST_OFFERED = 50
STATES: Mapping[str, Sentence] = {
    SENT: sentence("was sent"),
    WAITING: sentence("waits to be sent"),
    FAILED: sentence("was not sent"),
    SKIPPED: sentence("was not sent"),
}
PAST = sentence("written long ago")
ENDS: Mapping[str, Sentence] = {
    SENT: sentence("The letter was sent."),
    WAITING: sentence("The letter will be sent as soon as the mail server takes it."),
}
NOT_SENT = sentence("The letter was not sent: the mail server refused it.")
SENT_TO_SOME = sentence("The letter was sent, but not to: %(addresses)s")
SENT_SO_FAR = sentence("The letter was sent. The mail server takes it later for: %(addresses)s")
TO_SOME = sentence("was sent, but not to: %(addresses)s")
SO_FAR = sentence("was sent, and is yet to be sent to: %(addresses)s")
MOST_NAMED = 5
"""Of the people who have not got a letter, in the message about it."""
Refusal = Invalid | TooLarge | TooManyLetters


@drafts.belongs_to("mail")
async def mail(request: Request) -> Response:
    """Show the form, with the letters of the task so far; a POST sends a letter."""
    if request.method == "POST":
        return await _post(request)
    task = await load(request)
    return await answer(request, json=lambda: _to_json(request, task), page=lambda: _empty_or_draft(request, task))


@drafts.keeps_draft
@idempotent
async def _post(request: Request) -> Response:
    return await send(request)


async def send(request: Request) -> Response:
    """Send a letter. Raises NotFound, NotAllowed, NotConfigured, and what writing a comment raises."""
    task = await load(request)
    try:
        sent = await sending.send(request, task, await _read(request, task))
    except (Invalid, TooLarge, TooManyLetters) as refusal:
        return await _refused(request, task, refusal)
    message = _ending(sent)
    # With its number, since a browser would stay on the form's own page at an address that differs by the mark alone.
    shown = f"{path_to(request, 'tasks:mail', task_id=task.id)}?letter={sent.id}#letters"
    values = {"message": translate(request, message), "delivery": _delivery(sent)}
    return await answer(
        request,
        json=lambda: json_response(request, values),
        page=lambda: flash.redirect(request, shown, message),
    )


async def load(request: Request) -> Task:
    """Return the task, if the person may write from it. Raises NotFound, NotAllowed, NotConfigured without mail."""
    task = await task_page.load(request)
    if not (task.choices.may_comment or task.choices.may_comment_privately):
        raise NotAllowed
    if not services(request).settings.sends_mail:
        raise NotConfigured
    return task


async def _read(request: Request, task: Task) -> letter_input.Letter:
    """Read the letter, and store its new files. Raises Invalid, TooLarge, NotAllowed."""
    fields = await request_data.read(request)
    if fields.files and not task.choices.may_attach:
        raise NotAllowed
    is_private = choose(request, json=task.choices.may_comment_privately, page=False)
    letter = letter_input.read(fields, task, is_private)
    letter_input.require_small(letter, sum(file.size or 0 for file in fields.files))
    letter = letter._replace(staged=await uploads.receive(request, await actor(request)))
    letter_input.require_small(letter)
    return letter


async def _refused(request: Request, task: Task, refusal: Refusal) -> Response:
    typed = (await request_data.read(request)).values
    return await answer_refusal(
        request,
        refusal,
        page=lambda: _form(request, task, typed, refusal),
        fragment=lambda: _form(request, task, typed, refusal),
    )


async def _empty_or_draft(request: Request, task: Task) -> Response:
    draft = await drafts.of_place(request, f"task:{task.id}:mail")
    if draft:
        uploads.restore(request, (await actor(request)).id, draft.fields.get("staged"))
        return await _form(request, task, draft.fields, draft=draft)
    offered = await _offered(request, task)
    typed = {"recipient": next(iter(offered), ""), "message": await _signature(request), "private": "1"}
    return await _form(request, task, {**letter_input.prefilled(task), **typed})


async def _form(
    request: Request,
    task: Task,
    typed: Mapping[str, Any],
    error: Refusal | None = None,
    draft: StoredDraft | None = None,
) -> Response:
    """Show the form with the typed values, by itself for htmx or in its page."""
    return html(
        request,
        choose(request, page="letters/letter.html", fragment="letters/_form.html"),
        status_of(error) if error else 200,
        task=task,
        origin=task_page.origin_query(request, task.id),
        typed=typed,
        chosen={str(each) for each in _listed(typed.get("attachments"))},
        error=error,
        draft=draft,
        offered=await _offered(request, task),
        letters=await _letters(request, task),
        state_of=_state,
        reason_of=reasons.in_words,
        most_bytes=letter_input.MOST_BYTES,
        typed_by=await drafts.form_owner(request),
        **uploads.context(request, (await actor(request)).id) | {"limit": size_text(letter_input.MOST_BYTES)},
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


async def _offered(request: Request, task: Task) -> dict[str, str]:
    """Return the addresses of the task's people with their names, those who asked first."""
    asked = [(it.email, it.name) for it in (await askers.of_task(request, task)).people]
    people = [it for it in (task.row.author, task.row.assignee, *task.watchers) if it]
    named = [*asked, *((it.email, it.name) for it in people)]
    found: dict[str, str] = {}
    for address, name in named[:MOST_OFFERED]:
        if address:
            found.setdefault(address, name)
    return found


async def _letters(request: Request, task: Task) -> list[Sent]:
    """Return the letters of the task; to whom can't read internal comments of others, only their own."""
    person, visible = await current_user(request), await services(request).backend.seen(await actor(request), [task.id])
    only = None if visible.get(task.id) else person.id
    return await services(request).database.run(lambda db: letters.of_task(db, task.id, MOST_SHOWN, only))


async def _signature(request: Request) -> str:
    """Return the person's e-mail signature below two empty lines, where the letter is typed."""
    person = await current_user(request)
    its, template = await services(request).database.run(
        lambda db: (profiles.of_person(db, person.id), company_texts.read(db, company_texts.SIGNATURE))
    )
    values = {name: getattr(its, name) for name in signature.NAMES}
    return "\n\n" + signature.plain(template or signature.DEFAULT, values)


async def _to_json(request: Request, task: Task) -> Response:
    shown = [_to_dict(request, it) for it in await _letters(request, task)]
    return json_response(request, {"recipients": list(await _offered(request, task)), "letters": shown})


def _ending(sent: Sent) -> Sentence:
    """Return what became of a letter that was just written."""
    if rest := sent.put_off or sent.not_to:
        named = ", ".join([*rest[:MOST_NAMED], *["…"] * (len(rest) > MOST_NAMED)])
        return Sentence((SENT_SO_FAR if sent.put_off else SENT_TO_SOME).text, {"addresses": named})
    return ENDS.get(sent.state, NOT_SENT)


def _delivery(sent: Sent) -> Json:
    return {"id": sent.id, "state": sent.state, "put_off": sent.put_off, "not_to": sent.not_to}


def _state(sent: Sent) -> Sentence:
    """Return what became of a letter, in the list of all."""
    if rest := sent.put_off or sent.not_to:
        return Sentence((SO_FAR if sent.put_off else TO_SOME).text, {"addresses": ", ".join(rest)})
    return STATES.get(sent.state, PAST)


def _to_dict(request: Request, sent: Sent) -> Json:
    reason = translate(request, reasons.in_words(sent.reason)) if sent.reason else None
    return sent._asdict() | {"created_at": moment(sent.created_at), "reason": reason, "detail": sent.detail or None}
