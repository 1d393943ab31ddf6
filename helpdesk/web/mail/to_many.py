"""Let administrators write one letter to many people: first a look at it, then the sending and its progress."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotConfigured, NotFound, Sentence, sentence
from helpdesk.notifications import reasons
from helpdesk.people.rights import GRANTED, RIGHTS
from helpdesk.store import audit, letters
from helpdesk.store.database import in_batches
from helpdesk.store.letters import ALL, DEPARTMENT, RIGHT, Group, Recipient, ToMany
from helpdesk.store.outbox import FAILED, SENT, SKIPPED, WAITING
from helpdesk.texts import squeezed
from helpdesk.web.admin.sections import section_page
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, choose, html, json_response, moment
from helpdesk.web.core.request_data import Fields
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.edge.idempotency import sent_key

LONGEST_SUBJECT = 180
LONGEST_TEXT = 20_000
LONGEST_GROUP = 220
MOST_SHOWN = 20
FIRST_NAMES = 10
MOST_NAMED = 50
QUEUED_AT_ONCE = 500
"""People whose rows are written in one transaction: a larger one would hold SQLite's lock for too long."""
CONTINUED_FOR = timedelta(days=1)
BEGUN = sentence("The letter is being sent.")
NOBODY = sentence("Nobody of these has an address that takes mail.")
TOO_MANY = sentence("At most %(most)s people at once.", most=letters.MOST_RECIPIENTS)
NO_KEY = sentence("An idempotency key is missing: without one the same letter could be sent twice.")
EVERYBODY = sentence("Everybody")


class Draft(NamedTuple):
    """A letter to many as it was typed, and the people whom it goes to."""

    group: Group
    subject: str
    text: str
    people: tuple[Recipient, ...]
    without_address: int
    refused: int


class Unsent(NamedTuple):
    """Why rows were not sent, in words: how many, and the first of their people."""

    reason: Sentence
    number: int
    names: tuple[str, ...]


class Progress(NamedTuple):
    """What became of a letter so far; `reasons` are those of rows that were not sent."""

    planned: int
    sent: int
    waiting: int
    failed: int
    reasons: tuple[Unsent, ...]
    is_new: bool = True

    @property
    def missing(self) -> int:
        """Return how many people are not in the outbox: a process ended before it had written all of them.

        Rows of an old letter may have been deleted, and nobody gets it twice.
        """
        return max(self.planned - self.sent - self.waiting - self.failed, 0) if self.is_new else 0

    @property
    def goes_on(self) -> bool:
        return self.waiting > 0


async def index(request: Request) -> Response:
    """Show the form and earlier letters; a POST shows what would be sent, and sends it when it is sure."""
    if request.method == "POST":
        return await _write(request)
    return await answer(request, json=lambda: _list_to_json(request), page=lambda: _page(request))


async def show(request: Request) -> Response:
    """Show a letter and its progress; a POST puts those into the outbox who are missing there."""
    letter, now = await _load(request), services(request).clock()
    progress = await services(request).database.run(lambda db: _progress(db, letter, now))
    if request.method == "POST" and progress.missing:
        return await _continue(request, letter)
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(letter) | _progress_to_dict(request, progress)),
        page=lambda: section_page(request, "letters/to_many.html", letter=letter, it=progress, of=_named(letter)),
        fragment=lambda: html(request, "letters/_progress.html", letter=letter, it=progress),
    )


async def _continue(request: Request, letter: ToMany) -> Response:
    """Put those into the outbox who are not there yet."""
    await _queue(request, letter.id, await services(request).database.run(partial(_people, letter.group)))
    return await _begun(request, letter.id, letter.planned)


async def _write(request: Request) -> Response:
    _require_mail(request)
    fields = await request_data.read(request)
    if choose(request, json=False, page=fields.flag("back")):
        return await _page(request, fields.values)
    try:
        draft = await _read(request, fields)
    except Invalid as error:
        return await answer_refusal(request, error, page=partial(_page, request, fields.values, error))
    if not fields.flag("sure"):
        return await _preview(request, draft)
    if not await sent_key(request):
        raise request_data.refusal("idempotency_key", NO_KEY)
    return await _begun(request, await _send(request, draft), len(draft.people))


async def _begun(request: Request, letter_id: int, planned: int) -> Response:
    values = {"message": translate(request, BEGUN), "id": letter_id, "recipients": planned}
    return await answer(
        request,
        json=lambda: json_response(request, values, 201),
        page=lambda: flash.redirect(request, path_to(request, "mail:letter", letter_id=letter_id), BEGUN),
    )


async def _send(request: Request, draft: Draft) -> int:
    """Store the letter and put it into the outbox for everybody. Return its id."""
    person, now = await current_user(request), services(request).clock()
    group, subject, text = draft.group, draft.subject, draft.text
    details = {"count": len(draft.people), "group": ":".join(filter(None, group))}

    def work(db: Session) -> int:
        letter_id = letters.add_to_many(db, person.id, group, len(draft.people), subject, text, now)
        audit.note(db, None, "letter_to_many", None, {**details, "letter": letter_id})
        return letter_id

    letter_id = await stored(request, work)
    await _queue(request, letter_id, draft.people)
    return letter_id


