"""Define what a channel is: a way by which notifications reach people.

A channel is a folder beside this file and a line in `registry.py`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from helpdesk.errors import Sentence
from helpdesk.notifications.kinds import Type
from helpdesk.settings.settings import Settings
from helpdesk.store.database import Database
from helpdesk.store.models.notifications import NotificationRow


class Option(NamedTuple):
    """A choice that preferences offer for each type of notification: a column of their matrix.

    `name` is its name in forms and in stored JSON, and is never changed. `default` are the types for which it is chosen
    by who has chosen nothing. Quiet hours silence what is `loud`; the daily digest replaces what is `digested`; an
    option that `needs` another one has no effect without it.
    """

    name: str
    label: Sentence
    default: frozenset[Type]
    loud: bool = True
    digested: bool = False
    needs: str | None = None


class Delivery(NamedTuple):
    """A notification for one person, and the names of the options that the person chose for it.

    It is listed on the page, and has an `id` there, when the option "page" is among them.
    """

    notification: NotificationRow
    options: frozenset[str]


class PermanentFailure(Exception):
    """This notification can never be delivered, for example because the address no longer exists: do not try again."""


class Resources(NamedTuple):
    """What a channel may use."""

    settings: Settings
    database: Database


Deliver = Callable[[Delivery], Awaitable[None]]
"""Delivers one notification. Returns when the other side has accepted it, within DELIVER_SECONDS. Raises
PermanentFailure when trying again is pointless; after any other exception it is called again later."""


def not_queued(resources: Resources) -> Deliver | None:
    """Connect a channel without a queue: the stream, and those that preferences offer before they are built."""
    return None


@dataclass(frozen=True)
class Channel:
    """`options` are what preferences offer. `connect` returns what delivers, or None where the settings leave the
    channel out; it contacts nobody."""

    name: str
    options: tuple[Option, ...]
    connect: Callable[[Resources], Deliver | None] = not_queued
