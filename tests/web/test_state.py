"""Every page says when what it shows comes the slow way, and to administrators why."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Literal

import pytest
from starlette.testclient import TestClient

from helpdesk.app import create_app
from helpdesk.errors import sentence
from helpdesk.notifications.feed_poller import FeedStatus
from helpdesk.services import Services
from helpdesk.tasks.backend import State
from helpdesk.tasks.embedded.backend import EmbeddedBackend
from tests.web.conftest import HTML, HTMX, session_cookie

NOON = datetime(2026, 11, 21, 9, tzinfo=UTC)
SILENT = State("silent", NOON)
DIFFERING = State("differing", NOON, sentence("Somewhere"))
PAGES = ("/tasks/my-tasks", "/tasks", "/tasks/new", "/replies", "/tasks/999999")


@pytest.fixture
def seeing(services: Services) -> Callable[[State, str], TestClient]:
    """A browser over a tracker in that state."""

    def come(state: State, login: str) -> TestClient:
        tracker = services.backend
        assert isinstance(tracker, EmbeddedBackend)
        tracker.state = state
        client = TestClient(create_app(replace(services, backend=tracker)), follow_redirects=False)
        if login:
            client.cookies.set("session", session_cookie(services, login))
        return client

    return come


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_since_when_the_database_is_silent(seeing, path: str) -> None:
    page = seeing(SILENT, "anna").get(path, headers=HTML).text
    assert page.count('role="status"') == 3  # and how fresh it is, and where toasts come
    assert (
        'Redmine\'s database has not answered since <time datetime="2026-11-21T09:00:00Z">21.11.2026 12:00</time>.'
    ) in page
    assert "words are searched for in subjects only" in page


def test_the_state_is_shown_in_russian_too(seeing) -> None:
    page = seeing(SILENT, "anna").get("/tasks", headers={**HTML, "Accept-Language": "ru"}).text
    assert "База данных Redmine не отвечает с <time" in page


@pytest.mark.parametrize("path", PAGES)
def test_administrators_alone_are_told_where_it_differs(seeing, path: str) -> None:
    admin = seeing(DIFFERING, "admin").get(path, headers=HTML).text
    assert "has not been read since" in admin and "(Somewhere). The log says more." in admin
    anna = seeing(DIFFERING, "anna").get(path, headers=HTML).text
    assert "has not been read since" in anna and "Somewhere" not in anna


@pytest.mark.parametrize("kind", ["full", "silent", "differing"])
def test_administrators_alone_are_told_what_they_should_know_besides(seeing, kind: Literal["full"]) -> None:
    state = State(kind, NOON, notes=(sentence("Redmine's lists are short."), sentence("Redmine's texts are odd.")))
    for path in PAGES[:2]:
        admin = seeing(state, "admin").get(path, headers=HTML).text
        assert "Redmine's lists are short." in unescape(admin) and "Redmine's texts are odd." in unescape(admin)
        assert "are short" not in seeing(state, "anna").get(path, headers=HTML).text


def test_nothing_is_said_when_all_is_well_nor_to_strangers_nor_in_fragments(seeing) -> None:
    assert 'class="state"' not in seeing(State(), "anna").get("/tasks", headers=HTML).text
    assert 'class="state"' not in seeing(SILENT, "").get("/users/login", headers=HTML).text
    assert 'class="state"' not in seeing(SILENT, "anna").get("/tasks/nowhere", headers=HTMX).text


async def test_watchers_run_while_the_application_does(services: Services) -> None:
    told: list[str] = []

    async def watch() -> None:
        told.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            told.append("ended")

    async def fail() -> None:
        raise RuntimeError

    with TestClient(create_app(replace(services, watchers=(watch, fail)))) as client:
        assert client.get("/healthz").is_success and told == ["begun"]
    assert told == ["begun", "ended"]


def test_a_page_is_fetched_again_when_the_state_changes(seeing) -> None:
    anna = seeing(State(), "anna")
    before = anna.get("/tasks", headers=HTML)
    again = {**HTML, "If-None-Match": before.headers["etag"]}
    assert anna.get("/tasks", headers=again).status_code == 304
    assert seeing(SILENT, "anna").get("/tasks", headers=again).status_code == 200


# What a page says of its own age, without a stream


AT = datetime(2026, 11, 20, 9, 30, 15, tzinfo=UTC)


def shown(services: Services, feed_status: FeedStatus) -> str:
    with TestClient(create_app(replace(services, feed_status=lambda: feed_status))) as client:
        client.cookies.set("session", session_cookie(services, "anna"))
        return client.get("/tasks/my-tasks", headers=HTML).text


def test_while_the_task_system_does_not_answer_a_page_says_as_of_when_it_is(services: Services) -> None:
    assert "as of 12:30:15, the task system does not answer" in shown(services, FeedStatus(False, AT, AT))


def test_a_page_by_itself_never_says_that_it_is_live(services: Services) -> None:
    for feed_status in (FeedStatus(True, AT, AT), FeedStatus(False, AT, None)):
        assert '<span id="fresh"></span>' in shown(services, feed_status)
