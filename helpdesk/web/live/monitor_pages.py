"""Tell open pages that the network monitor shows something else than before: only pages of people who may see it now,
and no more than that."""

from collections.abc import Collection

from sqlmodel import Session, col

from helpdesk.netmonitor.access import may_see
from helpdesk.notifications.channels.sse.streams import Stream
from helpdesk.people.model import load_people
from helpdesk.services import Services
from helpdesk.store import netmonitor, people
from helpdesk.store.models.tables import Person
from helpdesk.web.live.events import event

NEWS = event("netmonitor", "{}")


class MonitorPages:
    """The streams of pages, and the version of the monitor that they were told of last."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._streams = set[Stream]()
        self._version: netmonitor.Version | None = None

    def watch(self, stream: Stream) -> None:
        """Tell a stream of what changes from now on."""
        self._streams.add(stream)

    async def wake(self) -> None:
        """Tell the streams if something has changed. Raises StoreUnavailable."""
        self._streams = {it for it in self._streams if not it.is_over}
        if not self._streams:
            return
        ids = {it.person_id for it in self._streams}
        version, may = await self.services.database.run(lambda db: self._read(db, ids))
        if version == self._version:
            return
        self._version = version
        for stream in self._streams:
            if stream.person_id in may:
                stream.give(NEWS)

    def _read(self, session: Session, ids: Collection[int]) -> tuple[netmonitor.Version, frozenset[int]]:
        """Return the version, and who of these people may see it, if it is news."""
        version, settings = netmonitor.version(session), self.services.settings
        if version == self._version:
            return version, frozenset()
        found = load_people(session, settings.administrators or (), col(Person.id).in_(ids))
        known = people.numbered(session, self.services.accounts, ids)
        may = (it.id for it in found if may_see(it, settings.netmonitor_access, it.id in known))
        return version, frozenset(may)
