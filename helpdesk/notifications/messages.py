"""Put notifications into words. They are stored as data, and put into the reader's language when they are read."""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import reduce
from typing import NamedTuple

from helpdesk.durations import in_words
from helpdesk.errors import Sentence, sentence
from helpdesk.notifications.kinds import TYPES, Kind, type_of
from helpdesk.notifications.plain_text import excerpt
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.system_names import SYSTEMS
from helpdesk.tasks.feed import Change, Event
from helpdesk.texts import subject_of, trimmed

TITLES = {
    "mentioned": sentence("%(who)s mentioned you in #%(task)s"),
    "given": sentence("%(who)s assigned #%(task)s to you"),
    "taken": sentence("#%(task)s is no longer assigned to you"),
    "created": sentence("%(who)s created #%(task)s"),
    "commented": sentence("%(who)s commented on #%(task)s"),
    "status": sentence("The status of #%(task)s is now %(new)s"),
    "priority": sentence("The priority of #%(task)s is now %(new)s"),
    "files": sentence("%(who)s added to the files of #%(task)s"),
    "reassigned": sentence("%(who)s changed who works on #%(task)s"),
    "changed": sentence("%(who)s changed #%(task)s"),
    "put_aside": sentence("Nobody was notified of a change to #%(task)s"),
    "system_down": sentence("%(system)s does not work"),
    "system_up": sentence("%(system)s works again"),
    "host_down": sentence("%(subject)s does not answer"),
    "host_up": sentence("%(subject)s answers again"),
    "host_expiring": sentence("The certificate of %(subject)s expires soon"),
    "hosts_down": sentence("Hosts that do not answer: %(subject)s"),
    "hosts_up": sentence("Hosts that answer again: %(subject)s"),
    "hosts_expiring": sentence("Hosts whose certificates expire soon: %(subject)s"),
    "answer_near": sentence("The time to answer #%(task)s is running out"),
    "answer_over": sentence("The time to answer #%(task)s is over"),
    "solution_near": sentence("The time to solve #%(task)s is running out"),
    "solution_over": sentence("The time to solve #%(task)s is over"),
    "promises": sentence("Tasks whose promised time is running out or over: %(subject)s"),
    "quality": sentence("New in quality control: #%(task)s"),
    "quality_new": sentence("New requests in quality control: %(subject)s"),
    "post": sentence("Announcement: %(subject)s"),
    "test": sentence("A test"),
    "report": sentence("Report: %(subject)s"),
}
OF_NO_TASK = {
    "put_aside": sentence("It could not be processed. The log of the server says more."),
    "system_down": sentence("Why, and what to do about it, is shown in the administration, under “Systems”."),
    "system_up": sentence("Two checks in a row have found it in order."),
    "host_down": sentence("Since when, and what to do about it, is shown in the network monitor."),
    "host_up": sentence("How long it was away is shown in the network monitor."),
    "host_expiring": sentence("The day is shown in the network monitor."),
    "hosts_down": sentence("Which, and since when, is shown in the network monitor."),
    "hosts_up": sentence("Which, and how long they were away, is shown in the network monitor."),
    "hosts_expiring": sentence("Which, and on what day, is shown in the network monitor."),
    "promises": sentence("Which, and how much time they have left, is shown in the list of tasks."),
    "quality_new": sentence("Which they are is shown in quality control."),
    "post": sentence("By %(who)s"),
    "test": sentence("Notifications reach you here."),
    "report": sentence("You get it by e-mail, as you have chosen."),
}
"""The texts of notifications about no task, by their kinds (`kinds.READERS`)."""
FOR_DEPUTY = {
    "mentioned": sentence("%(who)s mentioned %(absent)s (away) in #%(task)s"),
    "given": sentence("%(who)s assigned #%(task)s to %(absent)s (away)"),
}
"""The titles for the deputy of somebody who is away."""
WARNED = re.compile(r"([0-9]{1,9}) ([0-9]{1,9})")
UNKNOWN = sentence("Somebody")
A_SYSTEM = sentence("A system")
STATUS = sentence("Status: %(old)s → %(new)s")
PRIORITY = sentence("Priority: %(old)s → %(new)s")
LEFT = sentence("Working time left: %(left)s of %(limit)s")
SPENT = sentence("Working time promised: %(limit)s")
INSTEAD = sentence("You stand in for %(absent)s (away)")
ABOUT = sentence("%(subject)s")
JOINED = sentence("%(first)s · %(second)s")


class Excerpts(NamedTuple):
    """What is shown of the comment and of the file names of an event."""

    notes: str
    files: str


class Message(NamedTuple):
    """`title` says what happened. `message` says to which task, from what to what, and what was written; `details` are
    that without the task."""

    title: Sentence
    message: Sentence
    details: tuple[Sentence | str, ...]


