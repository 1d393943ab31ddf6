"""Pings: over sockets in a network of their own, where lies are told; by a command that is an imitation; by TCP."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.netmonitor.model import Outcome
from helpdesk.netmonitor.probes import packets, ping
from helpdesk.netmonitor.probes.faults import ProbeFailed
from helpdesk.netmonitor.probes.names import Address
from helpdesk.netmonitor.probes.packets import Received
from helpdesk.netmonitor.probes.ping import TcpPinger
from helpdesk.netmonitor.probes.ping_command import PingCommand
from tests.servers.fixtures import unavailable
from tests.servers.imitated_hosts import ImitatedHosts

pytestmark = pytest.mark.xdist_group("pings")  # the scenes take seconds
ROOT = Path(__file__).parents[2]
HERE = Address(socket.AF_INET, "127.0.0.1")
TOKEN = bytes(range(16))
Script = Callable[[str], PingCommand]


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def scenes(request: pytest.FixtureRequest) -> Any:
    """What was found in each scene of `ping_scenes.py`, in each kind of loop."""
    enter = ["unshare", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*enter, "true"], capture_output=True).returncode:
        unavailable("a network of its own for pings (unshare)")
    command = [*enter, sys.executable, "-m", "tests.netmonitor.ping_scenes", request.param]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_best_way_that_the_machine_allows_is_chosen(scenes: Any) -> None:
    assert scenes["ways"] == [["raw", "", "", ""], ["datagram", "", "", ""], ["tcp", "", "", ""]]


@pytest.mark.parametrize("kind", ["datagram", "raw"])
@pytest.mark.parametrize(
    ("number", "lie", "fault"),
    [
        (1, "another id", "silent"),
        (2, "another number", "silent"),
        (3, "another token", "silent"),
        (4, "half the token", "silent"),
        (5, "another address", "silent"),
        (6, "half a message", "silent"),
        (7, "no way", "unreachable"),
        (8, "no way, says a router", "unreachable"),
        (9, "no way, with half of what was sent", "silent"),
        (10, "no way for somebody else's ping", "silent"),
        (11, "two answers, then no way", ""),
        (12, "lies before the truth", ""),
        (13, "nothing", "silent"),
        (14, "the truth", ""),
    ],
)
def test_only_the_true_answer_counts(scenes: Any, kind: str, number: int, lie: str, fault: str) -> None:
    assert scenes["lying"][kind][number - 1] == fault, lie


@pytest.mark.parametrize("kind", ["datagram", "raw"])
def test_answers_to_others_displace_none(scenes: Any, kind: str) -> None:
    assert scenes["flooded"][kind] == [""]


@pytest.mark.parametrize("kind", ["datagram", "raw"])
def test_a_socket_that_stays_full_says_nothing_of_a_host(scenes: Any, kind: str) -> None:
    assert scenes["full"][kind] == ["", "Overloaded", ""]


@given(st.binary(max_size=80), st.sampled_from([socket.AF_INET, socket.AF_INET6]))
def test_no_packet_breaks_the_reading(packet: bytes, family: socket.AddressFamily) -> None:
    packets.read(family, packet)
    packets.read(family, packets.without_ip_header(packet))


def test_what_is_sent_of_ipv4_has_its_checksum() -> None:
    sent = packets.request(socket.AF_INET, 0x1234, 7, TOKEN)
    assert sum(int.from_bytes(sent[at : at + 2]) for at in range(0, len(sent), 2)) % 0xFFFF == 0
    assert packets.read(socket.AF_INET, bytes([0]) + sent[1:]) == Received(0x1234, 7, TOKEN)
    assert packets.read(socket.AF_INET, sent) is None


def test_that_there_is_no_way_is_read_of_ipv6_too() -> None:
    sent = packets.request(socket.AF_INET6, 5, 7, TOKEN)
    quoted = bytes([0x60, 0, 0, 0, 0, len(sent), socket.IPPROTO_ICMPV6, 64]) + bytes(32) + sent
    said = bytes([1, 0, 0, 0, 0, 0, 0, 0]) + quoted
    assert packets.read(socket.AF_INET6, said) == Received(5, 7, None)
    assert packets.read(socket.AF_INET6, said[:50]) is None
    assert packets.read(socket.AF_INET6, said.replace(bytes([socket.IPPROTO_ICMPV6, 64]), b"\x11\x40")) is None


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Make a command `ping` that is a script of the shell."""

    def made(text: str) -> PingCommand:
        file = tmp_path / "ping"
        file.write_text(f"#!/bin/sh\necho $$ >{tmp_path}/pid\n{text}\n")
        file.chmod(0o755)
        return PingCommand(str(file))

    return made


