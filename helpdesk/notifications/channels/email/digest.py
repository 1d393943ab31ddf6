"""Gather what is sent to a person in one mail: what a digest brings, and what came in quiet hours."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from helpdesk.notifications.channels.port import DIGEST, Item

MOST_ENTRIES = 100


class Group(NamedTuple):
    """The entries of one task, newest first; all that are of no task are in group 0."""

    task_id: int
    items: tuple[Item, ...]


def mails(items: Sequence[Item]) -> list[tuple[Item, ...]]:
    """Return items by the mails in which they go out, in their order: those of a person's bundles together."""
    bundled: dict[int, list[Item]] = {}
    gathered: list[list[Item]] = []
    for item in items:
        if item.row.bundle and item.notification and item.row.person_id in bundled:
            bundled[item.row.person_id].append(item)
            continue
        gathered.append([item])
        if item.row.bundle and item.notification:
            bundled[item.row.person_id] = gathered[-1]
    return [tuple(each) for each in gathered]


def is_digest(items: Sequence[Item]) -> bool:
    """Tell whether items go out as a digest. One alone that came in quiet hours is sent as what it is."""
    return len(items) > 1 or items[0].row.bundle == DIGEST


def groups(items: Iterable[Item]) -> tuple[list[Group], int]:
    """Return the newest items by their tasks, the task with the newest first, and how many are left out."""
    newest = sorted(items, key=_age)
    shown = newest[:MOST_ENTRIES]
    order = list(dict.fromkeys(map(_task, shown)))
    by_task = groupby(sorted(shown, key=lambda it: order.index(_task(it))), key=_task)
    return [Group(task, tuple(entries)) for task, entries in by_task], len(newest) - len(shown)


def _age(item: Item) -> tuple[float, int]:
    assert item.notification
    return -item.notification.happened_at.timestamp(), -item.row.id


def _task(item: Item) -> int:
    return item.row.task_id