def excerpts(event: Event) -> Excerpts:
    """Shorten the texts of an event. With a long text it takes a while."""
    return Excerpts(excerpt(event.notes), excerpt(", ".join(event.files)))


def notification(event: Event, person: int, kind: Kind, short: Excerpts, sound: str = "") -> NotificationRow:
    """Return what is stored of an event for the person with this account id; `short` are the event's texts."""
    changed = (event.priority if kind == "priority" else event.status) or Change("", "")
    return NotificationRow(
        person_id=person,
        event=event.key,
        type=TYPES[kind],
        kind=kind,
        task_id=event.task_id,
        project_id=event.project_id,
        subject=event.subject,
        author=event.by.name if event.by else "",
        old=changed.old,
        new=changed.new,
        excerpt=short.files if kind == "files" else short.notes,
        is_private=event.private,
        sound=sound,
        happened_at=event.at,
    )


def dropped_notification(event: Event, administrator: int) -> NotificationRow:
    """Return an administrator's notification of a dropped event: of the task only its number.

    Not every administrator may see the task, and its texts may be the reason why the event could not be processed.
    """
    row = notification(event, administrator, "put_aside", Excerpts("", ""))
    return row._replace(subject="", author="", old="", new="", is_private=False)


def notification_to_self(person_id: int, token: str, now: datetime) -> NotificationRow:
    """Return what a person sends to a device of their own, to see whether it arrives."""
    return of_no_task(person_id, f"test.{token}", "test", now)


def of_no_task(
    person_id: int, event: str, kind: Kind, now: datetime, subject: str = "", sound: str = ""
) -> NotificationRow:
    """Return a notification about no task. Where its kind leads to a page of its own, the page's number is the second
    part of the `event`, as in `post.7`."""
    return NotificationRow(
        person_id=person_id,
        event=event,
        type=TYPES[kind],
        kind=kind,
        task_id=0,
        project_id=0,
        subject=subject,
        author="",
        old="",
        new="",
        excerpt="",
        is_private=False,
        sound=sound,
        happened_at=now,
    )


class Warned(NamedTuple):
    """What a warning of a promise says beside its kind, in minutes of working time."""

    limit: int
    left: int

    def written(self) -> str:
        """Return it as the excerpt of a notification keeps it."""
        return f"{self.limit} {self.left}"


def message(row: NotificationRow) -> Message:
    """Put a notification into words. A kind that is not known here is shown as a change."""
    if row.kind in OF_NO_TASK:
        first = Sentence(OF_NO_TASK[row.kind].text, {"who": trimmed(row.author) or UNKNOWN})
        parts = (first, *(_details(row) if row.kind == "post" else ()))
        return Message(_title(row), reduce(_joined, parts[1:], first), parts)
    details = tuple(_details(row))
    about = Sentence(ABOUT.text, {"subject": subject_of(row.subject)})
    return Message(_title(row), reduce(_joined, details, about), details)


def _title(row: NotificationRow) -> Sentence:
    is_known = row.kind in TITLES and bool(row.new or row.kind not in ("status", "priority"))
    values = {"who": trimmed(row.author) or UNKNOWN, "task": row.task_id, "new": row.new}
    if row.kind in OF_NO_TASK:
        values["subject"] = subject_of(row.subject)
    values["system"] = SYSTEMS.get(row.subject, A_SYSTEM)  # a task's subject is never taken for one
    if row.absent and row.kind in FOR_DEPUTY:
        return Sentence(FOR_DEPUTY[row.kind].text, {**values, "absent": row.absent})
    return Sentence(TITLES[row.kind if is_known else "changed"].text, values)


def _details(row: NotificationRow) -> Iterator[Sentence | str]:
    if type_of(row.kind) == "promise":
        yield from _warned(row.excerpt)
        if row.absent:
            yield Sentence(INSTEAD.text, {"absent": row.absent})
        return
    if row.old and row.new:
        label = PRIORITY if row.kind == "priority" else STATUS
        yield Sentence(label.text, {"old": row.old, "new": row.new})
    if row.excerpt:
        yield row.excerpt


def _warned(excerpt: str) -> Iterator[Sentence]:
    """Return the minutes of a warning in words; nothing of an excerpt that has none."""
    numbers = WARNED.fullmatch(excerpt)
    if numbers:
        limit, left = map(int, numbers.groups())
        yield Sentence((LEFT if left else SPENT).text, {"limit": in_words(limit), "left": in_words(left)})


def _joined(first: Sentence, second: Sentence | str) -> Sentence:
    return Sentence(JOINED.text, {"first": first, "second": second})
