"""Show the calls of a task beside it, and offer to add the call in hand."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request

from helpdesk.errors import StoreUnavailable
from helpdesk.store import call_lists, task_calls
from helpdesk.store.call_lists import OUT
from helpdesk.store.models.telephony import PhoneCall
from helpdesk.telephony.durations import clock
from helpdesk.telephony.numbers import displayed
from helpdesk.web.core.services import services
from helpdesk.web.task_calls.access import holder, may_write

MOST = 5
RECENT = timedelta(minutes=10)
"""So long after its end a call is offered to be added."""


class CallBeside(NamedTuple):
    """A call as the page of a task shows it."""

    id: int
    began_at: datetime
    number: str
    is_outgoing: bool
    duration: str
    task_id: int | None


class Beside(NamedTuple):
    """The calls of a task, the newest first, and the one that can be added to it."""

    calls: Sequence[CallBeside] = ()
    in_hand: CallBeside | None = None


async def of_task(request: Request, task_id: int) -> Beside:
    """Return what the page of a task shows of calls: nothing to people who may see none."""
    person = await holder(request)
    if person is None:
        return Beside()
    phone = getattr(request.state, "phone", None)
    agent_id = phone.agent.agent_id if phone and phone.agent else ""
    since = services(request).clock() - RECENT

    def work(db: Session) -> Beside:
        calls = task_calls.rows_of_task(db, task_id, MOST)
        latest = task_calls.latest_of_agent(db, agent_id, since) if agent_id else None
        can_add = latest is not None and latest.task_id != task_id and may_write(latest, person)
        return Beside([_shown(request, it) for it in calls], _shown(request, latest) if latest and can_add else None)

    try:
        return await services(request).database.run(work)
    except StoreUnavailable:
        return Beside()


def _shown(request: Request, row: PhoneCall) -> CallBeside:
    is_outgoing = row.direction == OUT
    number = row.to_number if is_outgoing else row.from_number
    shown = displayed(number, services(request).settings.phone_trunk_prefixes) or number
    talked = call_lists.seconds(row.answered_at, row.ended_at)
    return CallBeside(row.id or 0, row.began_at, shown, is_outgoing, clock(talked), row.task_id)
