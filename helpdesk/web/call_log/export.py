"""Export the calls that are looked for, as a CSV file."""

from collections.abc import AsyncGenerator, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import sentence
from helpdesk.store import call_lists
from helpdesk.store.call_lists import Call, CallQuery
from helpdesk.telephony import words
from helpdesk.web.call_log import query as log_query
from helpdesk.web.calls.access import desk_of
from helpdesk.web.core.after_write import Act, record
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import MOMENT, translate
from helpdesk.web.lists import export as lists_export

EXPORTED_AT_ONCE = 500
HEADINGS = (
    *(sentence("When"), sentence("Direction"), sentence("Who"), sentence("From"), sentence("To"), sentence("Queue")),
    *(sentence("Rang, seconds"), sentence("Talked, seconds"), sentence("Outcome"), sentence("Transferred to")),
    *(sentence("Task"), sentence("Agent"), sentence("Wrap-up reason"), sentence("Called back")),
)

NARROWS = ("number", "agent", "outcome", "queue")


async def export(request: Request) -> Response:
    """Answer with all calls that are looked for. Subjects of tasks and notes are not for everybody: they stay out."""
    desk_of(request)
    person, query = await current_user(request), log_query.read(request)
    table = lists_export.Table("calls.csv", HEADINGS, partial(_cells, request))
    if request.method != "HEAD":
        await record(request, Act("calls_exported", details=_searched(query)))
    return await lists_export.answer(request, person.id, lambda: _pages(request, query.calls), table)


def _searched(query: log_query.LogQuery) -> dict[str, object]:
    """Return what is recorded of a search: its days, and by what it was narrowed down. A number may be a person's."""
    days = f"{query.first} – {query.last}" if query.first else None
    return {"days": days, "narrowed": [it for it in NARROWS if query.typed.get(it)]}


async def _pages(request: Request, query: CallQuery) -> AsyncGenerator[Sequence[Call], None]:
    """Yield the calls in batches, each read when the one before was sent, whatever comes in meanwhile."""
    after = None
    while True:
        batch = await services(request).database.run(
            partial(call_lists.batch, query=query, after=after, size=EXPORTED_AT_ONCE)
        )
        yield batch
        if len(batch) < EXPORTED_AT_ONCE:
            return
        after = batch[-1].row.began_at, batch[-1].id


def _cells(request: Request, call: Call) -> list[object]:
    row, zone = call.row, services(request).settings.timezone
    back = row.called_back_at.astimezone(zone).strftime(MOMENT) if row.called_back_at else ""
    return [
        row.began_at.astimezone(zone).strftime(f"{MOMENT}:%S"),
        translate(request, words.direction(row.direction)),
        call.caller.name if call.caller else "",
        *(row.from_number, row.to_number, row.queue, call.ringing, call.talking),
        translate(request, words.outcome(row.outcome)),
        *(row.passed_to, row.task_id, call.agent, row.wrap_up, back),
    ]
