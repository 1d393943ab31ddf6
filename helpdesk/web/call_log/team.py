"""Show supervisors how the agents are, the queues, and today's calls by agent and by hour."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.store import call_lists, phone_agents
from helpdesk.store.call_lists import AgentCounts, CallQuery, Sums
from helpdesk.telephony import team as teams
from helpdesk.telephony.phone import Dialog, Queue
from helpdesk.telephony.team import Member, Team
from helpdesk.web.call_log import index
from helpdesk.web.call_log import query as log_query
from helpdesk.web.call_log.schemas import sums_to_dict
from helpdesk.web.calls.access import desk_of
from helpdesk.web.calls.api_schemas import statuses_to_dict
from helpdesk.web.core import session
from helpdesk.web.core.faces import Json, answer, html, json_response, moment
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import today


class Counts(NamedTuple):
    """The calls of a day: in all, of each agent, and those that began in each hour."""

    day: date
    sums: Sums
    agents: Sequence[AgentCounts]
    hours: Sequence[tuple[int, int]]

    @property
    def most_of_agents(self) -> int:
        return max((it.sums.calls for it in self.agents), default=0)

    @property
    def most_of_hours(self) -> int:
        return max((number for _, number in self.hours), default=0)


async def team(request: Request) -> Response:
    """Show the team as a page, or the part of it that changes."""
    desk, signed_in = desk_of(request), await session.required(request)
    found, (counts, names) = await asyncio.gather(teams.of(desk, signed_in), _read(request))
    context = {
        **index.shared(request),
        "team": found,
        "counts": counts,
        "names": names,
        "now": desk.clock(),
        "call_of": call_of,
        "seconds": seconds,
    }
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(request, found, counts)),
        page=lambda: html(request, "calls/team.html", **context),
        fragment=lambda: html(request, "calls/_team.html", **context),
    )


def call_of(member: Member) -> tuple[str, datetime | None] | None:
    """Return the other number of the call in hand, and since when it goes on; None without a call."""
    live = [(dialog, own) for dialog in member.dialogs if (own := dialog.own(member.agent.extension))]
    if not live:
        return None
    dialog, own = max(live, key=lambda it: it[1].state != "HELD")
    return _other(dialog, member.agent.extension), own.started_at


def seconds(since: datetime | None, now: datetime) -> int | None:
    """Return for how many seconds something lasts; None where nobody knows."""
    return max(0, round((now - since).total_seconds())) if since else None


def _other(dialog: Dialog, extension: str) -> str:
    return dialog.to_number if dialog.is_outgoing(extension) else dialog.from_number


async def _read(request: Request) -> tuple[Counts, Mapping[str, str]]:
    """Return today's counts, and the names that people of the helpdesk have, by the ids of agents."""
    day = today(request)
    spans = log_query.hours(day, services(request).settings.timezone)

    def work(db: Session) -> tuple[Sums, list[AgentCounts], Mapping[str, str]]:
        sums = call_lists.sums(db, CallQuery(spans[0], spans[-1]))
        return sums, call_lists.by_agent_and_hour(db, spans), phone_agents.names(db)

    sums, agents, names = await services(request).database.run(work)
    return Counts(day, sums, agents, busy_hours(agents)), names


def busy_hours(agents: Sequence[AgentCounts]) -> list[tuple[int, int]]:
    """Return the hours from the first call to the last, each with the number of its calls."""
    numbers = [sum(it) for it in zip(*(agent.by_hour for agent in agents), strict=True)]
    busy = [hour for hour, number in enumerate(numbers) if number]
    return [(hour, numbers[hour]) for hour in range(busy[0], busy[-1] + 1)] if busy else []


def _to_dict(request: Request, found: Team, counts: Counts) -> Json:
    return {
        "agents": statuses_to_dict(request, found.members),
        "queues": [_queue(it) for it in found.queues],
        "phone_system": found.phone,
        "today": sums_to_dict(counts.sums),
        "by_agent": [{"agent_id": it.agent_id, "agent": it.name, **sums_to_dict(it.sums)} for it in counts.agents],
        "by_hour": [{"hour": hour, "calls": number} for hour, number in counts.hours],
    }


def _queue(it: Queue) -> Json:
    return {"name": it.name, "waiting": it.waiting, "longest_since": moment(it.longest_since)}
