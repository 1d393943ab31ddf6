"""One request for each JSON answer of the call desk, and for each way in which it refuses.

They are asked by anna, who has the rights and is signed in to the phone as the agent 1001; mostly a call rings.
"""

from typing import Any

from helpdesk.telephony.phone import BadPhoneResponse, PhoneRefused, PhoneUnavailable
from tests.contract.cases import RINGS, SIGNED_IN, Case, refused
from tests.telephony.desks import TO_THE_PHONE
from tests.world import PEOPLE_IDS

CALL = "16804377"
"""The playable phone's first call."""
DIALOG = f"/finesse/dialogs/{CALL}"


def on_phone(name: str, method: str, path: str, body: Any = None, **more: Any) -> Case:
    return Case(name, method, path, body, phone=RINGS, **more)


def declined(name: str, method: str, path: str, body: Any = None, **more: Any) -> Case:
    return refused(name, method, path, body, phone=RINGS, **more)


PHONE = [
    on_phone("phone_session", "POST", "/finesse/session", TO_THE_PHONE),
    Case("phone_session_ended", "DELETE", "/finesse/session", phone=SIGNED_IN),
    on_phone("phone_dialogs", "GET", "/finesse/dialogs"),
    on_phone("phone_dialogs_in_russian", "GET", "/finesse/dialogs", headers={"Accept-Language": "ru"}),
    on_phone("phone_dialled", "POST", "/finesse/dialogs", {"to_address": "8 (495) 123-01-17"}),
    on_phone("phone_acted", "PUT", DIALOG, {"action": "ANSWER"}),
    on_phone("phone_state", "GET", "/finesse/agent/state"),
    on_phone("phone_state_asked", "PUT", "/finesse/agent/state", {"state": "NOT_READY", "reason_id": "1"}),
    on_phone("phone_reasons", "GET", "/finesse/reasons"),
    on_phone("phone_team", "GET", "/finesse/team"),
    on_phone("phone_statuses", "GET", "/finesse/agents/status"),
    on_phone("phone_health", "GET", "/finesse/health-check"),
    on_phone("phone_own_calls", "GET", "/finesse/calls?date=2026-11-20&per_page=5"),
    Case("phone_team_page", "GET", "/calls/team", phone=SIGNED_IN),
    on_phone("phone_log", "GET", "/calls?date=2026-11-20"),
    on_phone("phone_log_at_the_old_address", "GET", "/contact-center/moscow?date=2026-11-20&outcome=missed"),
    on_phone("call", "GET", "/calls/1"),
    on_phone("call_noted", "POST", "/calls/1/note", {"comment": "Перезвонит завтра"}),
    on_phone("call_linked", "POST", "/calls/1/task", {"task_id": 1}),
    on_phone("call_called_back", "POST", "/calls/1/called-back", {}),
    on_phone("call_caller", "POST", "/calls/1/caller", {"person_id": PEOPLE_IDS["irina"]}),
]
PHONE_REFUSALS = [
    declined("403_phone_refused", "GET", "/finesse/team", failing=PhoneRefused()),
    declined("404_no_dialog_of_ones_own", "PUT", "/finesse/dialogs/1", {"action": "ANSWER"}),
    refused("409_not_on_phone", "DELETE", "/finesse/session", times=2, phone=SIGNED_IN),
    declined("422_phone_declined", "PUT", DIALOG, {"action": "HOLD"}),
    declined("422_invalid_number", "POST", "/finesse/dialogs", {"to_address": "anna"}),
    declined("502_bad_phone_response", "GET", "/finesse/team", failing=BadPhoneResponse()),
    declined("503_phone_unavailable", "GET", "/finesse/team", failing=PhoneUnavailable()),
]
