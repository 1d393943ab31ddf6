"""The phone for programs: what is asked, what is refused, and that nothing is said to be done before it is."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from helpdesk.demo.playable_phone import PlayablePhone
from helpdesk.services import Services
from helpdesk.store import phone_agents, system_health
from helpdesk.store.database import Database
from helpdesk.store.models.telephony import PhoneAgent
from helpdesk.telephony.phone import PhoneRefused, PhoneUnavailable
from tests.telephony.desks import AGENT, SOON, SUPERVISOR, TO_THE_PHONE, Shift, beside_a_phone, grant
from tests.web.conftest import HTML, Client, Visit
from tests.web.tokens import make, program

DIALOGS, STATE, SESSION = "/finesse/dialogs", "/finesse/agent/state", "/finesse/session"
WATCHED = ["/finesse/agents/status", "/finesse/health-check", "/finesse/calls"]
READS = [DIALOGS, STATE, "/finesse/reasons", "/finesse/team"]
ALL = [
    *(("GET", it) for it in (*READS, *WATCHED)),
    *(("POST", it) for it in (DIALOGS, SESSION)),
    *(("PUT", it) for it in (f"{DIALOGS}/7", STATE)),
    ("DELETE", SESSION),
]


@pytest.fixture
def shift() -> Shift:
    return Shift()


@pytest.fixture
def phone(shift: Shift) -> PlayablePhone:
    return PlayablePhone(shift.now)


@pytest.fixture
def services(database: Database, phone: PlayablePhone) -> Services:
    services = beside_a_phone(database, phone)
    grant(services, "anna", AGENT)
    grant(services, "boris", AGENT, SUPERVISOR)
    return services


@pytest.fixture
def agent(anna: Client) -> Client:
    """anna, who is signed in to the phone."""
    assert anna.post(SESSION, json=TO_THE_PHONE).status_code == 202
    return anna


@pytest.fixture
def call(agent: Client, shift: Shift) -> str:
    """A call that rings at anna's; the id of its dialog."""
    assert agent.put(STATE, json={"state": "READY"}).status_code == 202
    seen(agent, STATE, lambda it: it["state"] == "READY")
    shift.passed += SOON
    return str(seen(agent, DIALOGS, lambda it: it["dialogs"])["dialogs"][0]["id"])


def seen(client: Client, address: str, is_there: Callable[[Any], bool]) -> Any:
    """The answer in which something has come."""
    until = time.monotonic() + 10
    while not is_there(found := client.get(address).json()):
        assert time.monotonic() < until, found
    return found


