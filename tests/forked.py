"""Commands in a process of their own that has imported everything already: to begin one anew takes a second."""

import gc
import os
import signal
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NoReturn

from helpdesk.__main__ import main

LONGEST_SECONDS = 60


def run(
    arguments: Sequence[str], folder: Path, environ: Mapping[str, str], typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `helpdesk ARGUMENTS` in `folder` to its end, with this environment alone."""
    with ExitStack() as opened:
        given, out, err = (opened.enter_context(TemporaryFile()) for _ in range(3))
        given.write(typed.encode())
        given.seek(0)
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if not child:
            _become(arguments, folder, environ, (given, out, err))
        status = _ended(child)
        said = [_said(file) for file in (out, err)]
    return subprocess.CompletedProcess(list(arguments), os.waitstatus_to_exitcode(status), *said)


def _ended(child: int) -> int:
    """What it ended with. It does not outlive this: neither its time, nor whatever keeps us from waiting for it."""
    ended, status, late = 0, 0, time.monotonic() + LONGEST_SECONDS
    try:
        while not ended:
            assert time.monotonic() < late, f"a command goes on for more than {LONGEST_SECONDS} s"
            time.sleep(0.002)
            ended, status = os.waitpid(child, os.WNOHANG)
    finally:
        if not ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return status


def _become(arguments: Sequence[str], folder: Path, environ: Mapping[str, str], files: Sequence[IO[bytes]]) -> NoReturn:
    """Never return: what the test would do next is not the child's to do."""
    code = 1
    gc.freeze()  # or each collection writes to, and so copies, all memory of the tests
    try:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environ)
        for number, file in enumerate(files):
            os.dup2(file.fileno(), number)
        sys.stdin, sys.stdout, sys.stderr = (
            os.fdopen(number, mode, encoding="utf-8") for number, mode in enumerate("rww")
        )
        warnings.simplefilter("ignore")  # which tests make errors of
        code = main(arguments)
    except SystemExit as left:  # argparse's, for a command line that is none
        code = left.code if isinstance(left.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _said(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()
