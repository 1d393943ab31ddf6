"""A helpdesk that is set up for Finesse, over the imitated one: from the settings to the answer."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpdesk.services import Services
from helpdesk.settings import settings as configuration
from helpdesk.store.database import Database
from helpdesk.telephony.finesse import client
from helpdesk.wiring import wire
from tests.servers.imitated_finesse import CUTS, HANGS, OUT_OF_SERVICE, ImitatedFinesse
from tests.telephony.conftest import finesse, phone_authority
from tests.telephony.desks import AGENT, SUPERVISOR, grant
from tests.telephony.stages import disconnected
from tests.web.conftest import Client
from tests.web.leaks import SECRET

__all__ = ["finesse", "phone_authority"]

DIALOGS, STATE, SESSION = "/finesse/dialogs", "/finesse/agent/state", "/finesse/session"
PASSWORD = "пароль-1"
ANNA = {"agent_id": "100001", "password": PASSWORD, "extension": "1001"}
PATIENCE = 10.0
"""The shortened time-outs of the client leave half of it for a busy machine."""


@pytest.fixture
def services(database: Database, finesse: ImitatedFinesse) -> Services:
    finesse.add("100001", PASSWORD, "1001", is_supervisor=True)
    finesse.add("100002", PASSWORD, "1002")
    environ = {
        "SECRET_KEY": SECRET,
        "DATABASE_URL": str(database.engine.url),
        "DEFAULT_LOCALE": "en",
        "FINESSE_BASE_URL": finesse.url,
        "FINESSE_CA_BUNDLE": str(finesse.authority.file),
    }
    services = wire(configuration.load(environ, Path("/nonexistent")))
    grant(services, "anna", AGENT, SUPERVISOR)
    return services


@pytest.fixture(autouse=True)
def closing(anna: Client, services: Services, finesse: ImitatedFinesse) -> Iterator[None]:
    """Close the lines to Finesse in the event loop that they were opened in."""
    yield

    async def close() -> None:
        assert services.desk
        await services.desk.phone.close()
        await disconnected(finesse)

    assert anna.portal
    anna.portal.call(close)


@pytest.fixture
def agent(anna: Client) -> Client:
    """anna, who is signed in to the phone and ready."""
    assert anna.post(SESSION, json=ANNA).status_code == 202
    seen(anna, STATE, lambda it: it["state"] == "NOT_READY")
    assert anna.put(STATE, json={"state": "READY"}).status_code == 202
    seen(anna, STATE, lambda it: it["state"] == "READY")
    return anna


def seen(client: Client, address: str, is_there: Callable[[Any], bool]) -> Any:
    """The answer in which something has come."""
    until = time.monotonic() + PATIENCE
    while not is_there(found := client.get(address).json()):
        assert time.monotonic() < until, found
    return found


def states(client: Client, *wanted: str) -> list[dict[str, Any]]:
    """Wait until the agent's ends of the calls are in these states."""

    def is_there(found: Any) -> bool:
        return sorted(it["own_state"] for it in found["dialogs"]) == sorted(wanted)

    found: list[dict[str, Any]] = seen(client, DIALOGS, is_there)["dialogs"]
    return found


def act(client: Client, dialog: str, action: str, to: str = "") -> int:
    return client.put(f"{DIALOGS}/{dialog}", json={"action": action, "to_address": to}).status_code


def test_a_call_is_taken_and_passed_on_after_a_consultation(agent: Client, finesse: ImitatedFinesse) -> None:
    call = finesse.ring("100001", "+79035550142", "Касса")
    [ringing] = states(agent, "ALERTING")
    assert (ringing["id"], ringing["from_address"], ringing["actions"]) == (call, "+79035550142", ["ANSWER"])
    assert act(agent, call, "ANSWER") == 202
    states(agent, "ACTIVE")
    assert act(agent, call, "CONSULT_CALL", "1204") == 202
    states(agent, "HELD", "ACTIVE")
    assert act(agent, call, "TRANSFER") == 202
    states(agent)
    seen(agent, STATE, lambda it: it["state"] == "READY")
    assert set(finesse.calls[call].ends) == {"+79035550142", "1204"}


def test_an_action_that_the_call_does_not_allow_is_not_even_asked(agent: Client, finesse: ImitatedFinesse) -> None:
    call = finesse.ring("100001")
    states(agent, "ALERTING")
    before = len([it for it in finesse.seen if it.method == "PUT"])
    assert act(agent, call, "TRANSFER_SST", "1002") == 422
    assert len([it for it in finesse.seen if it.method == "PUT"]) == before


def test_the_team_is_told(agent: Client) -> None:
    found = agent.get("/finesse/team").json()
    assert "100002" in str(found)


def test_signing_out_makes_not_ready_first(agent: Client, finesse: ImitatedFinesse) -> None:
    assert agent.delete(SESSION).status_code in (200, 202)
    agent.get("/finesse/team")  # lets happen what is due
    with finesse.lock:
        time.sleep(finesse.delay)
        finesse.settle()
        assert finesse.agents["100001"].state == "LOGOUT"


def test_five_wrong_passwords_never_reach_finesse(anna: Client, finesse: ImitatedFinesse) -> None:
    answers = [anna.post(SESSION, json={**ANNA, "password": f"falsch-{number}"}).status_code for number in range(7)]
    assert set(answers) <= {403, 429} and finesse.checks["100001"] < 5
    assert finesse.agents["100001"].locked_until == 0.0


@pytest.mark.parametrize("mode", [HANGS, CUTS, OUT_OF_SERVICE, "slow"])
def test_pages_and_programs_are_answered_while_finesse_is_not(
    agent: Client, finesse: ImitatedFinesse, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TOTAL_SECONDS", client.TOTAL_SECONDS / 2)
    call = finesse.ring("100001")
    states(agent, "ALERTING")
    for node in finesse.nodes:
        node.mode, node.after = ("ok", 0.8) if mode == "slow" else (mode, 0.0)
    for method, address, body in (
        ("GET", DIALOGS, None),
        ("GET", STATE, None),
        ("GET", "/calls", None),
        ("PUT", f"{DIALOGS}/{call}", {"action": "ANSWER"}),
        ("PUT", STATE, {"state": "NOT_READY"}),
        ("DELETE", SESSION, None),
    ):
        began = time.monotonic()
        answer = agent.request(method, address, json=body)
        assert time.monotonic() - began < PATIENCE, f"{method} {address}"
        assert answer.status_code in (200, 202, 409, 422, 503), answer.text
        assert PASSWORD not in answer.text
