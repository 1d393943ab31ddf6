"""Starting a server of our own for a test, knowing when it answers, and ending it for certain.

Nothing here looks for processes by name: what was started is ended by its process group.
"""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Below the range from which Linux takes the ports of outgoing connections, so that none of those
# can sit down on the port between our look and the server's bind.
_PORTS = range(20_000, 32_000)
_RANDOM = random.SystemRandom()  # Hypothesis seeds the other one, which then draws the same ports in each worker
_POLL_SECONDS = 0.05


class Process(Protocol):
    """What is used of a process that was begun, here or by the forkserver."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def kill(self) -> None: ...


class ServerError(RuntimeError):
    """A server did not start, or a command for it failed; the text ends with the tail of its log."""


def free_port() -> int:
    """A loopback TCP port on which nobody listens at this moment.

    Raises ServerError when none was found in a thousand tries.
    """
    for port in _RANDOM.sample(_PORTS, 1_000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0 and _can_bind(port):
                return port
    raise ServerError("no free loopback port")


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_until(true: Callable[[], bool], *, seconds: float, what: str, every: float = _POLL_SECONDS) -> None:
    """Returns as soon as the condition holds; raises ServerError("… {what}") after so many seconds."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise ServerError(f"waited {seconds:g} s in vain: {what}")
        time.sleep(every)


def tail(log: Path, lines: int = 30) -> str:
    """The last lines of a log, for an error message; empty when there is no log."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def run(
    command: Sequence[str | Path],
    *,
    log: Path,
    user: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    seconds: float = 180,
) -> None:
    """Runs a command to its end, as that system user, with exactly that environment (plus PATH).

    What it says is added to the log. Raises ServerError when it fails or takes longer than `seconds`.
    """
    with running(command, log=log, answers=lambda: True, user=user, env=env, cwd=cwd) as process:
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ServerError(_failure(command, f"took longer than {seconds:g} s", log)) from None
    if code != 0:
        raise ServerError(_failure(command, f"exit code {code}", log))


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    log: Path,
    answers: Callable[[], bool],
    user: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    seconds: float = 60,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that `answers()`, for the length of the block; its whole process group ends with it.

    Raises ServerError, with the tail of the log, when it exits before it answers or does not answer
    within `seconds`. Where setpriv is there (any Debian) it also ends when the test run is killed.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            _as_user(command, user),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={"PATH": SYSTEM_PATH, "LANG": "C.UTF-8", **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )
    with answering(process, command, log=log, answers=answers, seconds=seconds):
        yield process


@contextmanager
def answering(
    process: Process, command: Sequence[str | Path], *, log: Path, answers: Callable[[], bool], seconds: float = 60
) -> Iterator[None]:
    """As `running`, for a process that has been begun."""
    try:
        _wait_for_answer(process, command, answers, seconds, log)
        yield
    finally:
        end(process)


def _wait_for_answer(
    process: Process,
    command: Sequence[str | Path],
    answers: Callable[[], bool],
    seconds: float,
    log: Path,
) -> None:
    try:
        wait_until(lambda: answers() or process.poll() is not None, seconds=seconds, what="no answer")
    except ServerError as late:
        raise ServerError(_failure(command, str(late), log)) from None
    if process.poll() is not None and not answers():
        raise ServerError(_failure(command, f"exit code {process.returncode} at the start", log))


def end(process: Process, *, seconds: float = 15) -> None:
    """Asks the process and all of its group to end, and after so many seconds makes them."""
    _signal_group(process, signal.SIGTERM)
    # A server that does not listen is ended by the second signal, like the children that it left.
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # all of the group may have ended already
        os.killpg(process.pid, number)


def _as_user(command: Sequence[str | Path], user: str | None) -> list[str | Path]:
    setpriv = shutil.which("setpriv", path=SYSTEM_PATH)
    if setpriv is None:
        if user is not None:
            raise ServerError(f"setpriv is not installed, cannot run as {user}")
        return list(command)
    return [setpriv, *_identity(user), "--pdeathsig=TERM", "--", *command]


def _identity(user: str | None) -> list[str]:
    if user is None:
        return []
    account = pwd.getpwnam(user)
    return [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--init-groups"]


def _failure(command: Sequence[str | Path], reason: str, log: Path) -> str:
    return f"{Path(command[0]).name}: {reason}; the end of {log.name}:\n{tail(log)}"
