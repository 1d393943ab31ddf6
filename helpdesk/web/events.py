"""The events of the streams (contract §6) as bytes: for pages with fragments, for programs with JSON."""

import json
from datetime import datetime
from functools import lru_cache
from secrets import randbelow
from typing import Any

from helpdesk.languages import say
from helpdesk.notifications.channels.streams import Face
from helpdesk.notifications.freshness import Freshness
from helpdesk.store.feed_marks import Act
from helpdesk.store.notifications import Kept
from helpdesk.web import telling
from helpdesk.web.api.shapes import moment
from helpdesk.web.rendering import Renderer
from helpdesk.web.telling import Told

RETRY_MILLISECONDS = 3_000
PAGE, PROGRAM, ONLOOKER = "page", "program", "onlooker"
"""The last one is a program that names the tasks it wants to hear of; others hear of status changes they are told."""
MOST_SHAPES = 64
ANY_ID, ANY_COUNT = (10**15 + randbelow(10**15) for _ in range(2))
"""Where a fragment that many people get has what differs; nobody outside knows them, to write them into a comment."""


class Events:
    """What a stream is given, in the words of its face."""

    def __init__(self, renderer: Renderer) -> None:
        self.renderer = renderer
        self._for_many = lru_cache(MOST_SHAPES)(self._fragment)

    def kept(self, face: Face, row: Kept, unread: int) -> bytes:
        """A row just written: whether its person sees the task was asked when it was.

        What thousands of people are told of one act is rendered once for those who hear the same.
        """
        if face.kind != PAGE:
            return self.told(face, telling.in_full(row), unread)
        shape = self._for_many(face.language, row._replace(id=ANY_ID, person_id=0), ANY_COUNT)
        shown = shape.replace(str(ANY_ID), str(row.id)).replace(str(ANY_COUNT), str(unread))
        return event("new_notification", shown, row.id)

    def told(self, face: Face, told: Told, unread: int) -> bytes:
        if face.kind == PAGE:
            return event("new_notification", self._rendered(face.language, told, unread), told.kept.id)
        news = event("new_notification", json.dumps(_shape(face, told, unread)), told.kept.id)
        if face.kind == ONLOOKER or told.kept.type != "status_change" or not told.new_status:
            return news
        row = told.kept
        return news + _status_changed(row.task_id, told.old_status, told.new_status, row.author, row.happened_at)

    def became(self, face: Face, act: Act) -> bytes:
        """That a task on the screen has changed."""
        changed = event("task_changed", json.dumps({"task_id": act.task_id, "version": act.key}))
        if face.kind == PAGE or not act.new_status:
            return changed
        return changed + _status_changed(act.task_id, act.old_status, act.new_status, act.author, act.happened_at)

    def feed(self, face: Face, freshness: Freshness) -> bytes:
        """Whether what happens is told as it happens, and as of when all has been told."""
        if face.kind == PAGE:
            return event("feed", self.renderer.part(face.language, "layout/_fresh.html", freshness=freshness))
        as_of = freshness.as_of and moment(freshness.as_of)
        return event("feed", json.dumps({"state": "live" if freshness.live else "stale", "as_of": as_of}))

    def _fragment(self, language: str, row: Kept, unread: int) -> str:
        return self._rendered(language, telling.in_full(row), unread)

    def _rendered(self, language: str, told: Told, unread: int) -> str:
        return self.renderer.part(language, "notifications/_event.html", told=told, unread=unread)

    def unread(self, face: Face, unread: int) -> bytes:
        return event("unread", str(unread) if face.kind == PAGE else json.dumps({"unread_count": unread}))


def event(name: str, data: str, id: int | None = None) -> bytes:
    """One event. A text of several lines is one of several lines there, too."""
    lines = [f"event: {name}", *([f"id: {id}"] if id is not None else []), *(f"data: {it}" for it in data.splitlines())]
    return ("\n".join(lines) + "\n\n").encode()


def hello(last: int) -> bytes:
    """The first thing a stream says: when to come back should it break, and after which notification."""
    return f"retry: {RETRY_MILLISECONDS}\nid: {last}\n\n".encode()


def session_ended() -> bytes:
    return event("session_ended", "{}")


def _status_changed(task_id: int, old: str, new: str, by: str, at: datetime) -> bytes:
    happened = moment(at)
    told = {"task_id": task_id, "old_status": old, "new_status": new, "updated_by": by}
    return event("task_status_changed", json.dumps(told | {"updated_at": happened, "timestamp": happened}))


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
