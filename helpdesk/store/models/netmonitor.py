"""Define the tables of the network monitor: hosts, what was measured, incidents and windows of maintenance.

Samples are the measured truth. A finished hour of a host becomes a row of `host_hour`, which is kept for two years, and
two of `host_packed`: its minutes, which are kept for 30 days, and its samples, for 48 hours (`netmonitor/history.py`).
"""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from helpdesk.store.models import LONG, Moment, exact

PACKED = sa.LargeBinary().with_variant(sa.LargeBinary(length=2**24 - 1), "mysql", "mariadb")


class MonitoredHost(SQLModel, table=True):
    """A host that is probed by `method`: "icmp", "tcp", "http" or "dns".

    `address` is a name or an IP address, of "http" the URL, and of "dns" the server, which is asked for `query`;
    without one the system's own is asked. An answer over HTTP must have one of the statuses of `expected_status`
    (200-299,401), must hold `expected_words`, and a certificate that is valid for `certificate_days` more; 0 asks for
    none.

    An incident opens after `failures_to_open` failures in a row and closes after `successes_to_close` successes. Hosts
    with `is_set` are named by NETMONITOR_HOSTS, which owns their name, address and port. `is_public` ones are on the
    status page. `version` rises with each edit.
    """

    __tablename__ = "monitored_host"
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=100)
    name_folded: str = Field(sa_type=exact(100), unique=True)
    group_name: str = Field(default="", sa_type=exact(100))
    method: str = Field(max_length=10)
    address: str = Field(default="", max_length=500)
    port: int | None = None
    query: str = Field(default="", max_length=255)
    expected_status: str = Field(default="", max_length=60)
    expected_words: str = Field(default="", max_length=200)
    certificate_days: int = 0
    interval_seconds: int = 30
    failures_to_open: int = 3
    successes_to_close: int = 2
    is_set: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    is_public: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    is_active: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    opens_task: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    version: int = 1
    created_at: datetime


class HostState(SQLModel, table=True):
    """What is known of a host: `status` is "unknown", "online" or "offline", since `since`.

    `ms` is the last answer's time, None without an answer. The last sample is of `checked_at`; `failures` or
    `successes` count it and those before it that ended alike, since `run_since`. `is_maintained` tells whether it was
    taken in a window of maintenance. `fault` is a word of `netmonitor/model.py`, `detail` what the other side said.
    `expires_at` is the end of its certificate, `told_expiry` the last such end that people were notified of. The next
    probe is due at `due_at`. `recent` are the means of the last hour (`store/host_recent.py`).
    """

    __tablename__ = "host_state"
    host_id: int = Field(primary_key=True, foreign_key="monitored_host.id", sa_column_kwargs={"autoincrement": False})
    status: str = Field(default="unknown", max_length=10)
    since: datetime | None = Field(default=None, sa_type=Moment)
    ms: float | None = Field(default=None, sa_type=sa.Double)
    checked_at: datetime | None = Field(default=None, sa_type=Moment)
    due_at: datetime | None = Field(default=None, sa_type=Moment)
    failures: int = 0
    successes: int = 0
    run_since: datetime | None = Field(default=None, sa_type=Moment)
    is_maintained: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    fault: str = Field(default="", max_length=20)
    detail: str = Field(default="", max_length=200)
    expires_at: datetime | None = Field(default=None, sa_type=Moment)
    told_expiry: datetime | None = Field(default=None, sa_type=Moment)
    recent: bytes = Field(default=b"", sa_type=PACKED)


class HostSample(SQLModel, table=True):
    """One probe: `at` is the second for which it was due, since 1970, so that none is written twice; `ms` is None when
    it failed."""

    __tablename__ = "host_sample"
    __table_args__ = ({"sqlite_with_rowid": False},)
    host_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: int = Field(primary_key=True, sa_type=sa.BigInteger, sa_column_kwargs={"autoincrement": False})
    ms: float | None = Field(default=None, sa_type=sa.Double)


class HostHour(SQLModel, table=True):
    """A finished hour of a host: `hour` is its begin in seconds since 1970.

    Times are in hundredths of a ms, None without an answer: whole numbers take a third of the room.
    """

    __tablename__ = "host_hour"
    __table_args__ = ({"sqlite_with_rowid": False},)
    host_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    hour: int = Field(primary_key=True, sa_type=sa.BigInteger, sa_column_kwargs={"autoincrement": False})
    probes: int
    lost: int
    low: int | None = None
    mean: int | None = None
    high: int | None = None
    p95: int | None = None


class HostPacked(SQLModel, table=True):
    """The samples (`resolution` 1) or the minutes (60) of a finished hour, packed by `store/host_packing.py`."""

    __tablename__ = "host_packed"
    host_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    resolution: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    hour: int = Field(primary_key=True, sa_type=sa.BigInteger, sa_column_kwargs={"autoincrement": False})
    packed: bytes = Field(sa_type=PACKED)


class HostIncident(SQLModel, table=True):
    """A time in which a host did not answer: from its first failure, `began_at`, until the first success of those that
    closed it, `ended_at`.

    `open_host_id` is the host while it is open: there is never a second one. One that `is_damped` stays open until the
    host has answered for a while, and `flaps` counts the times it came back for less. `task_state` is empty, "wanted",
    "opening", "open", "closing", "closed" or "failed" (`netmonitor/tasks.py`). One that `is_unwatched` ended because
    its host is not watched any more: nobody knows whether it answers. Without `host_id` the host was removed, and the
    incident stays until its task has a comment about that.
    """

    __tablename__ = "host_incident"
    __table_args__ = (
        sa.UniqueConstraint("open_host_id", name="uq_host_incident_open"),
        sa.Index("ix_host_incident_host", "host_id", "began_at"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True)
    host_id: int | None = Field(default=None, foreign_key="monitored_host.id")
    open_host_id: int | None = None
    began_at: datetime = Field(sa_type=Moment)
    opened_at: datetime = Field(sa_type=Moment)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
    fault: str = Field(default="", max_length=20)
    detail: str = Field(default="", max_length=200)
    is_unwatched: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    is_damped: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    flaps: int = 0
    note: str = Field(default="", sa_type=LONG)
    noted_by: int | None = Field(default=None, foreign_key="person.id", index=True)
    noted_at: datetime | None = None
    task_id: int | None = None
    task_state: str = Field(default="", max_length=10, index=True)
    task_at: datetime | None = None


class HostNews(SQLModel, table=True):
    """What people are to be notified of: `kind` and `event` are the notification's, and its subject is `subject`.

    It is stored with what led to it. All people up to the id `told_to` have been notified, and it goes with the last.
    """

    __tablename__ = "host_news"
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(max_length=20)
    event: str = Field(max_length=60)
    subject: str = Field(max_length=100)
    happened_at: datetime
    told_to: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class HostMaintenance(SQLModel, table=True):
    """A window in which failures open no incident: of a host, of a group, or of all hosts without either."""

    __tablename__ = "host_maintenance"
    id: int | None = Field(default=None, primary_key=True)
    host_id: int | None = Field(default=None, foreign_key="monitored_host.id", index=True)
    group_name: str = Field(default="", max_length=100)
    begins_at: datetime = Field(sa_type=Moment)
    ends_at: datetime = Field(sa_type=Moment, index=True)
    reason: str = Field(default="", max_length=200)
    made_by: int = Field(foreign_key="person.id", index=True)
    made_at: datetime


class MonitorWatcher(SQLModel, table=True):
    """A person who asked to be notified of incidents, as administrators are without asking."""

    __tablename__ = "monitor_watcher"
    person_id: int = Field(foreign_key="person.id", primary_key=True)
