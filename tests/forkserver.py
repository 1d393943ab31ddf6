"""Helpdesks begun by fork from a process that has imported the application: to begin one from nothing takes a second.

`python -m tests.forkserver FOLDER` is that process. Orders come over its standard input, a socket; each brings another
socket, over which its pid and later its exit code go back. What is begun is a process of its own: with its own session,
folder, environment, log and `__main__`, and the system ends it together with the tests. FOLDER is for templates.
"""

import ctypes
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import NoReturn

from jinja2 import Environment, FileSystemBytecodeCache
from jinja2.bccache import Bucket

from helpdesk import app
from helpdesk.languages import LANGUAGES, translations
from helpdesk.paths import folder
from helpdesk.web.core import templating
from helpdesk.web.edge.static_files import StaticFiles
from tests.servers.process import ServerError

LONGEST_ORDER = 65_536
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Order:
    """Run `python -m COMMAND` in a folder, with this environment alone; its output is added to the log.

    Variables that Python reads at its start (`PYTHON…`) have no effect, and all orders share the seed of `hash`.
    """

    command: Sequence[str]
    folder: str
    environ: Mapping[str, str]
    log: str


class ForkedProcess:
    """What tests use of subprocess.Popen, for a process whose parent is another."""

    def __init__(self, answers: socket.socket) -> None:
        self._answers = answers
        pid = answers.recv(LONGEST_ORDER)
        if not pid:
            raise ServerError("the forkserver has ended")
        self.pid = int(pid)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._answers.settimeout(timeout)
            try:
                said = self._answers.recv(LONGEST_ORDER)
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0) from None
            self.returncode = int(said or -signal.SIGKILL)
            self._answers.close()
        return self.returncode

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


class Forkserver:
    """The process that forks. It starts with the first order and ends with `close`."""

    def __init__(self, templates: Path) -> None:
        self.templates = templates
        self._server: subprocess.Popen[bytes] | None = None
        self._orders: socket.socket

    def begin(self, order: Order) -> ForkedProcess:
        if self._server is None:
            self._start()
        answers, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(self._orders, [json.dumps(asdict(order)).encode()], [theirs.fileno()])
        return ForkedProcess(answers)

    def _start(self) -> None:
        self._orders, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parent.parent)}
        command = [sys.executable, "-m", "tests.forkserver", self.templates]
        with theirs:
            self._server = subprocess.Popen(command, stdin=theirs, env=environ, start_new_session=True)

    def close(self) -> None:
        if self._server is not None:
            self._orders.shutdown(socket.SHUT_RDWR)  # a child of the tests may hold it open, too
            self._orders.close()
            try:
                self._server.wait(10)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()


class CompiledTemplates(FileSystemBytecodeCache):
    """Templates in a folder, compiled once for all processes of a run; each language has its own sentences in them."""

    def get_bucket(self, environment: Environment, name: str, filename: str | None, source: str) -> Bucket:
        language = next(it for it in LANGUAGES if environment.catalogue is translations(it))  # type: ignore[attr-defined]
        return super().get_bucket(environment, f"{language}/{name}", filename, source)


def prepared_environment(templates: Path) -> Callable[..., Environment]:
    """Return what makes Jinja environments whose compiled templates are kept in that folder."""
    return partial(Environment, bytecode_cache=CompiledTemplates(str(templates)))


def prepare(templates: Path) -> None:
    """Do what every start of a helpdesk does alike."""
    import helpdesk.__main__  # noqa: F401  # all that its commands need

    templating.Environment = prepared_environment(templates)  # type: ignore[misc,assignment]
    app.StaticFiles = cache(StaticFiles)  # type: ignore[misc,assignment]
    app.StaticFiles(folder("static"))
    for language in LANGUAGES:
        translations(language)


def serve(orders: socket.socket) -> None:
    """Fork for each order until the tests have ended."""
    gc.freeze()  # or each collection in a child would copy all memory
    while True:
        said, received, _, _ = socket.recv_fds(orders, LONGEST_ORDER, 1)
        _reap()
        if not said:
            return
        with socket.socket(fileno=received[0]) as answers:
            if not os.fork():
                orders.close()
                _keep(Order(**json.loads(said)), answers)


def _keep(order: Order, answers: socket.socket) -> NoReturn:
    """Run the order in a child, and report its pid and its end."""
    _end_with_parent()
    child = os.fork()
    if not child:
        answers.close()
        _become(order)
    answers.send(str(child).encode())
    _, status = os.waitpid(child, 0)
    try:
        answers.send(str(os.waitstatus_to_exitcode(status)).encode())
    finally:
        os._exit(0)


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _become(order: Order) -> NoReturn:
    """Run the order. The interpreter ends as always then: it waits for threads, and says why it ends with an error."""
    os.setsid()
    _end_with_parent()
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update(order.environ)
    time.tzset()
    _direct_output(order.log)
    sys.argv[:] = order.command
    runpy.run_module(order.command[0], run_name="__main__", alter_sys=True)
    sys.exit()


def _direct_output(log: str) -> None:
    nowhere = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for source, number in ((nowhere, 0), (output, 1), (output, 2)):
        os.dup2(source, number)


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    warnings.simplefilter("default")
    prepare(Path(sys.argv[1]))
    with socket.socket(fileno=os.dup(0)) as orders:
        serve(orders)
