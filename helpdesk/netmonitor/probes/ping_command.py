"""Ping by the command of this name, where only that may send ICMP."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Sequence
from time import perf_counter

from helpdesk.errors import Overloaded
from helpdesk.netmonitor.model import Outcome, Way
from helpdesk.netmonitor.probes.faults import ProbeFailed, of_error, until
from helpdesk.netmonitor.probes.names import Address

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"LC_ALL": "C", "PATH": PATH}
MOST_PROCESSES = 64
LARGEST_OUTPUT = 4096
WAIT_SECONDS = 3
"""So long the command waits for an answer, so that it ends by itself in the time of a probe."""
TRIAL_SECONDS = 1
TIME = re.compile(rb"time[=<]([0-9]{1,9}(?:\.[0-9]{1,6})?)")
NO_WAY = re.compile(rb"unreachable|exceeded", re.IGNORECASE)


def found() -> str:
    """Return the path of the command, empty where there is none."""
    return shutil.which("ping", path=PATH) or ""


class PingCommand:
    """Runs a process for each ping, not more than MOST_PROCESSES at once."""

    way: Way = "command"

    def __init__(self, path: str) -> None:
        self.path = path
        self._places = asyncio.Semaphore(MOST_PROCESSES)

    def works(self, ip: str) -> bool:
        """Tell whether the command gets an answer from a host."""
        command, nowhere = self._command(ip, TRIAL_SECONDS), subprocess.DEVNULL
        try:
            done = subprocess.run(
                command, stdin=nowhere, stdout=nowhere, stderr=nowhere, env=ENVIRONMENT, timeout=2 * TRIAL_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0

    async def ping(self, addresses: Sequence[Address], ends: float) -> Outcome:
        """Let a process send one request to the first address. Raises ProbeFailed and Overloaded."""
        try:
            async with asyncio.timeout_at(ends):
                await self._places.acquire()
        except TimeoutError as error:
            raise Overloaded(detail="too many pings at once") from error
        try:
            return await self._ping(addresses[0].ip, ends)
        finally:
            self._places.release()

    def close(self) -> None:
        """There is nothing to close: each process ends with its probe."""

    async def _ping(self, ip: str, ends: float) -> Outcome:
        loop, begins = asyncio.get_running_loop(), perf_counter()
        try:
            process, output = await loop.subprocess_exec(
                _Output,
                *self._command(ip, WAIT_SECONDS),
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=ENVIRONMENT,
            )
        except OSError as error:
            raise of_error(error) from error
        try:
            async with until(ends, "silent"):
                await output.ended
        finally:
            process.close()  # which kills it, if it still runs
        return _outcome(process.get_returncode(), bytes(output.text), perf_counter() - begins)

    def _command(self, ip: str, seconds: int) -> list[str]:
        return [self.path, "-n", "-c", "1", "-W", str(seconds), "--", ip]


class _Output(asyncio.SubprocessProtocol):
    """The output of a process, until it has ended or written too much."""

    def __init__(self) -> None:
        self.text = bytearray()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.text += data[: LARGEST_OUTPUT - len(self.text)]
        if len(self.text) == LARGEST_OUTPUT:
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


def _outcome(code: int | None, text: bytes, seconds: float) -> Outcome:
    """Read what the command has written. Raises ProbeFailed."""
    if code != 0:
        raise ProbeFailed("unreachable" if NO_WAY.search(text) else "silent")
    if found := TIME.search(text):
        return Outcome(float(found[1]))
    return Outcome(seconds * 1000)
