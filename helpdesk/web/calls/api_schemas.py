"""Show calls and agents of the phone to programs (contract §5), each state with its word in the person's language."""

from collections.abc import Sequence

from starlette.requests import Request

from helpdesk.telephony import words
from helpdesk.telephony.desk import OnPhone
from helpdesk.telephony.phone import ACTIONS, Agent, Dialog
from helpdesk.telephony.team import Member
from helpdesk.web.core.faces import Json, moment
from helpdesk.web.core.templating import translate


def dialogs_to_dict(request: Request, on_phone: OnPhone) -> list[Json]:
    """Return the calls in hand."""
    return [_dialog(request, on_phone, it) for it in on_phone.dialogs]


def state_to_dict(request: Request, on_phone: OnPhone) -> Json:
    """Return the state of the session's agent."""
    row = on_phone.agent
    return {
        "agent_id": row.agent_id,
        "extension": row.extension,
        "state": row.state,
        "state_text": _state(request, row.state),
        "stateChangeTime": moment(row.state_since),
        "reason": row.reason,
        "pending": row.pending,
    }


def agent_to_dict(request: Request, it: Agent) -> Json:
    """Return an agent of the own team."""
    return {
        "agent_id": it.agent_id,
        "name": it.name,
        "extension": it.extension,
        "state": it.state,
        "state_text": _state(request, it.state),
        "since": moment(it.since),
        "reason": it.reason,
        "team": it.team_name,
    }


def statuses_to_dict(request: Request, members: Sequence[Member]) -> list[Json]:
    """Return the states of agents who have an extension, with the names that programs have known for long."""
    return [_status(request, it) for it in members if it.agent.extension]


def _status(request: Request, it: Member) -> Json:
    agent = it.agent
    last, _, first = agent.name.partition(" ")
    return {
        "loginId": agent.agent_id,
        "firstName": first,
        "lastName": last,
        "displayName": agent.name,
        "extension": agent.extension,
        "status": agent.state,
        "status_text": _state(request, agent.state),
        "reason": agent.reason,
        "team": agent.team_name,
        "lastStateChange": moment(agent.since),
        "last_seen": moment(it.seen_at),
    }


def _dialog(request: Request, on_phone: OnPhone, it: Dialog) -> Json:
    own = it.own(on_phone.agent.extension)
    own_state = own.state if own else ""
    return {
        "id": it.id,
        "agent_id": on_phone.agent.agent_id,
        "call_id": it.id,
        "state": it.state,
        "state_text": translate(request, words.dialog_state(it.state)),
        "own_state": own_state,
        "own_state_text": translate(request, words.dialog_state(own_state)),
        "start_time": moment(own.started_at) if own else None,
        "from_address": it.from_number,
        "to_address": it.to_number,
        "queue": it.queue,
        "actions": [action for action in ACTIONS if own and action in own.actions],
    }


def _state(request: Request, word: str) -> str:
    return translate(request, words.agent_state(word).text)
