"""A private Redis: own loopback port, nothing kept, gone with the block."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.servers.process import SYSTEM_PATH, free_port, running


class Redis(NamedTuple):
    """A running one: its port on 127.0.0.1, and its process for tests that take it down."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"


def why_not_here() -> str | None:
    """Why no Redis can be started on this machine; None when one can."""
    return None if shutil.which("redis-server", path=SYSTEM_PATH) else "redis-server is not installed"


@contextmanager
def running_redis(folder: Path, *arguments: str, port: int = 0) -> Iterator[Redis]:
    """A Redis with further `arguments`, from when it answers to the end of the block; on a free port, unless one is
    named. Raises ServerError with the tail of its log when it does not start."""
    port = port or free_port()
    command = [
        "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
        "--dir", str(folder), *arguments,
    ]  # fmt: skip
    with running(command, log=folder / "redis.log", answers=lambda: _answers(port)) as process:
        yield Redis(port, process)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall(b"PING\r\n")
            return line.recv(5) in (b"+PONG", b"-NOAU")
    except OSError:
        return False