async def outcome(command: PingCommand, seconds: float = 30.0) -> Outcome:
    try:
        return await command.ping((HERE,), asyncio.get_running_loop().time() + seconds)
    except ProbeFailed as failed:
        return failed.outcome


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("echo '64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=12.5 ms'", Outcome(12.5)),
        ("echo '64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time<1 ms'", Outcome(1.0)),
        ("echo '1 packets transmitted, 0 received'; exit 1", Outcome(None, "silent")),
        ("echo 'From 10.0.0.1 icmp_seq=1 Destination Host Unreachable'; exit 1", Outcome(None, "unreachable")),
        ("echo 'From 10.0.0.1 icmp_seq=1 Time to live exceeded'; exit 1", Outcome(None, "unreachable")),
        ("kill -9 $$", Outcome(None, "silent")),
    ],
)
async def test_what_the_command_writes_is_read(script: Script, text: str, found: Outcome) -> None:
    assert await outcome(script(text)) == found


async def test_the_command_gets_plain_arguments_and_none_of_our_environment(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "a secret")
    await outcome(script(f'printf "%s " "$@" >{tmp_path}/arguments; env >{tmp_path}/environment'))
    assert (tmp_path / "arguments").read_text() == "-n -c 1 -W 3 -- 127.0.0.1 "
    assert "secret" not in (tmp_path / "environment").read_text()


@pytest.mark.parametrize("text", ["trap '' TERM INT; while :; do sleep 1; done", "exec sleep 3600", "sleep 5 & exit 0"])
async def test_a_command_that_hangs_is_ended(script: Script, tmp_path: Path, text: str) -> None:
    assert await outcome(script(text), 0.5) == Outcome(None, "silent")
    await gone(int((tmp_path / "pid").read_text()))


async def test_a_command_that_writes_without_end_is_ended(script: Script, tmp_path: Path) -> None:
    assert (await outcome(script("while :; do echo time=1; done"))).fault == "silent"
    await gone(int((tmp_path / "pid").read_text()))


async def test_a_probe_that_is_given_up_ends_its_command(script: Script, tmp_path: Path) -> None:
    given_up = asyncio.create_task(outcome(script("exec sleep 3600")))
    async with asyncio.timeout(20):
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            await asyncio.sleep(0.01)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    await gone(int((tmp_path / "pid").read_text()))


async def gone(pid: int) -> None:
    """Wait until a process has ended, and the loop knows."""
    async with asyncio.timeout(20):
        while Path(f"/proc/{pid}").exists() or any("waitpid" in it.name for it in threading.enumerate()):
            await asyncio.sleep(0.01)
    await asyncio.sleep(0)  # what a thread has told the loop comes to the transport


async def test_a_command_that_is_gone_is_forbidden(script: Script, tmp_path: Path) -> None:
    command = script("true")
    os.remove(command.path)
    assert await outcome(command) == Outcome(None, "forbidden")
    assert not command.works("127.0.0.1")


def test_a_command_works_when_it_says_so(script: Script) -> None:
    assert script("exit 0").works("127.0.0.1")
    assert not script("exit 1").works("127.0.0.1")


async def test_a_host_that_refuses_is_up_for_tcp(monkeypatch: pytest.MonkeyPatch) -> None:
    with ImitatedHosts(3) as hosts:
        monkeypatch.setattr(ping, "PORTS", (hosts.port,))
        hosts.refuse(1)
        hosts.silence(2)
        found = []
        for number in range(3):
            ends = asyncio.get_running_loop().time() + 0.5
            try:
                it = await TcpPinger().ping((Address(socket.AF_INET, hosts.address(number)),), ends)
                found.append("up" if it.ms else "")
            except ProbeFailed as failed:
                found.append(failed.outcome.fault)
        assert found == ["up", "up", "silent"]
