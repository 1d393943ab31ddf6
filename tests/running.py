"""A helpdesk of a test's own: another process, its own store, a free port on loopback, ended by whoever began it."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.servers.process import free_port, running


@contextmanager
def running_helpdesk(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run `helpdesk ARGUMENTS --port …` in `folder`; its address once it answers."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "helpdesk", *arguments, "--port", str(port)]
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(Path(__file__).parent.parent)}
    env |= environ or {}

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/readyz", timeout=5).is_success
        except httpx.TransportError:
            return False

    with running(command, log=folder / "helpdesk.log", answers=answers, env=env, cwd=folder, seconds=60):
        yield url


@contextmanager
def running_demo(folder: Path, seeded: Path) -> Iterator[str]:
    """The demo, over a copy of `seeded`, so that each test may change what it likes."""
    shutil.copytree(seeded, folder / "data")
    with running_helpdesk(folder, "demo", "--data", str(folder / "data")) as url:
        yield url
