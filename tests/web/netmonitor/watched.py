"""Hosts with an hour behind them, as a company has them."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session

from helpdesk.store import host_recent
from helpdesk.store.database import Database
from helpdesk.store.models.netmonitor import HostIncident, HostSample, HostState
from tests.store.monitored import add_host

THINGS = ("Касса", "Шлюз", "Сервер 1С", "Принтер", "Коммутатор", "Камера", "Точка Wi-Fi", "Склад", "Почта", "АТС")
TOWNS = ("Москва", "Тула", "Казань", "Омск", "Пермь", "Сочи", "Уфа", "Самара", "Тверь", "Курск", "Псков", "Чита")
LINES_MS = (0.4, 0.8, 1.5, 3.0, 8.0, 18.0, 35.0, 60.0, 120.0, 300.0)
INTERVAL = 10


def watch(
    database: Database,
    name: str,
    state: Mapping[str, Any] = {},
    line: bytes = b"",
    now: datetime | None = None,
    **host: Any,
) -> int:
    """Watch a host that answers, unless `state` says otherwise; its id."""
    at = now or datetime.now(UTC)
    known = {"status": "online", "ms": 12.0, "since": at - timedelta(days=2), "checked_at": at, "recent": line}

    def work(db: Session) -> int:
        id = add_host(db, name, **host)
        db.add(HostState(host_id=id, **{**known, **state}))
        return id

    return database.run_here(work, writes=True)


def down(database: Database, name: str, since: datetime | None = None, **more: Any) -> tuple[int, int]:
    """Watch a host that is down, with its incident; the ids of both."""
    began = since or datetime.now(UTC) - timedelta(minutes=42)
    told = {"fault": more.pop("fault", "silent"), "detail": more.pop("detail", "")}
    host = watch(database, name, {"status": "offline", "ms": None, "since": began, **told}, **more)
    return host, incident(database, host, began, **told)


def incident(database: Database, host: int, began: datetime, ended: datetime | None = None, **more: Any) -> int:
    """Add an incident, which goes on unless it has an end; its id."""

    def work(db: Session) -> int:
        open_host = None if ended else host
        row = HostIncident(
            host_id=host, open_host_id=open_host, began_at=began, opened_at=began, ended_at=ended, **more
        )
        db.add(row)
        db.flush()
        assert row.id
        return row.id

    return database.run_here(work, writes=True)


def measure(database: Database, host: int, samples: Mapping[datetime, float | None]) -> None:
    """Store samples."""
    rows = [HostSample(host_id=host, at=int(at.timestamp()), ms=ms) for at, ms in samples.items()]
    database.run_here(lambda db: db.add_all(rows), writes=True)


def last_hour(chance: random.Random, now: datetime) -> bytes:
    """The last hour of a line of some kind: a steady time with a jitter, peaks, lost probes, a gap now and then."""
    usual, recent, at = chance.choice(LINES_MS), b"", int(now.timestamp()) - 3600
    while at < now.timestamp():
        peak = 20 if chance.random() < 0.02 else 1
        ms = None if chance.random() < 0.01 else usual * chance.lognormvariate(0, 0.3) * peak
        recent = host_recent.add(recent, at, None if ms is None else round(ms * 100))
        at += INTERVAL * (30 if chance.random() < 0.002 else 1)
    return recent


def company(database: Database, number: int = 200, now: datetime | None = None) -> None:
    """Watch many hosts of several groups: a few are down, some are slow."""
    chance, at = random.Random(7), now or datetime.now(UTC)
    for place in range(number):
        town, thing = chance.choice(TOWNS), chance.choice(THINGS)
        name, at_home = f"{thing} {town}-{place + 1}", {"address": f"127.1.{place // 250}.{place % 250 + 1}"}
        more = {**at_home, "group_name": town, "interval_seconds": 3600}
        if place % 40 == 7:
            down(database, name, at - timedelta(minutes=place), **more)
        else:
            ms = chance.choice(LINES_MS) * chance.lognormvariate(0, 0.4)
            watch(database, name, {"ms": ms}, last_hour(chance, at), now=at, **more)
