"""Tell which window of maintenance is on for a host."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.store.models.netmonitor import HostMaintenance


class Window(NamedTuple):
    """A window of a host, of a group, or of all hosts without either. It is on from `begins_at` until before
    `ends_at`."""

    host_id: int | None
    group_name: str
    begins_at: datetime
    ends_at: datetime
    reason: str


def is_on(windows: Iterable[Window], host_id: int, group_name: str, at: datetime) -> Window | None:
    """Return the first of the windows that are on for a host."""
    return next((it for it in windows if _concerns(it, host_id, group_name) and it.begins_at <= at < it.ends_at), None)


def _concerns(window: Window, host_id: int, group_name: str) -> bool:
    if window.host_id is not None:
        return window.host_id == host_id
    return not window.group_name or window.group_name.casefold() == group_name.casefold()


def between(session: Session, since: datetime, until: datetime) -> list[Window]:
    """Return the windows that are on at some time from `since` to `until`, the earliest first."""
    its = HostMaintenance
    columns = (its.host_id, its.group_name, its.begins_at, its.ends_at, its.reason)
    asked = sa.select(*(col(it) for it in columns)).where(col(its.ends_at) > since, col(its.begins_at) <= until)
    return [Window(*row) for row in session.execute(asked.order_by(col(its.begins_at), col(its.id)))]


def current(session: Session, now: datetime) -> list[Window]:
    """Return the windows that are on."""
    return between(session, now, now)
