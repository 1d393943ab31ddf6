"""The table of addresses: nothing is open by oversight."""

import re

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from helpdesk.web.core.guards import public
from helpdesk.web.edge import legacy_redirects
from helpdesk.web.routes import ROUTES, without_guard
from tests.web.conftest import Visit

PLACES = {"board", "files", "lists", "tasks"}
OPEN = {"/", "/healthz", "/readyz", "/static/{name:path}", "/preferences"}
OPEN |= {"/users/login", "/users/logout", "/users/register"}
OPEN |= {old for old, *_ in legacy_redirects.MOVED}


async def forgotten(request: object) -> Response:
    return PlainTextResponse("open")


def test_every_route_declares_its_guard() -> None:
    assert without_guard(ROUTES) == []
    assert without_guard([Route("/x", forgotten), Mount("/y", app=forgotten), Route("/z", public(forgotten))]) == [
        "/x",
        "/y",
    ]


def test_only_these_routes_are_open_to_everybody() -> None:
    assert {route.path for route in ROUTES if route.endpoint.guard in ("public", "unguarded")} == OPEN


def test_whatever_is_not_open_refuses_somebody_without_a_session(visit: Visit) -> None:
    client = visit()
    for route in ROUTES:
        if route.path not in OPEN:
            address = re.sub(r"\{\w+:int\}", "1", route.path)
            for method in route.methods - {"HEAD"}:
                assert client.request(method, address).json()["error"] == "not_signed_in", address


def test_route_names_handlers_and_addresses_agree() -> None:
    for route in ROUTES:
        subject, _, verb = route.name.partition(":")
        if subject == "tasks":
            assert route.endpoint.__name__ == verb and route.endpoint.__module__.split(".")[2] in PLACES
