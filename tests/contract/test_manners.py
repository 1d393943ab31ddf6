"""Manners of HTTP that programs rely on, asked of every address there is."""

import re
from dataclasses import replace

import pytest
from starlette.routing import Route

from helpdesk.services import Services
from helpdesk.web.lists import counts
from helpdesk.web.routes import ROUTES
from tests.contract.calls import STREAMS
from tests.contract.cases import ANSWERS
from tests.web.conftest import HTML, Visit
from tests.world import STATUS_IDS, EmbeddedWorld

pytestmark = pytest.mark.usefixtures("story")

DIFFER = {"x-request-id", "x-response-time", "content-length"}  # the time an answer took is in it, with its digits
READS = sorted({case.path: case for case in ANSWERS if case.method == "GET" and "log" not in case.path}.values())
OF_EACH_REQUEST = {"metrics"}
"""Answers that change with every request."""
ADDRESSES = {
    re.sub(r"\{\w+(:path)?\}", "status", re.sub(r"\{\w+:int\}", "1", route.path)): route
    for route in ROUTES
    if isinstance(route, Route) and route.name not in STREAMS
}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is: a page without the numbers beside its links is another page."""
    monkeypatch.setattr(counts, "WAIT_SECONDS", 60.0)


@pytest.fixture
def services(services: Services) -> Services:
    """A helpdesk whose clock stands still: a page that shows the minute is the same when it is asked for twice."""
    now = services.clock()
    return replace(services, clock=lambda: now)


@pytest.mark.parametrize("address", [address for address, route in ADDRESSES.items() if "GET" in (route.methods or ())])
def test_head_is_get_without_its_body(visit: Visit, address: str) -> None:
    for headers in ({}, HTML):
        anna = visit("anna")
        get, head = anna.get(address, headers=headers), anna.head(address, headers=headers)
        assert (head.status_code, head.content) == (get.status_code, b"")
        etags = [re.sub(r'-\d+"', '"', answer.headers.pop("etag", "")) for answer in (get, head)]
        assert etags[0] == etags[1]
        told = [{name: value for name, value in it.headers.items() if name not in DIFFER} for it in (get, head)]
        assert told[0].pop("set-cookie", "")[:8] == told[1].pop("set-cookie", "")[:8] and told[0] == told[1]


def test_a_method_that_an_address_lacks_is_refused_with_those_it_has(visit: Visit) -> None:
    anna = visit("anna")
    for address in ADDRESSES:
        matching = [each for each in ROUTES if isinstance(each, Route) and each.path_regex.match(address)]
        has = {method for route in matching for method in route.methods or ()}
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH"} - has:
            answer = anna.request(method, address)
            told = answer.json()
            found = (answer.status_code, told["status_code"], told["error"])
            assert found == (405, 405, "method_not_allowed"), (method, address)
            assert set(answer.headers["allow"].split(", ")) == has, (method, address)


def test_an_unchanged_answer_is_not_sent_again(visit: Visit) -> None:
    clients = {login: visit(login) for login in {case.login for case in READS}}
    for case in READS:
        if case.name in OF_EACH_REQUEST:
            continue
        client = clients[case.login]
        answer = client.get(case.path)
        if answer.status_code != 200:  # a refusal is told anew
            continue
        again = client.get(case.path, headers={"If-None-Match": answer.headers["etag"]})
        found = (again.status_code, again.content, again.headers["etag"])
        assert found == (304, b"", answer.headers["etag"]), case.name


@pytest.mark.parametrize("value", ["1", "true", "True", "TRUE", "yes", "on", "0", "false", "no", "off", ""])
def test_a_boolean_is_whatever_means_yes_or_no(visit: Visit, embedded: EmbeddedWorld, value: str) -> None:
    closed, anna = embedded.new_task("Закрыта", status="closed"), visit("anna")
    yes = value.lower() in ("1", "true", "yes", "on")
    assert (closed in [row["id"] for row in anna.get(f"/tasks/my-tasks?closed={value}").json()["tasks"]]) is yes
    for sent in ({"json": {"comment": "x", "private": value}}, {"data": {"comment": "x", "private": value}}):
        assert anna.post("/tasks/api/task/1/comments", **sent).json()["comment"]["private"] is yes


@pytest.mark.parametrize("name", ["Idempotency-Key", "idempotency-key", "IDEMPOTENCY-KEY"])
def test_a_key_may_be_written_in_any_case(visit: Visit, name: str) -> None:
    anna = visit("anna")
    texts = {anna.post("/tasks/api/task/1/comments", json={"comment": "x"}, headers={name: "k"}).text for _ in "12"}
    notes = [entry["notes"] for entry in anna.get("/tasks/api/task/1/history").json()["history"]]
    assert len(texts) == 1 and notes.count("x") == 1


def test_every_refusal_has_an_id_that_the_log_has_too(visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="helpdesk.requests"):
        told = visit("anna").put("/tasks/api/task/1/status", json={"status_id": STATUS_IDS["closed"]}).json()
    assert [record.request_id for record in caplog.records if record.name == "helpdesk.requests"] == [
        told["request_id"]
    ]