def dialogs(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(DIALOGS).json()["dialogs"]
    return found


def answered(client: Client, dialog_id: str) -> None:
    assert client.put(f"{DIALOGS}/{dialog_id}", json={"action": "ANSWER"}).status_code == 202
    seen(client, DIALOGS, lambda it: it["dialogs"][0]["own_state"] == "ACTIVE")


# A call from its ringing to its end


def test_a_call_is_shown_with_finesses_words_and_the_persons(agent: Client, call: str) -> None:
    [found] = dialogs(agent)
    assert (found["id"], found["call_id"], found["agent_id"]) == (call, call, "1001")
    assert (found["state"], found["state_text"], found["actions"]) == ("ALERTING", "Ringing", ["ANSWER"])
    assert found["from_address"] == "+74951230117" and found["start_time"].endswith("Z")
    [russian] = agent.get(DIALOGS, headers={"Accept-Language": "ru", "Cookie": agent_cookie(agent)}).json()["dialogs"]
    assert russian["state_text"] == "Звонит"


def agent_cookie(client: Client) -> str:
    return f"session={client.cookies['session']}; locale=ru"


def test_a_write_is_asked_first_and_seen_later(agent: Client, call: str) -> None:
    answer = agent.put(f"{DIALOGS}/{call}", json={"action": "ANSWER"})
    assert answer.status_code == 202 and answer.json()["success"] is True
    assert answer.json()["asked"] == {"action": "ANSWER", "dialog_id": call, "to_address": ""}
    [found] = seen(agent, DIALOGS, lambda it: it["dialogs"][0]["own_state"] == "ACTIVE")["dialogs"]
    assert found["actions"] == ["HOLD", "CONSULT_CALL", "TRANSFER_SST", "SEND_DTMF", "DROP"]


@pytest.mark.parametrize("body", [{"action": "TRANSFER_SST", "to_address": "1002"}, {"destination": "1002"}])
def test_a_call_is_transferred_by_the_body_of_today_and_of_once(agent: Client, call: str, body: dict[str, str]) -> None:
    answered(agent, call)
    sent = body if "action" in body else {"callId": call, **body}
    answer = agent.put(f"{DIALOGS}/{call}", json=sent)
    assert answer.json()["asked"] == {"action": "TRANSFER_SST", "dialog_id": call, "to_address": "1002"}
    seen(agent, DIALOGS, lambda it: it["dialogs"] == [])


def test_the_old_body_may_name_its_call_as_a_number_but_no_other_call(agent: Client, call: str) -> None:
    answered(agent, call)
    other = agent.put(f"{DIALOGS}/{call}", json={"callId": "1", "destination": "1002"})
    assert other.status_code == 422 and list(other.json()["errors"]) == ["callId"]
    same = agent.put(f"{DIALOGS}/{call}", json={"callId": int(call), "destination": 1002})
    assert same.status_code == 202


def test_what_the_call_does_not_allow_is_declined(agent: Client, call: str) -> None:
    for action in ("HOLD", "DROP", "CONFERENCE"):
        answer = agent.put(f"{DIALOGS}/{call}", json={"action": action})
        assert (answer.status_code, answer.json()["error"]) == (422, "phone_declined"), action


def test_the_same_key_asks_once(agent: Client, phone: PlayablePhone, monkeypatch: pytest.MonkeyPatch) -> None:
    dialled = []

    async def dial(who: object, number: str) -> None:
        dialled.append(number)

    monkeypatch.setattr(phone, "dial", dial)
    key = {"Idempotency-Key": "one"}
    texts = {agent.post(DIALOGS, json={"to_address": "1002"}, headers=key).text for _ in "12"}
    assert len(texts) == 1 and dialled == ["1002"]
    other = agent.post(DIALOGS, json={"to_address": "1003"}, headers=key)
    assert (other.status_code, other.json()["error"]) == (409, "key_reused") and dialled == ["1002"]


def test_the_extension_is_the_agents_own_whatever_is_sent(
    agent: Client, call: str, phone: PlayablePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def act(who: Any, *what: str) -> None:
        asked.append((who.agent_id, who.extension, *what))

    monkeypatch.setattr(phone, "act", act)
    body = {"action": "ANSWER", "targetMediaAddress": "1009", "extension": "1009", "agent_id": "1009"}
    assert agent.put(f"{DIALOGS}/{call}", json=body).status_code == 202
    assert asked == [("1001", "1001", call, "ANSWER", "")]


# The state, reasons, the team


def test_the_state_is_told_with_its_reason(agent: Client) -> None:
    [reason, *_] = agent.get("/finesse/reasons").json()["reasons"]
    assert agent.put(STATE, json={"state": "NOT_READY", "reason_id": reason["id"]}).status_code == 202
    found = seen(agent, STATE, lambda it: it["reason"] == reason["label"])
    assert (found["state"], found["state_text"], found["extension"]) == ("NOT_READY", "Not ready", "1001")
    assert found["stateChangeTime"].endswith("Z")


def test_the_team_is_told_to_agents_and_its_states_to_supervisors(visit: Visit, agent: Client) -> None:
    team = agent.get("/finesse/team").json()["team"]
    assert [it["name"] for it in team if it["state"] == "READY"] == ["Гусева Тамара"]
    agent.get(STATE)
    alone = agent.get("/finesse/agents/status")
    assert [it["loginId"] for it in alone.json()["agents"]] == ["1001"]
    assert alone.headers["x-finesse-limited-access"] == "1"
    boris = visit("boris")
    boris.post(SESSION, json=TO_THE_PHONE | {"agent_id": "1010", "extension": "1010"})
    all_of_them = boris.get("/finesse/agents/status")
    assert {"1001", "1002", "1003", "1004", "1010"} <= {it["loginId"] for it in all_of_them.json()["agents"]}
    assert "x-finesse-limited-access" not in all_of_them.headers
    assert all_of_them.json()["agents"][0]["status"] == "READY"


def test_a_supervisor_without_the_phone_sees_who_was_seen_here(visit: Visit, agent: Client) -> None:
    agent.get(STATE)
    found = visit("boris").get("/finesse/agents/status").json()["agents"]
    assert [(it["loginId"], it["status"]) for it in found] == [("1001", "NOT_READY")]


def test_who_only_programs_look_after_is_polled_on_for_a_while(agent: Client, services: Services) -> None:
    def watched() -> datetime | None:
        return services.database.run_here(lambda db: db.get_one(PhoneAgent, "1001")).watched_until

    services.database.run_here(lambda db: phone_agents.change(db, "1001", watched_until=None), writes=True)
    agent.get(STATE).raise_for_status()
    first = watched()
    agent.get(DIALOGS).raise_for_status()
    assert first is not None and first > services.clock() and watched() == first


def test_the_health_is_what_was_checked_last(anna: Client, services: Services) -> None:
    assert anna.get("/finesse/health-check").json()["status"] == "unknown"
    now = services.clock()
    services.database.run_here(lambda db: system_health.record(db, "finesse", 0.1, "", now), writes=True)
    assert anna.get("/finesse/health-check").json()["status"] == "up"


# Who may


@pytest.mark.parametrize(("method", "address"), ALL)
def test_others_find_nothing_here(visit: Visit, method: str, address: str) -> None:
    answer = visit("irina").request(method, address)
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    assert visit().request(method, address).status_code == 401


@pytest.mark.parametrize(("method", "address"), ALL)
def test_without_a_phone_system_everybody_signed_in_is_told_so(
    visit: Visit, services: Services, method: str, address: str
) -> None:
    for login in ("anna", "irina"):
        client = visit(login)
        object.__setattr__(client.app.app.state.services, "desk", None)
        answer = client.request(method, address)
        assert (answer.status_code, answer.json()["error"]) == (501, "not_configured"), login


def test_the_phone_of_a_session_is_no_other_sessions(visit: Visit, agent: Client, call: str) -> None:
    again = visit("anna")
    for method, address in ALL[:4]:
        answer = again.request(method, address)
        assert (answer.status_code, answer.json()["error"]) == (409, "not_on_phone"), address
    assert again.put(f"{DIALOGS}/{call}", json={"action": "ANSWER"}).json()["error"] == "not_on_phone"
    assert again.delete(SESSION).json()["error"] == "not_on_phone"


def test_two_agents_do_not_reach_each_others_calls(visit: Visit, agent: Client, call: str) -> None:
    boris = visit("boris")
    boris.post(SESSION, json=TO_THE_PHONE | {"agent_id": "1010", "extension": "1010"})
    assert dialogs(boris) == []
    answer = boris.put(f"{DIALOGS}/{call}", json={"action": "ANSWER"})
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def test_a_page_of_another_site_asks_nothing(agent: Client) -> None:
    answer = agent.post(DIALOGS, json={"to_address": "1002"}, headers={"Origin": "https://evil.test"})
    assert answer.status_code == 403 and dialogs(agent) == []


def test_signing_out_ends_it(agent: Client) -> None:
    answer = agent.delete(SESSION)
    assert answer.status_code == 202 and answer.json()["asked"]["action"] == "LOGOUT"
    assert agent.get(STATE).json()["error"] == "not_on_phone"


def test_json_is_told_to_browsers_too(agent: Client) -> None:
    assert agent.get(STATE, headers=HTML).json()["state"] == "NOT_READY"


def test_a_token_is_not_signed_in_to_the_phone_but_may_watch(visit: Visit, agent: Client) -> None:
    script = program(visit, make(agent)["token"])
    for method, address in ALL:
        answer = script.request(method, address)
        expected = (200, None) if address in WATCHED else (403, "not_allowed")
        assert (answer.status_code, answer.json().get("error")) == expected, address


# What the phone system answers


@pytest.mark.parametrize(("method", "address"), [("GET", DIALOGS), ("POST", DIALOGS), ("GET", "/finesse/team")])
def test_a_phone_system_that_is_down_is_no_fault_of_ours(
    agent: Client, phone: PlayablePhone, monkeypatch: pytest.MonkeyPatch, method: str, address: str
) -> None:
    async def fail(*_: object) -> None:
        raise PhoneUnavailable

    for name in ("dialogs", "agent", "dial", "team"):
        monkeypatch.setattr(phone, name, fail)
    answer = agent.request(method, address, json={"to_address": "1002"} if method == "POST" else None)
    assert (answer.status_code, answer.json()["error"]) == (503, "phone_unavailable")
    assert answer.headers["retry-after"].isdigit()


def test_a_refused_password_is_never_asked_again(
    agent: Client, phone: PlayablePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def refuse(*_: object) -> None:
        asked.append(1)
        raise PhoneRefused

    monkeypatch.setattr(phone, "team", refuse)
    answers = [agent.get("/finesse/team") for _ in "12"]
    assert [(it.status_code, it.json()["error"]) for it in answers] == [(403, "phone_refused"), (409, "not_on_phone")]
    assert asked == [1]
    done = agent.delete(SESSION)
    assert done.status_code == 200 and "asked" not in done.json()


def test_a_wrong_password_is_refused(anna: Client) -> None:
    answer = anna.post(SESSION, json=TO_THE_PHONE | {"password": "wrong"})
    assert (answer.status_code, answer.json()["error"]) == (403, "phone_refused")


def test_the_agent_may_be_named_as_programs_did_once(anna: Client) -> None:
    body = {"username": "1001", "password": TO_THE_PHONE["password"], "extension": 1001}
    assert anna.post(SESSION, json=body).json()["asked"]["action"] == "LOGIN"
    assert anna.get(STATE).json()["agent_id"] == "1001"


# Hostile bodies


ODD = (
    None,
    True,
    -1,
    1.5,
    [],
    {},
    ["1002"],
    {"a": 1},
    "",
    " ",
    "\n",
    "1002\n",
    "1002\n1003",
    "١٢٣",
    "12\u00b2",
    "<a>",
    "x" * 300,
)
"""No number, in any field."""


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_an_odd_number_is_refused_and_nothing_is_asked(
    agent: Client, call: str, phone: PlayablePhone, monkeypatch: pytest.MonkeyPatch, value: object
) -> None:
    answered(agent, call)
    asked = []

    async def ask(*what: object) -> None:
        asked.append(what)

    monkeypatch.setattr(phone, "act", ask)
    monkeypatch.setattr(phone, "dial", ask)
    address = f"{DIALOGS}/{call}"
    for answer in (
        agent.post(DIALOGS, json={"to_address": value}),
        agent.put(address, json={"action": "TRANSFER_SST", "to_address": value}),
        agent.put(address, json={"action": "SEND_DTMF", "to_address": value}),
        agent.put(address, json={"callId": call, "destination": value}),
    ):
        assert answer.status_code == 422 and answer.json()["errors"], answer.text
    assert asked == []


@pytest.mark.parametrize("action", ["MAKE_CALL", "answer", "ANSWER\n", "LOGIN", "RECORD", 1, None, [], "x" * 9_000])
def test_an_action_that_is_not_listed_is_refused(agent: Client, call: str, action: object) -> None:
    answer = agent.put(f"{DIALOGS}/{call}", json={"action": action})
    assert answer.status_code in (413, 422)
    assert dialogs(agent)[0]["own_state"] == "ALERTING"


@pytest.mark.parametrize(
    "dialog_id", ["1" * 21, "9" * 5_000, "x", "1 ", "%0A7", "7%0A", "%D9%A1", "-1", "1.5", "7;", "0x7"]
)
def test_an_id_that_is_not_of_digits_is_no_dialog_and_nothing_is_asked(
    agent: Client, phone: PlayablePhone, monkeypatch: pytest.MonkeyPatch, dialog_id: str
) -> None:
    async def fail(*_: object) -> None:
        raise PhoneUnavailable

    monkeypatch.setattr(phone, "dialogs", fail)
    answer = agent.put(f"{DIALOGS}/{dialog_id}", json={"action": "ANSWER"})
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


@pytest.mark.parametrize("state", ["LOGOUT", "ready", "TALKING", "", None, 1, ["READY"], "READY\n"])
def test_an_agent_becomes_only_ready_or_not_ready(agent: Client, state: object) -> None:
    answer = agent.put(STATE, json={"state": state})
    assert answer.status_code == 422 and agent.get(STATE).json()["state"] == "NOT_READY"


@pytest.mark.parametrize("reason", ["1\n", "٣", "1" * 21, "<x>", [], True, 1.5])
def test_an_odd_reason_is_refused(agent: Client, reason: object) -> None:
    answer = agent.put(STATE, json={"state": "NOT_READY", "reason_id": reason})
    assert answer.status_code == 422 and list(answer.json()["errors"]) == ["reason_id"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'{"action":' + b"[" * 2_000 + b"]" * 2_000 + b"}", 400),
        (b'{"action": "' + b"x" * 100_000 + b'"}', 413),
        (b'{"action": ' + b"9" * 3_000 + b"}", 400),
    ],
    ids=["broken", "list", "null", "deep", "large", "long number"],
)
def test_a_body_that_is_no_object_of_a_few_texts_is_refused(agent: Client, call: str, body: bytes, status: int) -> None:
    for method, address in (("PUT", f"{DIALOGS}/{call}"), ("POST", DIALOGS), ("PUT", STATE), ("POST", SESSION)):
        answer = agent.request(method, address, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == status, (address, answer.text)


def test_two_at_once_are_two_questions_and_both_are_answered(agent: Client, call: str) -> None:
    with ThreadPoolExecutor(2) as threads:
        sent = [threads.submit(agent.put, f"{DIALOGS}/{call}", json={"action": "ANSWER"}) for _ in "12"]
    codes = {it.result().status_code for it in sent}
    assert codes <= {202, 422} and 202 in codes
    seen(agent, DIALOGS, lambda it: it["dialogs"][0]["own_state"] == "ACTIVE")
