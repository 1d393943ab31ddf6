"""Calls over the streams of helpdesks that really run, beside the imitated Finesse: only the pages of sessions that are
signed in as the agent hear of them, in any process, and after a process was killed."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import httpx
import pytest

from e2e import steps
from helpdesk.people.rights import AGENT, SUPERVISOR
from helpdesk.store import account_acts, rights
from helpdesk.store.database import Database
from helpdesk.store.models.telephony import PhoneAgent
from tests.listening import STREAM, WAIT, Event, listening, until
from tests.running import SECRET_KEY, Helpdesk, running_helpdesk
from tests.servers.imitated_finesse import ImitatedFinesse
from tests.servers.process import wait_until
from tests.servers.redis import Redis
from tests.telephony.conftest import finesse, phone_authority
from tests.web.test_two_processes import two_processes
from tests.world import NAMES, PASSWORDS, PEOPLE_IDS

__all__ = ["finesse", "phone_authority"]

PAGE = "/notifications/stream"
SCRIPT = {"Accept": "text/html", "HX-Request": "true"}
CALLER = "+79035550142"
OF_ANNA, OF_BORIS = "100001", "100002"


@pytest.fixture
def agents(database: Database, finesse: ImitatedFinesse) -> ImitatedFinesse:
    """anna and boris may handle calls, and the phone system knows them."""
    for login, agent in (("anna", OF_ANNA), ("boris", OF_BORIS)):
        finesse.add(agent, f"пароль-{login}", agent[-4:])
        for right in (AGENT, SUPERVISOR):
            database.run_here(lambda db, who=login, it=right: rights.grant(db, PEOPLE_IDS[who], it), writes=True)
    return finesse


def settings(finesse: ImitatedFinesse) -> dict[str, str]:
    return {"FINESSE_BASE_URL": finesse.url, "FINESSE_CA_BUNDLE": str(finesse.authority.file)}


@contextmanager
def program(helpdesk: Helpdesk, login: str) -> Iterator[httpx.Client]:
    with closing(steps.program(helpdesk.url, login, PASSWORDS[login])) as client:
        yield client


@contextmanager
def same_session(helpdesk: Helpdesk, client: httpx.Client) -> Iterator[httpx.Client]:
    """The same browser, led to another process."""
    with httpx.Client(base_url=helpdesk.url, timeout=WAIT, cookies=dict(client.cookies)) as other:
        yield other


def sign_in(client: httpx.Client, login: str, agent: str) -> None:
    fields = {"agent_id": agent, "password": f"пароль-{login}", "extension": agent[-4:]}
    client.post("/finesse/session", json=fields).raise_for_status()


def become_ready(client: httpx.Client) -> None:
    wait_until(lambda: state(client) == "NOT_READY", seconds=WAIT, what="the agent is not signed in")
    client.put("/finesse/agent/state", json={"state": "READY"}).raise_for_status()
    wait_until(lambda: state(client) == "READY", seconds=WAIT, what="the agent is not ready")


def state(client: httpx.Client) -> str:
    found: str = client.get("/finesse/agent/state").json()["state"]
    return found


def ringing(told: "Queue[Event]") -> dict[str, Any]:
    """What a page is told of a call that rings."""
    while not (news := json.loads(until(told, "call")["data"]))["ringing"]:
        pass
    return dict(news)


def give_number(database: Database, login: str, number: str) -> None:
    """As an administrator does it."""
    database.run_here(lambda db: account_acts.change_phone(db, PEOPLE_IDS[login], number), writes=True)


def stored_version(database: Database, agent: str) -> int:
    return database.run_here(lambda db: db.get_one(PhoneAgent, agent).version)


def calls_told(told: "Queue[Event]") -> list[Any]:
    return [json.loads(it["data"]) for it in list(told.queue) if it.get("event") == "call"]


def test_only_the_pages_of_the_agents_session_hear_of_a_call_in_any_process(
    agents: ImitatedFinesse, database: Database, tmp_path: Path, redis_server: Redis
) -> None:
    with ExitStack() as life:
        enter = life.enter_context
        one, two = enter(two_processes(database, tmp_path, REDIS_URL=redis_server.url, **settings(agents)))
        anna, boris = enter(program(one, "anna")), enter(program(two, "boris"))
        elsewhere, irina = enter(program(one, "anna")), enter(program(one, "irina"))
        sign_in(anna, "anna", OF_ANNA)
        sign_in(boris, "boris", OF_BORIS)
        give_number(database, "irina", CALLER)
        become_ready(anna)
        here = enter(listening(anna, PAGE))
        anna_on_two = enter(same_session(two, anna))
        there = enter(listening(anna_on_two, PAGE))
        others = [enter(listening(*each)) for each in ((elsewhere, PAGE), (irina, PAGE), (anna, STREAM), (boris, PAGE))]
        agents.ring(OF_ANNA, CALLER, "Касса")
        first, second = ringing(here), ringing(there)
        assert first["ringing"] == second["ringing"] and first["version"] > 0
        of_boris = calls_told(others.pop())
        assert all(it["ringing"] == 0 for it in of_boris) and of_boris[-1]["version"] == stored_version(
            database, OF_BORIS
        )
        assert [calls_told(it) for it in others] == [[], [], []]
        card = f"/calls/pop?call={first['ringing']}"
        assert all(NAMES["irina"] in it.get(card, headers=SCRIPT).text for it in (anna, anna_on_two)), "who calls"
        strangers = (elsewhere, irina, boris, enter(same_session(one, boris)))
        assert [it.get(card, headers=SCRIPT).status_code for it in strangers] == [404] * 4
        with listening(anna, PAGE) as again:
            assert ringing(again)["ringing"] == first["ringing"]
        anna.request("DELETE", "/finesse/session")  # declined: it rings
        agents.hang_up(next(iter(agents.calls)))
        while json.loads(until(there, "call")["data"])["ringing"]:
            pass
        wait_until(lambda: state(anna) in ("READY", "NOT_READY"), seconds=WAIT, what="the call is not over")
        assert anna.request("DELETE", "/finesse/session").is_success
        while json.loads(until(there, "call")["data"]) != {"version": 0, "ringing": 0}:
            pass
        for each in (one, two):
            assert "Traceback" not in (each.folder / "helpdesk.log").read_text()
            assert "пароль" not in (each.folder / "helpdesk.log").read_text()


def test_another_process_goes_on_when_the_one_that_polls_is_killed(
    agents: ImitatedFinesse, database: Database, tmp_path: Path
) -> None:
    with ExitStack() as life:
        enter = life.enter_context
        one, two = enter(two_processes(database, tmp_path, **settings(agents)))
        anna = enter(program(one, "anna"))
        sign_in(anna, "anna", OF_ANNA)
        become_ready(anna)
        there = enter(listening(enter(same_session(two, anna)), PAGE))
        one.process.kill()
        agents.ring(OF_ANNA, CALLER)
        assert ringing(there)["ringing"]


def test_a_call_is_shown_again_after_the_only_process_was_killed(
    agents: ImitatedFinesse, database: Database, tmp_path: Path
) -> None:
    environ = {"SECRET_KEY": SECRET_KEY, "DATABASE_URL": str(database.engine.url), **settings(agents)}
    with ExitStack() as life:
        enter = life.enter_context
        first = enter(running_helpdesk(tmp_path, "serve", environ=environ))
        anna = enter(program(first, "anna"))
        sign_in(anna, "anna", OF_ANNA)
        become_ready(anna)
        with listening(anna, PAGE) as told:
            agents.ring(OF_ANNA, CALLER)
            call = ringing(told)
        first.process.kill()
        first.process.wait()
        again = enter(running_helpdesk(tmp_path, "serve", environ=environ, forked=False))
        with same_session(again, anna) as client, listening(client, PAGE) as told:
            shown = json.loads(until(told, "call")["data"])
            assert (shown["ringing"], shown["version"] >= call["version"]) == (call["ringing"], True)
            agents.hang_up(next(iter(agents.calls)))
            while json.loads(until(told, "call")["data"])["ringing"]:
                pass
