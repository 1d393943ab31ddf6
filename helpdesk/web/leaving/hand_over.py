"""Hand over all open tasks of a person to a colleague, in batches.

The page of a batch continues by itself, or by its button. Its form carries a sealed account of the batches so far.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from secrets import token_hex
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, HelpdeskError, Invalid, NotAllowed, NotFound, Sentence, StoreUnavailable, sentence
from helpdesk.people.model import SignedIn, person_of
from helpdesk.store import absences, leases, people
from helpdesk.store.absences import Colleague
from helpdesk.tasks.bulk import Batch, HandOver, Outcome, hand_over, open_tasks
from helpdesk.web.core import request_data, session
from helpdesk.web.core.after_write import Act, note_saved, record
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, answer_refusal, html, json_response
from helpdesk.web.core.guards import Handler, actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import today, translate
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.leaving.absence import LONGEST_LOGIN, offered

LEASE_SECONDS = 60.0
"""Longer than a batch takes. A batch that is cut off keeps it, since a write of it may be under way still."""
LONGEST_COMMENT = 2_000
MOST_COUNTED = 300
MOST_SHOWN = 100  # refusals in words; the others are counted
SEALED = "hand-over"
SEAL_SECONDS = 24 * 3600
COMMENT = sentence("I hand over my tasks.")
COMMENT_OF_OTHERS = sentence("The tasks of %(name)s are handed over.")
SAME = sentence("Choose somebody else: these are that person's tasks already.")
UNKNOWN = sentence("The task system does not know this account.")
UNDER_WAY = sentence("These tasks are just being handed over. Please try again in a minute.")


Render = Callable[..., Response]
"""Renders a template of a request with a status and a context."""


class Pages(NamedTuple):
    """How the pages are shown: by `render`, with the templates of `folder`."""

    render: Render
    folder: str

    def show(self, request: Request, name: str, status: int = 200, **context: Any) -> Response:
        return self.render(request, f"{self.folder}/{name}.html", status, **context)


class Giver(NamedTuple):
    """Whose tasks are handed over: the account, its number in the backend, and the address of its page here."""

    id: int
    name: str
    number: int
    address: str
    is_oneself: bool
    deputy: str = ""


class Projects(NamedTuple):
    """The open tasks by the names of their projects. They are not the whole beyond MOST_COUNTED tasks."""

    total: int
    counts: tuple[tuple[str, int], ...]
    is_whole: bool


class Progress(NamedTuple):
    """The batches so far; `refusals` are tasks and why, in the person's language."""

    done: int = 0
    refused: int = 0
    passed_over: int = 0
    refusals: tuple[tuple[int, str], ...] = ()

    @property
    def skip(self) -> int:
        """Return how many tasks at the beginning of the list have been tried in vain."""
        return self.refused + self.passed_over


def handler(render: Render, folder: str) -> Handler:
    """Return the handler for an address that names a person, or for one's own without."""
    pages = Pages(render, folder)
    post = idempotent(partial(_hand_over, pages))

    async def hand_over(request: Request) -> Response:
        """Show what would be handed over; a POST hands over the next batch."""
        if request.method == "POST":
            return await post(request)
        giver = await _giver(request)
        return await answer(request, json=lambda: _to_json(request, giver), page=lambda: _page(pages, request, giver))

    return hand_over


async def _hand_over(pages: Pages, request: Request) -> Response:
    giver, fields = await _giver(request), await request_data.read(request)
    try:
        taker, number = await _taker(request, giver, fields.required_text("to", LONGEST_LOGIN))
        comment = fields.text("comment", LONGEST_COMMENT)
        progress = _progress(request, fields)
    except Invalid as refusal:
        return await answer_refusal(
            request, refusal, page=partial(_page, pages, request, giver, fields.values, refusal)
        )
    batch = await _run(request, giver, HandOver(giver.number, number, comment), progress.skip)
    await _record(request, giver, taker, batch)
    so_far = _added(request, progress, batch)
    context: dict[str, Any] = {"giver": giver, "taker": taker, "comment": comment, "so_far": so_far, "left": batch.left}
    context["sealed"] = session.seal(request, SEALED, [*so_far])
    return await answer(
        request,
        json=lambda: _batch_to_json(request, batch, so_far),
        page=lambda: pages.show(request, "handing", **context),
        fragment=lambda: html(request, "leaving/_handing.html", **context),
    )


async def _run(request: Request, giver: Giver, what: HandOver, skip: int) -> Batch:
    """Hand over a batch, unless another request does so: both would leave their comments. Raises Conflict."""
    holder, name, now = token_hex(8), f"hand-over:{giver.id}", services(request).clock
    database, backend = services(request).database, services(request).backend
    if not await database.run(lambda db: leases.take(db, name, holder, now(), LEASE_SECONDS), writes=True):
        raise Conflict(message=UNDER_WAY)
    try:
        batch: Batch | HelpdeskError = await hand_over(backend, await actor(request), what, skip)
    except HelpdeskError as error:
        batch = error
    with suppress(StoreUnavailable):  # then it ends by itself
        await database.run(lambda db: leases.release(db, name, holder, now()), writes=True)
    if isinstance(batch, HelpdeskError):
        raise batch
    return batch


async def _record(request: Request, giver: Giver, taker: Colleague, batch: Batch) -> None:
    """Note on the request what was saved, and record it."""
    written = [it for it in batch.outcomes if it.may_be_written]
    request.state.saved = False
    if written:
        note_saved(request)
        acts = [Act("task_changed", it.task_id, {"what": ["assignee"], **_unsure(it)}) for it in written]
        await record(request, Act("hand_over", None, {"taker": taker.login, "count": len(written)}, giver.id), *acts)


