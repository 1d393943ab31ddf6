"""People who have tasks on the screen, whose number in the backend is that of the account."""

from collections.abc import Iterable

from helpdesk.notifications.channels.sse.streams import TaskViewer
from helpdesk.people.model import Person, SignedIn
from helpdesk.people.rights import ADMIN
from helpdesk.tasks.model import Actor


def viewer(actor: Actor, tasks: Iterable[int], every: bool = False) -> TaskViewer:
    rights = frozenset({ADMIN} if actor.is_admin else ())
    person = Person(actor.id, "local", actor.login, actor.login, rights=rights)
    return TaskViewer(SignedIn(person, actor.session), actor, frozenset(tasks), every)
