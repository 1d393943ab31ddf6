"""The links of the header: one line a room."""

from typing import NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.people.model import Person
from helpdesk.web.core.rights import Right, holds


class Room(NamedTuple):
    """A link to a route, for everybody or for those who hold a right."""

    route: str
    name: Sentence
    right: Right | None = None
    counts_unread: bool = False


ROOMS = (
    Room("tasks:my_tasks", sentence("My tasks")),
    Room("tasks:every", sentence("All tasks")),
    Room("tasks:board", sentence("Board")),
    Room("tasks:new", sentence("New task")),
    Room("notifications:every", sentence("Notifications"), counts_unread=True),
)


def rooms_of(person: Person) -> list[Room]:
    """Return the rooms that this person may enter."""
    return [room for room in ROOMS if holds(person, room.right)]
