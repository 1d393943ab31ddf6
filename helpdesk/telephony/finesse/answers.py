"""Read agents, calls, queues and reasons out of Finesse's answers. What is odd is left out, what is long is cut."""

import re
from datetime import UTC, datetime, timedelta
from itertools import chain, islice

from helpdesk.telephony.finesse.xml import Element
from helpdesk.telephony.phone import (
    DIALOG_ID,
    MOST_DIALOGS,
    MOST_ENDS,
    Agent,
    BadPhoneResponse,
    Dialog,
    Participant,
    Queue,
    Reason,
)

MOST_ACTIONS = 20
MOST_AGENTS, MOST_QUEUES, MOST_REASONS, MOST_TEAMS = 300, 50, 100, 5
WORD = re.compile(r"[A-Z_]{1,40}", re.ASCII)
COUNT = re.compile(r"[0-9]{1,6}", re.ASCII)
FAR = timedelta(days=366)
"""A moment that is farther away from now is none: pages could not even show the year 9999 in another time zone."""


def agent(user: Element, agent_id: str = "") -> Agent:
    """Return an agent; the one that was asked for has `agent_id`. Raises BadPhoneResponse without a state."""
    state = _word(user.word("state"))
    if not state:
        raise BadPhoneResponse(detail="an agent without a state")
    return Agent(
        (agent_id or user.word("loginid"))[:64],
        f"{user.word('lastname')} {user.word('firstname')}".strip()[:200],
        user.word("extension")[:32],
        state,
        _moment(user.word("statechangetime")),
        user.word("reasoncode", "label")[:200],
        _word(user.word("pendingstate")),
        user.word("teamid")[:64],
        user.word("teamname")[:200],
        any(role.text.lower() == "supervisor" for role in user.inside("roles").children),
    )


def team_ids(user: Element) -> list[str]:
    """Return the teams that an agent supervises, or else the agent's own."""
    listed = chain((team.word("id") for team in user.inside("teams").each("team")), [user.word("teamid")])
    teams = (it for it in listed if DIALOG_ID.fullmatch(it))
    return list(dict.fromkeys(islice(teams, 2 * MOST_TEAMS)))[:MOST_TEAMS]


def team(found: Element) -> list[Agent]:
    """Return the agents of a team."""
    own_id, own_name = found.word("id")[:64], found.word("name")[:200]
    users = (it for it in found.inside("users").each("user") if it.word("loginid") and _word(it.word("state")))
    return [agent(it)._replace(team_id=own_id, team_name=own_name) for it in islice(users, MOST_AGENTS)]


def dialogs(found: Element) -> tuple[Dialog, ...]:
    """Return calls; chats and tasks, which have other ids, are left out."""
    listed = (_dialog(it) for it in found.each("dialog") if DIALOG_ID.fullmatch(it.word("id")))
    return tuple(islice(listed, MOST_DIALOGS))


def reasons(found: Element) -> tuple[Reason, ...]:
    """Return the reasons that an agent may choose; those of the system itself are left out."""
    listed = (it for it in found.each("reasoncode") if it.word("systemcode").lower() != "true")
    told = (Reason(it.word("id")[:20], it.word("label")[:200]) for it in listed if COUNT.fullmatch(it.word("id")))
    return tuple(islice(told, MOST_REASONS))


def queues(found: Element) -> tuple[Queue, ...]:
    """Return queues; -1 calls, or none at all, are not told."""
    return tuple(_queue(it) for it in islice(found.each("queue"), MOST_QUEUES))


def _queue(found: Element) -> Queue:
    waiting = found.word("statistics", "callsinqueue")
    since = _moment(found.word("statistics", "starttimeoflongestcallinqueue"))
    return Queue(found.word("name")[:100], int(waiting) if COUNT.fullmatch(waiting) else None, since)


def _dialog(found: Element) -> Dialog:
    media = found.inside("mediaproperties")
    ends = islice(found.inside("participants").each("participant"), MOST_ENDS)
    return Dialog(
        found.word("id"),
        _word(found.word("state")),
        found.word("fromaddress")[:40],
        found.word("toaddress")[:40],
        media.word("queuename")[:100],
        _word(media.word("calltype")),
        tuple(_participant(it) for it in ends),
    )


def _participant(found: Element) -> Participant:
    actions = (_word(it.text) for it in found.inside("actions").each("action"))
    return Participant(
        found.word("mediaaddress")[:40],
        _word(found.word("state")),
        tuple(islice((it for it in actions if it), MOST_ACTIONS)),
        _moment(found.word("starttime")),
        _moment(found.word("statechangetime")),
        found.word("mediaaddresstype").upper() == "AGENT_DEVICE",
    )


def _word(text: str) -> str:
    """Return one of Finesse's words, such as NOT_READY; nothing for another text."""
    upper = text.upper()
    return upper if WORD.fullmatch(upper) else ""


def _moment(text: str) -> datetime | None:
    """Return a moment in UTC; None where it is not told, or can't be."""
    try:
        told = datetime.fromisoformat(text)
        moment = told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if abs(moment - datetime.now(UTC)) < FAR else None
