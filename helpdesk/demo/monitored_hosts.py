"""The hosts that the demo watches, all on this machine, with two weeks of made-up history."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import host_recent, host_rollup
from helpdesk.store.host_fields import folded
from helpdesk.store.host_packing import HOUR, Sample, pack_minutes, pack_samples
from helpdesk.store.models import table
from helpdesk.store.models.netmonitor import HostHour, HostIncident, HostPacked, HostSample, HostState, MonitoredHost

LOOPBACK = "127.0.0.1"
INTERVAL = 60
DAYS, PACKED_HOURS, MADE_UP = 14, 48, 6
UP_SECONDS, DOWN_SECONDS = 420.0, 200.0
"""How long the playable host is up and down by turns."""
PORTAL, PLAYABLE = "Портал заявок", "Wi-Fi на складе"
USUAL_P95 = 1.35
"""Of an hour by the mean: of so few samples as are made up the highest would pass for it."""
_SEED = 14


class Outage(NamedTuple):
    """A time without an answer: it began so many hours ago, and lasted so many minutes; None: it goes on."""

    hours_ago: float
    minutes: int | None
    note: str = ""


class DemoHost(NamedTuple):
    """`ms` is the usual time of an answer; `fault` is that of its outages."""

    name: str
    group_name: str
    method: str
    address: str
    ms: float
    port: int | None = None
    is_public: bool = False
    fault: str = "silent"
    outages: tuple[Outage, ...] = ()


HOSTS = (
    DemoHost(PORTAL, "Сервисы", "http", "", 6.0, is_public=True, outages=(Outage(171.4, 12, "Обновляли сервер."),)),
    DemoHost("Веб-сервер", "Сервисы", "tcp", LOOPBACK, 1.2, 80, is_public=True),
    DemoHost(
        "Сервер печати", "Сервисы", "tcp", LOOPBACK, 2.5, 9, fault="refused",
        outages=(Outage(220.0, 35), Outage(2.5, None, "Служба печати не запускается, ждём запчасть до вечера.")),
    ),
    DemoHost("Шлюз офиса", "Сеть", "icmp", LOOPBACK, 0.6, is_public=True, outages=(Outage(98.2, 7),)),
    DemoHost("Резервный канал", "Сеть", "icmp", "127.0.0.2", 38.0, outages=(Outage(262.0, 95), Outage(51.0, 18))),
    DemoHost("Телефонная станция", "Сеть", "icmp", "127.0.0.3", 4.0),
    DemoHost(
        PLAYABLE, "Сеть", "tcp", LOOPBACK, 112.0, 0, fault="refused",
        outages=tuple(Outage(hours, 4 + hours % 5) for hours in (6, 19, 30, 47, 75, 130, 188)),
    ),
)  # fmt: skip


def add(session: Session, now: datetime, noter: int) -> None:
    """Store the hosts with their history until `now`."""
    chance, end = Random(_SEED), int(now.timestamp())
    rows: dict[Any, list[dict[str, Any]]] = {model: [] for model in (HostHour, HostPacked, HostSample, HostState)}
    incidents = list[HostIncident]()
    for host in HOSTS:
        row = MonitoredHost(
            name=host.name, name_folded=folded(host.name), group_name=host.group_name, method=host.method,
            address=host.address, port=host.port, is_public=host.is_public, interval_seconds=INTERVAL, created_at=now,
        )  # fmt: skip
        session.add(row)
        session.flush()
        assert row.id is not None
        packed_since = (end - PACKED_HOURS * HOUR) // HOUR * HOUR
        rows[HostHour] += _numbers(chance, host, row.id, packed_since, end)
        samples = _samples(chance, host, row.id, packed_since, end, end)
        _history(rows, row.id, samples, end)
        rows[HostState].append(_state(host, row.id, samples, now))
        incidents += [_incident(host, row.id, outage, now, noter) for outage in host.outages]
    incidents.sort(key=lambda it: it.began_at)
    session.add_all(incidents)
    for model, its in rows.items():
        if its:
            session.execute(sa.insert(table(model)), its)


def place(session: Session, port: int, playable_port: int, now: datetime) -> None:
    """Let the hosts be where the demo listens now, and fill up their last day."""
    chance, end = Random(_SEED), int(now.timestamp())
    addresses = {PORTAL: (f"http://{LOOPBACK}:{port}/healthz", None), PLAYABLE: (LOOPBACK, playable_port)}
    addresses["Веб-сервер"] = (LOOPBACK, port)
    hosts = {it.name: it for it in HOSTS}
    for row in session.exec(select(MonitoredHost).where(col(MonitoredHost.name).in_(hosts))):
        row.address, row.port = addresses.get(row.name, (row.address, row.port))
        row.version += 1
        state = session.get(HostState, row.id)
        if state is None or state.checked_at is None or row.id is None:
            continue
        begin = max(end - 24 * HOUR, int(state.checked_at.timestamp()) + 1)
        samples = _samples(chance, hosts[row.name], row.id, begin, end, int(row.created_at.timestamp()))
        session.add_all(HostSample(host_id=row.id, at=it.at, ms=_ms(it)) for it in samples)
        for it in samples[-60:]:
            state.recent = host_recent.add(state.recent, it.at, it.time)
        if samples:
            state.checked_at = datetime.fromtimestamp(samples[-1].at, UTC)
            state.due_at = state.checked_at + timedelta(seconds=INTERVAL)


def free_port() -> int:
    """Return a port on which nobody listens."""
    with closing(socket.socket()) as one:
        one.bind((LOOPBACK, 0))
        port: int = one.getsockname()[1]
        return port


async def play(port: int, flaps: bool) -> None:
    """Listen as the playable host, with breaks if it `flaps`, until cancelled."""
    while True:
        async with await asyncio.start_server(_hang_up, LOOPBACK, port):
            await asyncio.sleep(UP_SECONDS)
        if flaps:
            await asyncio.sleep(DOWN_SECONDS)


async def _hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def _samples(
    chance: Random, host: DemoHost, host_id: int, begin: int, end: int, now: int, every: int = INTERVAL
) -> list[Sample]:
    down = [_seconds(it, now) for it in host.outages]
    first = begin + (host_id - begin) % INTERVAL
    return [
        Sample(at, None if any(since <= at < until for since, until in down) else _time(chance, host.ms))
        for at in range(first, end, every)
    ]


def _time(chance: Random, ms: float) -> int:
    peak = 4 if chance.random() < 0.02 else 1
    return max(1, round(ms * 100 * peak * chance.lognormvariate(0, 0.2)))


def _seconds(outage: Outage, now: int) -> tuple[int, int]:
    """Return from when until when it lasted, in whole minutes."""
    since = int(now - outage.hours_ago * HOUR) // 60 * 60
    return since, now + HOUR * 24 * 365 if outage.minutes is None else since + outage.minutes * 60


def _numbers(chance: Random, host: DemoHost, host_id: int, until: int, end: int) -> list[dict[str, Any]]:
    """Return the numbers of the hours before the packed ones. Only some of their samples are made up, to save time."""
    hours = list[dict[str, Any]]()
    for hour in range(until - (DAYS * 24 - PACKED_HOURS) * HOUR, until, HOUR):
        its = _samples(chance, host, host_id, hour, hour + HOUR, end, MADE_UP * INTERVAL)
        row = host_rollup.hour_row(host_id, hour, its)
        whole = {"probes": row.probes * MADE_UP, "lost": row.lost * MADE_UP}
        hours.append({**row.model_dump(), **whole, "p95": row.mean and round(row.mean * USUAL_P95)})
    return hours


def _history(rows: dict[Any, list[dict[str, Any]]], host_id: int, samples: Sequence[Sample], end: int) -> None:
    hours: dict[int, list[Sample]] = {}
    for it in samples:
        hours.setdefault(it.at - it.at % HOUR, []).append(it)
    for hour, its in hours.items():
        if hour + HOUR > end:
            rows[HostSample] += [{"host_id": host_id, "at": it.at, "ms": _ms(it)} for it in its]
            continue
        rows[HostHour].append(host_rollup.hour_row(host_id, hour, its).model_dump())
        packed = {1: pack_samples(hour, its), 60: pack_minutes(hour, host_rollup.of_minutes(its))}
        rows[HostPacked] += [
            {"host_id": host_id, "resolution": resolution, "hour": hour, "packed": data}
            for resolution, data in packed.items()
        ]


def _state(host: DemoHost, host_id: int, samples: Sequence[Sample], now: datetime) -> dict[str, Any]:
    lasting = next((it for it in host.outages if it.minutes is None), None)
    since = now - timedelta(days=DAYS)
    if lasting:
        since = datetime.fromtimestamp(_seconds(lasting, int(now.timestamp()))[0], UTC)
    recent, last = b"", datetime.fromtimestamp(samples[-1].at, UTC)
    for it in samples[-60:]:
        recent = host_recent.add(recent, it.at, it.time)
    return {
        "host_id": host_id, "status": "offline" if lasting else "online", "since": since, "ms": _ms(samples[-1]),
        "checked_at": last, "due_at": last + timedelta(seconds=INTERVAL), "failures": 90 if lasting else 0,
        "successes": 0 if lasting else 90, "run_since": since, "is_maintained": False,
        "fault": host.fault if lasting else "", "detail": "", "expires_at": None, "recent": recent,
    }  # fmt: skip


def _incident(host: DemoHost, host_id: int, outage: Outage, now: datetime, noter: int) -> HostIncident:
    since, until = _seconds(outage, int(now.timestamp()))
    began, noted = datetime.fromtimestamp(since, UTC), dict[str, Any]()
    if outage.note:
        noted = {"note": outage.note, "noted_by": noter, "noted_at": began + timedelta(minutes=20)}
    return HostIncident(
        host_id=host_id,
        open_host_id=host_id if outage.minutes is None else None,
        began_at=began,
        opened_at=began + timedelta(minutes=2),
        ended_at=None if outage.minutes is None else datetime.fromtimestamp(until, UTC),
        fault=host.fault,
        **noted,
    )


def _ms(sample: Sample) -> float | None:
    return None if sample.time is None else sample.time / 100
