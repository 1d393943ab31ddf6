"""Turn the demo's calls into rows of the store. They keep to working time, as tasks do."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import SQLModel

from helpdesk.demo.seed import Line
from helpdesk.demo.task_rows import Ids, Row, Rows
from helpdesk.demo.worktime import ago
from helpdesk.store.models import tables
from helpdesk.telephony.numbers import key_of

QUEUE_NUMBER = "5500"
FIRST_DIALOG = 16_700_000
ANSWERED = {"answered", "transferred"}


def call_rows(agents: Sequence[Line], calls: Sequence[Line], names: dict[str, str], ids: Ids, now: datetime) -> Rows:
    """Return the rows of each table. A call is `at` working minutes before now; it `rings` and `talks` for seconds.

    `names` are the full names of people by their logins.
    """
    extensions = {it["login"]: it["extension"] for it in agents}
    rows: list[tuple[type[SQLModel], list[Row]]] = [
        (tables.PhoneAgent, [_agent(it, names, ids) for it in agents]),
        (tables.PhoneCall, [_call(place, it, extensions, ids, now) for place, it in enumerate(calls)]),
    ]
    return rows


def _agent(agent: Line, names: dict[str, str], ids: Ids) -> Row:
    login = agent["login"]
    row = tables.PhoneAgent(agent_id=login, person_id=ids["assignee"][login], extension=agent["extension"])
    return row.model_dump() | {"name": names[login], "team_id": "500", "team_name": agent["team"]}


def _call(place: int, call: Line, extensions: dict[str, str], ids: Ids, now: datetime) -> dict[str, Any]:
    began, own, other = ago(now, call["at"]), extensions[call["agent"]], call["number"]
    picked = began + timedelta(seconds=call["rings"])
    is_out, is_answered = call.get("direction") == "out", call["outcome"] in ANSWERED
    ends = (own, other) if is_out else (other, QUEUE_NUMBER)
    return {
        "agent_id": call["agent"],
        "dialog_id": str(FIRST_DIALOG + place),
        "person_id": ids["assignee"][call["agent"]],
        "direction": "out" if is_out else "in",
        "from_number": ends[0],
        "to_number": ends[1],
        "other_key": key_of(other),
        "queue": call.get("queue", ""),
        "began_at": began,
        "answered_at": picked if is_answered else None,
        "ended_at": picked + timedelta(seconds=call.get("talks", 0)),
        "outcome": call["outcome"],
        "passed_to": call.get("passed_to", ""),
        "caller_id": ids["assignee"][call["caller"]] if "caller" in call else None,
        "task_id": call.get("task"),
        "wrap_up": call.get("wrap_up", ""),
        "note": "",
    }
