"""Let the hosts of NETMONITOR_HOSTS be watched."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from sqlmodel import Session, col, select

from helpdesk.store import host_samples
from helpdesk.store.host_fields import folded
from helpdesk.store.models.netmonitor import MonitoredHost


class SetHost(Protocol):
    """A host as the setting names it (`settings/netmonitor.py`)."""

    @property
    def name(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def port(self) -> int | None: ...


def sync(session: Session, named: Iterable[SetHost], now: datetime) -> None:
    """Store what the setting says of the hosts that it names; one that administrators added by the same name becomes
    the setting's. Those that it names no longer are not watched any more, and belong to administrators."""
    wanted = {folded(it.name): it for it in named}
    rows = session.exec(select(MonitoredHost).order_by(col(MonitoredHost.id)).with_for_update()).all()
    for row in rows:
        if row.is_set and row.name_folded not in wanted:
            row.is_set, row.is_active, row.version = False, False, row.version + 1
    known = {row.name_folded: row for row in rows}
    for name, host in wanted.items():
        row = known.get(name) or MonitoredHost(name=host.name, name_folded=name, method="", version=0, created_at=now)
        method = "tcp" if host.port else "icmp"
        values = {"name": host.name, "method": method, "address": host.address, "port": host.port, "is_active": True}
        if any(getattr(row, field) != value for field, value in {**values, "is_set": True}.items()):
            row.sqlmodel_update({**values, "is_set": True, "version": row.version + 1})
            session.add(row)
            host_samples.expect(session, row, now)
