"""Sees what holds an event loop: the CPU time of each of its steps, and where a long one was.

CPU time and not the time of day: on a machine that does other things as well a short step may seem long. Where it was
is seen by a thread that looks every few milliseconds at what each loop's thread is doing.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from helpdesk.paths import folder

ROOT = Path(__file__).parent.parent
OURS = (str(ROOT / "helpdesk"), str(folder("templates")))
LOOK_SECONDS = 0.004


class Step(NamedTuple):
    """What a loop did without a pause: its CPU time, and the functions of ours that it was seen in, outermost first."""

    seconds: float
    where: tuple[str, ...]


class Watchdog:
    """Of every loop in this process that runs asyncio's own steps."""

    def __init__(self) -> None:
        self.slowest = Step(0.0, ())
        self._begun: dict[int, int] = {}
        self._seen: dict[int, tuple[int, tuple[str, ...]]] = {}
        self._number = 0
        self._over = threading.Event()

    def forget(self) -> None:
        self.slowest = Step(0.0, ())

    def step(self, run: object, handle: asyncio.Handle) -> None:
        thread, self._number = threading.get_ident(), self._number + 1
        number = self._begun[thread] = self._number
        began = time.thread_time()
        run(handle)  # type: ignore[operator]
        took = time.thread_time() - began
        del self._begun[thread]
        if took > self.slowest.seconds:
            seen, where = self._seen.get(thread, (0, ()))
            self.slowest = Step(took, where if seen == number else ())

    def look(self) -> None:
        """Until all is over."""
        while not self._over.wait(LOOK_SECONDS):
            frames = sys._current_frames()
            for thread, number in list(self._begun.items()):
                if where := _ours(frames.get(thread)):
                    self._seen[thread] = number, where

    def end(self) -> None:
        self._over.set()


@contextmanager
def watching() -> Iterator[Watchdog]:
    dog, run = Watchdog(), asyncio.Handle._run
    looking = threading.Thread(target=dog.look, daemon=True)

    def watched(handle: asyncio.Handle) -> None:
        dog.step(run, handle)

    asyncio.Handle._run = watched  # type: ignore[method-assign]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(LOOK_SECONDS / 8)
    looking.start()
    try:
        yield dog
    finally:
        asyncio.Handle._run = run  # type: ignore[method-assign]
        sys.setswitchinterval(interval)
        dog.end()
        looking.join()


def _ours(frame: FrameType | None) -> tuple[str, ...]:
    found = []
    while frame is not None:
        if frame.f_code.co_filename.startswith(OURS):
            file = Path(frame.f_code.co_filename)
            found.append(f"{file.relative_to(ROOT) if file.is_relative_to(ROOT) else file.name}:{frame.f_code.co_name}")
        frame = frame.f_back
    return tuple(reversed(found))
