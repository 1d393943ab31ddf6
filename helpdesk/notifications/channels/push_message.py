"""Put a notification into what a push shows and how it travels, the same for Web Push and Firebase."""

import json
import re
import unicodedata
from typing import Literal, NamedTuple

from helpdesk.languages import say
from helpdesk.notifications.kinds import READERS, URGENT
from helpdesk.notifications.links import ROOMS, number_of, path_of
from helpdesk.notifications.messages import message
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.texts import one_line

Urgency = Literal["high", "normal", "low"]

ICON = "/static/icons/mark-192.png"
TITLE_BYTES, MESSAGE_BYTES = 400, 1_800
"""The most that each text takes up in JSON. With everything else a push stays below 3,000 bytes."""
ELLIPSIS = "…"
HOURS = 3_600
LONG_SECONDS, SHORT_SECONDS = 24 * HOURS, 8 * HOURS
"""For how long a push service keeps what concerns its person in particular, and all else."""
URGENCY: dict[str, Urgency] = {
    "mentioned": "high",
    "given": "high",
    "system_down": "high",
    "host_down": "high",
    "hosts_down": "high",
    "test": "high",
    "priority": "low",
    "files": "low",
    "changed": "low",
    "system_up": "low",
    "host_up": "low",
    "hosts_up": "low",
}
"""Of other kinds it is normal. What is low may wait until a phone is awake."""
TOPICS = ("task-", "system-", "monitor-")
NOT_IN_TAG = re.compile("[^a-z0-9_-]+")
LONGEST_TAG = 32


class PushMessage(NamedTuple):
    """`tag` names what a later push takes the place of. A service keeps it for `seconds` until the device is there."""

    title: str
    message: str
    url: str
    tag: str
    seconds: int
    urgency: Urgency

    @property
    def topic(self) -> str | None:
        """Return by what push services know that a later push takes the place of this one."""
        return self.tag if self.tag.startswith(TOPICS) else None

    def to_dict(self, row: NotificationRow) -> dict[str, object]:
        """Return it as the contract promises it to service workers (§5)."""
        data = {
            "notification_id": row.id or None,
            "issue_id": row.task_id or None,
            "notification_type": row.type,
            "url": self.url,
            "timestamp": row.happened_at.isoformat(),
        }
        return {"title": self.title, "message": self.message, "icon": ICON, "tag": self.tag, "data": data}


def push_message(row: NotificationRow, language: str) -> PushMessage:
    """Put a notification into a language, as far as there is room for its texts."""
    words = message(row)
    return PushMessage(
        cut(say(language, words.title), TITLE_BYTES),
        cut(say(language, words.message), MESSAGE_BYTES),
        _url(row),
        _tag(row),
        LONG_SECONDS if row.kind in URGENT else SHORT_SECONDS,
        URGENCY.get(row.kind, "normal"),
    )


def payload(row: NotificationRow, language: str) -> bytes:
    """Return the JSON that a service worker gets: at most 3,000 bytes, whatever the texts are."""
    return _json(push_message(row, language).to_dict(row)).encode()


def cut(text: str, limit: int) -> str:
    """Return a text in one line that takes up at most `limit` bytes in JSON, cut before a whole letter.

    A sign that changes the letter before it stays with that letter.
    """
    line = one_line(text[: limit + 1])
    if len(text) <= limit and _size(line) <= limit:
        return line
    left, end = limit - _size(ELLIPSIS), 0
    for letter in line:
        left -= _size(letter)
        if left < 0:
            break
        end += 1
    return _shortened(line, end, limit)


def _shortened(line: str, end: int, limit: int) -> str:
    """Cut a line there, or earlier where what ends its direction takes up room as well."""
    while True:
        while 0 < end < len(line) and _continues(line[end - 1], line[end]):
            end -= 1
        shown = one_line(line[:end]).rstrip() + ELLIPSIS
        if _size(shown) <= limit:
            return shown
        end -= max(1, end // 10)


def _continues(before: str, letter: str) -> bool:
    """Tell whether a character belongs to the one before it."""
    is_mark = unicodedata.combining(letter) or "\ufe00" <= letter <= "\ufe0f" or "\U0001f3fb" <= letter <= "\U0001f3ff"
    return bool(is_mark) or "\u200d" in (before, letter)


def _size(text: str) -> int:
    return len(_json(text).encode()) - 2


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _url(row: NotificationRow) -> str:
    return f"/notifications/{row.id}" if row.id else path_of(row)


def _tag(row: NotificationRow) -> str:
    if row.task_id:
        return f"task-{row.task_id}"
    readers = READERS.get(row.kind)
    if readers in ROOMS:
        number = number_of(row)
        return f"{readers}-{number}" if number else row.kind
    system = NOT_IN_TAG.sub("-", row.subject.lower())
    return (f"system-{system}" if system else row.kind)[:LONGEST_TAG]