def _unsure(outcome: Outcome) -> dict[str, bool]:
    return {"unsure": True} if outcome.refusal else {}


async def _giver(request: Request) -> Giver:
    """Return the signed-in person, or the one whom an administrator's address names. Raises NotFound, NotAllowed."""
    person, person_id = await current_user(request), request.path_params.get("person_id")
    if person_id is None:
        address = path_to(request, "people:hand_over")
        return Giver(person.id, person.full_name, (await actor(request)).id, address, True, await _deputy(request))
    number = request_data.path_id(request, "person_id")
    found = await services(request).database.run(lambda db: people.with_ids(db, [number]))
    if not found:
        raise NotFound
    other = person_of(*found[0])
    try:
        known = services(request).identify(SignedIn(other, ""))
    except NotAllowed as error:
        raise NotAllowed(UNKNOWN) from error
    address = path_to(request, "admin:hand_over", person_id=number)
    return Giver(number, other.full_name or other.login, known.id, address, False)


async def _deputy(request: Request) -> str:
    """Return the login of the person's own deputy, who is offered first."""
    person, now = await current_user(request), today(request)
    away = await services(request).database.run(lambda db: absences.deputies(db, [person.id], now))
    _, deputy = away.get(person.id, (None, None))
    return deputy.login if deputy else ""


async def _taker(request: Request, giver: Giver, typed: str) -> tuple[Colleague, int]:
    """Return whom the tasks go to, with the number in the backend. Raises Invalid."""
    accounts = services(request).accounts

    def work(db: Session) -> tuple[Colleague, int]:
        try:
            taker = absences.find(db, typed)
        except Invalid as error:
            raise Invalid({"to": error.fields["deputy"]}) from error
        known = absences.numbered(db, accounts, [taker]).get(taker.id)
        if known is None:
            raise request_data.refusal("to", UNKNOWN)
        return taker, known.number

    taker, number = await services(request).database.run(work)
    if number == giver.number:
        raise request_data.refusal("to", SAME)
    return taker, number


def _progress(request: Request, fields: request_data.Fields) -> Progress:
    """Return what the form says of the batches so far; a program sends the number of tasks to leave out."""
    sealed = session.unseal(request, SEALED, fields.values.get("sealed"), SEAL_SECONDS)
    if sealed:
        done, refused, passed_over, refusals = sealed
        return Progress(done, refused, passed_over, tuple((number, text) for number, text in refusals))
    return Progress(refused=request_data.whole("skip", fields.values.get("skip") or 0))


def _added(request: Request, progress: Progress, batch: Batch) -> Progress:
    refused = [(it.task_id, _reason(request, it)) for it in batch.outcomes if it.refusal]
    return Progress(
        progress.done + len(batch.outcomes) - len(refused),
        progress.refused + len(refused),
        progress.passed_over + batch.passed_over,
        (*progress.refusals, *refused)[:MOST_SHOWN],
    )


def _reason(request: Request, outcome: Outcome) -> str:
    """Return why a task was refused: the sentence about its field, if there is one."""
    assert outcome.refusal
    fields = outcome.refusal.fields if isinstance(outcome.refusal, Invalid) else {}
    message: Sentence = next((it for messages in fields.values() for it in messages), outcome.refusal.message)
    return translate(request, message)


async def _projects(request: Request, giver: Giver) -> Projects:
    """Count the open tasks by project: by the statistics, or by the first rows where the backend has none."""
    who, backend, query = await actor(request), services(request).backend, open_tasks(giver.number)
    page = await backend.tasks(who, query._replace(per_page=1))
    now = services(request).clock().astimezone(services(request).settings.timezone)
    if parts := (await backend.statistics(who, query, now)).parts:
        return Projects(page.total, tuple((project.name, tasks) for project, tasks in parts.projects), True)
    counts = Counter[str]()
    rows = backend.export(who, query)
    async for some in rows:
        counts.update(row.project.name for row in some)
        if counts.total() >= MOST_COUNTED:
            break
    await rows.aclose()
    return Projects(page.total, tuple(counts.most_common()), counts.total() >= page.total)


async def _to_json(request: Request, giver: Giver) -> Response:
    found = await _projects(request, giver)
    projects = [{"name": name, "tasks": tasks} for name, tasks in found.counts]
    return json_response(request, {"open_tasks": found.total, "projects": projects})


def _batch_to_json(request: Request, batch: Batch, so_far: Progress) -> Response:
    failed = [
        {"task_id": it.task_id, "error": it.refusal.code, "message": _reason(request, it)}
        for it in batch.outcomes
        if it.refusal
    ]
    counts = {"successful_count": len(batch.outcomes) - len(failed), "failed_count": len(failed)}
    return json_response(request, {"failed": failed, **counts, "remaining": batch.left, "skip": so_far.skip})


async def _page(
    pages: Pages, request: Request, giver: Giver, typed: Mapping[str, Any] = {}, error: Invalid | None = None
) -> Response:
    comment = COMMENT if giver.is_oneself else Sentence(COMMENT_OF_OTHERS.text, {"name": giver.name})
    context: dict[str, Any] = {"giver": giver, "projects": await _projects(request, giver), "typed": typed}
    context |= {"error": error, "comment": translate(request, comment), "offered": await offered(request)}
    return pages.show(request, "hand_over", status_of(error) if error else 200, **context)


own = handler(html, "leaving")
