"""Write the events of the streams (contract §6) as bytes: with fragments for pages, with JSON for programs."""

import json
from datetime import datetime
from functools import lru_cache
from secrets import randbelow
from typing import Any

from helpdesk.languages import say
from helpdesk.notifications.channels.sse.streams import Face
from helpdesk.notifications.feed_poller import FeedStatus
from helpdesk.store.models.notifications import EventRecord, NotificationRow
from helpdesk.web.core.faces import moment
from helpdesk.web.core.templating import Renderer
from helpdesk.web.notifications import render as notification_render
from helpdesk.web.notifications.render import Item

RETRY_MILLISECONDS = 3_000
PAGE, PROGRAM, TASK_VIEWER = "page", "program", "task_viewer"
"""A task viewer is a program that names the tasks it wants to hear of. Other programs hear of status changes with
their notifications."""
MOST_FRAGMENTS = 64
ANY_ID, ANY_COUNT = (10**15 + randbelow(10**15) for _ in range(2))
"""Placeholders in a fragment that many people get. They are random, so that nobody can write them into a comment."""


class Events:
    """Writes events in the form of a stream's face."""

    def __init__(self, renderer: Renderer) -> None:
        self.renderer = renderer
        self._for_many = lru_cache(MOST_FRAGMENTS)(self._fragment)

    def new_row(self, face: Face, row: NotificationRow, unread: int) -> bytes:
        """Write a row that was just stored. Its person's permission was checked when it was stored.

        The fragment is rendered once for all people who get the same notification.
        """
        if face.kind != PAGE:
            return self.item(face, notification_render.in_full(row), unread)
        fragment = self._for_many(face.language, row._replace(id=ANY_ID, person_id=0), ANY_COUNT)
        data = fragment.replace(str(ANY_ID), str(row.id)).replace(str(ANY_COUNT), str(unread))
        return event("new_notification", data, row.id)

    def item(self, face: Face, item: Item, unread: int) -> bytes:
        """Write a notification, and the change of status that it is about."""
        row = item.row
        if face.kind == PAGE:
            return event("new_notification", self._rendered(face.language, item, unread), row.id)
        news = event("new_notification", json.dumps(_to_dict(face, item, unread)), row.id)
        if face.kind == TASK_VIEWER or row.type != "status_change" or not item.new_status:
            return news
        return news + _status_changed(row.task_id, item.old_status, item.new_status, row.author, row.happened_at)

    def task_changed(self, face: Face, record: EventRecord) -> bytes:
        """Write that a task on the screen has changed."""
        changed = event("task_changed", json.dumps({"task_id": record.task_id, "version": record.key}))
        if face.kind == PAGE or not record.new_status:
            return changed
        statuses = record.old_status, record.new_status
        return changed + _status_changed(record.task_id, *statuses, record.author, record.happened_at)

    def feed(self, face: Face, feed_status: FeedStatus) -> bytes:
        """Write the status of the feed."""
        if face.kind == PAGE:
            return event(
                "feed", self.renderer.fragment(face.language, "layout/_feed_status.html", feed_status=feed_status)
            )
        as_of = feed_status.as_of and moment(feed_status.as_of)
        return event("feed", json.dumps({"state": "live" if feed_status.live else "stale", "as_of": as_of}))

    def _fragment(self, language: str, row: NotificationRow, unread: int) -> str:
        return self._rendered(language, notification_render.in_full(row), unread)

    def _rendered(self, language: str, item: Item, unread: int) -> str:
        return self.renderer.fragment(language, "notifications/_event.html", item=item, unread=unread)

    def unread(self, face: Face, unread: int) -> bytes:
        """Write an unread count."""
        return event("unread", str(unread) if face.kind == PAGE else json.dumps({"unread_count": unread}))


def event(name: str, data: str, id: int | None = None) -> bytes:
    """Write one event. Each line of the data gets a line of its own."""
    lines = [f"event: {name}", *([f"id: {id}"] if id is not None else []), *(f"data: {it}" for it in data.splitlines())]
    return ("\n".join(lines) + "\n\n").encode()


def hello(last: int) -> bytes:
    """Write the beginning of a stream: when to reconnect, and after which notification to resume."""
    return f"retry: {RETRY_MILLISECONDS}\nid: {last}\n\n".encode()


def task_removed(task_id: int) -> bytes:
    """Write that a task on the screen was deleted, or that the person may no longer see it."""
    return event("task_changed", json.dumps({"task_id": task_id, "version": "gone"}))


def missed() -> bytes:
    """Write that the stream missed events: the page fetches again what it shows."""
    return event("missed", "{}")


def session_ended() -> bytes:
    return event("session_ended", "{}")


def _status_changed(task_id: int, old: str, new: str, by: str, at: datetime) -> bytes:
    happened = moment(at)
    change = {"task_id": task_id, "old_status": old, "new_status": new, "updated_by": by}
    return event("task_status_changed", json.dumps(change | {"updated_at": happened, "timestamp": happened}))


def _to_dict(face: Face, item: Item, unread: int) -> dict[str, Any]:
    return {
        "id": item.row.id,
        "issue_id": item.row.task_id or None,
        "title": say(face.language, item.title),
        "message": say(face.language, item.message),
        "type": item.row.type,
        "created_at": moment(item.row.happened_at),
        "unread_count": unread,
    }
