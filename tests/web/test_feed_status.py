"""What a page says of its own age, without a stream."""

from dataclasses import replace
from datetime import UTC, datetime

from starlette.testclient import TestClient

from helpdesk.app import create_app
from helpdesk.notifications.feed_poller import FeedStatus
from helpdesk.services import Services
from tests.web.conftest import HTML, session_cookie

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
