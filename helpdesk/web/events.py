"""The events of the streams (contract §6) as bytes: for pages with fragments, for programs with JSON."""

import json
from datetime import UTC, datetime
from typing import Any

from helpdesk.languages import say
from helpdesk.notifications.channels.streams import Face
from helpdesk.store.notifications import Kept
from helpdesk.web import telling
from helpdesk.web.api.shapes import moment
from helpdesk.web.rendering import Renderer
from helpdesk.web.telling import Told

RETRY_MILLISECONDS = 3_000
PAGE, PROGRAM = "page", "program"


class Events:
    """What a stream is given, in the words of its face."""

    def __init__(self, renderer: Renderer) -> None:
        self.renderer = renderer

    def kept(self, face: Face, row: Kept, unread: int) -> bytes:
        """A row just written: whether its person sees the task was asked when it was."""
        return self.told(face, telling.in_full(row), unread)

    def told(self, face: Face, told: Told, unread: int) -> bytes:
        if face.kind == PAGE:
            shown = self.renderer.part(face.language, "notifications/_event.html", told=told, unread=unread)
            return event("new_notification", shown, told.kept.id)
        return event("new_notification", json.dumps(_shape(face, told, unread)), told.kept.id)

    def unread(self, face: Face, unread: int) -> bytes:
        return event("unread", str(unread) if face.kind == PAGE else json.dumps({"unread_count": unread}))


def event(name: str, data: str, id: int | None = None) -> bytes:
    """One event. A text of several lines is one of several lines there, too."""
    lines = [f"event: {name}", *([f"id: {id}"] if id is not None else []), *(f"data: {it}" for it in data.splitlines())]
    return ("\n".join(lines) + "\n\n").encode()


def feed(is_live: bool, as_of: datetime | None) -> bytes:
    """Whether what happens is told as it happens, and as of when all has been told."""
    state = "live" if is_live else "stale"
    return event("feed", json.dumps({"state": state, "as_of": as_of and moment(as_of.astimezone(UTC))}))


def hello() -> bytes:
    """The first thing a stream says: when to come back should it break."""
    return f"retry: {RETRY_MILLISECONDS}\n\n".encode()


def session_ended() -> bytes:
    return event("session_ended", "{}")


def _shape(face: Face, told: Told, unread: int) -> dict[str, Any]:
    return {
        "id": told.kept.id,
        "issue_id": told.kept.task_id,
        "title": say(face.language, told.title),
        "message": say(face.language, told.message),
        "type": told.kept.type,
        "created_at": moment(told.kept.happened_at),
        "unread_count": unread,
    }
