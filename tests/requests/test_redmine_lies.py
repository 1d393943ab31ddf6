"""An imitated Redmine whose answers are wrong or late: nobody is shown a request of somebody else, nor half of it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from helpdesk.errors import BadResponse, HelpdeskError, NotAllowed, OutcomeUnknown, Unavailable, WrongKey
from helpdesk.people.model import Person
from helpdesk.redmine_client import RedmineClient
from helpdesk.requests.model import Requester
from helpdesk.requests.ownership import Rules
from helpdesk.tasks.creation import NewTask
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.backend import RedmineBackend
from helpdesk.tasks.redmine.requests import RedmineRequests
from helpdesk.tasks.redmine.rest import requests

Answer = Callable[[httpx.Request], Any]
ANN = Requester(Person(1, "ldap", "ann", "Ann", "ann@x.ru"), Actor(7, "ann"), frozenset({"ann@x.ru"}))
STRANGER = ANN._replace(actor=None)


def issue(number: int, author: int, *addresses: str, field: int = 12) -> dict[str, Any]:
    named = {"id": 1, "name": "x"}
    return {
        "id": number,
        "subject": "x",
        "author": {"id": author, "name": "x"},
        **dict.fromkeys(("status", "priority", "project", "tracker"), named),
        "custom_fields": [{"id": field, "name": "Asked by", "value": ", ".join(addresses)}],
        "created_on": "2026-11-30T10:00:00Z",
        "updated_on": "2026-11-30T10:00:00Z",
    }


def listed(*issues: dict[str, Any], total: int | None = None) -> dict[str, Any]:
    return {"issues": list(issues), "total_count": len(issues) if total is None else total}


class Imitation:
    """Answers by the path, by what was set for it; everything that was asked is kept."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {"users/current": {"user": {"id": 1, "login": "admin", "admin": True}}} | answers
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removesuffix(".json").strip("/")
        self.asked.append((request.method, path))
        answer = self.answers.get(path, {})
        if callable(answer):
            answer = answer(request)
        if asyncio.iscoroutine(answer):
            answer = await answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, content=json.dumps(answer))

    def source(self, deadline: float = 5.0, anonymous: int | None = None) -> RedmineRequests:
        client = RedmineClient("http://redmine.test", "key", httpx.MockTransport(self), deadline)
        nameless = RedmineClient("http://redmine.test", "", httpx.MockTransport(self), deadline)
        backend = RedmineBackend(client, "textile")
        return RedmineRequests(backend, backend, Rules({}, anonymous), ("cf_12",), nameless)


def filtered(by_author: list[dict[str, Any]], by_field: list[dict[str, Any]]) -> Answer:
    def answer(request: httpx.Request) -> dict[str, Any]:
        return listed(*(by_author if "author_id" in request.url.params.get_list("f[]") else by_field))

    return answer


async def test_true_answers_are_taken() -> None:
    mine, named = issue(5, 7), issue(6, 2, "Ann <ANN@x.ru>", "b@x.ru")
    source = Imitation(issues=filtered([mine], [named])).source()
    assert list(await source.own(ANN, 100)) == [6, 5]


@pytest.mark.parametrize(
    "lie",
    [
        filtered([issue(5, 8)], []),
        filtered([], [issue(6, 2, "b@x.ru")]),
        {"issues": [], "total_count": 3},
        {"issues": "all", "total_count": 0},
        {"total_count": 0},
        {"issues": [{"id": 5}], "total_count": 1},
        {"issues": [{**issue(5, 7), "id": "5"}], "total_count": 1},
        {"issues": [{**issue(5, 7), "author": "ann"}], "total_count": 1},
        httpx.Response(200, content=b"<html>"),
        httpx.Response(404, content=b"{}"),
    ],
)
async def test_an_answer_that_cant_be_true_shows_nothing(lie: Any) -> None:
    with pytest.raises(BadResponse):
        await Imitation(issues=lie).source().own(ANN, 100)


async def test_issues_that_were_not_asked_for_are_left_out() -> None:
    source = Imitation(issues=listed(issue(5, 7), issue(6, 7))).source()
    assert set(await source.ownerships([5])) == {5}


@pytest.mark.parametrize(
    "texts", [["joann@x.ru"], ["ann@x.ru.net"], [], ["(ann@x.ru) b@x.ru"], ['"ann@x.ru" <b@x.ru>']]
)
async def test_what_contains_the_address_is_compared_whole(texts: list[str]) -> None:
    source = Imitation(issues=filtered([], [issue(6, 2, *texts)] if texts else [])).source()
    assert await source.own(ANN, 100) == {}


async def test_an_address_in_another_field_counts_nothing() -> None:
    source = Imitation(issues=filtered([], [issue(6, 2, "ann@x.ru", field=13)])).source()
    assert await source.own(ANN, 100) == {}


async def test_a_redmine_that_is_slow_is_unavailable() -> None:
    async def late(_: httpx.Request) -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    source = Imitation(issues=late, **{"issues/5": late}).source(deadline=0.05)
    for waiting in (source.own(ANN, 100), source.ownerships([5]), source.private_files(5)):
        with pytest.raises(Unavailable):
            await waiting


CREATED = {"issue": issue(9, 4)}


@pytest.mark.parametrize(
    ("after", "deletes", "error"),
    [
        (listed(issue(9, 4)), httpx.Response(204), NotAllowed),
        (listed(issue(9, 2, "ann@x.ru")), httpx.Response(204), NotAllowed),
        (listed(), httpx.Response(204), NotAllowed),
        (httpx.Response(500), httpx.Response(204), Unavailable),
        (listed(issue(9, 4)), httpx.Response(500), OutcomeUnknown),
    ],
)
async def test_a_request_that_is_not_its_requesters_is_deleted_again(
    after: Any, deletes: httpx.Response, error: type[HelpdeskError]
) -> None:
    """Redmine ignored the address, or somebody else became its author."""

    def issues(request: httpx.Request) -> Any:
        return CREATED if request.method == "POST" else after

    def one(request: httpx.Request) -> httpx.Response:
        return deletes if request.method == "DELETE" else httpx.Response(204)

    imitation = Imitation(**{"users/4": {"user": {"id": 4, "login": ""}}, "issues": issues, "issues/9": one})
    with pytest.raises(error):
        await imitation.source(anonymous=4).create(STRANGER, NewTask(1, "x", "y"), "ann@x.ru")
    assert ("DELETE", "issues/9") in imitation.asked


async def test_a_request_that_is_its_requesters_stays() -> None:
    def issues(request: httpx.Request) -> Any:
        return CREATED if request.method == "POST" else listed(issue(9, 4, "ann@x.ru"))

    imitation = Imitation(**{"users/4": {"user": {"id": 4, "login": ""}}, "issues": issues})
    assert await imitation.source(anonymous=4).create(STRANGER, NewTask(1, "x", "y"), "ann@x.ru") == 9
    assert not any(method == "DELETE" for method, _ in imitation.asked)


async def test_whose_key_it_is_stays_known_while_redmine_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests are read by SQL then."""
    monkeypatch.setattr(requests, "REMEMBERED_SECONDS", 0)
    imitation = Imitation()
    source = imitation.source()
    owner = await source.system()
    imitation.answers["users/current"] = httpx.Response(503)
    assert await source.system() == owner == Actor(1, "admin", is_admin=True)
    imitation.answers["users/current"] = httpx.Response(401)
    with pytest.raises(WrongKey):
        await source.system()
    with pytest.raises(WrongKey):
        await Imitation(**{"users/current": httpx.Response(401)}).source().system()
