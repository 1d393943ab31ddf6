"""Gather what an agent's card about a call says: who calls, what they have open, and the last calls with the number.

Tasks are read as the agent, who sees no other ones. The card comes without them when the backend is slow, and says so.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from sqlmodel import Session
from starlette.requests import Request

from helpdesk.errors import HelpdeskError
from helpdesk.notifications.preferences_json import from_json
from helpdesk.people.model import SignedIn, person_of
from helpdesk.store import call_lists, colleagues, people
from helpdesk.store import preferences as stored_preferences
from helpdesk.store.call_lists import Call
from helpdesk.store.colleagues import Colleague
from helpdesk.store.models.telephony import PhoneCall
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor, TaskRow
from helpdesk.telephony import recognition
from helpdesk.telephony.recognition import Candidate
from helpdesk.web.core import session
from helpdesk.web.core.services import services

QUICK_SECONDS, PATIENT_SECONDS = 0.4, 5.0
"""How long a card waits for tasks: that of a call that rings comes at once, and a script asks for the tasks again."""
MOST_TASKS = 5
MOST_EARLIER = 3
MOST_REQUESTS = 200
"""The most open requests of a person that the agent's own eyes look for, those changed last."""


T = TypeVar("T")


class Tasks(NamedTuple):
    """Open requests of a person that the agent sees, those changed last first, and the number of all such."""

    rows: tuple[TaskRow, ...] = ()
    total: int = 0


class Facts(NamedTuple):
    """What the store tells of a call. The `caller` was recognised or chosen, else there may be candidates."""

    call: PhoneCall
    caller: Colleague | None
    candidates: Sequence[Candidate]
    earlier: Sequence[Call]
    sound: str


class Card(NamedTuple):
    """What the card says. `tasks` are None while nobody knows who calls, and when it `is_slow`: the backend has not
    answered in time, or not at all. `subjects` are those of linked tasks."""

    facts: Facts
    tasks: Tasks | None = None
    subjects: Mapping[int, str] = {}
    is_slow: bool = False


async def of_call(request: Request, call: PhoneCall, seconds: float) -> Card:
    """Return the card of a call, with the tasks that the backend tells in time."""
    signed_in = await session.required(request)
    facts = await services(request).database.run(lambda db: _facts(db, call, signed_in.person.id))
    actor = services(request).visible_tasks.actor(signed_in)
    if actor is None:
        return Card(facts)
    linked = [it.row.task_id for it in facts.earlier if it.row.task_id]
    subjects, tasks, askers = await asyncio.gather(
        _in_time(_subjects(request, actor, linked), seconds),
        _in_time(_open(request, actor, facts.caller), seconds),
        _in_time(_askers(request, actor, facts, linked), seconds),
    )
    facts = facts._replace(candidates=[*facts.candidates, *(askers or ())])
    return Card(facts, tasks, subjects or {}, is_slow=facts.caller is not None and tasks is None)


async def _in_time(told: Awaitable[T], seconds: float) -> T | None:
    """Return what the backend tells; None when it does not answer in time, or not at all."""
    try:
        async with asyncio.timeout(seconds):
            return await told
    except (HelpdeskError, TimeoutError):
        return None


def _facts(db: Session, call: PhoneCall, person_id: int) -> Facts:
    chosen = stored_preferences.of_people(db, [person_id]).get(person_id, "")
    caller = colleagues.listed(db, [call.caller_id]).get(call.caller_id) if call.caller_id else None
    return Facts(
        call,
        caller,
        () if caller else recognition.candidates(db, call),
        call_lists.earlier(db, call, MOST_EARLIER),
        from_json(chosen).sounds.call,
    )


async def _subjects(request: Request, actor: Actor, task_ids: Sequence[int]) -> Mapping[int, str]:
    """Return the subjects of those of these tasks that the agent sees."""
    if not task_ids:
        return {}
    query = TaskQuery(task_ids=tuple(task_ids), include_closed=True)
    return {row.id: row.subject for row in (await services(request).backend.tasks(actor, query)).rows}


async def _open(request: Request, actor: Actor, caller: Colleague | None) -> Tasks | None:
    """Return the open requests of a caller."""
    if caller is None:
        return None
    backend, requests = services(request).backend, services(request).requests
    found = await services(request).database.run(lambda db: people.with_ids(db, [caller.id]))
    if not found:
        return Tasks()
    requester = await requests.requester(SignedIn(person_of(*found[0]), ""))
    own, statuses = await asyncio.gather(requests.own(requester), backend.statuses())
    closed = {it.id for it in statuses if it.is_closed}
    ids = [task_id for task_id, it in own.items() if it.status.id not in closed][:MOST_REQUESTS]
    if not ids:
        return Tasks()
    page = await backend.tasks(actor, TaskQuery(task_ids=tuple(ids), per_page=MOST_TASKS))
    return Tasks(tuple(page.rows), page.total)


async def _askers(request: Request, actor: Actor, facts: Facts, task_ids: Sequence[int]) -> list[Candidate]:
    """Return who asked for tasks of earlier calls, where nothing else tells who calls."""
    if facts.caller or facts.candidates or not task_ids:
        return []
    backend, requests = services(request).backend, services(request).requests
    visible = await backend.seen(actor, task_ids)
    asked = [await requests.asked_by(await backend.task(actor, task_id)) for task_id in task_ids if task_id in visible]
    ids = [it.person_id for each in asked for it in each if it.person_id is not None]
    return await services(request).database.run(lambda db: recognition.candidates(db, facts.call, ids))
