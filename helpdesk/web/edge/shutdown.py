"""To hear in time that the process is to end: the server waits for open streams, and would lose patience with them."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def heard(end: Callable[[], None]) -> Iterator[None]:
    """Call `end` in this event loop when the process is asked to end; whoever listened before hears it, too.

    A loop in another thread than the main one hears nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: handler for number in SIGNALS if callable(handler := signal.getsignal(number))}

    def hear(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(end)
        before[signal.Signals(number)](number, frame)

    for number in before:
        signal.signal(number, hear)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
