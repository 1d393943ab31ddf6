"""What probes find of hosts that are up, refuse, are silent, slow or gone, over real sockets on loopback addresses."""

import asyncio
import errno
import os
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpdesk.errors import Overloaded
from helpdesk.netmonitor import probes
from helpdesk.netmonitor.model import Outcome, Target
from helpdesk.netmonitor.probes import NetworkProbes
from helpdesk.netmonitor.probes.faults import ProbeFailed, of_error
from tests.servers.imitated_hosts import ImitatedHosts


@pytest.fixture
def hosts() -> Iterator[ImitatedHosts]:
    with ImitatedHosts(8) as running:
        yield running


def open_sockets() -> list[str]:
    """The sockets of this process."""
    links = Path("/proc/self/fd").iterdir()
    return sorted(it for it in (os.readlink(each) for each in links if each.is_symlink()) if it.startswith("socket:"))


async def test_a_host_that_is_up_answers_each_way(hosts: ImitatedHosts, here: NetworkProbes) -> None:
    hosts.up(0)
    for method in ("icmp", "tcp", "http"):
        found = await here.probe(hosts.target(0, method))
        assert found.fault == "" and found.ms and found.ms > 0, method


async def test_refused_and_silent_are_told_apart(hosts: ImitatedHosts, hasty: NetworkProbes) -> None:
    hosts.refuse(1)
    hosts.silence(2)
    for method in ("tcp", "http"):
        assert await hasty.probe(hosts.target(1, method)) == Outcome(None, "refused")
        assert await hasty.probe(hosts.target(2, method)) == Outcome(None, "silent")


async def test_a_slow_host_is_up_for_tcp_and_too_late_for_http(hosts: ImitatedHosts, hasty: NetworkProbes) -> None:
    hosts.slow(3, 30)
    assert (await hasty.probe(hosts.target(3))).fault == ""
    assert await hasty.probe(hosts.target(3, "http")) == Outcome(None, "slow")


async def test_the_time_of_a_slow_answer_is_measured(hosts: ImitatedHosts, here: NetworkProbes) -> None:
    hosts.slow(4, 0.2)
    found = await here.probe(hosts.target(4, "http"))
    assert found.ms and found.ms >= 200


async def test_a_flapping_host_is_seen_both_ways(hosts: ImitatedHosts, here: NetworkProbes) -> None:
    hosts.flap(5, 0.05, 0.05)
    async with asyncio.timeout(20):
        seen: set[str] = set()
        while seen != {"", "refused"}:
            seen.add((await here.probe(hosts.target(5))).fault)


async def test_ipv6_is_probed_too(here: NetworkProbes) -> None:
    with socket.socket(socket.AF_INET6) as listener:
        listener.bind(("::1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert (await here.probe(Target(1, "", "tcp", "::1", port))).fault == ""
        assert (await here.probe(Target(1, "", "icmp", "::1"))).fault == ""


@pytest.mark.parametrize("address", ["-f", "127.0.0.1; id", "a..b", "", "x" * 500])
async def test_what_is_no_host_is_not_even_looked_up(here: NetworkProbes, address: str) -> None:
    assert (await here.probe(Target(1, "", "icmp", address))).fault == "name"
    assert (await here.probe(Target(1, "", "http", f"http://{address}/"))).fault == "name"


async def test_many_hosts_at_once_leave_nothing_behind(here: NetworkProbes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "PROBE_SECONDS", 2.0)
    await here.probe(Target(1, "", "icmp", "127.0.0.1"))
    before = open_sockets()
    with ImitatedHosts(40) as many:
        for number in range(0, 40, 4):
            many.refuse(number)
            many.silence(number + 1)
            many.slow(number + 2, 30)
        targets = [many.target(number, method) for number in range(40) for method in ("icmp", "tcp", "http")]
        found = await asyncio.gather(*map(here.probe, targets))
        faults = ["", "refused", "refused", "", "silent", "silent", "", "", "slow", "", "", ""]
        assert [it.fault for it in found] == faults * 10
        given_up = [asyncio.create_task(here.probe(target)) for target in targets]
        await asyncio.sleep(0.05)
        for task in given_up:
            task.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
    assert open_sockets() == before


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN])
def test_what_this_machine_lacks_is_no_fault_of_a_host(number: int) -> None:
    assert isinstance(of_error(OSError(number, os.strerror(number))), Overloaded)


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        (errno.ECONNREFUSED, "refused"),
        (errno.ENETUNREACH, "unreachable"),
        (errno.EHOSTUNREACH, "unreachable"),
        (errno.ETIMEDOUT, "silent"),
        (errno.EPERM, "forbidden"),
        (errno.EACCES, "forbidden"),
    ],
)
def test_an_error_of_the_network_is_a_fault(number: int, fault: str) -> None:
    found = of_error(OSError(number, os.strerror(number)))
    assert isinstance(found, ProbeFailed) and found.outcome.fault == fault


async def test_without_descriptors_left_there_is_no_outcome(hosts: ImitatedHosts, here: NetworkProbes) -> None:
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    hosts.up(6)
    await here.probe(hosts.target(6, "icmp"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(map(int, os.listdir("/proc/self/fd"))), most))
    try:
        for method in ("tcp", "http"):
            with pytest.raises(Overloaded):
                await here.probe(hosts.target(6, method))
        assert (await here.probe(hosts.target(6, "icmp"))).fault == ""
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (least, most))
