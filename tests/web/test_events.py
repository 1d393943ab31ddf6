"""Events of the streams as bytes."""

from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from helpdesk.app import create_app
from helpdesk.notifications.channels.sse.streams import Face
from helpdesk.services import Services
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.web.live.events import PAGE, Events
from helpdesk.web.notifications import render as notification_render

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ROW = NotificationRow(
    2, "entry.1", "comment", "commented", 5, 1, "Стул", "Борис", "", "", "Это <b>7</b>", False, "chime", AT, 7, AT
)


@pytest.fixture
def events(services: Services) -> Events:
    app = create_app(services)
    with TestClient(app):
        found: Events = app.app.state.services.live.events  # type: ignore[attr-defined]  # inside the edge
    return found


@pytest.mark.parametrize("language", ["ru", "en"])
def test_an_event_rendered_once_for_many_is_what_each_would_get(events: Events, language: str) -> None:
    face = Face(PAGE, language)
    for row, unread in ((ROW, 3), (ROW._replace(id=8, person_id=3), 77), (ROW._replace(id=9, excerpt="Другое"), 1)):
        assert events.new_row(face, row, unread) == events.item(face, notification_render.in_full(row), unread)
    assert events._for_many.cache_info()[:2] == (1, 2)
