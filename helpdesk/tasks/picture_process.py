"""The process that makes pictures smaller: begun at the first one, used again, ended after a bad one.

It is bounded in memory and CPU (`picture_worker`) and in time (here), so no file holds up or takes down a server.
"""

import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Lock, Timer
from typing import BinaryIO, NamedTuple

from helpdesk.errors import Overloaded

WORKER = Path(__file__).with_name("picture_worker.py")
MOST_PICTURES = 200
"""How many one process makes: what decoders forget to free does not pile up."""
ENDED_BY_OTHERS = (-signal.SIGTERM, -signal.SIGHUP, -signal.SIGINT)


class Bounds(NamedTuple):
    """Of one picture. Those of most points take 544 MB (WebP) and 1.8 s of CPU (PNG) on a machine that is busy."""

    memory: int = 768 * 1024 * 1024
    cpu_seconds: int = 3
    seconds: float = 20.0


BOUNDS = Bounds()


class NoPicture(Exception):
    """The bytes are no picture of the kinds we show, a broken one, or one that costs more than it may."""


class PictureProcess:
    """One process at most. Blocking, for the seconds of `bounds` at most: call in a thread."""

    def __init__(self, bounds: Bounds = BOUNDS) -> None:
        self.bounds = bounds
        self.process: subprocess.Popen[bytes] | None = None
        self._left = 0
        self._lock = Lock()

    def smaller(self, file: BinaryIO, side: int) -> bytes:
        """A file's picture as WebP, no side longer than `side` points. Raises NoPicture, and Overloaded when the
        process did not come to it."""
        with self._lock:
            process = self._ready()
            watch = Timer(self.bounds.seconds, process.kill)
            watch.start()
            try:
                made = _asked(process, file, side)
                if made is None:
                    process.wait()
            finally:
                watch.cancel()
            if made:
                return made
            self._end()
        raise _verdict(process.returncode) if made is None else NoPicture

    def close(self) -> None:
        """End it, also in the middle of a picture."""
        if process := self.process:
            process.kill()
        with self._lock:
            self._end()

    def _ready(self) -> subprocess.Popen[bytes]:
        if self.process is None or not self._left or self.process.poll() is not None:
            self._end()
            self.process, self._left = _begun(self.bounds), MOST_PICTURES
        self._left -= 1
        return self.process

    def _end(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            with suppress(BrokenPipeError):  # there may be a rest that it never read
                process.communicate()


def _begun(bounds: Bounds) -> subprocess.Popen[bytes]:
    """A new process. It knows nothing of our environment, which holds secrets, nor of the folder we were started in."""
    command = [sys.executable, "-P", str(WORKER), str(bounds.memory), str(bounds.cpu_seconds)]
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    try:
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, cwd="/", env={})
    except OSError as error:
        raise Overloaded(detail=f"no process for pictures could be begun: {error}") from error


def _asked(process: subprocess.Popen[bytes], file: BinaryIO, side: int) -> bytes | None:
    """What it answers, empty for no picture; None when it ended instead."""
    assert process.stdin and process.stdout
    size = file.seek(0, 2)
    file.seek(0)
    with suppress(BrokenPipeError):
        process.stdin.write(b"%d %d\n" % (side, size))
        shutil.copyfileobj(file, process.stdin)
        process.stdin.flush()
    size_line = process.stdout.readline()
    made = process.stdout.read(int(size_line or 0))
    return made if size_line and len(made) == int(size_line) else None


def _verdict(code: int) -> NoPicture | Overloaded:
    """Why a process ended in the middle of a picture: by a signal, because of its bounds or of what the picture does
    to a decoder; unless others ended it, or it never worked."""
    if code < 0 and code not in ENDED_BY_OTHERS:
        return NoPicture(f"its process ended with {code}")
    return Overloaded(detail=f"the process for pictures ended with {code}")
