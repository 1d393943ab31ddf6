"""Say in JSON what a call is."""

from helpdesk.store.call_lists import Call, Someone, Sums
from helpdesk.web.core.faces import Json, moment


def call_to_dict(call: Call) -> Json:
    """Return a call; its note is not for everybody who may see the call."""
    row = call.row
    return {
        "id": call.id,
        "agent_id": row.agent_id,
        "agent": call.agent,
        "direction": row.direction,
        "from_number": row.from_number,
        "to_number": row.to_number,
        "queue": row.queue,
        "began_at": moment(row.began_at),
        "answered_at": moment(row.answered_at),
        "ended_at": moment(row.ended_at),
        "ringing_seconds": call.ringing,
        "talking_seconds": call.talking,
        "outcome": row.outcome,
        "passed_to": row.passed_to,
        "caller": _someone(call.caller),
        "task_id": row.task_id,
        "wrap_up": row.wrap_up,
        "to_call_back": call.to_call_back,
        "called_back_at": moment(row.called_back_at),
        "called_back_by": _someone(call.called_back_by),
    }


def sums_to_dict(sums: Sums) -> Json:
    return {
        "calls": sums.calls,
        "answered": sums.answered,
        "missed": sums.missed,
        "average_talking_seconds": sums.average,
    }


def _someone(it: Someone | None) -> Json | None:
    return it._asdict() if it else None
