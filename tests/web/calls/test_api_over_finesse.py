"""The phone for programs over the imitated Finesse: what is asked is done a moment later, or never."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from httpx import Response

from helpdesk.services import Services
from helpdesk.settings import settings as configuration
from helpdesk.store.database import Database
from helpdesk.store.models import table
from helpdesk.store.models.tables import FirstAnswer
from helpdesk.store.models.telephony import PhoneAgent
from helpdesk.telephony import desk
from helpdesk.wiring import wire
from tests.servers.imitated_finesse import OUT_OF_SERVICE, ImitatedFinesse
from tests.telephony.conftest import finesse, phone_authority
from tests.telephony.desks import AGENT, SUPERVISOR, grant
from tests.web.conftest import Client, Visit
from tests.web.leaks import SECRET

__all__ = ["finesse", "phone_authority"]

DIALOGS, STATE, SESSION = "/finesse/dialogs", "/finesse/agent/state", "/finesse/session"
ANNA = {"agent_id": "100001", "password": "пароль-1", "extension": "1001"}


@pytest.fixture
def services(database: Database, finesse: ImitatedFinesse) -> Services:
    environ = {
        "SECRET_KEY": SECRET,
        "DATABASE_URL": str(database.engine.url),
        "DEFAULT_LOCALE": "en",
        "FINESSE_BASE_URL": finesse.url,
        "FINESSE_CA_BUNDLE": str(finesse.authority.file),
    }
    services = wire(configuration.load(environ, Path("/nonexistent")))
    grant(services, "anna", AGENT)
    grant(services, "boris", AGENT, SUPERVISOR)
    finesse.add("100001", "пароль-1", "1001")
    finesse.add("100002", "пароль-2", "1002", is_supervisor=True)
    return services


@pytest.fixture(autouse=True)
def closed(visit: Visit, services: Services) -> Iterator[None]:
    """Connections end in the event loop in which they were opened."""
    yield
    portal = visit().portal
    assert portal
    portal.call(services.close)


@pytest.fixture
def agent(anna: Client) -> Client:
    """anna, who is ready."""
    anna.post(SESSION, json=ANNA).raise_for_status()
    seen(anna, STATE, lambda it: it["state"] == "NOT_READY")
    anna.put(STATE, json={"state": "READY"}).raise_for_status()
    seen(anna, STATE, lambda it: it["state"] == "READY")
    return anna


def seen(client: Client, address: str, is_there: Callable[[Any], bool]) -> Any:
    until = time.monotonic() + 20
    while not is_there(found := client.get(address).json()):
        assert time.monotonic() < until, found
        time.sleep(0.02)
    return found


def own_state(found: Any) -> str:
    return str(found["dialogs"][0]["own_state"]) if found["dialogs"] else ""


def answered(agent: Client, finesse: ImitatedFinesse) -> str:
    """A call that anna has answered; its id."""
    call = finesse.ring("100001", "+79035550142", "IT")
    seen(agent, DIALOGS, lambda it: own_state(it) == "ALERTING")
    assert agent.put(f"{DIALOGS}/{call}", json={"action": "ANSWER"}).status_code == 202
    seen(agent, DIALOGS, lambda it: own_state(it) == "ACTIVE")
    return call


def test_a_call_is_answered_held_and_transferred(agent: Client, finesse: ImitatedFinesse) -> None:
    call = answered(agent, finesse)
    for action, state in (("HOLD", "HELD"), ("RETRIEVE", "ACTIVE")):
        assert agent.put(f"{DIALOGS}/{call}", json={"action": action}).status_code == 202
        seen(agent, DIALOGS, lambda it, state=state: own_state(it) == state)
    assert agent.put(f"{DIALOGS}/{call}", json={"callId": call, "destination": "8 (800) 1"}).status_code == 202
    assert seen(agent, DIALOGS, lambda it: not it["dialogs"])["success"] is True


def test_what_fails_later_was_asked_and_nothing_has_changed(agent: Client, finesse: ImitatedFinesse) -> None:
    call = answered(agent, finesse)
    finesse.fail_next("TRANSFER_SST")
    answer = agent.put(f"{DIALOGS}/{call}", json={"action": "TRANSFER_SST", "to_address": "1002"})
    assert answer.status_code == 202 and answer.json()["asked"]["to_address"] == "1002"
    assert own_state(agent.get(DIALOGS).json()) == "ACTIVE"


def test_numbers_cannot_write_xml(agent: Client, finesse: ImitatedFinesse) -> None:
    before = len(finesse.seen)
    for number in ("1</toAddress><requestedAction>DROP</requestedAction>", "&lt;", "1\u20282"):
        assert agent.post(DIALOGS, json={"to_address": number}).status_code == 422
    assert len(finesse.seen) == before


def test_a_wrong_password_is_asked_once(anna: Client, finesse: ImitatedFinesse) -> None:
    wrong = ANNA | {"password": "falsch"}
    codes = [anna.post(SESSION, json=wrong).status_code for _ in range(6)]
    assert codes[0] == 403 and set(codes) <= {403, 429} and finesse.checks["100001"] == 1


def first_failure(client: Client) -> Response:
    """The answer when what was seen a moment ago is not shown any more."""
    until = time.monotonic() + 10
    while (answer := client.get(DIALOGS)).status_code == 200:
        assert time.monotonic() < until
    return answer


def test_both_nodes_out_of_service_is_said_so(agent: Client, finesse: ImitatedFinesse) -> None:
    for node in finesse.nodes:
        node.mode = OUT_OF_SERVICE
    answer = first_failure(agent)
    assert (answer.status_code, answer.json()["error"]) == (503, "phone_unavailable")
    assert answer.headers["retry-after"].isdigit()


def test_a_program_in_a_loop_is_told_what_was_seen_a_moment_ago(
    agent: Client, finesse: ImitatedFinesse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "FRESH", timedelta(hours=1))  # a busy machine takes longer for the loop
    agent.get(DIALOGS)
    before = finesse.checks["100001"]
    for _ in range(60):
        agent.get(DIALOGS).raise_for_status()
        agent.get("/finesse/team").raise_for_status()
    assert finesse.checks["100001"] - before < 40


def test_digits_are_neither_answered_nor_stored(agent: Client, finesse: ImitatedFinesse, services: Services) -> None:
    call = answered(agent, finesse)
    body = {"action": "SEND_DTMF", "to_address": "918273"}
    for _ in range(2):
        answer = agent.put(f"{DIALOGS}/{call}", json=body, headers={"Idempotency-Key": "digits"})
        assert answer.status_code == 202 and answer.json()["asked"]["to_address"] == ""
    assert any(b"918273" in it.body for it in finesse.seen)
    rows = services.database.run_here(
        lambda db: [[tuple(it) for it in db.execute(sa.select(table(model)))] for model in (FirstAnswer, PhoneAgent)]
    )
    assert rows[0] and "918273" not in f"{rows}"


def test_a_supervisor_sees_the_team_and_an_agent_is_alone(visit: Visit, agent: Client) -> None:
    boris = visit("boris")
    boris.post(SESSION, json={"agent_id": "100002", "password": "пароль-2", "extension": "1002"}).raise_for_status()
    found = seen(boris, "/finesse/agents/status", lambda it: len(it["agents"]) > 1)["agents"]
    assert {it["loginId"]: it["status"] for it in found}["100001"] == "READY"
    assert [it["loginId"] for it in agent.get("/finesse/agents/status").json()["agents"]] == ["100001"]


def test_a_caller_who_shows_the_number_of_the_agent_is_answered(agent: Client, finesse: ImitatedFinesse) -> None:
    dialog = finesse.ring("100001", "1001")
    (rings,) = seen(agent, DIALOGS, lambda it: it["dialogs"])["dialogs"]
    assert (rings["own_state"], rings["actions"]) == ("ALERTING", ["ANSWER"])
    agent.put(f"{DIALOGS}/{dialog}", json={"action": "ANSWER"}).raise_for_status()
    seen(agent, DIALOGS, lambda it: own_state(it) == "ACTIVE")
    finesse.hang_up(dialog)
    seen(agent, DIALOGS, lambda it: not it["dialogs"])
    (call,) = agent.get("/finesse/calls").json()["calls"]
    assert (call["direction"], call["outcome"], call["from_number"]) == ("in", "answered", "1001")