async def _queue(request: Request, letter_id: int, people: tuple[Recipient, ...]) -> None:
    now = services(request).clock()
    for batch in in_batches((it.id for it in people), QUEUED_AT_ONCE):
        await stored(request, partial(_put, letter_id, batch, now))
        services(request).outbox.wake()


def _put(letter_id: int, batch: list[int], now: datetime, session: Session) -> None:
    letters.queue(session, letter_id, batch, now)


def _people(group: Group, session: Session) -> tuple[Recipient, ...]:
    return tuple(letters.recipients(session, group))


async def _read(request: Request, fields: Fields) -> Draft:
    """Read a letter and look up its people. Raises Invalid that names every wrong field at once."""
    faults: dict[str, list[Sentence]] = {}
    texts = {}
    for name, limit in (("subject", LONGEST_SUBJECT), ("text", LONGEST_TEXT)):
        try:
            texts[name] = fields.required_text(name, limit)
        except Invalid as error:
            faults |= {key: list(found) for key, found in error.fields.items()}
    group = _group(fields.text("group", LONGEST_GROUP))
    if group is None:
        faults["group"] = [request_data.NO_CHOICE]
    if faults or group is None:
        raise Invalid(faults)
    people, left_out = await services(request).database.run(
        lambda db: (_people(group, db), letters.left_out(db, group))
    )
    if not people or len(people) > letters.MOST_RECIPIENTS:
        raise request_data.refusal("group", TOO_MANY if people else NOBODY)
    return Draft(group, squeezed(texts["subject"]), texts["text"], people, *left_out)


def _group(value: str) -> Group | None:
    """Read `all`, `right:is_admin` or `department:Sales`; None for anything else."""
    kind, _, name = value.partition(":")
    known = {ALL: not name, RIGHT: name in GRANTED, DEPARTMENT: bool(name)}
    return Group(kind, name) if known.get(kind) else None


async def _preview(request: Request, draft: Draft) -> Response:
    names = [it.name for it in draft.people[:FIRST_NAMES]]
    values = {"recipients": len(draft.people), "first": names, "without_address": draft.without_address}
    context: dict[str, Any] = {"draft": draft, "names": names, "of": _words(draft.group)}
    context["group"] = ":".join(filter(None, draft.group))
    return await answer(
        request,
        json=lambda: json_response(request, values | {"refused": draft.refused}),
        page=lambda: section_page(request, "letters/preview.html", **context),
    )


async def _load(request: Request) -> ToMany:
    """Return the letter in the address. Raises NotFound."""
    number = request_data.path_id(request, "letter_id")
    found = await services(request).database.run(lambda db: letters.to_many(db, 1, number))
    if not found:
        raise NotFound
    return found[0]


def _progress(session: Session, letter: ToMany, now: datetime) -> Progress:
    totals, why = Counter[str](), Counter[str]()
    for (state, reason), number in letters.progress(session, letter.id).items():
        totals[state] += number
        if state in (FAILED, SKIPPED):
            why[reason] += number
    names: dict[str, list[str]] = {}
    for reason, name in letters.unsent(session, letter.id, MOST_NAMED) if why else ():
        names.setdefault(reason, []).append(name)
    listed = tuple(
        Unsent(reasons.in_words(reason), number, tuple(names.get(reason, ()))) for reason, number in why.most_common()
    )
    is_new = now - letter.created_at < CONTINUED_FOR
    return Progress(letter.planned, totals[SENT], totals[WAITING], why.total(), listed, is_new)


def _require_mail(request: Request) -> None:
    if not services(request).settings.sends_mail:
        raise NotConfigured


def _words(group: Group) -> Sentence:
    """Return whom a letter goes to, in words."""
    if group.kind == RIGHT and group.name in RIGHTS:
        return RIGHTS[group.name].title
    return sentence("Department: %(name)s", name=group.name) if group.kind == DEPARTMENT else EVERYBODY


def _named(letter: ToMany) -> Sentence:
    return _words(letter.group)


async def _page(request: Request, typed: Mapping[str, Any] = {}, error: Invalid | None = None) -> Response:
    earlier, departments = await services(request).database.run(
        lambda db: (letters.to_many(db, MOST_SHOWN), letters.departments(db))
    )
    context: dict[str, Any] = {"typed": typed, "error": error, "letters": earlier, "departments": departments}
    context |= {"rights": [RIGHTS[name] for name in GRANTED], "sends": services(request).settings.sends_mail}
    return section_page(request, "letters/many.html", status_of(error) if error else 200, words_of=_words, **context)


async def _list_to_json(request: Request) -> Response:
    earlier = await services(request).database.run(lambda db: letters.to_many(db, MOST_SHOWN))
    return json_response(request, {"letters": [_to_dict(each) for each in earlier]})


def _to_dict(letter: ToMany) -> Json:
    group = ":".join(filter(None, letter.group))
    return letter._asdict() | {"created_at": moment(letter.created_at), "group": group}


def _progress_to_dict(request: Request, it: Progress) -> Json:
    why = [
        {"reason": translate(request, reason), "count": number, "people": names} for reason, number, names in it.reasons
    ]
    return {"sent": it.sent, "waiting": it.waiting, "failed": it.failed, "missing": it.missing, "reasons": why}
