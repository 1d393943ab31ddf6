"""A new room is a folder, a line among the routes, a line of the access and a line of the navigation."""

import re
from collections.abc import Iterator

import pytest
from jinja2 import ChoiceLoader, DictLoader
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from helpdesk.app import create_app
from helpdesk.errors import sentence
from helpdesk.services import Services
from helpdesk.store import rights
from helpdesk.web import access
from helpdesk.web.core import navigation
from helpdesk.web.core.faces import answer, html, json_response
from helpdesk.web.core.guards import needs
from helpdesk.web.core.navigation import ROOMS, Room
from helpdesk.web.core.services import path_maker
from helpdesk.web.core.templating import Renderer
from helpdesk.web.routes import ROUTES
from tests.web.conftest import HTML, session_cookie
from tests.world import PEOPLE_IDS

QUALITY = "can_access_quality_control"
PAGE = '{% extends "base.html" %}{% block title %}Toys{% endblock %}{% block main %}<h1>A ball</h1>{% endblock %}'


async def index(request: Request) -> Response:
    return await answer(
        request,
        json=lambda: json_response(request, {"toys": ["ball"]}),
        page=lambda: html(request, "toys/index.html"),
    )


@pytest.fixture
def client(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The application with a room for those who check quality."""
    routes = [*ROUTES, Route("/toys", needs(QUALITY)(index), name="toys:index")]
    monkeypatch.setattr("helpdesk.app.ROUTES", routes)
    monkeypatch.setitem(access.ACCESS, "toys:index", QUALITY)
    monkeypatch.setattr("helpdesk.app.path_maker", path_maker)  # those that all tests share do not know the room
    monkeypatch.setattr("helpdesk.app.Renderer", Renderer)
    monkeypatch.setattr(
        navigation, "ROOMS", (*ROOMS, Room("service", "toys:index", sentence("Toys"), "bell", (QUALITY,)))
    )
    app = create_app(services)
    renderer = app.app.state.services.renderer  # type: ignore[attr-defined]  # Edge's
    for environment in renderer.environments.values():
        environment.loader = ChoiceLoader([DictLoader({"toys/index.html": PAGE}), environment.loader])
    with TestClient(app, follow_redirects=False) as client:
        yield client


def test_a_new_room_is_shown_to_those_who_hold_its_right(services: Services, client: TestClient) -> None:
    services.database.run_here(lambda db: rights.grant(db, PEOPLE_IDS["anna"], QUALITY), writes=True)
    client.cookies.set("session", session_cookie(services, "anna"))
    assert re.search(r'<a href="/toys"><svg .*</svg><span>Toys</span></a>', client.get("/tasks", headers=HTML).text)
    page = client.get("/toys", headers=HTML).text
    assert "<h1>A ball</h1>" in page and '<a href="/toys" aria-current="page">' in page
    assert client.get("/toys").json()["toys"] == ["ball"]


def test_a_new_room_is_closed_to_everybody_else(services: Services, client: TestClient) -> None:
    assert client.get("/toys").json()["error"] == "not_signed_in"
    client.cookies.set("session", session_cookie(services, "boris"))
    assert "/toys" not in client.get("/tasks", headers=HTML).text
    assert client.get("/toys").json()["error"] == "not_allowed"
